"""Rematerialisation: values that the backward pass needs are computed again instead of kept; less memory for more
work."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from schuss.graph import _tree, active_trace, recomputing
from schuss.ops._symbolic import accepting_symbolic

_MODES = ("full", "activations", "larger_than", "list_of_layers", None)


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.stack: list[RematScope] = []


_scopes = _Scopes()


class RematScope:
    """Layers made within ``with RematScope(…):`` do not keep for the backward pass what their calls compute, but only
    what they are given: it is computed again.

    Args:
        mode: which layers: ``"full"`` (default): all; ``"activations"``: of layers that have an `activation`, that
            function alone; ``"larger_than"``: those whose outputs have more elements than `output_size_threshold`;
            ``"list_of_layers"``: those whose names are among `layer_names`; None: none.
        output_size_threshold: default 1024. layer_names: default none.

    The innermost scope counts. A model made within is a layer, too: then only its inputs are kept.

    Raises:
        ValueError: `mode` is another one.

    Source: Chen et al., Training Deep Nets with Sublinear Memory Cost (2016).

    Example:
        >>> import schuss
        >>> with schuss.RematScope(mode="list_of_layers", layer_names=["wide"]):
        ...     layers = [schuss.layers.Dense(512, name="wide"), schuss.layers.Dense(10, name="out")]
        >>> model = schuss.Sequential([schuss.Input((64,)), *layers])
    """

    def __init__(
        self,
        mode: str | None = "full",
        output_size_threshold: int = 1024,
        layer_names: Sequence[str] | None = None,
    ):
        if mode not in _MODES:
            raise ValueError(
                f"RematScope: `mode` must be one of {', '.join(map(repr, _MODES))}; got {mode!r}."
            )
        self.mode, self.output_size_threshold = mode, output_size_threshold
        self.layer_names = list(layer_names or [])

    def __enter__(self) -> RematScope:
        _scopes.stack.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _scopes.stack.pop()


def current_scope() -> RematScope | None:
    """The scope in which layers are made now."""
    return _scopes.stack[-1] if _scopes.stack else None


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` as a function of which the backward pass keeps the arguments alone (and the variables it reads): what is
    computed within is computed again when gradients arrive, the same bits, random ones included.

    Args:
        f: a function written in `schuss.ops` and layers, or a layer. A layer called on symbolic inputs is so from then
            on.

    Returns:
        A function with the arguments and results of `f`. Outside of traces (`fit`, `jit`, `grad`) it is `f` itself,
        as nothing is kept there.

    Raises:
        TypeError: `f` cannot be called.

    Source: Chen et al., Training Deep Nets with Sublinear Memory Cost (2016).

    Example:
        >>> import schuss
        >>> block = schuss.remat(lambda x: schuss.ops.tanh(schuss.ops.exp(-x)))
        >>> slope, plain = schuss.grad(block), schuss.grad(lambda x: schuss.ops.tanh(schuss.ops.exp(-x)))
        >>> float(slope(0.5)) == float(plain(0.5))
        True
    """
    if not callable(f):
        raise TypeError(f"remat: expected a function or a layer, got {type(f).__name__}.")
    if hasattr(f, "_remat"):
        return _of_layer(f)

    @accepting_symbolic
    @functools.wraps(f)
    def function(*args: Any, **kwargs: Any) -> Any:
        if active_trace() is None:
            return f(*args, **kwargs)
        with recomputing():
            return f(*args, **kwargs)

    return function


def _of_layer(layer: Any) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> Any:
        if any(hasattr(leaf, "_keras_history") for leaf in _tree.leaves((args, kwargs))):
            object.__setattr__(layer, "_remat", RematScope())
            return layer(*args, **kwargs)
        if active_trace() is None:
            return layer(*args, **kwargs)
        with recomputing():
            return layer(*args, **kwargs)

    return function


def recomputed_call(layer: Any, bound: inspect.BoundArguments) -> Any:
    """``layer.call`` of the arguments, in the way of the scope in which the layer was made."""
    scope = layer._remat
    if scope is None or scope.mode is None or active_trace() is None:
        return layer.call(*bound.args, **bound.kwargs)
    if scope.mode == "activations":
        return _with_activation_recomputed(layer, bound)
    if scope.mode == "list_of_layers" and layer.name not in scope.layer_names:
        return layer.call(*bound.args, **bound.kwargs)
    with recomputing() as region:
        outputs = layer.call(*bound.args, **bound.kwargs)
    if scope.mode == "larger_than":
        size = sum(prod(y.shape) for y in _tree.leaves(outputs) if hasattr(y, "shape"))
        region.revoked = size <= scope.output_size_threshold
    return outputs


def _with_activation_recomputed(layer: Any, bound: inspect.BoundArguments) -> Any:
    activation = getattr(layer, "activation", None)
    if not callable(activation):
        return layer.call(*bound.args, **bound.kwargs)
    object.__setattr__(layer, "activation", remat(activation))
    try:
        return layer.call(*bound.args, **bound.kwargs)
    finally:
        object.__setattr__(layer, "activation", activation)
