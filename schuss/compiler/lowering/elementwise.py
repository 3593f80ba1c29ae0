"""Lowering of elementwise primitives: the same element of every operand, one instruction (or a few) on it."""

from __future__ import annotations

from schuss.compiler._context import Context, Pointwise
from schuss.compiler._expr import Expr
from schuss.compiler._index import Index
from schuss.graph import PRIMITIVES, Node, lowering_rules

NAMES = [
    "negative",
    "abs",
    "sign",
    "floor",
    "ceil",
    "round_nearest_even",
    "exponential",
    "exponential_minus_one",
    "log",
    "log_plus_one",
    "logistic",
    "tanh",
    "sqrt",
    "rsqrt",
    "sine",
    "cosine",
    "tan",
    "erf",
    "erf_inv",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "asinh",
    "acosh",
    "atanh",
    "not",
    "is_finite",
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "minimum",
    "power",
    "remainder",
    "atan2",
    "and",
    "or",
    "xor",
    "shift_left",
    "shift_right_logical",
    "compare",
    "select",
    "convert",
]


def _elementwise(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    args = tuple(context.at(operand, index) for operand in node.inputs)
    params = (node.params["direction"],) if "direction" in node.params else ()
    return context.apply(node.primitive.name, *args, dtype=node.outputs[0].dtype, params=params)


for _name in NAMES:
    lowering_rules[PRIMITIVES[_name]] = Pointwise(_elementwise, same_index=True)


def _same(context: Context, node: Node, index: tuple[Index, ...]) -> Expr:
    return context.at(node.inputs[0], index)


for _name in ("identity", "stop_gradient", "recompute"):
    lowering_rules[PRIMITIVES[_name]] = Pointwise(_same, view=True, same_index=True)
lowering_rules[PRIMITIVES["materialize"]] = Pointwise(_same, same_index=True, kept=True)
