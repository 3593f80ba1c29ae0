"""Settings that hold for the whole process, under Keras's names."""

from __future__ import annotations

from schuss.graph import floatx, set_floatx

__all__ = [
    "backend",
    "disable_flash_attention",
    "enable_flash_attention",
    "epsilon",
    "floatx",
    "is_flash_attention_enabled",
    "set_floatx",
]

_flash_attention: bool | None = None


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


def is_flash_attention_enabled() -> bool | None:
    """Whether attention layers are made for flash attention where they are not told; None if nobody has said so."""
    return _flash_attention


def enable_flash_attention() -> None:
    """Make attention layers for flash attention from now on: without dropout, and without scores to return. How
    they are computed is the compiler's choice, with and without it."""
    global _flash_attention
    _flash_attention = True


def disable_flash_attention() -> None:
    """The contrary of `enable_flash_attention`."""
    global _flash_attention
    _flash_attention = False
