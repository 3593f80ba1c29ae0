"""What shape rules share: checks of operands, and the error that says which primitive got what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss.graph._primitive import Primitive
from schuss.graph._tensor import Spec

NUMBER, FLOAT, INTEGER, BITS, ANY = "iuf", "f", "iu", "iub", "iufb"
_KIND_NAMES = {
    NUMBER: "integers or floats",
    FLOAT: "floats",
    INTEGER: "integers",
    BITS: "bools or integers",
    ANY: "numbers",
}


def fail(primitive: Primitive, problem: str, *specs: Spec) -> ValueError:
    """The error to raise: ``add: operands must have equal shapes. Received: float32[2], float32[3]``."""
    received = f" Received: {', '.join(map(str, specs))}." if specs else ""
    return ValueError(f"{primitive.name}: {problem}.{received}")


def check_kind(primitive: Primitive, kinds: str, *specs: Spec) -> None:
    """Every spec has a dtype of one of these kinds."""
    for spec in specs:
        if spec.dtype.kind not in kinds:
            raise fail(primitive, f"expected {_KIND_NAMES[kinds]}; cast the operand first", *specs)


def check_same(primitive: Primitive, *specs: Spec) -> None:
    """All specs are equal."""
    if any(spec.shape != specs[0].shape for spec in specs[1:]):
        raise fail(primitive, "operands must have equal shapes", *specs)
    if any(spec.dtype != specs[0].dtype for spec in specs[1:]):
        raise fail(primitive, "operands must have equal dtypes", *specs)


def check_axes(primitive: Primitive, axes: Sequence[int], x: Spec) -> None:
    """`axes` are different axes of x."""
    if any(not 0 <= axis < x.ndim for axis in axes) or len(set(axes)) != len(axes):
        raise fail(primitive, f"axes {tuple(axes)} must be different and within 0 … {x.ndim - 1}", x)


def check_length(primitive: Primitive, x: Spec, **params: Any) -> None:
    """Each parameter has one entry for each axis of x."""
    for name, value in params.items():
        if len(value) != x.ndim:
            raise fail(primitive, f"`{name}`={value} needs one entry for each of the {x.ndim} axes", x)
