"""Text: arrays of strings, and their places in traces. No program computes with strings: what layers make of
them, numbers, is read ahead of a program's run and becomes its input."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from schuss.graph._tensor import Tensor

_serials = itertools.count()


class Reading:
    """How text becomes numbers, row by row.

    Args:
        name: of whose reading it is, for messages.
        function: an array of strings ``[n, …]`` → an array of numbers ``[n, …]``.
        shape: the shape of the text → that of the numbers, None for sizes that depend on the text.
        dtype: of the numbers.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[np.ndarray], np.ndarray],
        shape: Callable[[tuple[Any, ...]], tuple[Any, ...]],
        dtype: str,
    ):
        self.name, self.function, self.shape, self.dtype = name, function, shape, np.dtype(dtype)
        self.serial = next(_serials)

    def __repr__(self) -> str:
        return f"<reading {self.serial} of {self.name}>"


@dataclass(frozen=True)
class TextPart:
    """What of a text a program needs: the numbers of one reading.

    Attributes:
        reading: by whom. shape: of a row of the text when it is read. given: of a row as it was given.
    """

    reading: Reading
    shape: tuple[int, ...]
    given: tuple[int, ...]

    def numbers(self, strings: np.ndarray) -> np.ndarray:
        """The numbers for an array of strings ``[n, …]``."""
        return self.reading.function(strings.reshape(len(strings), *self.shape))

    def __lt__(self, other: TextPart) -> bool:
        return (self.reading.serial, self.shape) < (other.reading.serial, other.shape)


class Text:
    """A text's place in a trace. Layers for text ask it for `numbers`; to everything else it is an error.

    Args:
        shape: with the batch. made: gives the tensor that stands for a part's numbers. given: the shape of a row
            as it was given, where that is another.
    """

    __slots__ = ("_given", "_made", "shape")
    dtype = "string"

    def __init__(self, shape: tuple[int, ...], made: Callable[[TextPart], Tensor], given: Any = None):
        self.shape, self._made = tuple(shape), made
        self._given = self.shape[1:] if given is None else given

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def numbers(self, reading: Reading) -> Tensor:
        """The tensor of what `reading` makes of the text."""
        return self._made(TextPart(reading, self.shape[1:], self._given))

    def reshape(self, shape: Any) -> Text:
        """The same text with other axes after the first."""
        return Text((self.shape[0], *shape[1:]), self._made, self._given)

    def __schuss_value__(self) -> Any:
        raise TypeError(
            f"Text (of shape {self.shape}) was used where numbers are wanted. Programs compute with numbers: make them "
            "of the text with a layer such as TextVectorization, StringLookup or Hashing first."
        )

    __array__ = __float__ = __int__ = __bool__ = __len__ = __iter__ = __getitem__ = (  # type: ignore[assignment]
        lambda self, *_, **__: self.__schuss_value__()
    )

    def __repr__(self) -> str:
        return f"<Text shape={self.shape}>"


def is_text(value: Any) -> bool:
    """Whether it is text: a string, an array (not a list) of strings, or a text's place in a trace."""
    if isinstance(value, (str, bytes, Text)):
        return True
    if not isinstance(value, np.ndarray):
        return getattr(value, "dtype", None) == "string" if hasattr(value, "_keras_history") else False
    if value.dtype.kind == "O":
        return value.size > 0 and all(isinstance(item, (str, bytes)) for item in value.flat)
    return value.dtype.kind in "UST"


def as_text(value: Any) -> np.ndarray | None:
    """Strings (one, nested lists of them, an array) as an array of Python's strings; None if they are none.

    Lists become arrays of objects, in which a long string does not make all others long.
    """
    if isinstance(value, np.ndarray):
        if not is_text(value):
            return None
        return np.asarray(value) if value.dtype.kind == "O" else np.asarray(value).astype(object)
    if isinstance(value, (str, bytes)):
        array = np.empty((), object)
        array[()] = value
        return array
    if not isinstance(value, (list, tuple)) or not _holds_strings(value):
        return None
    try:
        array = np.array(value, dtype=object)
    except ValueError:
        return None
    return array if is_text(array) else None


def _holds_strings(value: Any) -> bool:
    """Whether the first item of nested lists is a string."""
    while isinstance(value, (list, tuple)) and len(value):
        value = value[0]
    return isinstance(value, (str, bytes)) or is_text(value)
