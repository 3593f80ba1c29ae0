"""Calls under way: whose call this is, whether it is training, and under which path variables are created."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from schuss.graph import _tree, name_scope


class _Calls(threading.local):
    def __init__(self) -> None:
        self.training: list[Any] = []
        self.path: list[str] = []
        self.unknown_size: int | None = None
        self.watcher: Callable[[Any, inspect.BoundArguments], Any] | None = None


calls = _Calls()


@contextmanager
def watching(watcher: Callable[[Any, inspect.BoundArguments], Any]) -> Iterator[None]:
    """Within the block layers are computed by ``watcher(layer, bound arguments of call)``, which is to return what
    `recomputed_call` does: for tools that follow a model as it is called."""
    kept, calls.watcher = calls.watcher, watcher
    try:
        yield
    finally:
        calls.watcher = kept


@contextmanager
def calling(name: str, training: Any) -> Iterator[None]:
    """Within the block the layer `name` is being called; layers called in it inherit `training`."""
    calls.training.append(training)
    calls.path.append(name)
    try:
        with name_scope(name):
            yield
    finally:
        calls.path.pop()
        calls.training.pop()


@contextmanager
def building(name: str) -> Iterator[str]:
    """Within the block variables belong to the layer `name`; gives its path."""
    if not calls.path or calls.path[-1] != name:
        calls.path.append(name)
        try:
            yield "/".join(calls.path)
        finally:
            calls.path.pop()
    else:
        yield "/".join(calls.path)


@contextmanager
def outside_of_calls() -> Iterator[None]:
    """Within the block calls inherit nothing; variables still belong to whom they belonged (to infer
    shapes)."""
    kept, calls.training = calls.training, []
    try:
        yield
    finally:
        calls.training = kept


@contextmanager
def errors_named(layer: Any, arguments: dict[str, Any]) -> Iterator[None]:
    """Within the block an error of an operation is told with the layer in which it happened, the innermost one, and
    the shapes of that layer's arguments."""
    try:
        yield
    except (ValueError, TypeError) as error:
        text = error.args[0] if len(error.args) == 1 else None
        if isinstance(text, str) and type(error) in (ValueError, TypeError) and 'ayer "' not in text:
            shapes = {name: _tree.map_structure(_shape_text, value) for name, value in arguments.items()}
            given = ", ".join(f"{name}: {shape}" for name, shape in shapes.items() if "(" in str(shape))
            where = f'layer "{layer.name}" ({type(layer).__name__})'
            error.args = (f"{text}\nThis happened in {where}, called with {given or 'no arrays'}.",)
        raise


class _Shape(str):
    __repr__ = str.__str__


def _shape_text(value: Any) -> Any:
    return _Shape(unknown_dims(tuple(value.shape))) if hasattr(value, "shape") else value


def is_outermost() -> bool:
    """True where no layer is being called."""
    return not calls.training


def resolve_training(explicit: Any, default: Any) -> Any:
    """What `training` is for a call: what the caller said, else the enclosing call's, else the signature's
    default."""
    if explicit is not None:
        return explicit
    if calls.training and calls.training[-1] is not None:
        return calls.training[-1]
    return default


def unknown_dims(shape: tuple[int, ...]) -> tuple[int | None, ...]:
    """`shape` with None for the sizes that stand for unknown ones while an output shape is inferred."""
    if calls.unknown_size is None:
        return shape
    return tuple(None if n == calls.unknown_size else n for n in shape)


@dataclass
class Signature:
    """What a method's arguments are called; read once for a class.

    Attributes:
        names: of all arguments. positional: of those that can be given by position.
        needed: how many of these have no default; more than there are, if arguments by position are not enough.
    """

    signature: inspect.Signature
    names: list[str] = field(default_factory=list)
    takes_any: bool = False
    positional: list[str] = field(default_factory=list)
    needed: int = 0

    @staticmethod
    def of(method: Callable[..., Any]) -> Signature:
        signature = inspect.signature(method)
        parameters = list(signature.parameters.values())[1:]
        named = [
            p.name
            for p in parameters
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        needs_names = any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters)
        return Signature(
            signature.replace(parameters=parameters),
            named,
            any(p.kind is p.VAR_KEYWORD for p in parameters),
            [p.name for p in positional],
            len(positional) + 1 if needs_names else sum(p.default is p.empty for p in positional),
        )

    def has(self, name: str) -> bool:
        return name in self.names

    def default(self, name: str) -> Any:
        default = self.signature.parameters[name].default
        return None if default is inspect.Parameter.empty else default

    def bind(self, layer_name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments:
        """The arguments by name. TypeError, naming the layer and its signature, where they do not fit."""
        if not kwargs and self.needed <= len(args) <= len(self.positional):  # the usual call, at once
            return inspect.BoundArguments(self.signature, dict(zip(self.positional, args)))  # type: ignore[arg-type]
        try:
            return self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(
                f'Layer "{layer_name}" was called with the wrong arguments: {error}. Its call signature is '
                f"call{self._shown()}."
            ) from None

    def _shown(self) -> inspect.Signature:
        """The signature without types."""
        plain = [p.replace(annotation=p.empty) for p in self.signature.parameters.values()]
        return self.signature.replace(parameters=plain, return_annotation=inspect.Signature.empty)
