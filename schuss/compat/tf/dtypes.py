"""``tf.dtypes``: TensorFlow's data types by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import DTYPES
from schuss.graph import as_dtype as _array_dtype


class DType:
    """A data type: ``tf.float32``. Equal to NumPy's, and to its name."""

    def __init__(self, name: str):
        self.name = name
        self.dtype: Any = np.dtype(object if name == "string" else name)  # NumPy and Schuss look here

    @property
    def as_numpy_dtype(self) -> Any:
        return self.dtype.type

    @property
    def base_dtype(self) -> DType:
        return self

    @property
    def is_floating(self) -> bool:
        return self.dtype.kind == "f"

    @property
    def is_integer(self) -> bool:
        return self.dtype.kind in "iu"

    @property
    def is_unsigned(self) -> bool:
        return self.dtype.kind == "u"

    @property
    def is_bool(self) -> bool:
        return self.dtype.kind == "b"

    @property
    def size(self) -> int:
        return self.dtype.itemsize

    @property
    def min(self) -> Any:
        return np.finfo(self.dtype).min if self.is_floating else np.iinfo(self.dtype).min

    @property
    def max(self) -> Any:
        return np.finfo(self.dtype).max if self.is_floating else np.iinfo(self.dtype).max

    def __eq__(self, other: Any) -> bool:
        try:
            other = other.dtype if isinstance(other, DType) else other
            return other is not None and self.dtype == np.dtype(other)
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __reduce__(self) -> Any:
        return as_dtype, (self.name,)

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __repr__(self) -> str:
        return f"tf.{self.name}"


TYPES = {name: DType(name) for name in (*DTYPES, "string")}


def as_dtype(type_value: Any) -> DType:
    """The data type that a name, a NumPy type or a `DType` stands for."""
    if isinstance(type_value, DType):
        return type_value
    is_text = type_value in ("string", str, bytes) or getattr(type_value, "kind", "") in tuple("OSU")
    return TYPES["string" if is_text else _array_dtype(type_value).name]


def cast(x: Any, dtype: Any, name: Any = None) -> Any:
    """`x` in another data type; floats are cut towards zero on their way to integers."""
    from schuss.compat._eager import to_tensor

    return to_tensor(x, dtype)


globals().update(TYPES)
double, half = TYPES["float64"], TYPES["float16"]
__all__ = ["DType", "as_dtype", "cast", "double", "half", *TYPES]
