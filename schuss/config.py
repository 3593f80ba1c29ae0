"""Settings that hold for the whole process, under Keras's names."""

from __future__ import annotations

import importlib
from typing import Any

from schuss.graph import floatx as floatx
from schuss.graph import set_floatx as set_floatx

_flash_attention: bool | None = None
_epsilon = 1e-7
_image_data_format = "channels_last"
_interactive_logging = True

_ELSEWHERE = {
    "dtype_policy": "schuss.layers._dtype_policy",
    "set_dtype_policy": "schuss.layers._dtype_policy",
    "enable_unsafe_deserialization": "schuss.saving.serialization",
}


def __getattr__(name: str) -> Any:  # what belongs to rooms above, which read the settings here
    if name in _ELSEWHERE:
        return getattr(importlib.import_module(_ELSEWHERE[name]), name)
    raise AttributeError(f"module 'schuss.config' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [
        *_ELSEWHERE,
        "backend",
        "disable_flash_attention",
        "disable_interactive_logging",
        "disable_traceback_filtering",
        "enable_flash_attention",
        "enable_interactive_logging",
        "enable_traceback_filtering",
        "epsilon",
        "floatx",
        "image_data_format",
        "is_flash_attention_enabled",
        "is_interactive_logging_enabled",
        "is_traceback_filtering_enabled",
        "set_epsilon",
        "set_floatx",
        "set_image_data_format",
    ]


def backend() -> str:
    """The name of what computes: ``"schuss"``.

    Example:
        >>> import schuss
        >>> schuss.config.backend(), schuss.config.floatx(), schuss.config.epsilon()
        ('schuss', 'float32', 1e-07)
    """
    return "schuss"


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite: 1e-7, unless `set_epsilon` changed it."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Set the small number that losses, metrics, normalizations and constraints use where they are given none.
    Models that have been trained or evaluated keep what they were compiled with."""
    global _epsilon
    _epsilon = float(value)


def image_data_format() -> str:
    """Where images have their channels if layers and ops are not told: ``"channels_last"``, unless
    `set_image_data_format` changed it."""
    return _image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set where images have their channels: ``"channels_last"`` or ``"channels_first"``. Layers ask when they are made.

    Example:
        >>> import schuss
        >>> schuss.config.set_image_data_format("channels_first")
        >>> schuss.layers.Conv2D(8, 3).data_format
        'channels_first'
        >>> schuss.config.set_image_data_format("channels_last")
    """
    global _image_data_format
    _image_data_format = checked_data_format("set_image_data_format", data_format)


def checked_data_format(owner: str, data_format: str | None) -> str:
    """``"channels_last"`` or ``"channels_first"``, None being `image_data_format`; a ValueError for anything else."""
    if data_format is None:
        return _image_data_format
    name = data_format.lower() if isinstance(data_format, str) else data_format
    if name not in ("channels_last", "channels_first"):
        raise ValueError(
            f"{owner}: `data_format` must be 'channels_last' or 'channels_first'. Received: data_format={data_format!r}"
        )
    return name


def is_interactive_logging_enabled() -> bool:
    """Whether progress is shown on the screen (default) or told to the logger named ``"schuss"``."""
    return _interactive_logging


def enable_interactive_logging() -> None:
    """Show the progress of `fit`, `evaluate` and `predict` on the screen."""
    global _interactive_logging
    _interactive_logging = True


def disable_interactive_logging() -> None:
    """Tell the progress of `fit`, `evaluate` and `predict` to Python's logger ``"schuss"``, a line for each epoch, at
    level INFO."""
    global _interactive_logging
    _interactive_logging = False


def is_traceback_filtering_enabled() -> bool:
    """False: tracebacks are always shown as they are."""
    return False


def disable_traceback_filtering() -> None:
    """Show tracebacks as they are, which is always done here."""


def enable_traceback_filtering() -> None:
    """Taken for Keras's sake: no lines are left out of tracebacks."""


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
