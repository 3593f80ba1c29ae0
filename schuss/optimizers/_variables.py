"""The variables that an optimizer keeps besides those it trains: making, saving and loading them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss.graph import Variable, untraced


class OwnVariables:
    """An object with a name and a list of variables of its own."""

    def __init__(self, name: str):
        self.name = name
        self._variables: list[Variable] = []

    @property
    def variables(self) -> list[Variable]:
        """The optimizer's own variables: iteration, learning rate, averages, accumulators, then the
        rule's."""
        return list(self._variables)

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new variable of the optimizer. `aggregation` and `layout` are accepted for Keras's sake and not
        used."""
        if initializer == "zeros":
            initializer = np.zeros
        elif isinstance(initializer, str):
            from schuss import initializers

            initializer = initializers.get(initializer)
        with untraced():
            variable = Variable(initializer, shape=tuple(shape), dtype=dtype, trainable=False, name=name)
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A new variable of the optimizer with the shape and dtype of `reference_variable`."""
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            name=f"{reference_variable.path.replace('/', '_')}_{name or 'var'}",
        )

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: str | Sequence[str], initializer: Any = "zeros"
    ) -> Any:
        """For each variable one of the optimizer's with its shape and dtype.

        Args:
            name: what they are, ``"momentum"``; or several such names.
            initializer: one, or one for each name.

        Returns:
            A list; for several names, a tuple with a list for each.
        """
        names = [name] if isinstance(name, str) else list(name)
        starts = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        if len(starts) != len(names):
            raise ValueError(f"{len(names)} names need {len(names)} initializers, got {len(starts)}.")
        made: list[list[Variable]] = [[] for _ in names]
        for variable in trainable_variables:
            for column, label, start in zip(made, names, starts):
                column.append(self.add_variable_from_reference(variable, label, start))
        return made[0] if isinstance(name, str) else tuple(made)

    def save_own_variables(self, store: Any) -> None:
        """Put the values of `variables` into a mapping, under ``"0"``, ``"1"``, …"""
        for i, variable in enumerate(self.variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Take the values that `save_own_variables` kept. If their number differs, nothing is taken, with a
        warning."""
        if len(store.keys()) != len(self.variables):
            warnings.warn(
                f"Skipping the variables of optimizer {self.name!r}: it has {len(self.variables)}, the "
                "saved one "
                f"{len(store.keys())}. Compile the model with the same optimizer and build it before "
                "loading.",
                stacklevel=2,
            )
            return
        for i, variable in enumerate(self.variables):
            variable.assign(np.asarray(store[str(i)]))

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give each of `variables` its value."""
        if len(weights) != len(self.variables):
            raise ValueError(f"{self.name}: expected {len(self.variables)} arrays, got {len(weights)}.")
        for variable, value in zip(self.variables, weights):
            variable.assign(np.asarray(value))
