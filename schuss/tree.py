"""Nested structures under Keras's names: dicts, lists, tuples, namedtuples and deques, whose other values are leaves.
None is a leaf. A dict's values come by sorted keys, an ``OrderedDict``'s in its own order."""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]

_DIFFER = "Structures don't have the same nested structure"


class MAP_TO_NONE:
    """What a function given to `traverse` returns to put None in the place of what it was called with."""


def is_nested(structure: Any) -> bool:
    """Whether `structure` is a dict, list, tuple or deque.

    Example:
        >>> import schuss
        >>> schuss.tree.is_nested([]), schuss.tree.is_nested("text")
        (True, False)
    """
    return isinstance(structure, (dict, list, tuple, deque))


def _keys(node: Any) -> list[Any]:
    """By what the children of a nested node are found, in their order."""
    if not isinstance(node, dict):
        return list(range(len(node)))
    if isinstance(node, OrderedDict):
        return list(node)
    try:
        return sorted(node)
    except TypeError:  # keys of several types
        return list(node)


def _rebuilt(node: Any, children: Iterable[Any]) -> Any:
    """A node of the same kind with other children."""
    if isinstance(node, dict):
        new = dict(zip(_keys(node), children, strict=True))
        pairs = [(key, new[key]) for key in node]
        if isinstance(node, defaultdict):
            return type(node)(node.default_factory, pairs)
        return type(node)(pairs)
    if hasattr(node, "_fields"):
        return type(node)(*children)
    return deque(children, node.maxlen) if isinstance(node, deque) else type(node)(children)


def _kind(node: Any) -> type:
    return dict if isinstance(node, dict) else type(node)


def _require_same(node: Any, other: Any, path: tuple[Any, ...]) -> None:
    """An error unless both nodes have the same kind and the same keys."""
    if not is_nested(other) or _kind(node) is not _kind(other) or set(_keys(node)) != set(_keys(other)):
        place = f" at {path}" if path else ""
        raise ValueError(f"{_DIFFER}{place}: {node!r} against {other!r}.")


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Call `func` on the structure, on all that is nested in it, and on its leaves.

    Args:
        func: what it returns takes the place of what it was called with; None: that stays (`MAP_TO_NONE` puts None).
        structure: anything.
        top_down: parents before their children (default): what `func` replaces is not entered. Else children first.

    Returns:
        The structure with what `func` has replaced.

    Example:
        >>> import schuss
        >>> schuss.tree.traverse(lambda x: sum(x) if isinstance(x, tuple) else None, {"a": (1, 2), "b": [3]})
        {'a': 3, 'b': [3]}
    """
    if not callable(func):
        raise TypeError(f"traverse: `func` must be callable, got {func!r}.")

    def within(node: Any) -> Any:
        return _rebuilt(node, [visited(node[key]) for key in _keys(node)]) if is_nested(node) else node

    def visited(node: Any) -> Any:
        node = node if top_down else within(node)
        new = func(node)
        if new is None:
            return within(node) if top_down else node
        return None if new is MAP_TO_NONE else new

    return visited(structure)


def _leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if not is_nested(node):
        yield path, node
        return
    for key in _keys(node):
        yield from _leaves(node[key], (*path, key))


def flatten(structure: Any) -> list[Any]:
    """The leaves of a structure, in order.

    Example:
        >>> import schuss
        >>> schuss.tree.flatten({"b": [1, (2, None)], "a": 0})
        [0, 1, 2, None]
    """
    return [leaf for _, leaf in _leaves(structure)]


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves with where they are: ``[((key, index, …), leaf), …]``.

    Example:
        >>> import schuss
        >>> schuss.tree.flatten_with_path([{"a": 42}])
        [((0, 'a'), 42)]
    """
    return list(_leaves(structure))


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """`func` of each leaf (of the leaves in the same places of several structures), in the structure of the first.

    Args:
        func: takes as many arguments as there are structures.
        *structures: of the same nesting.
        none_is_leaf: whether None goes to `func` (default) or stays None.

    Raises:
        ValueError: no structure, or one of another nesting. TypeError: `func` is not callable.

    Example:
        >>> import schuss
        >>> schuss.tree.map_structure(lambda a, b: a + b, {"x": [1, 2]}, {"x": [10, 20]})
        {'x': [11, 22]}
    """
    if not callable(func):
        raise TypeError(f"map_structure: `func` must be callable, got {func!r}.")
    if not structures:
        raise ValueError("map_structure: must provide at least one structure.")

    def mapped(nodes: tuple[Any, ...], path: tuple[Any, ...]) -> Any:
        first = nodes[0]
        nested = next((node for node in nodes if is_nested(node)), None)
        if nested is None:
            return None if first is None and not none_is_leaf else func(*nodes)
        for node in nodes:
            _require_same(nested, node, path)
        return _rebuilt(
            first, [mapped(tuple(node[key] for node in nodes), (*path, key)) for key in _keys(first)]
        )

    return mapped(structures, ())


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """`func` of what `structures` have in the places of the leaves of `shallow_structure`, in its structure.

    Raises:
        ValueError: no structure, or one that is not nested as deep as the shallow one.

    Example:
        >>> import schuss
        >>> schuss.tree.map_structure_up_to([None, [None]], len, [[1, 2], ["word"]])
        [2, [4]]
    """
    if not structures:
        raise ValueError("map_structure_up_to: must provide at least one structure.")

    def mapped(shallow: Any, nodes: tuple[Any, ...], path: tuple[Any, ...]) -> Any:
        if not is_nested(shallow):
            return func(*nodes)
        for node in nodes:
            _require_same(shallow, node, path)
        children = [
            mapped(shallow[key], tuple(node[key] for node in nodes), (*path, key)) for key in _keys(shallow)
        ]
        return _rebuilt(shallow, children)

    return mapped(shallow_structure, structures, ())


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """A ValueError unless both structures have the same kinds of nodes with the same keys; leaves may be anything.

    Args:
        a, b: structures. Dicts of all kinds count as the same; lists and tuples do not.
        check_types: has no effect, as in Keras; `assert_same_paths` looks at keys alone.
    """
    if check_types is not None:
        warnings.warn(
            "assert_same_structure: `check_types` has no effect, please remove it. For a looser check use "
            "`assert_same_paths`.",
            DeprecationWarning,
            stacklevel=2,
        )
    map_structure(lambda left, right: None, a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """A ValueError unless the leaves of both structures have the same places, whatever kinds of nodes they are in.

    Example:
        >>> import schuss
        >>> schuss.tree.assert_same_paths([0, 1], (2, 3))
    """
    left, right = ({path for path, _ in _leaves(structure)} for structure in (a, b))
    if left != right:
        only = [
            f" Only in `{name}`: {sorted(paths, key=repr)}."
            for name, paths in (("a", left - right), ("b", right - left))
            if paths
        ]
        raise ValueError(f"`a` and `b` don't have the same paths.{''.join(only)}")


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """The contrary of `flatten`: leaves put into the places that `structure` has.

    Raises:
        TypeError: `flat_sequence` is no sequence. ValueError: it has another number of leaves.

    Example:
        >>> import schuss
        >>> schuss.tree.pack_sequence_as({"b": 0, "a": (0, 0)}, [1, 2, 3])
        {'b': 3, 'a': (1, 2)}
    """
    leaves, places = list(flat_sequence), len(flatten(structure))
    if len(leaves) != places:
        raise ValueError(f"pack_sequence_as: the structure has {places} leaves, got {len(leaves)}.")
    following = iter(leaves)
    return map_structure(lambda _: next(following), structure)


def lists_to_tuples(structure: Any) -> Any:
    """The structure with tuples in the places of lists."""
    return traverse(lambda node: tuple(node) if isinstance(node, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """`func` of each shape (a tuple or list of ints and Nones) in a structure of shapes.

    Example:
        >>> import schuss
        >>> schuss.tree.map_shape_structure(len, {"a": (None, 3), "b": [(2,), ()]})
        {'a': 2, 'b': [1, 0]}
    """

    def mapped(node: Any) -> Any:
        if isinstance(node, (list, tuple)) and all(n is None or isinstance(n, int) for n in node):
            return func(node)
        return _rebuilt(node, [mapped(node[key]) for key in _keys(node)]) if is_nested(node) else func(node)

    return mapped(structure)
