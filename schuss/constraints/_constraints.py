"""Projections of weights. Norms are taken along `axis`: 0 for the incoming weights of a unit of a dense
layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schuss import config, ops


class Constraint:
    """A function from weights to weights, applied after every update. Subclasses define ``__call__``.

    Example:
        >>> import schuss
        >>> class UnitInterval(schuss.constraints.Constraint):
        ...     def __call__(self, w):
        ...         return schuss.ops.clip(w, 0.0, 1.0)
        >>> UnitInterval()(schuss.ops.array([-1.0, 0.5, 3.0])).tolist()
        [0.0, 0.5, 1.0]
    """

    def __call__(self, w: Any) -> Any:
        """The projection of weights `w`: of the same shape."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        return cls(**config)


class NonNeg(Constraint):
    """``max(w, 0)``."""

    def __call__(self, w: Any) -> Any:
        return ops.maximum(w, 0.0)


class MaxNorm(Constraint):
    """Vectors longer than `max_value` are shortened to it.

    Args:
        max_value: default 2. axis: int or ints along which the norm is taken; default 0.

    Source:
        Srivastava et al. (2014), Dropout.
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        wanted = ops.clip(norms, 0, self.max_value)
        return ops.multiply(w, wanted / (norms + config.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class UnitNorm(Constraint):
    """Every vector gets the length 1.

    Args:
        axis: int or ints along which the norm is taken; default 0.
    """

    def __init__(self, axis: int | Sequence[int] = 0):
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        return ops.divide(w, _norms(w, self.axis) + config.epsilon())

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Lengths are moved towards ``[min_value, max_value]``: to ``rate·clip(norm) + (1 − rate)·norm``.

    Args:
        min_value: default 0. max_value: default 1. rate: 1 for strict enforcement (default).
        axis: int or ints along which the norm is taken; default 0.
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int | Sequence[int] = 0
    ):
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        wanted = ops.clip(norms, self.min_value, self.max_value)
        if self.rate != 1:
            wanted = self.rate * wanted + (1 - self.rate) * norms
        return ops.multiply(w, wanted / (norms + config.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


def _norms(w: Any, axis: int | Sequence[int]) -> Any:
    axes = axis if isinstance(axis, int) else tuple(axis)
    return ops.sqrt(ops.sum(ops.square(w), axis=axes, keepdims=True))
