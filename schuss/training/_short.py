"""Short calls: predictions for a few rows at once, without what surrounds a long run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from schuss.graph import _tree
from schuss.training._data import DEFAULT_BATCH

if TYPE_CHECKING:
    from schuss.training._steps import Step

_MOST_BYTES = (
    1 << 18
)  # of inputs and outputs, which are copied; larger ones are read and written where they lie
_MOST_KINDS = 64  # of data that are remembered


class Predictor:
    """Predicts for one batch of data of one kind; by several threads at once, if need be.

    Args:
        step: the compiled prediction, which is short. rows: in the batch. check: raises an error for data that the step
            would misread.
    """

    def __init__(self, step: Step, rows: int, check: Callable[[list[np.ndarray]], None] | None = None):
        self.rows, self._check = rows, check
        self._step, self._tree = step, step.details.tree
        self._is_array = _tree.describe(self._tree) == "*"

    def __call__(self, x: Any) -> Any:
        """The outputs for `x`: new arrays, in the structure of the model's outputs."""
        call = self._step.take_call()
        if type(x) is np.ndarray:
            call.inputs[0][...] = x
        else:
            for kept, given in zip(call.inputs, _tree.leaves(x), strict=True):
                kept[...] = given
        try:
            if self._check is not None:
                self._check(call.inputs)
            call()
            outputs = [kept.copy() if kept.ndim else kept.reshape(1).copy() for kept in call.outputs]
        finally:
            self._step.give_call(call)
        return outputs[0] if self._is_array else _tree.unflatten(self._tree, outputs)


class Predictors:
    """The predictors of a model, by kinds of data, as long as its structure stays as it is."""

    def __init__(self) -> None:
        self._known: tuple[Any, dict[Any, Predictor]] = None, {}

    def find(self, model: Any, x: Any, batch_size: Any = None) -> Predictor | None:
        """The predictor for `x`; None if there is none (yet), or if `x` is more than a batch."""
        found, known = self._known
        if not known or model._found is not found or not found.is_current():
            return None
        predictor = known.get((x.shape, x.dtype) if type(x) is np.ndarray else _kind_of(x))
        most = DEFAULT_BATCH if batch_size is None else batch_size
        return predictor if predictor and type(most) is int and predictor.rows <= most else None

    def remember(
        self,
        model: Any,
        x: Any,
        step: Step,
        arrays: list[np.ndarray],
        check: Callable[[list[np.ndarray]], None] | None = None,
    ) -> None:
        """Keep a predictor for data like `x`, after `step` has predicted for it.

        Args:
            arrays: the data as the step has read it. If that is not what the user gave, but was made of it, nothing is
                kept.
            check: of the predictor.
        """
        kind = _kind_of(x)
        given = _tree.leaves(x)
        if kind is None or len(given) != len(arrays) or any(a is not b for a, b in zip(given, arrays)):
            return
        call = step.take_call()
        if call is None:
            return
        step.give_call(call)
        found = model._all()
        known = self._known[1] if self._known[0] is found else {}
        if len(known) >= _MOST_KINDS:
            known = {}
        known[kind] = Predictor(step, len(arrays[0]), check)
        self._known = found, known


def _kind_of(x: Any) -> Any:
    """The structure, shapes and dtypes of data, to look up; None for what is not made of NumPy's arrays."""
    kind = type(x)
    if kind is np.ndarray:
        return x.shape, x.dtype
    if kind is dict:
        items = [(key, _kind_of(value)) for key, value in x.items()]
        return None if any(k is None for _, k in items) else (dict, *items)
    if kind is list or kind is tuple:
        parts = [_kind_of(value) for value in x]
        return None if None in parts else (kind, *parts)
    return None
