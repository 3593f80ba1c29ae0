"""Variable: named state, a NumPy array that keeps its place in memory. In a trace, reading it is an input."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from schuss.graph._dtypes import as_dtype
from schuss.graph._structure import structure_changed
from schuss.graph._tensor import OPERATORS, ArrayLike, Spec, Tensor, as_array
from schuss.graph._trace import read_variable, write_variable


class _Autocast(threading.local):
    dtype: np.dtype | None = None


_LINE = 64  # bytes that a cache holds together
_autocast = _Autocast()


@contextmanager
def autocasting(dtype: Any) -> Iterator[None]:
    """Within the block, variables of floats are read in `dtype` (None: in their own), unless they were made
    with ``autocast=False``. For mixed precision: kept in float32, used in float16."""
    outer, _autocast.dtype = _autocast.dtype, None if dtype is None else as_dtype(dtype)
    try:
        yield
    finally:
        _autocast.dtype = outer


def _copy_at_a_line(value: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A copy that begins where a cache line does: vectors then lie in one line each, and threads that write neighbouring
    columns in lines of their own."""
    size = value.size * dtype.itemsize
    memory = np.empty(size + _LINE, np.uint8)
    start = -memory.__array_interface__["data"][0] % _LINE
    array = memory[start : start + size].view(dtype).reshape(value.shape)
    array[...] = value
    return array


class Variable(ArrayLike):
    """A named array that operations can change.

    Args:
        initializer: an array or nested list, or a callable ``(shape, dtype=...) -> array`` together with
            `shape`.
        shape: tuple of ints, needed with a callable.
        dtype: default: the array's own, floatx for a callable.
        trainable: whether gradient descent changes it.
        name: for printing and for weight files.

    Example:
        >>> import schuss
        >>> w = schuss.Variable([1.0, 2.0], name="w")
        >>> w.assign_add([1.0, 1.0]); w.numpy().tolist()
        [2.0, 3.0]
    """

    __slots__ = (
        "__weakref__",
        "array",
        "autocast",
        "constraint",
        "name",
        "overwrite_with_gradient",
        "path",
        "regularizer",
        "trainable",
    )

    def __init__(
        self,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
        **attributes: Any,
    ):
        if isinstance(initializer, Callable):
            if shape is None:
                raise ValueError("A Variable with a callable initializer needs `shape`.")
            initializer = initializer(tuple(shape), dtype=as_dtype(dtype).name)
        value = as_array(initializer.__schuss_value__() if isinstance(initializer, Variable) else initializer)
        if shape is not None and tuple(shape) != value.shape:
            raise ValueError(
                f"Variable {name!r}: expected shape {tuple(shape)}, the initial value has {value.shape}."
            )
        array = _copy_at_a_line(value, value.dtype if dtype is None else as_dtype(dtype))
        for slot, start in (("array", array), ("trainable", bool(trainable))):  # nobody has found it yet
            object.__setattr__(self, slot, start)
        self.name = self.path = name or "variable"
        self.regularizer = attributes.pop("regularizer", None)
        self.constraint = attributes.pop("constraint", None)
        self.autocast = attributes.pop("autocast", True)
        self.overwrite_with_gradient = False
        if attributes:
            raise TypeError(f"Variable: unknown argument {next(iter(attributes))!r}.")

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name in ("array", "trainable"):
            structure_changed()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def size(self) -> int:
        return self.array.size

    @property
    def value(self) -> Any:
        """The array; a tensor while tracing. Do not keep it: the array changes in place."""
        value = read_variable(self)
        wanted = _autocast.dtype
        if wanted is None or not self.autocast or value.dtype == wanted or self.dtype.kind != "f":
            return value
        return OPERATORS["cast"](value, wanted)

    def __schuss_value__(self) -> Any:
        return self.value

    def numpy(self) -> np.ndarray:
        """A copy of the value."""
        return np.array(read_variable(self))

    def assign(self, value: Any) -> Any:
        """Replace the value (cast to the variable's dtype); shapes must agree."""
        read = getattr(value, "__schuss_value__", None)
        value = read() if read else value if isinstance(value, Tensor) else as_array(value)
        if tuple(value.shape) != self.shape:
            raise ValueError(
                f"Variable {self.path!r} has shape {self.shape}; cannot assign a value of shape "
                f"{tuple(value.shape)}."
            )
        if value.dtype != self.dtype:
            value = OPERATORS["cast"](value, self.dtype)
        if not write_variable(self, value):
            np.copyto(self.array, value)
        return None

    def assign_add(self, value: Any) -> None:
        self.assign(OPERATORS["add"](self, value))

    def assign_sub(self, value: Any) -> None:
        self.assign(OPERATORS["subtract"](self, value))

    @property
    def spec(self) -> Spec:
        return Spec(self.shape, self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value = read_variable(self)
        if isinstance(value, Tensor):
            value.__array__()
        return np.array(value, dtype=dtype, copy=True)

    def __float__(self) -> float:
        return float(np.asarray(self))

    def __int__(self) -> int:
        return int(np.asarray(self))

    def __round__(self, digits: int | None = None) -> float:
        return round(float(self), digits)

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else str(self)

    def __len__(self) -> int:
        return len(self.array)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype.name}>"
