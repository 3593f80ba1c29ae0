"""Checks of the numbers that optimizers and schedules are made with, whose errors say what was expected."""

from __future__ import annotations

import math
import numbers
from typing import Any


def number(
    owner: Any,
    name: str,
    value: Any,
    low: float = 0.0,
    high: float = math.inf,
    *,
    without_low: bool = False,
    without_high: bool = False,
) -> Any:
    """`value` if it is a finite number in the range, else a ValueError that names argument and class.

    Args:
        owner: the object whose argument it is; its class's name goes into the message.
        low, high: the range; each end belongs to it unless `without_low`, `without_high` say otherwise.
    """
    given = float(value) if isinstance(value, numbers.Real) and not isinstance(value, bool) else math.nan
    above = low < given if without_low else low <= given
    below = given < high if without_high else given <= high
    if not (above and below and math.isfinite(given)):
        raise ValueError(
            f"{type(owner).__name__}: `{name}` must be {_range(low, high, without_low, without_high)}, got "
            f"{value!r}."
        )
    return value  # as it was given: configs keep it


def optional_number(owner: Any, name: str, value: Any, **limits: Any) -> float | None:
    """As `number`, and None is allowed."""
    return None if value is None else number(owner, name, value, **limits)


def positive_integer(owner: Any, name: str, value: Any, least: int = 1) -> int:
    """`value` if it is an integer of at least `least`, else a ValueError that names argument and class."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ValueError(
            f"{type(owner).__name__}: `{name}` must be an integer >= {least} (or None), got {value!r}."
        )
    return int(value)


def fraction(owner: Any, name: str, value: Any) -> float:
    """A decay rate, in [0, 1)."""
    return number(owner, name, value, high=1.0, without_high=True)


def no_rate_yet(optimizer: Any) -> str:
    """The message where an optimizer of rate "auto" is used before its rate is known."""
    return (
        f"{optimizer.name}: the learning rate is 'auto', which `fit` finds at its start. For steps of one's own, find it "
        "with schuss.insight.find_learning_rate(model, x, y) and call optimizer.take_rate(found.suggestion)."
    )


def _range(low: float, high: float, without_low: bool, without_high: bool) -> str:
    if high == math.inf:
        if low == -math.inf:
            return "a finite number"
        return f"a finite number {'>' if without_low else '>='} {low:g}"
    return f"a number in {'(' if without_low else '['}{low:g}, {high:g}{')' if without_high else ']'}"
