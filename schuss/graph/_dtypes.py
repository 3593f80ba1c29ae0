"""Data types: names, defaults and promotion, as Keras 3 defines them (its lattice is JAX's, with 32-bit
defaults)."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph._structure import structure_changed

DTYPES: dict[str, np.dtype] = {
    name: np.dtype(name)
    for name in (
        [
            "bool",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "int8",
            "int16",
            "int32",
            "int64",
            "float16",
            "float32",
            "float64",
        ]
    )
}

SUPPORTED = {dtype: dtype for dtype in DTYPES.values()}
_floatx = DTYPES["float32"]
_floatx_name = "float32"  # NumPy makes a dtype's name anew each time


def floatx() -> str:
    """The name of the default float type, ``"float32"`` unless `set_floatx` changed it."""
    return _floatx_name


def set_floatx(value: str) -> None:
    """Set the default float type: ``"float16"``, ``"float32"`` or ``"float64"``."""
    global _floatx, _floatx_name
    if value not in ("float16", "float32", "float64"):
        raise ValueError(f"floatx must be 'float16', 'float32' or 'float64', got {value!r}.")
    _floatx, _floatx_name = DTYPES[value], value
    structure_changed()  # programs are made for it


def as_dtype(dtype: Any) -> np.dtype:
    """The NumPy dtype that `dtype` (a name, a type, a dtype, None for floatx) stands for."""
    if dtype is None:
        return _floatx
    if isinstance(dtype, np.dtype) and dtype in SUPPORTED:  # the usual case; names of dtypes are slow
        return SUPPORTED[dtype]
    if dtype is float:
        return _floatx
    if dtype is int:
        return DTYPES["int32"]
    if dtype is bool:
        return DTYPES["bool"]
    if isinstance(dtype, np.dtype):
        name = dtype.name
    elif isinstance(dtype, str):
        name = {"float": floatx(), "int": "int32", "half": "float16", "double": "float64"}.get(dtype, dtype)
    else:
        name = np.dtype(getattr(dtype, "name", dtype)).name
    if name not in DTYPES:
        raise ValueError(f"Unknown or unsupported dtype {dtype!r}. Supported: {', '.join(DTYPES)}.")
    return DTYPES[name]


def standardize_dtype(dtype: Any) -> str:
    """The canonical name of a dtype: ``standardize_dtype(np.float32) == "float32"``. That of text is
    ``"string"``, which symbolic inputs may have, but no array of a program."""
    if _is_string(dtype):
        return "string"
    return as_dtype(dtype).name


def _is_string(dtype: Any) -> bool:
    if isinstance(dtype, np.dtype):
        return False
    return dtype is str or getattr(dtype, "name", dtype) == "string"


def is_float(dtype: Any) -> bool:
    return not _is_string(dtype) and as_dtype(dtype).kind == "f"


def is_integer(dtype: Any) -> bool:
    """True of signed and unsigned integers, not of bool."""
    return not _is_string(dtype) and as_dtype(dtype).kind in "iu"


def is_bool(dtype: Any) -> bool:
    return not _is_string(dtype) and as_dtype(dtype).kind == "b"


def result_type(*dtypes: Any) -> np.dtype:
    """The type of an operation over operands of these types.

    Each is a dtype, or one of the Python types ``bool``, ``int``, ``float`` for a Python scalar, which is
    *weak*: it never widens an array's type within its kind (``float32 array * 2.0`` stays float32;
    ``int32 array * 2.0`` becomes floatx). Integers with floats give the float's type. Mixed 64-bit integers
    stay 64-bit.
    """
    weak = [d for d in dtypes if d is bool or d is int or d is float]  # np.dtype("float64") == float is true
    strong = [as_dtype(d) for d in dtypes if not (d is bool or d is int or d is float)]
    result: np.dtype | None = None
    for dtype in strong:
        result = dtype if result is None else _join(result, dtype)
    if result is None:
        return _floatx if float in weak else DTYPES["int32"] if int in weak else DTYPES["bool"]
    if float in weak and result.kind != "f":
        return _floatx
    if int in weak and result.kind == "b":
        return DTYPES["int32"]
    return result


def _join(a: np.dtype, b: np.dtype) -> np.dtype:
    if a == b:
        return a
    if a.kind == "f" and b.kind != "f":
        return a
    if b.kind == "f" and a.kind != "f":
        return b
    joined = np.promote_types(a, b)
    if joined.kind == "f" and a.kind in "iu":  # int64 with uint64: NumPy says float64, Keras floatx
        return _floatx
    return joined
