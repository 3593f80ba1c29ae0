"""Gradients made smaller before they are used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss import ops


def clip_by_norm(gradient: Any, norm: float) -> Any:
    """``g · c / max(‖g‖₂, c)``: `gradient`, scaled so that its 2-norm is at most `norm` (c)."""
    length = ops.sqrt(ops.sum(ops.square(gradient)))
    return gradient * (norm / ops.maximum(length, norm))


def global_norm(gradients: Sequence[Any]) -> Any:
    """The 2-norm of all gradients taken together: ``√ Σᵢ ‖gᵢ‖²``."""
    total = ops.sum(ops.square(gradients[0]))
    for gradient in gradients[1:]:
        total = ops.add(total, ops.sum(ops.square(gradient)))
    return ops.sqrt(total)


def clip_by_global_norm(gradients: Sequence[Any], norm: float) -> list[Any]:
    """All `gradients`, scaled by one factor so that their common norm is at most `norm`.

    If that norm is infinite or NaN, all of them become NaN, so that a diverging run shows.
    """
    length = global_norm(gradients)
    scale = ops.where(ops.isfinite(length), norm / ops.maximum(length, norm), float("nan"))
    return [gradient * ops.cast(scale, gradient.dtype) for gradient in gradients]
