"""Constants of scalar and vector types."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir


class Splat(ir.Constant):
    """A scalar constant in every lane, in LLVM's short notation: the assembly is a tenth as long."""

    def __init__(self, scalar: ir.Constant, lanes: int):
        self.type, self.constant = ir.VectorType(scalar.type, lanes), (scalar,) * lanes

    def _get_reference(self) -> str:
        return f"splat ({self.constant[0]})"


def number(type_: ir.Type, value: Any) -> ir.Constant:
    """A Python number as a constant of a scalar type, or in every lane of a vector type."""
    if isinstance(type_, ir.VectorType):
        return Splat(number(type_.element, value), type_.count)
    return ir.Constant(type_, int(value) if isinstance(type_, ir.IntType) else float(value))
