"""``tf.math``: TensorFlow's signatures over `schuss.ops`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from schuss import ops
from schuss.compat._eager import eager, to_tensor
from schuss.graph import is_float, result_type


def _unary(name: str, ours: str) -> Callable[..., Any]:
    def function(x: Any, name: Any = None) -> Any:
        return eager(getattr(ops, ours)(to_tensor(x)))

    return _named(function, name, f"``{ours}`` of each element.")


def _binary(name: str, ours: str) -> Callable[..., Any]:
    def function(x: Any, y: Any, name: Any = None) -> Any:
        return eager(getattr(ops, ours)(*operands(x, y)))

    return _named(function, name, f"``{ours}`` of two tensors, element by element.")


def _named(function: Callable[..., Any], name: str, text: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


def operands(x: Any, y: Any) -> tuple[Any, Any]:
    """Two operands as tensors: a Python number or list takes the type of a tensor beside it."""
    if not hasattr(x, "dtype") and hasattr(y, "dtype"):
        y, x = operands(y, x)
        return x, y
    x = to_tensor(x)
    if not hasattr(y, "dtype") and not isinstance(y, (list, tuple)):
        if isinstance(y, float) and not is_float(x.dtype):
            raise TypeError(f"Cannot convert {y} to a tensor of dtype {x.dtype}.")
        return x, to_tensor(np.asarray(y).astype(x.dtype))
    y = to_tensor(y)
    if isinstance(y, np.ndarray) and y.dtype != x.dtype and is_float(y.dtype) == is_float(x.dtype):
        y = ops.cast(y, x.dtype)
    return x, y


def divide(x: Any, y: Any, name: Any = None) -> Any:
    """``x / y``; integers as float64."""
    x, y = operands(x, y) if hasattr(x, "dtype") or hasattr(y, "dtype") else (to_tensor(x), to_tensor(y))
    if not is_float(result_type(x.dtype, y.dtype)):
        x, y = ops.cast(x, "float64"), ops.cast(y, "float64")
    return eager(ops.divide(x, y))


truediv = divide


def squared_difference(x: Any, y: Any, name: Any = None) -> Any:
    """``(x - y)²``."""
    return eager(ops.square(ops.subtract(*operands(x, y))))


def multiply_no_nan(x: Any, y: Any, name: Any = None) -> Any:
    """``x * y``, and 0 where y is 0, whatever x is."""
    x, y = operands(x, y)
    return ops.where(ops.equal(y, 0), ops.zeros_like(y), ops.multiply(x, y))


def xlogy(x: Any, y: Any, name: Any = None) -> Any:
    """``x log(y)``, and 0 where x is 0."""
    x, y = operands(x, y)
    zero = ops.equal(x, 0)
    return ops.where(zero, ops.zeros_like(x), x * ops.log(ops.where(zero, ops.ones_like(y), y)))


def add_n(inputs: Any, name: Any = None) -> Any:
    """The sum of the tensors of a list."""
    total, *rest = [to_tensor(x) for x in inputs]
    for x in rest:
        total = ops.add(total, x)
    return total


def _reduction(name: str, ours: str, floats: bool = False) -> Callable[..., Any]:
    def function(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
        x = to_tensor(input_tensor)
        if floats and not is_float(x.dtype):
            raise TypeError(f"{function.__name__}: input must be floating point, got {x.dtype}.")
        return eager(getattr(ops, ours)(x, axis=_axes(axis), keepdims=keepdims))

    return _named(function, name, f"``{ours}`` over `axis` (an int, several, or None for all).")


def _axes(axis: Any) -> Any:
    if axis is None or isinstance(axis, int):
        return axis
    return int(axis) if np.ndim(axis) == 0 else tuple(int(a) for a in axis)


def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """The sum over `axis`, in the tensor's own type."""
    x = to_tensor(input_tensor)
    return eager(ops.cast(ops.sum(x, axis=_axes(axis), keepdims=keepdims), x.dtype))


def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """The product over `axis`, in the tensor's own type."""
    x = to_tensor(input_tensor)
    return eager(ops.cast(ops.prod(x, axis=_axes(axis), keepdims=keepdims), x.dtype))


def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """The mean over `axis`; of integers it is the integer below (towards zero), as in TensorFlow."""
    x = to_tensor(input_tensor)
    return eager(ops.cast(ops.mean(x, axis=_axes(axis), keepdims=keepdims), x.dtype))


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """The square root of the sum of squares over `axis`."""
    x = to_tensor(input_tensor)
    return eager(ops.sqrt(ops.sum(ops.square(x), axis=_axes(axis), keepdims=keepdims)))


def argmax(input: Any, axis: Any = None, output_type: Any = "int64", name: Any = None) -> Any:
    """The place of the largest element along `axis` (0 by default)."""
    return eager(ops.cast(ops.argmax(to_tensor(input), axis=0 if axis is None else int(axis)), output_type))


def argmin(input: Any, axis: Any = None, output_type: Any = "int64", name: Any = None) -> Any:
    """The place of the smallest element along `axis` (0 by default)."""
    return eager(ops.cast(ops.argmin(to_tensor(input), axis=0 if axis is None else int(axis)), output_type))


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: Any = None) -> Any:
    """Running sums along `axis`; `exclusive`: without the element itself; `reverse`: from the end."""
    x = to_tensor(x)
    backwards = ops.flip(x, axis) if reverse else x
    total = ops.cumsum(backwards, axis)
    if exclusive:
        total = ops.subtract(total, backwards)
    return eager(ops.flip(total, axis) if reverse else total)


def cumprod(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: Any = None) -> Any:
    """Running products along `axis`; arguments as for `cumsum`."""
    x = to_tensor(x)
    backwards = ops.flip(x, axis) if reverse else x
    total = ops.cumprod(backwards, axis)
    if exclusive:
        ones = ops.ones_like(ops.take(total, [0], axis))
        kept = ops.take(total, np.arange(total.shape[axis] - 1), axis)
        total = ops.concatenate([ones, kept], axis)
    return eager(ops.flip(total, axis) if reverse else total)


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: Any = None) -> Any:
    """``x / sqrt(max(sum(x²), epsilon))``."""
    x = to_tensor(x)
    squares = ops.sum(ops.square(x), axis=_axes(axis), keepdims=True)
    return eager(ops.multiply(x, ops.rsqrt(ops.maximum(squares, epsilon))))


class TopKV2(NamedTuple):
    """What `top_k` returns."""

    values: Any
    indices: Any


def top_k(input: Any, k: int = 1, sorted: bool = True, index_type: Any = "int32", name: Any = None) -> TopKV2:
    """The k largest elements along the last axis, and their places."""
    values, indices = ops.top_k(to_tensor(input), int(k), sorted)
    return TopKV2(eager(values), eager(ops.cast(indices, index_type)))


def in_top_k(targets: Any, predictions: Any, k: int, name: Any = None) -> Any:
    """Whether each target is among the k best predictions."""
    return eager(ops.in_top_k(to_tensor(targets), to_tensor(predictions), k))


def bincount(
    arr: Any, weights: Any = None, minlength: Any = None, maxlength: Any = None, dtype: Any = "int32"
) -> Any:
    """How often each integer occurs."""
    counts = ops.bincount(to_tensor(arr), weights, minlength or 0)
    counts = counts if maxlength is None else counts[:maxlength]
    return eager(counts if weights is not None else ops.cast(counts, dtype))


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None, dtype: Any = "int32"
) -> Any:
    """[label, prediction] → how often."""
    labels = np.asarray(labels).astype("int64").reshape(-1)
    predictions = np.asarray(predictions).astype("int64").reshape(-1)
    if num_classes is None:
        num_classes = int(max(labels.max(initial=-1), predictions.max(initial=-1))) + 1
    counts = np.zeros((num_classes, num_classes), np.float64)
    np.add.at(counts, (labels, predictions), 1 if weights is None else np.asarray(weights))
    return to_tensor(counts, dtype)


abs = _unary("abs", "absolute")
acos = _unary("acos", "arccos")
acosh = _unary("acosh", "arccosh")
asin = _unary("asin", "arcsin")
asinh = _unary("asinh", "arcsinh")
atan = _unary("atan", "arctan")
atanh = _unary("atanh", "arctanh")
ceil = _unary("ceil", "ceil")
cos = _unary("cos", "cos")
cosh = _unary("cosh", "cosh")
digamma = _unary("digamma", "digamma")
erf = _unary("erf", "erf")
erfc = _unary("erfc", "erfc")
erfinv = _unary("erfinv", "erfinv")
exp = _unary("exp", "exp")
expm1 = _unary("expm1", "expm1")
floor = _unary("floor", "floor")
is_finite = _unary("is_finite", "isfinite")
is_inf = _unary("is_inf", "isinf")
is_nan = _unary("is_nan", "isnan")
lgamma = _unary("lgamma", "lgamma")
log = _unary("log", "log")
log1p = _unary("log1p", "log1p")
log_sigmoid = _unary("log_sigmoid", "log_sigmoid")
logical_not = _unary("logical_not", "logical_not")
negative = _unary("negative", "negative")
reciprocal = _unary("reciprocal", "reciprocal")
rint = _unary("rint", "round")
round = _unary("round", "round")
rsqrt = _unary("rsqrt", "rsqrt")
sigmoid = _unary("sigmoid", "sigmoid")
sign = _unary("sign", "sign")
sin = _unary("sin", "sin")
sinh = _unary("sinh", "sinh")
softplus = _unary("softplus", "softplus")
sqrt = _unary("sqrt", "sqrt")
square = _unary("square", "square")
tan = _unary("tan", "tan")
tanh = _unary("tanh", "tanh")
add = _binary("add", "add")
atan2 = _binary("atan2", "arctan2")
divide_no_nan = _binary("divide_no_nan", "divide_no_nan")
equal = _binary("equal", "equal")
floordiv = _binary("floordiv", "floor_divide")
floormod = _binary("floormod", "mod")
greater = _binary("greater", "greater")
greater_equal = _binary("greater_equal", "greater_equal")
less = _binary("less", "less")
less_equal = _binary("less_equal", "less_equal")
logical_and = _binary("logical_and", "logical_and")
logical_or = _binary("logical_or", "logical_or")
logical_xor = _binary("logical_xor", "logical_xor")
maximum = _binary("maximum", "maximum")
minimum = _binary("minimum", "minimum")
mod = _binary("mod", "mod")
multiply = _binary("multiply", "multiply")
not_equal = _binary("not_equal", "not_equal")
pow = _binary("pow", "power")
subtract = _binary("subtract", "subtract")
reduce_all = _reduction("reduce_all", "all")
reduce_any = _reduction("reduce_any", "any")
reduce_logsumexp = _reduction("reduce_logsumexp", "logsumexp", floats=True)
reduce_max = _reduction("reduce_max", "max")
reduce_min = _reduction("reduce_min", "min")
reduce_std = _reduction("reduce_std", "std", floats=True)
reduce_variance = _reduction("reduce_variance", "var", floats=True)

__all__ = [
    "abs", "acos", "acosh", "add", "add_n", "argmax", "argmin", "asin", "asinh", "atan", "atan2", "atanh",
    "bincount", "ceil", "confusion_matrix", "cos", "cosh", "cumprod", "cumsum", "digamma", "divide",
    "divide_no_nan", "equal", "erf", "erfc", "erfinv", "exp", "expm1", "floor", "floordiv", "floormod",
    "greater", "greater_equal", "in_top_k", "is_finite", "is_inf", "is_nan", "l2_normalize", "less",
    "less_equal", "lgamma", "log", "log1p", "log_sigmoid", "logical_and", "logical_not", "logical_or",
    "logical_xor", "maximum", "minimum", "mod", "multiply", "multiply_no_nan", "negative", "not_equal",
    "pow", "reciprocal", "reduce_all", "reduce_any", "reduce_euclidean_norm", "reduce_logsumexp",
    "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_std", "reduce_sum",
    "reduce_variance", "rint", "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "softplus", "sqrt",
    "square", "squared_difference", "subtract", "tan", "tanh", "top_k", "truediv", "xlogy",
]  # fmt: skip
