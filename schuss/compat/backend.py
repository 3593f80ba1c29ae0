"""``keras.backend``, the functions of Keras 1 and 2 that programs still call as ``K.square``, over `schuss.ops`."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops, random
from schuss.backend import (
    backend,
    clear_session,
    epsilon,
    floatx,
    get_uid,
    image_data_format,
    is_float_dtype,
    is_int_dtype,
    is_keras_tensor,
    result_type,
    set_epsilon,
    set_floatx,
    set_image_data_format,
    standardize_dtype,
)
from schuss.compat._eager import eager, to_tensor
from schuss.compat.tf.math import abs as abs
from schuss.compat.tf.math import (
    cos,
    equal,
    exp,
    greater,
    greater_equal,
    l2_normalize,
    less,
    less_equal,
    log,
    maximum,
    minimum,
    not_equal,
    sigmoid,
    sign,
    sin,
    softplus,
    sqrt,
    square,
    tanh,
)
from schuss.compat.tf.math import pow as pow
from schuss.compat.tf.math import round as round
from schuss.graph import Variable, is_float

__all__ = [
    "abs", "all", "any", "arange", "argmax", "argmin", "backend", "batch_flatten", "batch_get_value",
    "batch_set_value", "bias_add", "binary_crossentropy", "cast", "cast_to_floatx", "categorical_crossentropy",
    "clear_session", "clip", "concatenate", "constant", "cos", "count_params", "cumprod", "cumsum", "dot",
    "dropout", "dtype", "elu", "epsilon", "equal", "eval", "exp", "expand_dims", "eye", "flatten", "floatx",
    "gather", "get_uid", "get_value", "greater", "greater_equal", "hard_sigmoid", "image_data_format", "in_top_k",
    "int_shape", "is_float_dtype", "is_int_dtype", "is_keras_tensor", "l2_normalize", "less", "less_equal", "log",
    "max", "maximum", "mean", "min", "minimum", "ndim", "not_equal", "one_hot", "ones", "ones_like",
    "permute_dimensions", "pow", "prod", "random_bernoulli", "random_normal", "random_uniform", "relu", "repeat",
    "repeat_elements", "reshape", "result_type", "reverse", "round", "set_epsilon", "set_floatx",
    "set_image_data_format", "set_value",
    "shape",
    "sigmoid", "sign", "sin", "softmax", "softplus", "softsign", "sparse_categorical_crossentropy", "sqrt",
    "square", "squeeze", "stack", "standardize_dtype", "std", "stop_gradient", "sum", "switch", "tanh", "tile",
    "transpose", "truncated_normal", "update", "update_add", "update_sub", "var", "variable", "zeros",
    "zeros_like",
]  # fmt: skip


def _of(x: Any) -> Any:
    return to_tensor(x)


def _float(x: Any) -> Any:
    x = to_tensor(x)
    return x if is_float(x.dtype) else ops.cast(x, floatx())


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return eager(ops.sum(_of(x), axis=axis, keepdims=keepdims))


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return eager(ops.prod(_of(x), axis=axis, keepdims=keepdims))


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return eager(ops.max(_of(x), axis=axis, keepdims=keepdims))


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return eager(ops.min(_of(x), axis=axis, keepdims=keepdims))


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return eager(ops.mean(_float(x), axis=axis, keepdims=keepdims))


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return eager(ops.std(_float(x), axis=axis, keepdims=keepdims))


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return eager(ops.var(_float(x), axis=axis, keepdims=keepdims))


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return eager(ops.all(ops.cast(_of(x), "bool"), axis=axis, keepdims=keepdims))


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return eager(ops.any(ops.cast(_of(x), "bool"), axis=axis, keepdims=keepdims))


def argmax(x: Any, axis: int = -1) -> Any:
    return eager(ops.cast(ops.argmax(_of(x), axis=axis), "int64"))


def argmin(x: Any, axis: int = -1) -> Any:
    return eager(ops.cast(ops.argmin(_of(x), axis=axis), "int64"))


def cumsum(x: Any, axis: int = 0) -> Any:
    return eager(ops.cumsum(_of(x), axis))


def cumprod(x: Any, axis: int = 0) -> Any:
    return eager(ops.cumprod(_of(x), axis))


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Any:
    return eager(ops.arange(start, stop, step, dtype=dtype))


def cast(x: Any, dtype: Any) -> Any:
    return to_tensor(x, dtype)


def cast_to_floatx(x: Any) -> Any:
    return np.asarray(x, dtype=floatx())


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """Elements held between two values, either of which may be None."""
    x = _of(x)
    low = -np.inf if min_value is None else min_value
    high = np.inf if max_value is None else max_value
    return eager(ops.clip(x, low, high))


def concatenate(tensors: Any, axis: int = -1) -> Any:
    return eager(ops.concatenate([_of(x) for x in tensors], axis))


def stack(x: Any, axis: int = 0) -> Any:
    return eager(ops.stack([_of(item) for item in x], axis))


def constant(value: Any, dtype: Any = None, shape: Any = None, name: Any = None) -> Any:
    from schuss.compat.tf.arrays import constant as tf_constant

    return tf_constant(value, dtype or floatx(), shape)


def variable(value: Any, dtype: Any = None, name: Any = None, constraint: Any = None) -> Variable:
    from schuss.compat.tf.tape import TFVariable

    return TFVariable(value, dtype=dtype or floatx(), name=name, constraint=constraint)


def dot(x: Any, y: Any) -> Any:
    """The last axis of x with the last but one of y."""
    return eager(ops.dot(_of(x), _of(y)))


def dtype(x: Any) -> str:
    return x.dtype if isinstance(x.dtype, str) else x.dtype.name


def shape(x: Any) -> Any:
    return eager(np.asarray(tuple(x.shape), "int32"))


def int_shape(x: Any) -> tuple[Any, ...]:
    return tuple(x.shape)


def ndim(x: Any) -> int:
    return len(x.shape)


def count_params(x: Any) -> int:
    return int(np.prod(x.shape, dtype=np.int64))


def eval(x: Any) -> Any:
    return ops.convert_to_numpy(x)


get_value = eval


def set_value(x: Variable, value: Any) -> None:
    x.assign(np.asarray(value).astype(x.dtype))


def batch_get_value(tensors: Any) -> list[Any]:
    return [get_value(x) for x in tensors]


def batch_set_value(tuples: Any) -> None:
    for x, value in tuples:
        set_value(x, value)


def update(x: Variable, new_x: Any) -> Any:
    x.assign(new_x)
    return x


def update_add(x: Variable, increment: Any) -> Any:
    x.assign_add(increment)
    return x


def update_sub(x: Variable, decrement: Any) -> Any:
    x.assign_sub(decrement)
    return x


def expand_dims(x: Any, axis: int = -1) -> Any:
    return eager(ops.expand_dims(_of(x), axis))


def squeeze(x: Any, axis: int) -> Any:
    return eager(ops.squeeze(_of(x), axis))


def eye(size: Any, dtype: Any = None, name: Any = None) -> Any:
    rows, columns = size if isinstance(size, (tuple, list)) else (size, size)
    return eager(ops.eye(rows, columns, dtype=dtype or floatx()))


def flatten(x: Any) -> Any:
    return eager(ops.reshape(_of(x), [-1]))


def batch_flatten(x: Any) -> Any:
    x = _of(x)
    return eager(ops.reshape(x, (x.shape[0], -1)))


def gather(reference: Any, indices: Any) -> Any:
    return eager(ops.take(_of(reference), _of(indices), axis=0))


def hard_sigmoid(x: Any) -> Any:
    """``clip(0.2 x + 0.5, 0, 1)``: Keras 2's, not the ``x / 6 + 0.5`` of today's ``activations``."""
    return eager(ops.clip(_of(x) * 0.2 + 0.5, 0.0, 1.0))


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    return eager(ops.in_top_k(_of(targets), _of(predictions), k))


def one_hot(indices: Any, num_classes: int) -> Any:
    return eager(ops.one_hot(_of(indices), num_classes))


def ones(shape: Any, dtype: Any = None, name: Any = None) -> Any:
    return eager(ops.ones(shape, dtype or floatx()))


def zeros(shape: Any, dtype: Any = None, name: Any = None) -> Any:
    return eager(ops.zeros(shape, dtype or floatx()))


def ones_like(x: Any, dtype: Any = None, name: Any = None) -> Any:
    return eager(ops.ones_like(_of(x), dtype))


def zeros_like(x: Any, dtype: Any = None, name: Any = None) -> Any:
    return eager(ops.zeros_like(_of(x), dtype))


def permute_dimensions(x: Any, pattern: Any) -> Any:
    return eager(ops.transpose(_of(x), pattern))


def transpose(x: Any) -> Any:
    return eager(ops.transpose(_of(x)))


def reshape(x: Any, shape: Any) -> Any:
    return eager(ops.reshape(_of(x), shape))


def reverse(x: Any, axes: Any) -> Any:
    return eager(ops.flip(_of(x), axes))


def repeat(x: Any, n: int) -> Any:
    """[batch, features] → [batch, n, features]."""
    x = _of(x)
    return eager(ops.repeat(ops.expand_dims(x, 1), n, axis=1))


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    return eager(ops.repeat(_of(x), rep, axis=axis))


def tile(x: Any, n: Any) -> Any:
    x = _of(x)
    return eager(ops.tile(x, [n] if isinstance(n, int) else n))


def relu(x: Any, alpha: float = 0.0, max_value: Any = None, threshold: float = 0.0) -> Any:
    from schuss.activations import relu as activation

    return eager(activation(_of(x), alpha, max_value, threshold))


def elu(x: Any, alpha: float = 1.0) -> Any:
    return eager(ops.elu(_of(x), alpha))


def softmax(x: Any, axis: int = -1) -> Any:
    return eager(ops.softmax(_of(x), axis))


def softsign(x: Any) -> Any:
    return eager(ops.softsign(_of(x)))


def dropout(x: Any, level: float, noise_shape: Any = None, seed: Any = None) -> Any:
    return eager(random.dropout(_of(x), level, noise_shape, seed))


def bias_add(x: Any, bias: Any, data_format: Any = None) -> Any:
    from schuss.compat.tf.nn import bias_add as tf_bias_add

    return tf_bias_add(x, bias, "NC" if data_format == "channels_first" else None)


def stop_gradient(variables: Any) -> Any:
    if isinstance(variables, (list, tuple)):
        return [stop_gradient(x) for x in variables]
    return eager(ops.stop_gradient(_of(variables)))


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two values (or results of functions), element by element."""
    then = then_expression() if callable(then_expression) else then_expression
    other = else_expression() if callable(else_expression) else else_expression
    chosen = ops.cast(_of(condition), "bool")
    while len(chosen.shape) < len(_of(then).shape):
        chosen = ops.expand_dims(chosen, -1)
    return eager(ops.where(chosen, then, other))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    return eager(ops.binary_crossentropy(_of(target), _of(output), from_logits))


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    return eager(ops.categorical_crossentropy(_of(target), _of(output), from_logits, axis))


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1, ignore_class: Any = None
) -> Any:
    if ignore_class is not None:
        raise NotImplementedError(
            "keras.backend.sparse_categorical_crossentropy: `ignore_class` is not part of Schuss here; use "
            "keras.losses.sparse_categorical_crossentropy."
        )
    return eager(ops.sparse_categorical_crossentropy(_of(target), _of(output), from_logits, axis))


def random_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    return eager(random.normal(shape, mean, stddev, dtype, seed))


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    return eager(random.truncated_normal(shape, mean, stddev, dtype, seed))


def random_uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    return eager(random.uniform(shape, minval, maxval, dtype, seed))


def random_bernoulli(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """1 with probability p, else 0."""
    return to_tensor(ops.less(random.uniform(shape, seed=seed), p), dtype or floatx())
