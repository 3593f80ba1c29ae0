"""Nested structures (dicts, lists, tuples, namedtuples) as flat lists of leaves, and back. None is an empty
structure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_LEAF = object()


def flatten(structure: Any) -> tuple[list[Any], Any]:
    """The leaves in order (dict keys sorted), and a definition from which `unflatten` rebuilds the
    structure (its dicts in the order they had)."""
    leaves: list[Any] = []
    return leaves, _definition(structure, leaves)


def _definition(node: Any, leaves: list[Any]) -> Any:
    if node is None:
        return None
    if isinstance(node, dict):
        return (type(node), list(node), [_definition(node[k], leaves) for k in _sorted(node)])
    if isinstance(node, (list, tuple)):
        return (type(node), None, [_definition(child, leaves) for child in node])
    leaves.append(node)
    return _LEAF


def _sorted(keys: Iterable[Any]) -> list[Any]:
    return sorted(keys, key=lambda k: (type(k).__name__, k))


def unflatten(definition: Any, leaves: Iterable[Any]) -> Any:
    """The structure of `definition` with `leaves` in its places."""
    return _rebuild(definition, iter(leaves))


def _rebuild(definition: Any, leaves: Any) -> Any:
    if definition is None:
        return None
    if definition is _LEAF:
        return next(leaves)
    kind, keys, children = definition
    built = [_rebuild(child, leaves) for child in children]
    if keys is not None:
        by_key = dict(zip(_sorted(keys), built, strict=True))
        return {key: by_key[key] for key in keys}
    if hasattr(kind, "_fields"):
        return kind(*built)
    return kind(built)


def leaves(structure: Any) -> list[Any]:
    return flatten(structure)[0]


def map_structure(function: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """`function` of every leaf (and of the corresponding leaves of `others`), in the same structure."""
    flat, definition = flatten(structure)
    columns = [flat]
    for other in others:
        other_flat, other_definition = flatten(other)
        if len(other_flat) != len(flat):
            raise ValueError(
                f"Structures differ: {len(flat)} leaves against {len(other_flat)} "
                f"({describe(definition)} against {describe(other_definition)})."
            )
        columns.append(other_flat)
    return unflatten(definition, [function(*row) for row in zip(*columns, strict=True)])


def describe(definition: Any) -> str:
    """A definition as a short text: ``(*, {'a': *})``."""
    if definition is None:
        return "None"
    if definition is _LEAF:
        return "*"
    kind, keys, children = definition
    inner = [describe(child) for child in children]
    if keys is not None:
        return "{" + ", ".join(f"{k!r}: {c}" for k, c in zip(_sorted(keys), inner, strict=True)) + "}"
    return f"[{', '.join(inner)}]" if kind is list else f"({', '.join(inner)})"
