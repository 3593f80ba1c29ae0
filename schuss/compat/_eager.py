"""Arrays that behave as TensorFlow's eager tensors: `EagerTensor`. While programs for keras or tensorflow
run, operations outside of traces return them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from schuss.graph import (
    DTYPES,
    OPERATORS,
    Primitive,
    Tensor,
    Variable,
    as_array,
    as_dtype,
    is_float,
    observers,
    readers,
)

_DTYPES = frozenset(DTYPES.values())


class TensorShape(tuple):
    """A shape with TensorFlow's words: ``as_list()``, ``rank``. None stands for an unknown size."""

    __slots__ = ()

    def __new__(cls, dims: Any = ()) -> TensorShape:
        dims = (dims,) if isinstance(dims, (int, np.integer)) else dims
        return super().__new__(cls, (None if n is None else int(n) for n in dims))

    def as_list(self) -> list[int | None]:
        return list(self)

    @property
    def rank(self) -> int:
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None]:
        return list(self)

    def num_elements(self) -> int | None:
        return None if None in self else int(np.prod(self, dtype=np.int64))

    def is_fully_defined(self) -> bool:
        return None not in self

    def is_compatible_with(self, other: Any) -> bool:
        """Whether one array can have both shapes."""
        other = TensorShape(other)
        return len(self) == len(other) and all(a is None or b is None or a == b for a, b in zip(self, other))

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        return TensorShape(part) if isinstance(key, slice) else part

    def __add__(self, other: Any) -> TensorShape:
        return TensorShape((*self, *other))

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape((*other, *self))

    def __repr__(self) -> str:
        return f"TensorShape({list(self)})"

    def __str__(self) -> str:
        return f"({', '.join(map(str, self))}{',' if len(self) == 1 else ''})"


def _operator(name: str, reflected: bool = False) -> Callable[[Any, Any], Any]:
    def method(self: EagerTensor, other: Any) -> Any:
        if hasattr(other, "__schuss_symbolic__"):
            return NotImplemented
        other = self._beside(other)
        return eager(OPERATORS[name](*((other, self) if reflected else (self, other))))

    return method


_REFLECTED = {
    np.add: "__radd__",
    np.subtract: "__rsub__",
    np.multiply: "__rmul__",
    np.true_divide: "__rtruediv__",
    np.floor_divide: "__rfloordiv__",
    np.remainder: "__rmod__",
    np.power: "__rpow__",
    np.matmul: "__rmatmul__",
}


class EagerTensor(np.ndarray):
    """An array whose operators are TensorFlow's: they take the other operand in this tensor's type, and never
    change a tensor in place."""

    __array_priority__ = 100  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]

    def numpy(self) -> Any:
        """The plain NumPy array; a NumPy number of a scalar. Text comes as bytes, as TensorFlow has it."""
        plain = self.view(np.ndarray)
        if plain.dtype.kind == "O":
            coded = np.empty(plain.shape, object)
            coded.reshape(-1)[:] = [s.encode() if isinstance(s, str) else s for s in plain.reshape(-1)]
            return coded[()]
        return plain.copy() if plain.ndim else plain[()]

    @property
    def shape(self) -> TensorShape:  # type: ignore[override]
        return tuple.__new__(TensorShape, self.view(np.ndarray).shape)

    def get_shape(self) -> TensorShape:
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Check that the tensor has this shape."""
        if not self.shape.is_compatible_with(shape):
            raise ValueError(f"Tensor's shape {self.shape} is not compatible with supplied shape {shape}")

    @property
    def device(self) -> str:  # type: ignore[override]
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def _beside(self, other: Any) -> Any:
        """The other operand of an operator, in this tensor's type where it has none of its own."""
        if isinstance(other, (EagerTensor, Tensor, Variable)):
            return other
        if isinstance(other, (bool, int, float)) and not isinstance(other, np.generic):
            if isinstance(other, float) and not is_float(self.dtype):
                raise TypeError(f"Cannot convert {other} to EagerTensor of dtype {self.dtype.name}")
            return np.asarray(other).astype(self.dtype)
        array = as_array(other)
        return array if is_float(array.dtype) and not is_float(self.dtype) else array.astype(self.dtype)

    __add__, __radd__ = _operator("add"), _operator("add", True)
    __sub__, __rsub__ = _operator("subtract"), _operator("subtract", True)
    __mul__, __rmul__ = _operator("multiply"), _operator("multiply", True)
    __floordiv__, __rfloordiv__ = _operator("floor_divide"), _operator("floor_divide", True)
    __mod__, __rmod__ = _operator("mod"), _operator("mod", True)
    __pow__: Any = _operator("power")
    __rpow__: Any = _operator("power", True)
    __matmul__, __rmatmul__ = _operator("matmul"), _operator("matmul", True)
    __and__, __rand__ = _operator("logical_and"), _operator("logical_and", True)
    __or__, __ror__ = _operator("logical_or"), _operator("logical_or", True)
    __xor__, __rxor__ = _operator("logical_xor"), _operator("logical_xor", True)
    __lt__, __le__ = _operator("less"), _operator("less_equal")
    __gt__, __ge__ = _operator("greater"), _operator("greater_equal")
    __iadd__, __isub__, __imul__ = __add__, __sub__, __mul__
    __imod__, __ipow__, __ifloordiv__, __imatmul__ = __mod__, __pow__, __floordiv__, __matmul__
    __iand__, __ior__, __ixor__ = __and__, __or__, __xor__

    def __truediv__(self, other: Any) -> Any:
        return self._divided(other, False)

    def __rtruediv__(self, other: Any) -> Any:
        return self._divided(other, True)

    __itruediv__ = __truediv__

    def _divided(self, other: Any, reflected: bool) -> Any:
        """Integers are divided as float64, as TensorFlow does."""
        if hasattr(other, "__schuss_symbolic__"):
            return NotImplemented
        x = self if is_float(self.dtype) else OPERATORS["cast"](self, "float64")
        y = EagerTensor._beside(x, other)
        return eager(OPERATORS["true_divide"](*((y, x) if reflected else (x, y))))

    def __eq__(self, other: Any) -> Any:  # type: ignore[override]
        return False if other is None else _operator("equal")(self, other)

    def __ne__(self, other: Any) -> Any:  # type: ignore[override]
        return True if other is None else _operator("not_equal")(self, other)

    def __neg__(self) -> Any:
        return OPERATORS["negative"](self)

    def __abs__(self) -> Any:
        return OPERATORS["absolute"](self)

    def __invert__(self) -> Any:
        return OPERATORS["logical_not"](self)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, np.ndarray) and key.dtype == np.bool_ and key.ndim:
            key = tuple(np.nonzero(np.asarray(key)))
        return eager(OPERATORS["getitem"](self, key))

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(
            "'EagerTensor' object does not support item assignment; use .numpy() for a copy to change"
        )

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self.view(np.ndarray))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc in _REFLECTED and method == "__call__" and not kwargs:  # NumPy's number + tensor
            first, second = inputs
            if isinstance(second, EagerTensor) and not isinstance(first, EagerTensor):
                return getattr(second, _REFLECTED[ufunc])(first)
        return getattr(ufunc, method)(*plain(inputs), **plain(kwargs))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return func(*plain(args), **plain(kwargs))

    def __reduce__(self) -> Any:
        return eager, (self.view(np.ndarray),)

    def __deepcopy__(self, memo: Any) -> EagerTensor:
        return eager(self.view(np.ndarray).copy())

    def __format__(self, spec: str) -> str:
        return format(self.view(np.ndarray), spec) if spec else str(self)

    def __str__(self) -> str:
        text = str(self.view(np.ndarray))
        line = "\n" if "\n" in text else ""
        return f"tf.Tensor({line}{text}, shape={self.shape}, dtype={self._dtype_name})"

    def __repr__(self) -> str:
        plain_self = self.view(np.ndarray)
        text = repr(plain_self) if self.ndim else str(plain_self)
        line = "\n" if "\n" in text else ""
        return f"<tf.Tensor: shape={self.shape}, dtype={self._dtype_name}, numpy={line}{text}>"

    @property
    def _dtype_name(self) -> str:
        return "string" if self.dtype.kind == "O" else self.dtype.name


def plain(value: Any) -> Any:
    """A nested structure with NumPy arrays in the place of eager tensors."""
    if isinstance(value, EagerTensor):
        return value.view(np.ndarray)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    return value


def eager(value: Any) -> Any:
    """An array (or NumPy number) as an eager tensor; anything else as it is."""
    if isinstance(value, (np.ndarray, np.generic)) and not isinstance(value, EagerTensor):
        array = np.asarray(value)
        return array.view(EagerTensor) if array.dtype in _DTYPES or array.dtype.kind == "O" else value
    return value


def to_tensor(value: Any, dtype: Any = None) -> Any:
    """What TensorFlow's functions make of an argument: a tensor, of `dtype` if given.

    Arrays keep their type, Python's integers become int32 and floats float32; lists may hold tensors. Tensors
    of a trace, variables and symbolic inputs are passed on. Text becomes an array of objects.
    """
    text = _as_text(value)
    if text is not None:
        if dtype is not None and getattr(dtype, "name", dtype) != "string":
            raise TypeError(f"Cannot convert text to a tensor of dtype {dtype}: {value!r}.")
        return eager(text)
    if isinstance(value, (list, tuple)) and _holds_tensors(value):
        from schuss import ops

        value = ops.stack([to_tensor(item) for item in value])
    tensor: Any
    if hasattr(value, "__schuss_symbolic__") or isinstance(value, Tensor):
        tensor = value
    elif isinstance(value, Variable):
        tensor = value.value
    else:
        tensor = eager(as_array(value))
    if dtype is None or tensor.dtype == as_dtype(dtype):
        return tensor
    return OPERATORS["cast"](tensor, as_dtype(dtype))


def _as_text(value: Any) -> np.ndarray | None:
    """Strings (one, an array, nested lists) as an array of objects; None of anything else."""
    first = value
    while isinstance(first, (list, tuple)) and len(first):
        first = first[0]
    strings = first.dtype.kind in "USO" if isinstance(first, np.ndarray) else isinstance(first, (str, bytes))
    if not strings:
        return None
    given = np.asarray(value, object)
    if not all(isinstance(s, (str, bytes)) for s in given.reshape(-1)):
        return None
    text = np.empty(given.shape, object)
    text.reshape(-1)[:] = [s.decode() if isinstance(s, bytes) else s for s in given.reshape(-1)]
    return text


def _holds_tensors(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_holds_tensors, value))
    return isinstance(value, (EagerTensor, Tensor, Variable))


def _eager_result(primitive: Primitive, operands: Any, params: Any, result: Any) -> Any:
    return [eager(y) for y in result] if isinstance(result, list) else eager(result)


def _snapshot(variable: Variable, value: Any) -> Any:
    """A variable's array changes in place; what was read stays."""
    return value if isinstance(value, Tensor) else eager(np.array(value))


def install() -> None:
    """From now on operations outside of traces return eager tensors."""
    if _eager_result not in observers:
        observers.insert(0, _eager_result)
        readers.insert(0, _snapshot)


def uninstall() -> None:
    if _eager_result in observers:
        observers.remove(_eager_result)
        readers.remove(_snapshot)
