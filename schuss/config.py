"""Settings that hold for the whole process, under Keras's names."""

from __future__ import annotations

from schuss.graph import floatx, set_floatx

__all__ = ["backend", "epsilon", "floatx", "set_floatx"]


def backend() -> str:
    """The name of what computes: ``"schuss"``.

    Example:
        >>> import schuss
        >>> schuss.config.backend(), schuss.config.floatx(), schuss.config.epsilon()
        ('schuss', 'float32', 1e-07)
    """
    return "schuss"


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite: 1e-7."""
    return 1e-7
