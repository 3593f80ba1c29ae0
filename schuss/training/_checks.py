"""Bad data and bad arguments, found before training begins."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from schuss import losses
from schuss.graph import Tensor
from schuss.layers import Embedding
from schuss.training._arrays import names_of
from schuss.training._data import Piece
from schuss.training._nonfinite import is_finite
from schuss.training._steps import Step

_CHUNK = 1 << 24  # bytes looked at at once, so that memory maps are not read into memory as a whole
_LARGE = 1 << 20  # bytes of an array that takes a while to look through


def positive_integer(name: str, value: Any, least: int = 1) -> int:
    """`value` as an int; a ValueError if it is not an integer ≥ `least`."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(f"`{name}` must be an integer of at least {least}, got {value!r}.")
    return int(value)


def optional_positive_integer(name: str, value: Any) -> int | None:
    """As `positive_integer`, but None stays."""
    return None if value is None else positive_integer(name, value)


class DataCheck:
    """Looks at each array once: labels outside of the classes, and NaN or infinity in the data.

    Args:
        model: the model. data: where the pieces come from (a data set with names of columns, or batches), or
            None.
        name: of the data, for messages: ``""`` or ``"Validation data: "``.
        once: large arrays that an earlier training found finite are not looked through again. Where they were changed
            since, the guard of the training finds what is no number.
    """

    def __init__(self, model: Any, data: Any = None, name: str = "", once: bool = False):
        self.model, self.name, self.once = model, name, once
        self.columns = getattr(data, "columns", {})
        self._unit = "" if hasattr(data, "columns") else " of the batch"
        self._seen: list[np.ndarray] = []
        self._tokens = TokenCheck(model, name, self._unit)

    def __call__(self, step: Step, piece: Piece) -> None:
        arrays = piece.arrays
        if len(arrays) == len(self._seen) and all(a is b for a, b in zip(arrays, self._seen)):
            return
        self._seen = arrays
        self._check_labels(step, piece, arrays)
        self._tokens(step, piece)
        for index, array in enumerate(arrays):
            if self.once and _was_finite(array):
                continue
            place = first_non_finite_row(array)
            if place is None:
                _remember(array)
            if place is not None and self._harms(step, piece, place[0]):
                name = names_of(piece.structure)[index]
                raise ValueError(self.name + self._non_finite_text(array, name, place))

    def _check_labels(self, step: Step, piece: Piece, arrays: list[np.ndarray]) -> None:
        """For sparse losses: every label must be one of the classes."""
        for loss, y_true, shape in step.details.losses:
            if getattr(loss, "fn", None) is not losses.sparse_categorical_crossentropy or not isinstance(
                y_true, Tensor
            ):
                continue
            index = _input_index(step, y_true)
            if index is None:
                continue
            options = getattr(loss, "_fn_kwargs", {})
            classes, ignored = shape[options.get("axis", -1)], options.get("ignore_class")
            labels = arrays[index]
            whole = labels.dtype.kind != "f" or bool((labels == np.floor(labels)).all())
            if labels.size == 0 or (whole and labels.min() >= 0 and labels.max() < classes):
                continue
            wrong = (labels < 0) | (labels >= classes)
            if not whole:
                wrong |= labels != np.floor(labels)
            if ignored is not None:
                wrong &= labels != ignored
            if not wrong.any():
                continue
            place = tuple(int(i) for i in np.unravel_index(int(wrong.argmax()), wrong.shape))
            label, name = labels[place], names_of(piece.structure)[index]
            raise ValueError(
                f"{self.name}{name} has the label {label:g} in row {place[0]}{self._unit}, but the "
                f"model's output has {classes} "
                f"classes: labels must be integers from 0 to {classes - 1}. Give the last layer more units, "
                "or count the "
                "labels from 0."
            )

    def _harms(self, step: Step, piece: Piece, row: int) -> bool:
        """Whether a row with NaN or infinity makes the loss or the new weights so, too. A model may be made
        for such data (a mask, a loss that leaves out missing labels)."""
        from schuss.backends.reference import evaluate

        one = Piece(piece.structure, np.array([row]), 1, 1)
        graph = self.model._steps.get(self.model, step.kind, one).graph
        outputs, state = evaluate(graph, [array[[row]] for array in piece.arrays])
        return not all(is_finite(array) for array in [*outputs, *state.values()])

    def _non_finite_text(self, array: np.ndarray, name: str, place: tuple[int, ...]) -> str:
        value = "NaN" if np.isnan(array[place]) else "an infinite number"
        where = f"row {place[0]}{self._unit}"
        if len(place) == 2:
            columns = self.columns.get(name)
            where += f", column {place[1]}" + (f" ({columns[place[1]]!r})" if columns else "")
        elif len(place) > 2:
            where += f", at {place[1:]}"
        return (
            f"{name} has {value} in {where}, with which the loss would become NaN, and then the weights. "
            "Fill in or drop "
            "such values: np.isfinite(data) tells where they are."
        )


class TokenCheck:
    """For embeddings of what the data hold: every integer must have a row in the table.

    Args:
        model: the model. name, unit: for messages: of the data, and what rows are counted in.
    """

    def __init__(self, model: Any, name: str = "", unit: str = ""):
        self.model, self.name, self.unit = model, name, unit
        self._found: tuple[Step | None, list[tuple[Any, int]]] = None, []

    def __call__(self, step: Step, piece: Piece) -> None:
        if self.tables(step):
            self.look(step, piece.arrays, names_of(piece.structure))

    def tables(self, step: Step) -> list[tuple[Any, int]]:
        """The embeddings that look up what is in the data, and in which of its arrays."""
        if self._found[0] is not step:
            self._found = step, list(_embedded(self.model, step))
        return self._found[1]

    def look(self, step: Step, arrays: list[np.ndarray], names: list[str]) -> None:
        """A ValueError if an array of the data, which have these names, holds an integer that has no row."""
        for layer, index in self.tables(step):
            given, rows = arrays[index], layer.input_dim
            if given.size == 0 or (given.min() >= 0 and given.max() < rows):
                continue
            wrong = (given < 0) | (given >= rows)
            if not wrong.any():  # NaN, which is somebody else's matter
                continue
            place = tuple(int(i) for i in np.unravel_index(int(wrong.argmax()), wrong.shape))
            token = given[place]
            hint = "Count them from 0." if token < 0 else "Make its `input_dim` at least the largest + 1."
            raise ValueError(
                f"{self.name}{names[index]} has {token:g} in row {place[0]}{self.unit}, but layer "
                f'"{layer.name}" (Embedding) has vectors for the integers 0 to {rows - 1}. {hint}'
            )


_finite: dict[int, weakref.ref[np.ndarray]] = {}
"""Large arrays that were found finite, by their ids."""


def _was_finite(array: np.ndarray) -> bool:
    known = _finite.get(id(array))
    return known is not None and known() is array


def _remember(array: np.ndarray) -> None:
    if array.nbytes >= _LARGE:
        key = id(array)
        _finite[key] = weakref.ref(array, lambda _: _finite.pop(key, None))


def first_non_finite_row(array: np.ndarray) -> tuple[int, ...] | None:
    """The place of the first number that is NaN or infinite; None if there is none. One pass, in chunks."""
    if array.dtype.kind != "f" or array.size == 0:
        return None
    rows = max(1, _CHUNK // max(1, array[0].nbytes))
    for start in range(0, len(array), rows):
        chunk = array[start : start + rows]
        if not is_finite(chunk):
            place = np.unravel_index(int((~np.isfinite(chunk)).argmax()), chunk.shape)
            return (start + int(place[0]), *(int(i) for i in place[1:]))
    return None


def _embedded(model: Any, step: Step) -> Iterator[tuple[Any, int]]:
    """The embeddings in a step that look up what is in the data, and which of the inputs that is."""
    tables = {id(slot.input): slot.variable for slot in step.graph.state}
    layers = {
        id(v): layer
        for layer in model._flatten_layers()
        if isinstance(layer, Embedding)
        for v in layer.weights
    }
    for node in step.graph.nodes if layers else ():
        if node.primitive.name == "gather":
            layer = layers.get(id(tables.get(id(_unchanged(node.inputs[0])))))
            index = None if layer is None else _input_index(step, _looked_up(node.inputs[1]))
            if index is not None:
                yield layer, index


def _looked_up(places: Tensor) -> Tensor:
    """The integers given to `ops.take`, from the places that it made of them: negative ones count from the end."""
    places = _unchanged(places)
    if places.node is None or places.node.primitive.name != "select":
        return places
    _, from_end, given = places.node.inputs
    counted = (
        from_end.node is not None
        and from_end.node.primitive.name == "add"
        and from_end.node.inputs[0] is given
    )
    return _unchanged(given) if counted else places


def _unchanged(tensor: Tensor) -> Tensor:
    """What a tensor has its numbers from: before conversions and other shapes."""
    while tensor.node is not None and tensor.node.primitive.name in (
        "convert",
        "reshape",
        "broadcast_in_dim",
    ):
        tensor = tensor.node.inputs[0]
    return tensor


def _input_index(step: Step, tensor: Tensor) -> int | None:
    """Which of the graph's inputs a tensor is, directly or converted."""
    while tensor.node is not None and tensor.node.primitive.name == "convert":
        tensor = tensor.node.inputs[0]
    return next((i for i, given in enumerate(step.graph.inputs) if given is tensor), None)
