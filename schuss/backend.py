"""Settings and questions about types, under the names of ``keras.backend``. What computes is in `schuss.backends`."""

from __future__ import annotations

from typing import Any

from schuss.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from schuss.graph import as_dtype, is_float, standardize_dtype
from schuss.graph import result_type as _result_type
from schuss.utils._symbolic import is_keras_tensor
from schuss.utils._uids import clear_session, get_uid

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]


def is_float_dtype(dtype: Any) -> bool:
    """Whether it is a type of floats."""
    return is_float(dtype)


def is_int_dtype(dtype: Any) -> bool:
    """Whether it is a type of integers, with or without sign."""
    return as_dtype(dtype).kind in "iu"


def result_type(*dtypes: Any) -> str:
    """The type of an operation over operands of these types.

    Example:
        >>> import schuss
        >>> schuss.backend.result_type("int32", "float16")
        'float16'
    """
    return _result_type(*dtypes).name
