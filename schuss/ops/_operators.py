"""What ``+``, ``@``, ``x[i]``, … on tensors and variables mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schuss.graph import result_type
from schuss.ops import comparison, contraction, core, elementwise, indexing, shaping
from schuss.ops._operands import kind_of, value


def _on_bits(logical: Callable[..., Any], bitwise: Callable[..., Any]) -> Callable[..., Any]:
    """``&``, ``|``, ``^``, ``~``: logical on bools, bit by bit on integers."""

    def operator(*operands: Any) -> Any:
        is_bool = result_type(*(kind_of(x) for x in operands)).kind == "b"
        return logical(*operands) if is_bool else bitwise(*(value(x) for x in operands))

    return operator


operators: dict[str, Callable[..., Any]] = {
    "add": elementwise.add,
    "subtract": elementwise.subtract,
    "multiply": elementwise.multiply,
    "true_divide": elementwise.true_divide,
    "floor_divide": elementwise.floor_divide,
    "mod": elementwise.mod,
    "power": elementwise.power,
    "matmul": contraction.matmul,
    "negative": elementwise.negative,
    "absolute": elementwise.absolute,
    "logical_and": _on_bits(comparison.logical_and, elementwise.bitwise_and),
    "logical_or": _on_bits(comparison.logical_or, elementwise.bitwise_or),
    "logical_xor": _on_bits(comparison.logical_xor, elementwise.bitwise_xor),
    "logical_not": _on_bits(comparison.logical_not, elementwise.bitwise_not),
    "equal": comparison.equal,
    "not_equal": comparison.not_equal,
    "less": comparison.less,
    "less_equal": comparison.less_equal,
    "greater": comparison.greater,
    "greater_equal": comparison.greater_equal,
    "getitem": indexing.get_item,
    "transpose": shaping.transpose,
    "reshape": shaping.reshape,
    "cast": core.cast,
}
