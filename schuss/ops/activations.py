"""Activation functions: keras.ops.nn's elementwise functions, softmax and its relatives.

Where a function has a kink, the operand that keeps the gradient there stands second in `maximum` and
`minimum` (ties send it there); formulas are arranged so that no step overflows and no gradient is 0·∞.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import is_float, result_type
from schuss.graph.primitives import logistic_p

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
    "threshold",
]

Axis = int | Sequence[int] | None


def as_float(x: Any) -> Any:
    """`x` as an array or tensor of floats; integers and bools become floatx."""
    x = ops.convert_to_tensor(x)
    return x if is_float(x.dtype) else ops.cast(x, result_type(x.dtype, float))


def relu(x: Any) -> Any:
    """Rectified linear unit: ``max(x, 0)``.

    Args:
        x: array of any shape and number type.

    Returns:
        Array like `x`.

    Example:
        >>> from schuss import ops
        >>> ops.relu(ops.array([-1.0, 0.0, 2.0])).tolist()
        [0.0, 0.0, 2.0]
    """
    return ops.maximum(ops.convert_to_tensor(x), 0)


def relu6(x: Any) -> Any:
    """``min(max(x, 0), 6)``.

    Args:
        x: array of any shape and number type.
    """
    return ops.minimum(relu(x), 6)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """``x`` where x > 0, else ``negative_slope·x``.

    Args:
        x: array of any shape. negative_slope: default 0.2.
    """
    x = as_float(x)
    return ops.where(ops.greater(x, 0), x, ops.multiply(x, negative_slope))


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit: ``x`` where x > 0, else ``alpha·(eˣ − 1)``. Clevert et al. (2016).

    Args:
        x: array of any shape. alpha: default 1.
    """
    x = as_float(x)
    below = ops.expm1(ops.minimum(0, x))
    return ops.where(ops.greater(x, 0), x, below if alpha == 1 else ops.multiply(below, alpha))


def selu(x: Any) -> Any:
    """Scaled exponential linear unit: ``1.0507·elu(x, 1.6733)``. Klambauer et al. (2017).

    Args:
        x: array of any shape.
    """
    return ops.multiply(elu(x, alpha=1.6732632423543772), 1.0507009873554805)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """Continuously differentiable exponential linear unit: ``max(x, 0) + min(0, alpha·(exp(x/alpha) − 1))``.

    Args:
        x: array of any shape. alpha: not zero; default 1.

    Source:
        Barron (2017).
    """
    x = as_float(x)
    below = ops.multiply(ops.expm1(ops.divide(ops.minimum(0, x), alpha)), alpha)
    return ops.where(ops.greater(x, 0), x, below)


def gelu(x: Any, approximate: bool = True) -> Any:
    """Gaussian error linear unit: ``x·Φ(x)``. Hendrycks and Gimpel (2016).

    Args:
        x: array of any shape.
        approximate: Φ(x) ≈ ½(1 + tanh(√(2/π)(x + 0.044715x³))), computed as a logistic function; default.
            False for ``½(1 + erf(x/√2))``.

    Example:
        >>> from schuss import ops
        >>> [round(v, 4) for v in ops.gelu(ops.array([-1.0, 0.0, 1.0])).tolist()]
        [-0.1588, 0.0, 0.8412]
    """
    x = as_float(x)
    if approximate:
        a = 2.0 * math.sqrt(2.0 / math.pi)
        u = ops.multiply(x, ops.add(ops.multiply(ops.multiply(x, x), a * 0.044715), a))
        return ops.multiply(x, logistic_p.bind(u))
    phi = ops.add(ops.multiply(ops.erf(ops.multiply(x, math.sqrt(0.5))), 0.5), 0.5)
    return ops.multiply(x, phi)


def sigmoid(x: Any) -> Any:
    """``1/(1 + e⁻ˣ)``.

    Args:
        x: array of any shape.

    Example:
        >>> from schuss import ops
        >>> ops.sigmoid(ops.array([-1000.0, 0.0, 1000.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    x = as_float(x)
    return _made_by("sigmoid", x, None, logistic_p.bind(x))


def silu(x: Any) -> Any:
    """``x·sigmoid(x)``; also called swish.

    Args:
        x: array of any shape.
    """
    x = as_float(x)
    return ops.multiply(x, logistic_p.bind(x))


def softplus(x: Any) -> Any:
    """``log(1 + eˣ)``, as ``max(x, 0) + log(1 + e^−|x|)``.

    Args:
        x: array of any shape.

    Example:
        >>> from schuss import ops
        >>> ops.softplus(ops.array([-1000.0, 1000.0])).tolist()
        [0.0, 1000.0]
    """
    x = as_float(x)
    # −|x| as min(−x, x): its gradient at zero is that of x, which makes ½ in all; |x| would give 0 there.
    tail = ops.log1p(ops.exp(ops.minimum(ops.negative(x), x)))
    return ops.add(ops.maximum(x, 0), tail)


def log_sigmoid(x: Any) -> Any:
    """``log(sigmoid(x))``, as ``min(x, 0) − log(1 + e^−|x|)``.

    Args:
        x: array of any shape.
    """
    x = as_float(x)
    tail = ops.log1p(ops.exp(ops.minimum(x, ops.negative(x))))
    return ops.subtract(ops.minimum(x, 0), tail)


def softsign(x: Any) -> Any:
    """``x / (|x| + 1)``.

    Args:
        x: array of any shape.
    """
    x = as_float(x)
    return ops.divide(x, ops.add(ops.absolute(x), 1))


def softmax(x: Any, axis: Axis = -1) -> Any:
    """``exp(x) / Σ exp(x)`` along `axis`, shifted by the maximum so that nothing overflows.

    Args:
        x: array of any shape. axis: int, tuple, or None for all; default −1.

    Example:
        >>> from schuss import ops
        >>> [round(v, 4) for v in ops.softmax(ops.array([1001.0, 1002.0])).tolist()]
        [0.2689, 0.7311]
    """
    x = as_float(x)
    if isinstance(axis, int) and x.ndim and x.shape[axis] == 1:
        warnings.warn(
            f"You are using a softmax over axis {axis} of a tensor of shape {tuple(x.shape)}. This axis has "
            "size 1. "
            "The softmax operation will always return the value 1, which is likely not what you intended. "
            "Did you mean to use a sigmoid instead?",
            stacklevel=2,
        )
    e = ops.exp(_shifted(x, axis))
    p = ops.divide(e, ops.sum(e, axis=_axes(axis), keepdims=True))
    return _made_by("softmax", x, axis % x.ndim, p) if isinstance(axis, int) else p


def _made_by(op: str, x: Any, axis: int | None, result: Any) -> Any:
    """`result`, which remembers how it was made (`Tensor.origin`) if it is more than a plain array."""
    if type(result) is not np.ndarray and not isinstance(result, np.generic):
        result.origin = (op, x, axis)
    return result


def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """``log(softmax(x))``, as ``x − max − log Σ exp(x − max)``.

    Args:
        x: array of any shape. axis: int, tuple, or None for all; default −1.
    """
    s = _shifted(as_float(x), axis)
    return ops.subtract(s, ops.log(ops.sum(ops.exp(s), axis=_axes(axis), keepdims=True)))


def _shifted(x: Any, axis: Axis) -> Any:
    """x minus its maximum. The result of softmax does not depend on the shift, hence no gradient through
    it."""
    return ops.subtract(x, ops.stop_gradient(ops.max(x, axis=_axes(axis), keepdims=True)))


def _axes(axis: Axis) -> Any:
    return axis if axis is None or isinstance(axis, int) else tuple(axis)


def hard_sigmoid(x: Any) -> Any:
    """``min(max(x + 3, 0), 6) / 6``: sigmoid in straight lines.

    Args:
        x: array of any shape.
    """
    return ops.multiply(relu6(ops.add(as_float(x), 3)), 1 / 6)


def hard_silu(x: Any) -> Any:
    """``x·hard_sigmoid(x)``; also called hard swish.

    Args:
        x: array of any shape.
    """
    x = as_float(x)
    return ops.multiply(x, hard_sigmoid(x))


def hard_tanh(x: Any) -> Any:
    """``min(max(x, −1), 1)``.

    Args:
        x: array of any shape.
    """
    return ops.minimum(ops.maximum(ops.convert_to_tensor(x), -1), 1)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x`` where |x| > threshold, else 0.

    Args:
        x: array of any shape. threshold: default 0.5.
    """
    x = as_float(x)
    return ops.where(ops.less_equal(ops.absolute(x), threshold), ops.zeros_like(x), x)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x − threshold·sign(x)`` where |x| > threshold, else 0.

    Args:
        x: array of any shape. threshold: default 0.5.
    """
    x = as_float(x)
    smaller = ops.subtract(x, ops.multiply(ops.sign(x), threshold))
    return ops.where(ops.less_equal(ops.absolute(x), threshold), ops.zeros_like(x), smaller)


def tanh_shrink(x: Any) -> Any:
    """``x − tanh(x)``.

    Args:
        x: array of any shape.
    """
    x = as_float(x)
    return ops.subtract(x, ops.tanh(x))


def squareplus(x: Any, b: float = 4) -> Any:
    """``(x + √(x² + b)) / 2``. Barron (2021).

    Args:
        x: array of any shape. b: smoothness ≥ 0; default 4.
    """
    x = as_float(x)
    return ops.multiply(ops.add(x, ops.sqrt(ops.add(ops.multiply(x, x), b))), 0.5)


def sparse_plus(x: Any) -> Any:
    """0 for x ≤ −1, ``(x + 1)²/4`` between, ``x`` for x ≥ 1.

    Args:
        x: array of any shape.
    """
    x = as_float(x)
    up = ops.add(ops.minimum(ops.maximum(x, -1), 1), 1)
    return ops.where(ops.less(x, 1), ops.multiply(ops.multiply(up, up), 0.25), x)


def sparse_sigmoid(x: Any) -> Any:
    """0 for x ≤ −1, ``(x + 1)/2`` between, 1 for x ≥ 1.

    Args:
        x: array of any shape.
    """
    return ops.minimum(ops.maximum(ops.multiply(ops.add(as_float(x), 1), 0.5), 0), 1)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """``max(x − τ, 0)``, which is zero for all but the largest entries along `axis`; with Keras 3's τ.

    With S₁, S₂, … the sums of the one, two, … largest entries, k is the largest r for which ``1 + r·xᵣ > Sᵣ``
    (xᵣ the r-th largest). Keras takes ``τ = (S₁ + … + Sₖ − 1)/k``, and so does this function, so that models
    compute the same here and there. In the paper τ is (Sₖ − 1)/k, which makes the result a projection with
    sum 1; the two agree for k = 1.

    Args:
        x: array of any shape. axis: default −1.

    Source:
        Martins and Astudillo (2016), algorithm 1, but for τ as said.
    """
    x = as_float(x)
    # −sort(−x), not the reverse of sort(x): equal entries stay in their order, which their gradients show.
    descending = ops.negative(ops.sort(ops.negative(x), axis=axis))
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    rank = ops.reshape(ops.arange(1, x.shape[axis] + 1, dtype=x.dtype), shape)
    sums = ops.cumsum(descending, axis=axis)
    inside = ops.greater(ops.add(ops.multiply(descending, rank), 1), sums)
    k = ops.sum(ops.cast(inside, x.dtype), axis=axis, keepdims=True)
    total = ops.sum(ops.where(inside, sums, ops.zeros_like(sums)), axis=axis, keepdims=True)
    return ops.maximum(ops.subtract(x, ops.divide(ops.subtract(total, 1), k)), 0)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """``x`` where x > threshold, else `default_value`.

    Args:
        x: array of any shape. threshold, default_value: numbers.
    """
    x = ops.convert_to_tensor(x)
    return ops.where(ops.greater(x, threshold), x, ops.full_like(x, default_value))


def glu(x: Any, axis: int = -1) -> Any:
    """Gated linear unit: ``a·sigmoid(b)``, where a and b are the halves of x along `axis`. Dauphin et al.
    (2017).

    Args:
        x: array whose size along `axis` is even. axis: default −1.

    Raises:
        ValueError: the axis has an odd size.
    """
    x = as_float(x)
    if x.shape[axis] % 2:
        raise ValueError(f"glu halves axis {axis}; its size must be even. Received: x.shape={tuple(x.shape)}")
    a, b = ops.split(x, 2, axis=axis)
    return ops.multiply(a, logistic_p.bind(b))


swish = silu
hard_swish = hard_silu
