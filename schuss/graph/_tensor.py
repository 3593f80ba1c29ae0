"""Tensor: a value that will exist when the graph runs. It has a shape, a dtype and a place in a trace; no
numbers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from schuss.graph._dtypes import as_dtype

if TYPE_CHECKING:
    from schuss.graph._graph import Node
    from schuss.graph._trace import Trace


@dataclass(frozen=True)
class Spec:
    """Shape and dtype of an array, without the array."""

    shape: tuple[int, ...]
    dtype: np.dtype

    def __post_init__(self) -> None:
        if type(self.shape) is not tuple:
            object.__setattr__(self, "shape", tuple(self.shape))
        if not isinstance(self.dtype, np.dtype):
            object.__setattr__(self, "dtype", as_dtype(self.dtype))

    @staticmethod
    def of(value: Any) -> Spec:
        """The spec of an array, a tensor, a variable or a Python scalar."""
        if isinstance(value, Spec):
            return value
        if not hasattr(value, "shape"):
            value = as_array(value)
        return Spec(tuple(value.shape), as_dtype(value.dtype))

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"


def as_array(value: Any) -> np.ndarray:
    """A NumPy array of a supported dtype; Python floats become floatx, Python ints int32 (int64 where too
    large)."""
    if isinstance(value, np.ndarray):
        array = value
    elif isinstance(value, (bool, int, float)) and not isinstance(value, np.generic):
        if isinstance(value, bool):
            return np.asarray(value)
        if isinstance(value, int):
            return np.asarray(value, "int32" if -(2**31) <= value < 2**31 else "int64")
        return np.asarray(value, as_dtype(float))
    else:
        array = np.asarray(value)
        if not isinstance(value, np.generic) and not hasattr(value, "dtype"):  # lists of Python numbers
            if array.dtype == np.float64:
                array = array.astype(as_dtype(float))
            elif array.dtype == np.int64 and (array.size == 0 or np.abs(array).max() < 2**31):
                array = array.astype("int32")
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"Expected numbers, got an array of dtype {array.dtype} (shape {array.shape}). "
            "Convert it to a numeric dtype first."
        )
    as_dtype(array.dtype)
    return array


class _Operators(dict[str, Callable[..., Any]]):
    def __missing__(self, name: str) -> Callable[..., Any]:
        importlib.import_module("schuss.ops")  # by name: the meaning of operators is said outside of graph
        return dict.__getitem__(self, name)


OPERATORS: dict[str, Callable[..., Any]] = _Operators()
"""Filled by `schuss.ops`: what ``a + b``, ``-a``, ``a[i]``, … mean."""


def _binary(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    return (
        lambda self, other: OPERATORS[name](self, other),
        lambda self, other: OPERATORS[name](other, self),
    )


class ArrayLike:
    """Operators shared by tensors and variables; each calls the op of `schuss.ops` that it stands for."""

    __slots__ = ()
    __array_ufunc__ = None  # so that array + tensor asks the tensor
    __hash__ = object.__hash__

    __add__, __radd__ = _binary("add")
    __sub__, __rsub__ = _binary("subtract")
    __mul__, __rmul__ = _binary("multiply")
    __truediv__, __rtruediv__ = _binary("true_divide")
    __floordiv__, __rfloordiv__ = _binary("floor_divide")
    __mod__, __rmod__ = _binary("mod")
    __pow__, __rpow__ = _binary("power")
    __matmul__, __rmatmul__ = _binary("matmul")
    __and__, __rand__ = _binary("logical_and")
    __or__, __ror__ = _binary("logical_or")
    __xor__, __rxor__ = _binary("logical_xor")
    __lt__ = _binary("less")[0]
    __le__ = _binary("less_equal")[0]
    __gt__ = _binary("greater")[0]
    __ge__ = _binary("greater_equal")[0]
    __eq__ = _binary("equal")[0]  # type: ignore[assignment]
    __ne__ = _binary("not_equal")[0]  # type: ignore[assignment]

    def __neg__(self) -> Any:
        return OPERATORS["negative"](self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return OPERATORS["absolute"](self)

    def __invert__(self) -> Any:
        return OPERATORS["logical_not"](self)

    def __getitem__(self, key: Any) -> Any:
        return OPERATORS["getitem"](self, key)


class Tensor(ArrayLike):
    """A value inside a trace: one output of one `Node`, or an input or constant of the graph.

    Attributes:
        shape: tuple of ints. dtype: NumPy dtype. spec: both. trace: the trace it belongs to. node: the node that makes
            it, None for inputs and constants. index: which of the node's outputs. id: its number within the
                trace.
        array: the value, for a constant; None otherwise.
        origin: what a composed op says of its result, so that another op can start from there: the op's
            name, its operand, its axis (None where it has none); None where nothing is said.
    """

    __slots__ = ("array", "dtype", "id", "index", "name", "node", "origin", "shape", "spec", "trace")

    def __init__(
        self,
        trace: Trace,
        spec: Spec,
        id: int,
        node: Node | None = None,
        index: int = 0,
        array: np.ndarray | None = None,
        name: str | None = None,
    ):
        self.trace, self.id, self.node, self.index = trace, id, node, index
        self.spec, self.shape, self.dtype = spec, spec.shape, spec.dtype
        self.array, self.name = array, name
        self.origin: tuple[str, Tensor, int | None] | None = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def T(self) -> Any:
        return OPERATORS["transpose"](self)

    def astype(self, dtype: Any) -> Any:
        return OPERATORS["cast"](self, dtype)

    def reshape(self, *shape: Any) -> Any:
        return OPERATORS["reshape"](
            self, shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        )

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a scalar tensor.")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        raise TypeError(
            f"The value of this tensor ({self.spec}) is not known while a function is traced, so Python's "
            "`if`, "
            "`while` and `and` cannot look at it. Use schuss.ops.where or schuss.ops.cond."
        )

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError(
            f"This tensor ({self.spec}) has no numbers yet: the function is being traced. Use schuss.ops "
            "instead of "
            "NumPy functions here, or call the function outside of jit, grad or fit."
        )

    def __float__(self) -> float:
        self.__array__()
        raise AssertionError

    __int__ = __index__ = __float__  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Tensor %{self.id} {self.spec}>"
