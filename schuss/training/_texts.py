"""Text in data: read into numbers on the host, ahead of the steps. A text becomes a dict: what a step needs of
it (`TextPart`) → the numbers, which are the program's inputs."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.graph import Reading, Spec, Tensor, Text, TextPart, _tree, active_trace

_NOTHING = Reading(
    "nobody", lambda strings: np.zeros(len(strings), "uint8"), lambda shape: shape[:1], "uint8"
)


def takes_text(model: Any) -> bool:
    """Whether a model has inputs of text, or layers that read it."""
    inputs = getattr(model, "inputs", None) or ()
    return any(tensor.dtype == "string" for tensor in inputs) or any(
        getattr(layer, "takes_text", False) for layer in model._all().layers
    )


def is_text_array(array: np.ndarray) -> bool:
    return array.dtype.kind == "O"


class _Unread:
    """The key of a text of which is not known yet what a step needs: the trace that asks for it tells.

    Args:
        strings: the text. numbers: gives the numbers of a part of it.
    """

    def __init__(self, strings: np.ndarray, numbers: Callable[[np.ndarray, TextPart], np.ndarray]):
        self._strings, self._numbers = strings, numbers
        self.parts: dict[TextPart, Tensor] = {}

    def text(self, rows: Tensor) -> Text:
        """Its place in a trace in which `rows` has the size of a batch."""
        return Text((rows.shape[0], *self._strings.shape[1:]), lambda part: self._made(part, rows.shape[0]))

    def _made(self, part: TextPart, batch: int) -> Tensor:
        if part not in self.parts:
            numbers, trace = self._numbers(self._strings, part), active_trace()
            if trace is None:
                raise RuntimeError("Text of a trace that has ended was used.")
            self.parts[part] = trace.input(Spec((batch, *numbers.shape[1:]), numbers.dtype))
        return self.parts[part]


class Texts:
    """What was read of the texts in a model's data: once for each array and layer."""

    def __init__(self) -> None:
        self._parts: dict[Any, list[list[TextPart]]] = {}
        self._read: dict[int, tuple[weakref.ref[np.ndarray], dict[TextPart, np.ndarray]]] = {}

    def replaced(self, key: Any, structure: Any, batch: int, traced: Callable[[Any], Any]) -> Any:
        """A structure of data with numbers in the places of texts.

        Args:
            key: of the step, as long as it stays as it is: what it needs is found out once.
            traced: traces the step, for a structure of `Spec`s.
        """
        leaves, definition = _tree.flatten(structure)
        texts = [leaf for leaf in leaves if is_text_array(leaf)]
        parts = self._parts.get(key)
        if parts is None:
            unread = [_Unread(text, self._numbers) for text in texts]
            given = iter(unread)
            specs = [
                {next(given): Spec((batch,), np.dtype("uint8"))}
                if is_text_array(leaf)
                else Spec((batch, *leaf.shape[1:]), leaf.dtype)
                for leaf in leaves
            ]
            traced(_tree.unflatten(definition, specs))
            parts = [
                list(text.parts) or [TextPart(_NOTHING, strings.shape[1:], strings.shape[1:])]
                for text, strings in zip(unread, texts, strict=True)
            ]
            self._parts[key] = parts
        wanted = iter(parts)
        return _tree.unflatten(
            definition,
            [
                {part: self._numbers(leaf, part) for part in next(wanted)} if is_text_array(leaf) else leaf
                for leaf in leaves
            ],
        )

    def _numbers(self, strings: np.ndarray, part: TextPart) -> np.ndarray:
        """The numbers of a text, read at the first time."""
        entry = self._read.get(id(strings))
        if entry is None or entry[0]() is not strings:
            place = id(strings)
            kept = weakref.ref(strings, lambda _: self._read.pop(place, None))
            entry = self._read[place] = kept, {}
        known = entry[1]
        if part not in known:
            for old in [p for p in known if p.reading.name == part.reading.name]:
                del known[old]  # read with what the layer knew before
            numbers = np.ascontiguousarray(part.numbers(strings))
            if numbers.shape[:1] != strings.shape[:1]:
                raise ValueError(
                    f"{part.reading.name} made numbers of shape {numbers.shape} of text of shape {strings.shape}: within a "
                    "model each row of text must give a row of numbers."
                )
            known[part] = numbers
        return known[part]


def with_texts(structure: Any) -> Any:
    """A step's inputs with texts in the places of what was made of them."""
    if isinstance(structure, dict):
        key = next(iter(structure), None)
        if isinstance(key, _Unread):
            return key.text(structure[key])
        if isinstance(key, TextPart):
            return _text(structure)
        return {name: with_texts(value) for name, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        items = [with_texts(item) for item in structure]
        return type(structure)(*items) if hasattr(structure, "_fields") else type(structure)(items)
    return structure


def _text(parts: dict[TextPart, Tensor]) -> Text:
    def made(part: TextPart) -> Tensor:
        if part not in parts:
            raise RuntimeError(
                f"{part.reading.name} asks for text that it did not ask for when the step was traced first: what a "
                "model reads of text must not vary from call to call."
            )
        return parts[part]

    part, tensor = next(iter(parts.items()))
    return Text((tensor.shape[0], *part.given), made)
