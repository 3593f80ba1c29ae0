"""Metric: what is reported while training; state, an update by each batch, a result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from schuss import initializers
from schuss.graph import StatelessScope, Variable, floatx, untraced
from schuss.losses._base import compute_dtype
from schuss.utils._uids import auto_name


class Metric:
    """Base class. Subclasses make their variables in ``__init__``, change them in `update_state`, and define
    `result`.

    Args:
        dtype: of the computation; a name, a dtype or a dtype policy. Default floatx.
        name: default: the class's name in snake_case, numbered from the second on.

    Example:
        >>> import schuss
        >>> class Largest(schuss.metrics.Metric):
        ...     def __init__(self, name="largest", **kwargs):
        ...         super().__init__(name=name, **kwargs)
        ...         self.largest = self.add_variable(shape=(), initializer="zeros", name="largest")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.largest.assign(schuss.ops.maximum(self.largest, schuss.ops.max(y_pred)))
        ...     def result(self):
        ...         return self.largest.value
        >>> m = Largest()
        >>> float(m([0.0], [3.0])), float(m([0.0], [2.0]))
        (3.0, 3.0)
    """

    _direction: ClassVar[str | None] = None
    """Which way is better: ``"up"``, ``"down"``, None where it cannot be said."""

    def __init__(self, dtype: Any = None, name: str | None = None):
        self.name = name or auto_name(type(self).__name__)
        self._dtype = compute_dtype(dtype)
        self._variables: list[Variable] = []
        self._metrics: list[Metric] = []
        self._built = True

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name not in ("_variables", "_metrics"):
            self._track(value)

    def _track(self, value: Any) -> None:
        """Remember variables and metrics that become attributes, alone or in lists and dicts."""
        if isinstance(value, (Variable, Metric)):
            self._require_init()
        if isinstance(value, Variable):
            kept: list[Any] = self._variables
        elif isinstance(value, Metric):
            kept = self._metrics
        else:
            entries: Iterable[Any] = ()
            if isinstance(value, dict):
                entries = value.values()
            elif isinstance(value, (list, tuple)):
                entries = value
            for entry in entries:
                if isinstance(entry, (Variable, Metric)):
                    self._track(entry)
            return
        if not any(value is other for other in kept):
            kept.append(value)

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def variables(self) -> list[Variable]:
        """The metric's state, that of metrics within it last."""
        found = list(self._variables)
        for metric in self._metrics:
            found.extend(v for v in metric.variables if not any(v is other for other in found))
        return found

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any,
        dtype: Any = None,
        aggregation: str | None = "sum",
        name: str | None = None,
    ) -> Variable:
        """A new variable of the metric's state. It may be made within a trace; its first value is computed at
        once.

        Args:
            shape: tuple of ints.
            initializer: a name (``"zeros"``), an `Initializer`, or a callable ``(shape, dtype) -> array``.
            dtype: default: floatx, also where the metric computes in a smaller type: counts stay exact.
            aggregation: accepted for Keras's sake; there is one copy of each variable.
            name: for printing.
        """
        self._require_init()
        with untraced():
            variable = Variable(
                initializers.get(initializer),
                shape=tuple(shape),
                dtype=dtype or floatx(),
                trainable=False,
                name=name,
            )
        variable.path = f"{self.name}/{variable.name}"
        self._track(variable)
        return variable

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """`add_variable`, with zeros by default."""
        return self.add_variable(
            shape, "zeros" if initializer is None else initializer, dtype=dtype, name=name
        )

    def _require_init(self) -> None:
        if "_variables" not in self.__dict__:
            raise RuntimeError(
                f"{type(self).__name__}: call super().__init__() at the start of __init__(), before anything "
                "else is set or called."
            )

    def _build(self, y_true_shape: Sequence[int], y_pred_shape: Sequence[int]) -> None:
        """Make the variables whose shapes depend on the data, if they are not there yet. May be called
        beforehand."""
        if not self._built:
            self._add_state(tuple(y_true_shape), tuple(y_pred_shape))
            self._built = True

    def _add_state(self, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> None:
        """What `_build` does once; for metrics that set ``self._built = False`` in their constructor."""

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take a batch into account."""
        raise NotImplementedError(f"{type(self).__name__} does not implement update_state()")

    def result(self) -> Any:
        """The value for all batches since the last reset: a scalar, an array, or a dict of scalars."""
        raise NotImplementedError(f"{type(self).__name__} does not implement result()")

    def reset_state(self) -> None:
        """Forget the batches seen: zeros in all variables."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`update_state`, then `result`."""
        self._require_init()
        self.update_state(*args, **kwargs)
        return self.result()

    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """`update_state` as a function: from values of the variables to their new values; the metric stays as
        it is.

        Args:
            metric_variables: a value for each of `variables`.
            *args, **kwargs: for `update_state`.
        """
        with StatelessScope(self._state_mapping(metric_variables)) as scope:
            self.update_state(*args, **kwargs)
        return [scope.get_current_value(v) for v in self.variables]

    def stateless_result(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        """`result` as a function of the values of the variables."""
        with StatelessScope(self._state_mapping(metric_variables)):
            return self.result(*args, **kwargs)

    def stateless_reset_state(self) -> list[Any]:
        """The values that the variables have after `reset_state`."""
        with StatelessScope() as scope:
            self.reset_state()
        return [scope.get_current_value(v) for v in self.variables]

    def _state_mapping(self, values: Sequence[Any]) -> list[tuple[Variable, Any]]:
        if len(values) != len(self.variables):
            raise ValueError(
                "Argument `metric_variables` must be a list of values corresponding 1:1 to "
                f"{type(self).__name__}()."
                f"variables. Received list with length {len(values)}, but expected {len(self.variables)} "
                "variables."
            )
        return list(zip(self.variables, values, strict=True))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The metric that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
