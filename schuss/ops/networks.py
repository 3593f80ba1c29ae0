"""What networks are made of beside activations: encodings, cross-entropies, normalisation, attention."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss import config, ops
from schuss.graph import Tensor, as_dtype
from schuss.ops._operands import promoted
from schuss.ops.activations import as_float, log_softmax, softmax, softplus

__all__ = [
    "batch_normalization",
    "binary_crossentropy",
    "categorical_crossentropy",
    "dot_product_attention",
    "layer_normalization",
    "moments",
    "multi_hot",
    "normalize",
    "one_hot",
    "psnr",
    "rms_normalization",
    "sparse_categorical_crossentropy",
]


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """Integers as rows of a unit matrix: 1 at the integer's place along a new axis, 0 elsewhere.

    Args:
        x: integers of any shape; those outside of ``[0, num_classes)`` give zeros.
        num_classes: size of the new axis.
        axis: where it goes; default last.
        dtype: default: floatx.
        sparse: not supported.

    Raises:
        ValueError: `sparse` is true.

    Example:
        >>> from schuss import ops
        >>> ops.one_hot(ops.array([0, 2]), 3).tolist()
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    _refuse_sparse("one_hot", sparse)
    return ops.cast(_is_class(x, num_classes, axis), as_dtype(dtype))


def _is_class(x: Any, num_classes: int, axis: int) -> Any:
    """bool, x's shape with a new axis: whether x is the class whose number the place along `axis` is."""
    x = ops.convert_to_tensor(x)
    if x.dtype != np.int64:
        x = ops.cast(x, "int32")
    shape = [1] * (x.ndim + 1)
    shape[axis] = num_classes
    return ops.equal(ops.expand_dims(x, axis), ops.reshape(ops.arange(num_classes, dtype=x.dtype), shape))


def multi_hot(
    inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """Sets of integers as rows of zeros and ones: 1 at the place of each integer of the row.

    Args:
        inputs: integers, [set] or [batch, set, …].
        num_classes: size of the new axis; must be given.
        axis: where it goes; default last.
        dtype: default: floatx.
        sparse: not supported.

    Raises:
        ValueError: `sparse` is true, or `num_classes` is missing.

    Example:
        >>> from schuss import ops
        >>> ops.multi_hot(ops.array([[0, 2], [1, 1]]), 3).tolist()
        [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    if num_classes is None:
        raise ValueError("Argument `num_classes` must be specified.")
    _refuse_sparse("multi_hot", sparse)
    inputs = ops.convert_to_tensor(inputs)
    return ops.max(one_hot(inputs, num_classes, axis, dtype), axis=1 if inputs.ndim > 1 else 0)


def _refuse_sparse(function: str, sparse: bool) -> None:
    if sparse:
        raise ValueError(f"{function}: sparse tensors are not supported; leave out `sparse=True`.")


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """``−Σ target·log(p)`` along `axis`.

    Args:
        target: probabilities, as one-hot rows, of the shape of `output`.
        output: probabilities (divided by their sum and kept within [1e-7, 1 − 1e-7]) or logits. Inside a
            trace, of what `softmax` made the logits are taken: a sure error still has a gradient.
        from_logits: whether p = softmax(output); default False.
        axis: of the classes; default −1.

    Returns:
        The shape of `output` without `axis`.

    Raises:
        ValueError: shapes differ, or are scalars.

    Example:
        >>> from schuss import ops
        >>> loss = ops.categorical_crossentropy(ops.array([[0.0, 1.0]]), ops.array([[0.25, 0.75]]))
        >>> [round(v, 4) for v in loss.tolist()]
        [0.2877]
    """
    output = as_float(output)
    target = ops.cast(ops.convert_to_tensor(target), output.dtype)
    _require_same_shape(target, output)
    if output.ndim < 1:
        raise ValueError("Arguments `target` and `output` must be at least rank 1. Received: scalars.")
    return ops.negative(
        ops.sum(ops.multiply(target, _log_probabilities(output, from_logits, axis)), axis=axis)
    )


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """``−log(p[target])``.

    Args:
        target: integers, the shape of `output` without `axis`, or with size 1 there.
        output: probabilities (divided by their sum and kept within [1e-7, 1 − 1e-7]) or logits. Inside a
            trace, of what `softmax` made the logits are taken: a sure error still has a gradient.
        from_logits: whether p = softmax(output); default False.
        axis: of the classes; default −1.

    Returns:
        The shape of `output` without `axis`.

    Raises:
        ValueError: shapes do not fit, or (outside of a trace) a target is not one of the classes.
    """
    output = as_float(output)
    target = ops.convert_to_tensor(target)
    if output.ndim < 1:
        raise ValueError("Argument `output` must be at least rank 1. Received: a scalar.")
    axis = axis % output.ndim
    if target.ndim == output.ndim and target.shape[axis] == 1:
        target = ops.squeeze(target, axis=axis)
    expected = tuple(output.shape[:axis]) + tuple(output.shape[axis + 1 :])
    if tuple(target.shape) != expected:
        raise ValueError(
            "Arguments `target` and `output` must have the same shape but for the axis of the classes: "
            "expected "
            f"target.shape={expected}. Received: target.shape={tuple(target.shape)}, "
            f"output.shape={tuple(output.shape)}. (For one-hot targets use categorical_crossentropy.)"
        )
    classes = output.shape[axis]
    if not isinstance(target, Tensor):
        _require_classes(np.asarray(target), classes)
    log_p = _log_probabilities(output, from_logits, axis)
    chosen = ops.where(_is_class(target, classes, axis), log_p, ops.zeros_like(log_p))
    return ops.negative(ops.sum(chosen, axis=axis))


def _require_classes(target: np.ndarray, classes: int) -> None:
    if target.size and (target.min() < 0 or target.max() >= classes):
        wrong = target.max() if target.max() >= classes else target.min()
        raise ValueError(
            f"A target is {wrong}, but `output` has {classes} classes: expected 0 to {classes - 1}."
        )


def _log_probabilities(output: Any, from_logits: bool, axis: int) -> Any:
    logits = _logits_of(output, from_logits, "softmax", axis % output.ndim)
    if logits is not None:
        return log_softmax(logits, axis=axis)
    p = ops.divide(output, ops.sum(output, axis=axis, keepdims=True))
    return ops.log(ops.clip(p, config.epsilon(), 1.0 - config.epsilon()))


def _logits_of(output: Any, from_logits: bool, activation: str, axis: int | None) -> Any:
    """What `output` is probabilities of, where that is known; else None.

    Probabilities lose what training needs where they are sure: beyond the bounds that their logarithm needs, the
    gradient is 0, and a network whose first guesses are far off (images of 0 to 255, say) never learns. Keras
    looks through the activation likewise when TensorFlow computes, also where `from_logits` is set by mistake.
    """
    origin = getattr(output, "origin", None)  # of a tensor; arrays have none
    if origin is None or (origin[0], origin[2]) != (activation, axis):
        return output if from_logits else None
    if from_logits:
        warnings.warn(
            f"A cross-entropy was told `from_logits=True`, but gets the output of a {activation}, which are "
            f"probabilities; the logits before the {activation} are used. Leave out `from_logits=True`, or the "
            f"{activation}.",
            stacklevel=2,
        )
    return origin[1]


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """``−target·log(p) − (1 − target)·log(1 − p)``, element by element.

    Args:
        target: numbers in [0, 1], of the shape of `output`.
        output: probabilities (kept within [1e-7, 1 − 1e-7]) or logits. Inside a trace, of what `sigmoid`
            made the logits are taken: a sure error still has a gradient.
        from_logits: whether p = sigmoid(output), then computed as ``softplus(output) − output·target``;
            default False.

    Returns:
        The shape of `output`.

    Raises:
        ValueError: shapes differ.
    """
    output = as_float(output)
    target = ops.cast(ops.convert_to_tensor(target), output.dtype)
    _require_same_shape(target, output)
    logits = _logits_of(output, from_logits, "sigmoid", None)
    if logits is not None:
        return ops.subtract(softplus(logits), ops.multiply(logits, target))
    p = ops.clip(output, config.epsilon(), 1.0 - config.epsilon())
    hit = ops.multiply(target, ops.log(p))
    miss = ops.multiply(ops.subtract(1, target), ops.log(ops.subtract(1, p)))
    return ops.negative(ops.add(hit, miss))


def _require_same_shape(target: Any, output: Any) -> None:
    if tuple(target.shape) != tuple(output.shape):
        raise ValueError(
            "Arguments `target` and `output` must have the same shape. "
            f"Received: target.shape={tuple(target.shape)}, output.shape={tuple(output.shape)}"
        )


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """Mean and (biased) variance: ``μ = mean(x)``, ``mean((x − μ)²)``. float16 is summed in float32.

    Args:
        x: array. axes: int or ints. keepdims: keep reduced axes with size 1; default False.
        synchronized: not supported.

    Raises:
        ValueError: `synchronized` is true.

    Example:
        >>> from schuss import ops
        >>> [float(v) for v in ops.moments(ops.array([0.0, 1.0, 2.0, 3.0]), axes=[0])]
        [1.5, 1.25]
    """
    if synchronized:
        raise ValueError("moments: `synchronized=True` is not supported.")
    x = as_float(x)
    axes = axes if axes is None or isinstance(axes, int) else tuple(axes)
    work = _at_least_single(x)
    mean = ops.mean(work, axis=axes, keepdims=True)
    variance = ops.mean(ops.square(ops.subtract(work, mean)), axis=axes, keepdims=keepdims)
    if not keepdims:
        mean = ops.reshape(mean, variance.shape)
    return ops.cast(mean, x.dtype), ops.cast(variance, x.dtype)


def normalize(x: Any, axis: Any = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """``x / max(‖x‖, epsilon)``, norms taken along `axis`.

    Args:
        x: array. axis: int, tuple, or None for all; default −1. order: of the norm, ≥ 1; default 2.
        epsilon: default 1e-7.

    Raises:
        ValueError: `order` is not an integer ≥ 1.

    Example:
        >>> from schuss import ops
        >>> [round(v, 4) for v in ops.normalize(ops.array([3.0, 4.0])).tolist()]
        [0.6, 0.8]
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"Argument `order` must be an int >= 1. Received: order={order}")
    x = as_float(x)
    epsilon = config.epsilon() if epsilon is None else epsilon
    axis = axis if axis is None or isinstance(axis, int) else tuple(axis)
    if order == 2:
        squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
        return ops.multiply(x, ops.rsqrt(ops.maximum(squares, max(epsilon**2, _tiny(x)))))
    lengths = (
        ops.norm(x, ord=order, axis=axis, keepdims=True)
        if isinstance(axis, int)
        else ops.power(ops.sum(ops.power(ops.absolute(x), order), axis=axis, keepdims=True), 1.0 / order)
    )
    return ops.divide(x, ops.maximum(lengths, epsilon))


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """``scale·(x − mean)/√(variance + epsilon) + offset``.

    Args:
        x: array. mean, variance, offset, scale: vectors of the size of `axis`; the last two may be None.
        axis: of the features. epsilon: default 1e-3.

    Raises:
        ValueError: a vector has another shape.
    """
    x = as_float(x)
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    work = _at_least_single(x)

    def along_axis(name: str, vector: Any) -> Any:
        vector = ops.cast(ops.convert_to_tensor(vector), work.dtype)
        if tuple(vector.shape) != (x.shape[axis],):
            raise ValueError(
                f"Shape mismatch: expected `{name}` of shape ({x.shape[axis]},), the size of axis {axis} of "
                "x "
                f"(shape {tuple(x.shape)}). Received: {name}.shape={tuple(vector.shape)}"
            )
        return ops.reshape(vector, shape)

    factor = ops.rsqrt(ops.add(along_axis("variance", variance), epsilon))
    if scale is not None:
        factor = ops.multiply(factor, along_axis("scale", scale))
    y = ops.multiply(ops.subtract(work, along_axis("mean", mean)), factor)
    if offset is not None:
        y = ops.add(y, along_axis("offset", offset))
    return ops.cast(y, x.dtype)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Any:
    """``gamma·(x − μ)/√(σ² + epsilon) + beta``, with mean and variance taken along `axis`. Ba et al. (2016).

    Args:
        x: array. gamma, beta: arrays of the sizes of `axis`, or None.
        axis: int or ints; default −1. epsilon: default 1e-7.
    """
    x = as_float(x)
    axes = _axis_list(axis, x.ndim)
    work = _at_least_single(x)
    mean, variance = moments(work, axes, keepdims=True)
    y = ops.multiply(
        ops.subtract(work, mean),
        ops.rsqrt(ops.add(variance, config.epsilon() if epsilon is None else epsilon)),
    )
    if gamma is not None:
        y = ops.multiply(y, _spread(gamma, axes, work))
    if beta is not None:
        y = ops.add(y, _spread(beta, axes, work))
    return ops.cast(y, x.dtype)


def rms_normalization(
    x: Any, scale: Any = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Any:
    """``scale·x/√(mean(x²) + epsilon)``, the mean taken along `axis`. Zhang and Sennrich (2019).

    Args:
        x: array. scale: array of the sizes of `axis`, or None. axis: int or ints; default −1. epsilon:
            default 1e-7.
    """
    x = as_float(x)
    axes = _axis_list(axis, x.ndim)
    work = _at_least_single(x)
    squares = ops.mean(ops.square(work), axis=axes, keepdims=True)
    y = ops.multiply(work, ops.rsqrt(ops.add(squares, config.epsilon() if epsilon is None else epsilon)))
    if scale is not None:
        y = ops.multiply(y, _spread(scale, axes, work))
    return ops.cast(y, x.dtype)


def _axis_list(axis: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    return tuple(a % ndim for a in ((axis,) if isinstance(axis, int) else axis))


def _spread(weights: Any, axes: tuple[int, ...], x: Any) -> Any:
    """`weights`, whose axes are `axes` of x, in a shape that broadcasts against x."""
    weights = ops.cast(ops.convert_to_tensor(weights), x.dtype)
    return (
        ops.reshape(weights, [x.shape[a] if a in axes else 1 for a in range(x.ndim)])
        if weights.ndim
        else weights
    )


def _at_least_single(x: Any) -> Any:
    return ops.cast(x, "float32") if x.dtype == np.float16 else x


def _tiny(x: Any) -> float:
    return float(np.finfo(x.dtype).tiny)


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:
    """``softmax(scale·QKᵀ + bias)·V`` for each head. Vaswani et al. (2017).

    Args:
        query: [batch, T, heads, size]. key, value: [batch, S, heads', size], where heads' divides heads: each is
            shared by as many heads of `query` that follow one another.
        bias: added to the logits; broadcasts to [batch, heads, T, S]; or None.
        mask: bool, broadcasts to [batch, heads, T, S]; True where a query may look; or None. A query that may look
            nowhere takes the mean of all values.
        scale: default 1/√size.
        is_causal: query t sees only keys up to t.
        flash_attention: taken for Keras's sake; the compiler decides how it is computed.
        attn_logits_soft_cap: c in c·tanh(logits/c), or None.

    Returns:
        The shape of `query`, with the size of `value`. float16 has its logits and their softmax in float32.

    Raises:
        ValueError: an operand does not have four axes, or the heads do not fit.

    Example:
        >>> from schuss import ops
        >>> x = ops.ones((1, 4, 2, 8))
        >>> ops.dot_product_attention(x, x, x, is_causal=True).shape
        (1, 4, 2, 8)
    """
    query, key, value = (as_float(x) for x in promoted(query, key, value))
    for name, x in (("query", query), ("key", key), ("value", value)):
        if x.ndim != 4:
            raise ValueError(
                f"`dot_product_attention` expects `{name}` of shape [batch, length, heads, size]. "
                f"Received: {name}.shape={tuple(x.shape)}"
            )
    (batch, steps, heads, size), groups = query.shape, key.shape[2]
    if heads % groups:
        raise ValueError(f"The {heads} heads of `query` must be a multiple of the {groups} heads of `key`.")
    query = ops.reshape(query, (batch, steps, groups, heads // groups, size))
    logits = _at_least_single(ops.einsum("btkgh,bskh->bkgts", query, key))
    keys = key.shape[1]
    logits = ops.reshape(logits, (batch, heads, steps, keys))
    logits = ops.multiply(logits, 1.0 / math.sqrt(size) if scale is None else scale)
    if attn_logits_soft_cap is not None:
        logits = ops.multiply(ops.tanh(ops.divide(logits, attn_logits_soft_cap)), attn_logits_soft_cap)
    if bias is not None:
        logits = ops.add(logits, ops.cast(bias, logits.dtype))
    if is_causal:
        causal = ops.greater_equal(ops.reshape(ops.arange(steps), (steps, 1)), ops.arange(keys))
        mask = causal if mask is None else ops.logical_and(ops.cast(mask, "bool"), causal)
    if mask is not None:
        far_below = float(np.finfo(logits.dtype).max) * -0.7
        logits = ops.where(ops.cast(mask, "bool"), logits, far_below)
    weights = ops.cast(softmax(logits, axis=(-1,)), value.dtype)
    weights = ops.reshape(weights, (batch, groups, heads // groups, steps, keys))
    y = ops.einsum("bkgts,bskh->btkgh", weights, value)
    return ops.reshape(y, (batch, steps, heads, value.shape[3]))


def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """Peak signal-to-noise ratio in decibels: ``20·log₁₀(max_val) − 10·log₁₀(mean((x1 − x2)²))``.

    Args:
        x1, x2: arrays of one shape. max_val: the largest value a signal can have.

    Raises:
        ValueError: shapes differ.
    """
    x1, x2 = as_float(x1), as_float(x2)
    if tuple(x1.shape) != tuple(x2.shape):
        raise ValueError(
            f"Input shapes {tuple(x1.shape)} and {tuple(x2.shape)} must match for PSNR calculation."
        )
    noise = ops.mean(ops.square(ops.subtract(x1, x2)))
    return ops.subtract(20.0 * math.log10(max_val), ops.multiply(ops.log(noise), 10.0 / math.log(10.0)))
