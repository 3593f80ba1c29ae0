"""How gradients pass through each primitive, a rule each: ``rule(dy, operands, y, **params) -> [dx, …]``.

Written in `schuss.ops`, so that what a rule computes can be differentiated again. For primitives with several
results `dy` and `y` are lists, with None in `dy` where nothing arrives. A rule returns None for operands that
get no gradient.
"""

from schuss.autodiff.rules import contraction, control, elementwise, indexing, loops, reduction, structure
from schuss.graph import primitives as p

WITHOUT_GRADIENT = frozenset({
    p.and_p, p.argmax_p, p.argmin_p, p.ceil_p, p.compare_p, p.floor_p, p.iota_p, p.is_finite_p, p.not_p, p.or_p,
    p.random_bits_p, p.round_nearest_even_p, p.shift_left_p, p.shift_right_logical_p, p.sign_p, p.stop_gradient_p, p.xor_p,
})  # fmt: skip
"""Primitives that pass no gradient: constant between jumps, without floats, or made for it."""

__all__ = [
    "WITHOUT_GRADIENT", "contraction", "control", "elementwise", "indexing", "loops", "reduction", "structure",
]  # fmt: skip
