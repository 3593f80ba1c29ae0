"""Nested structures, under Keras's names."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import Any

import pytest

from schuss import tree

Point = namedtuple("Point", "x y")
Other = namedtuple("Other", "x y")


@pytest.mark.parametrize(
    ("structure", "leaves"),
    [
        (5, [5]),
        (None, [None]),
        ([], []),
        ({"b": 1, "a": [2, None, (3,)]}, [2, None, 3, 1]),
        (OrderedDict([("b", 1), ("a", 2)]), [1, 2]),
        (defaultdict(int, {"b": 1, "a": 2}), [2, 1]),
        (Point(1, [2]), [1, 2]),
        (deque([1, (2,)]), [1, 2]),
        ({1: "number", "a": "word"}, ["number", "word"]),
    ],
)
def test_leaves_and_back(structure: Any, leaves: list[Any]) -> None:
    assert tree.flatten(structure) == leaves
    packed = tree.pack_sequence_as(structure, leaves)
    assert packed == structure
    assert type(packed) is type(structure)
    assert [leaf for _, leaf in tree.flatten_with_path(structure)] == leaves


def test_packing_wants_as_many_leaves_as_places() -> None:
    with pytest.raises(ValueError, match="3 leaves, got 2"):
        tree.pack_sequence_as([0, (0, 0)], [1, 2])


def test_map_of_none() -> None:
    assert tree.map_structure(lambda x: x is None, [None, 1]) == [True, False]
    assert tree.map_structure(lambda x: x + 1, [None, 1], none_is_leaf=False) == [None, 2]


def test_map_of_several_wants_one_structure() -> None:
    assert tree.map_structure(max, {"a": [1, 2]}, {"a": [0, 3]}) == {"a": [1, 3]}
    for other in ([1], (1, 2), {"a": 1, "b": 2}, 5):
        with pytest.raises(ValueError, match="same nested structure"):
            tree.map_structure(max, [1, 2], other)


def test_traverse_in_both_directions() -> None:
    structure = [(1, 2), [3], {"a": 4}]
    seen: list[Any] = []
    tree.traverse(seen.append, structure)
    assert seen == [structure, (1, 2), 1, 2, [3], 3, {"a": 4}, 4]
    seen.clear()
    tree.traverse(seen.append, structure, top_down=False)
    assert seen == [1, 2, (1, 2), 3, [3], 4, {"a": 4}, structure]


def test_traverse_replaces() -> None:
    assert tree.traverse(lambda x: tree.MAP_TO_NONE if x == 2 else None, [1, (2,)]) == [1, (None,)]


def test_same_structure_and_same_paths() -> None:
    tree.assert_same_structure([(0, 1)], [(2, None)])
    tree.assert_same_structure({"a": 0}, OrderedDict(a=1))
    tree.assert_same_paths(Point(0, 1), [2, 3])
    with pytest.raises(ValueError, match=r"at \(0,\)"):
        tree.assert_same_structure([(0, 1)], [[2, 3]])
    with pytest.raises(ValueError, match="same nested structure"):
        tree.assert_same_structure(Point(0, 1), Other(0, 1))
    with pytest.raises(ValueError, match=r"Only in `b`: \[\(2,\)\]"):
        tree.assert_same_paths([0, 1], [0, 1, 2])


def test_lists_to_tuples() -> None:
    assert tree.lists_to_tuples([1, {"a": [2]}]) == (1, {"a": (2,)})
