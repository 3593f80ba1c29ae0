"""``tf.nn``: TensorFlow's signatures over `schuss.ops`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schuss import ops
from schuss.compat._eager import eager, to_tensor
from schuss.compat.tf.math import l2_normalize, operands, sigmoid, softplus, tanh, top_k

__all__ = [
    "bias_add", "crelu", "dropout", "elu", "embedding_lookup", "gelu", "l2_loss", "l2_normalize", "leaky_relu",
    "log_softmax", "moments", "relu", "relu6", "selu", "sigmoid", "sigmoid_cross_entropy_with_logits", "silu",
    "softmax", "softmax_cross_entropy_with_logits", "softplus", "softsign",
    "sparse_softmax_cross_entropy_with_logits", "swish", "tanh", "top_k",
]  # fmt: skip


def _activation(ours: str) -> Callable[..., Any]:
    def function(features: Any, name: Any = None) -> Any:
        return eager(getattr(ops, ours)(to_tensor(features)))

    function.__name__ = function.__qualname__ = ours
    function.__doc__ = f"``{ours}`` of each element."
    return function


relu, relu6, elu = _activation("relu"), _activation("relu6"), _activation("elu")
selu, softsign = _activation("selu"), _activation("softsign")


def silu(features: Any, beta: float = 1.0) -> Any:
    """``x sigmoid(beta x)``."""
    x = to_tensor(features)
    return eager(ops.multiply(x, ops.sigmoid(ops.multiply(x, beta))))


swish = silu


def gelu(features: Any, approximate: bool = False, name: Any = None) -> Any:
    """``x P(X ≤ x)``, X normal."""
    return eager(ops.gelu(to_tensor(features), approximate))


def leaky_relu(features: Any, alpha: float = 0.2, name: Any = None) -> Any:
    """x where it is positive, else ``alpha x``."""
    return eager(ops.leaky_relu(to_tensor(features), alpha))


def crelu(features: Any, axis: int = -1, name: Any = None) -> Any:
    """``relu`` of x beside that of −x."""
    x = to_tensor(features)
    return eager(ops.concatenate([ops.relu(x), ops.relu(-x)], axis))


def softmax(logits: Any, axis: Any = None, name: Any = None) -> Any:
    """Probabilities along `axis`, the last by default."""
    return eager(ops.softmax(to_tensor(logits), -1 if axis is None else axis))


def log_softmax(logits: Any, axis: Any = None, name: Any = None) -> Any:
    """Logarithms of probabilities along `axis`, the last by default."""
    return eager(ops.log_softmax(to_tensor(logits), -1 if axis is None else axis))


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: Any = None) -> Any:
    """``-sum(labels log_softmax(logits))`` along `axis`."""
    y, z = operands(labels, logits)
    return eager(
        ops.negative(ops.sum(ops.multiply(ops.cast(y, z.dtype), ops.log_softmax(z, axis)), axis=axis))
    )


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: Any = None) -> Any:
    """``-log_softmax(logits)[label]``."""
    return eager(ops.sparse_categorical_crossentropy(to_tensor(labels), to_tensor(logits), from_logits=True))


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: Any = None) -> Any:
    """``max(z, 0) - z y + log(1 + exp(-|z|))``, for each element."""
    y, z = operands(labels, logits)
    softened = ops.log1p(ops.exp(ops.negative(ops.absolute(z))))
    return eager(ops.add(ops.subtract(ops.relu(z), ops.multiply(z, y)), softened))


def bias_add(value: Any, bias: Any, data_format: Any = None, name: Any = None) -> Any:
    """`bias` added to the channels."""
    x, b = operands(value, bias)
    if data_format is not None and data_format.startswith("NC") and len(x.shape) > 2:
        b = ops.reshape(b, [-1] + [1] * (len(x.shape) - 2))
    return eager(ops.add(x, b))


def l2_loss(t: Any, name: Any = None) -> Any:
    """``sum(t²) / 2``."""
    return eager(ops.multiply(ops.sum(ops.square(to_tensor(t))), 0.5))


def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: Any = None
) -> tuple[Any, Any]:
    """Mean and variance over `axes`."""
    axes = [axes] if isinstance(axes, int) else list(axes)
    return tuple(map(eager, ops.moments(to_tensor(x), axes, keepdims)))


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: Any = None, name: Any = None) -> Any:
    """Elements set to 0 with probability `rate`, the others divided by ``1 - rate``."""
    from schuss import random

    return eager(random.dropout(to_tensor(x), rate, noise_shape, seed))


def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: Any = None) -> Any:
    """Rows of `params`."""
    if max_norm is not None:
        raise NotImplementedError("tf.nn.embedding_lookup: `max_norm` is not part of Schuss.")
    return eager(ops.take(to_tensor(params), to_tensor(ids), axis=0))
