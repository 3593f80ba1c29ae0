"""Activation functions. In: pre-activations. Out: activations of the same shape; by function, by name, by
config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from schuss.activations._functions import (
    celu,
    elu,
    exponential,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    linear,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from schuss.saving import deserialize_keras_object, serialize_keras_object
from schuss.utils._names import missing_name
from schuss.utils._objects import Vocabulary

swish, hard_swish = silu, hard_silu

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        celu,
        elu,
        exponential,
        gelu,
        glu,
        hard_shrink,
        hard_sigmoid,
        hard_silu,
        hard_tanh,
        leaky_relu,
        linear,
        log_sigmoid,
        log_softmax,
        mish,
        relu,
        relu6,
        selu,
        sigmoid,
        silu,
        soft_shrink,
        softmax,
        softplus,
        softsign,
        sparse_plus,
        sparse_sigmoid,
        sparsemax,
        squareplus,
        tanh,
        tanh_shrink,
        threshold,
    )
} | {"swish": silu, "hard_swish": hard_silu}


_VOCABULARY = Vocabulary("activation function", _FUNCTIONS)


def get(identifier: Any) -> Callable[..., Any]:
    """The activation that `identifier` stands for.

    Args:
        identifier: a name (``"relu"``), a config dict, a callable (itself), or None (`linear`).

    Raises:
        ValueError: nothing has that name (the message has the nearest), or it is none of these.

    Example:
        >>> from schuss import activations
        >>> activations.get("swish").__name__, activations.get(None).__name__
        ('silu', 'linear')
    """
    return identifier if callable(identifier) else deserialize(identifier)


def serialize(activation: Callable[..., Any]) -> Any:
    """The name of one of Keras's activations; a dict for a user's function or for an object with
    ``get_config``.

    A lambda, which has no name by which to find it again, is written as code, with a warning.
    """
    name = getattr(activation, "__name__", None)
    return name if name and _FUNCTIONS.get(name) is activation else serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """The activation that `serialize` wrote down.

    Args:
        config: a name or a dict. custom_objects: name → function or class, for the user's.

    Raises:
        ValueError: nothing has that name.
    """
    if isinstance(config, dict) and str(config.get("module", "")).startswith("keras.layers"):
        return deserialize_keras_object(config, custom_objects)
    return linear if config is None else _VOCABULARY.deserialize(config, custom_objects)


__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
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
    "tanh",
    "tanh_shrink",
    "threshold",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, "activation function", name, __all__)
