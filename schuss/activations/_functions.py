"""Keras's activations: the ops of the same names, with the arguments that layers' activations have."""

from __future__ import annotations

from typing import Any

from schuss import ops


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Rectified linear unit: ``max(x, 0)``; in general ``min(max(x·[x > threshold], 0), max_value)
    − negative_slope·max(threshold − x, 0)``.

    For 0 ≤ threshold ≤ max_value that is max_value where x ≥ max_value, x where x > threshold, else
    ``negative_slope·(x − threshold)``.

    Args:
        x: array of any shape. negative_slope: default 0. max_value: None (default) for no limit; then
            nothing is cut off at 0 above the threshold either. threshold: default 0.

    Example:
        >>> from schuss import activations, ops
        >>> activations.relu(ops.array([-1.0, 0.5, 9.0]), max_value=6.0).tolist()
        [0.0, 0.5, 6.0]
    """
    x = ops.convert_to_tensor(x)
    if threshold == 0 and max_value is None:
        return ops.leaky_relu(x, negative_slope) if negative_slope != 0 else ops.relu(x)
    limit = None if max_value is None else ops.cast(max_value, x.dtype)
    if threshold != 0:
        above = ops.where(ops.greater(x, ops.cast(threshold, x.dtype)), x, ops.zeros_like(x))
        above = above if limit is None else ops.clip(above, 0, limit)
    else:
        # x itself keeps its gradient at max_value, but not at a limit of 6: so it is with Keras's relu6.
        above = ops.relu6(x) if max_value == 6 else ops.clip(ops.relu(x), 0, limit)
    if negative_slope == 0:
        return above
    below = ops.relu(ops.subtract(threshold, x))
    return ops.subtract(above, ops.multiply(below, negative_slope))


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """``x`` where x > 0, else ``negative_slope·x``.

    Args:
        x: array of any shape. negative_slope: default 0.2.
    """
    return ops.leaky_relu(x, negative_slope=negative_slope)


def relu6(x: Any) -> Any:
    """``min(max(x, 0), 6)``."""
    return ops.relu6(x)


def softmax(x: Any, axis: Any = -1) -> Any:
    """``exp(x) / Σ exp(x)`` along `axis`: positive, with sum 1.

    Args:
        x: array of any shape. axis: int or tuple; default −1.
    """
    return ops.softmax(x, axis=axis)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where x > 0, else ``alpha·(eˣ − 1)``."""
    return ops.elu(x, alpha=alpha)


def selu(x: Any) -> Any:
    """``1.0507·elu(x, 1.6733)``; keeps mean 0 and variance 1 with ``lecun_normal`` weights."""
    return ops.selu(x)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """``max(x, 0) + min(0, alpha·(exp(x/alpha) − 1))``."""
    return ops.celu(x, alpha=alpha)


def softplus(x: Any) -> Any:
    """``log(1 + eˣ)``."""
    return ops.softplus(x)


def softsign(x: Any) -> Any:
    """``x / (|x| + 1)``."""
    return ops.softsign(x)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x − threshold·sign(x)`` where |x| > threshold, else 0."""
    return ops.soft_shrink(x, threshold=threshold)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x`` where |x| > threshold, else 0."""
    return ops.hard_shrink(x, threshold=threshold)


def tanh_shrink(x: Any) -> Any:
    """``x − tanh(x)``."""
    return ops.tanh_shrink(x)


def sparse_plus(x: Any) -> Any:
    """0 for x ≤ −1, ``(x + 1)²/4`` between, ``x`` for x ≥ 1."""
    return ops.sparse_plus(x)


def sparse_sigmoid(x: Any) -> Any:
    """0 for x ≤ −1, ``(x + 1)/2`` between, 1 for x ≥ 1."""
    return ops.sparse_sigmoid(x)


def squareplus(x: Any, b: float = 4) -> Any:
    """``(x + √(x² + b)) / 2``."""
    return ops.squareplus(x, b=b)


def silu(x: Any) -> Any:
    """``x·sigmoid(x)``; also called swish."""
    return ops.silu(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """``x·Φ(x)``, Φ the distribution function of the normal distribution.

    Args:
        x: array of any shape. approximate: by tanh instead of erf; default False.
    """
    return ops.gelu(x, approximate=approximate)


def tanh(x: Any) -> Any:
    """``(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)``."""
    return ops.tanh(x)


def sigmoid(x: Any) -> Any:
    """``1/(1 + e⁻ˣ)``."""
    return ops.sigmoid(x)


def exponential(x: Any) -> Any:
    """``eˣ``."""
    return ops.exp(x)


def hard_sigmoid(x: Any) -> Any:
    """``min(max(x + 3, 0), 6) / 6``."""
    return ops.hard_sigmoid(x)


def log_sigmoid(x: Any) -> Any:
    """``log(sigmoid(x))``."""
    return ops.log_sigmoid(x)


def hard_silu(x: Any) -> Any:
    """``x·hard_sigmoid(x)``; also called hard swish."""
    return ops.hard_silu(x)


def hard_tanh(x: Any) -> Any:
    """``min(max(x, −1), 1)``."""
    return ops.hard_tanh(x)


def linear(x: Any) -> Any:
    """``x``."""
    return x


def mish(x: Any) -> Any:
    """``x·tanh(softplus(x))``. Misra (2019).

    Args:
        x: array of any shape.
    """
    return ops.multiply(x, ops.tanh(ops.softplus(x)))


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """``log(softmax(x))`` along `axis`.

    Args:
        x: array of any shape. axis: int or tuple; default −1.
    """
    return ops.log_softmax(x, axis=axis)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The point of the probability simplex nearest to x along `axis`.

    Args:
        x: array of any shape. axis: default −1.
    """
    return ops.sparsemax(x, axis=axis)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """``x`` where x > threshold, else `default_value`."""
    return ops.threshold(x, threshold, default_value)


def glu(x: Any, axis: int = -1) -> Any:
    """``a·sigmoid(b)``, where a and b are the halves of x along `axis`.

    Args:
        x: array whose size along `axis` is even. axis: default −1.
    """
    return ops.glu(x, axis=axis)
