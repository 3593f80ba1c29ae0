"""Penalties on weights."""

from __future__ import annotations

import math
from typing import Any

from schuss import ops
from schuss.graph import is_float


class Regularizer:
    """A function from weights to a scalar that is added to the loss. Subclasses define ``__call__`` and
    ``get_config``.

    Example:
        >>> import schuss
        >>> class Quartic(schuss.regularizers.Regularizer):
        ...     def __call__(self, x):
        ...         return schuss.ops.sum(schuss.ops.power(x, 4))
        >>> float(Quartic()(schuss.ops.array([1.0, 2.0])))
        17.0
    """

    def __call__(self, x: Any) -> Any:
        """The penalty of weights `x`: a scalar."""
        return 0.0

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        raise NotImplementedError(f"{type(self).__name__} does not implement get_config()")


class L1L2(Regularizer):
    """``l1·Σ|x| + l2·Σx²``.

    Args:
        l1, l2: factors ≥ 0; default 0.

    Raises:
        ValueError: a factor is negative or not a finite number.

    Example:
        >>> from schuss import ops, regularizers
        >>> round(float(regularizers.L1L2(0.1, 0.01)(ops.array([1.0, -2.0]))), 4)
        0.35
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0):
        self.l1 = _factor("l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        terms = []
        if self.l1:
            terms.append(ops.multiply(ops.sum(ops.absolute(x)), self.l1))
        if self.l2:
            terms.append(ops.multiply(ops.sum(ops.square(x)), self.l2))
        if not terms:
            dtype = ops.convert_to_tensor(x).dtype
            return ops.zeros((), dtype=dtype if is_float(dtype) else None)
        return terms[0] if len(terms) == 1 else ops.add(*terms)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class L1(L1L2):
    """``l1·Σ|x|``: drives small weights to zero.

    Args:
        l1: factor ≥ 0; default 0.01.
    """

    def __init__(self, l1: float | None = 0.01):
        super().__init__(l1=0.01 if l1 is None else l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(L1L2):
    """``l2·Σx²``: keeps weights small.

    Args:
        l2: factor ≥ 0; default 0.01.
    """

    def __init__(self, l2: float | None = 0.01):
        super().__init__(l2=0.01 if l2 is None else l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean |cosine| between different rows (or columns) of a matrix.

    Args:
        factor: ≥ 0; default 0.01.
        mode: ``"rows"`` or ``"columns"``.

    Raises:
        ValueError: unknown mode; at the call, weights that are no matrix.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        if mode not in ("rows", "columns"):
            raise ValueError(
                f'Invalid value for argument `mode`. Expected one of {{"rows", "columns"}}. Received: mode={mode}'
            )
        self.factor, self.mode = _factor("factor", factor), mode

    def __call__(self, x: Any) -> Any:
        x = ops.convert_to_tensor(x)
        if len(x.shape) != 2:
            raise ValueError(
                f"Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape={tuple(x.shape)}"
            )
        rows = x if self.mode == "rows" else ops.transpose(x)
        rows = ops.normalize(rows, axis=1)
        n = rows.shape[0]
        cosines = ops.matmul(rows, ops.transpose(rows)) * (1.0 - ops.eye(n, dtype=rows.dtype))
        pairs = n * (n - 1)
        return ops.multiply(ops.sum(ops.absolute(cosines)), self.factor / max(pairs, 1))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def _factor(name: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(
            f"Invalid value for argument {name}: expected a non-negative float. Received: {name}={value!r}"
        )
    return number
