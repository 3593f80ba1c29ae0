"""When the loss is no number any more: back to the last good step, and a search for where it began."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from schuss.errors import NonFiniteLossError
from schuss.graph import Tensor, Variable
from schuss.training._data import Piece
from schuss.training._steps import Step


class Guard:
    """Remembers the state before a run, so that the model can be brought back to the step before the one that
    failed.

    Args:
        model: the model. step: the training step. piece: what will be run. epoch: its number, from 0.
        first: how many steps of the epoch were made before.

    Attributes:
        before: copies of what the step changes.
    """

    def __init__(self, model: Any, step: Step, piece: Piece, epoch: int, first: int):
        self.model, self.step, self.piece, self.epoch, self.first = model, step, piece, epoch, first
        self.before = step.take_copies()
        memory = {id(variable) for variable in getattr(model.optimizer, "variables", ())}
        self._watched = [*step.details.weights, *(v for v in step.variables if id(v) in memory)]

    def let_go(self) -> None:
        """All went well: the memory of the copies is for the next run."""
        self.step.give_copies(self.before)

    def failed_step(self, run: Any) -> int | None:
        """The step of the run whose loss was not finite, or the last one if it left weights (or an optimizer's
        memory of gradients) that are not; None if all is well."""
        if run.failed_step is not None:
            return run.failed_step
        return None if self._is_finite() or run.steps_done == 0 else run.steps_done - 1

    def _is_finite(self) -> bool:
        return all_finite(variable.array for variable in self._watched)

    def restore_before(self, failed: int) -> int:
        """Bring the model to the state before the step that made it fail, and return that step's number in
        the run.

        It is `failed`, or an earlier one that had a finite loss and whose update made weights that are no
        numbers.
        """
        for candidate in (failed, failed - 1):
            if candidate >= 0:
                self.replay(candidate)
                if self._is_finite():
                    return candidate
        self.replay(0)
        if not self._is_finite():
            return 0
        for number in range(failed):
            kept = [(variable, variable.array.copy()) for variable in self.step.variables]
            self._run(number, 1)
            if not self._is_finite():
                _restore(kept)
                return number
        return failed

    def replay(self, steps: int) -> None:
        """Bring the model to where it was after so many steps of the run: the same steps give the same
        bits."""
        _restore(self.before)
        if steps:
            self._run(0, steps)

    def _run(self, first: int, steps: int) -> None:
        batch = self.piece.batch
        rows = np.ascontiguousarray(self.piece.rows[first * batch : (first + steps) * batch])
        self.step.program.start(self.piece.arrays, rows, steps, (), self.step.room(steps)).result()

    def error(self, failed: int) -> NonFiniteLossError:
        """What to raise; the model is as it was before the step that failed."""
        number = self.restore_before(failed)
        batch = self.piece.batch
        rows = self.piece.rows[number * batch : (number + 1) * batch]
        arrays = [array[rows] for array in self.piece.arrays]
        origin = first_non_finite(self.step, arrays, self._watched)
        epoch, step = self.epoch + 1, self.first + number + 1
        what = (
            "The loss became"
            if origin.in_loss
            else "The loss was still finite, but its gradient made weights, or the optimizer's memory of gradients,"
        )
        message = (
            f"{what} {origin.found} in epoch {epoch}, step {step}: first "
            f"{origin.place(self.step, self.piece)}. The model is "
            f"as it was before that step. {self._advice(arrays, origin)}"
        )
        node = origin.tensor.node
        return NonFiniteLossError(
            message, epoch, step, node.scope if node else "", node.primitive.name if node else ""
        )

    def _advice(self, arrays: list[np.ndarray], origin: Origin) -> str:
        begun = getattr(self.model.optimizer, "iterations", None)
        if origin.in_loss and begun is not None and int(np.asarray(begun)) == 0:
            return "No weight had been changed yet: look at that operation, and at the data that it gets."
        rate = getattr(self.model.optimizer, "learning_rate", None)  # several optimizers have none in common
        advice = "Often the learning rate is too large."
        if rate is not None:
            rate = float(np.asarray(rate))
            advice = f"Often the learning rate ({rate:g}) is too large: try {rate / 10:g}."
        floats = [a for a in arrays[:1] if a.size and a.dtype.kind in "iuf"]
        if floats and np.isfinite(floats[0]).all() and abs(floats[0].astype("float64")).max() > 20:
            low, high = floats[0].min(), floats[0].max()
            advice += (
                f" The inputs go from {low:g} to {high:g}: scale them to about -1 to 1 (layers.Rescaling, "
                "layers.Normalization)."
            )
        return advice


def _restore(kept: list[tuple[Variable, np.ndarray]]) -> None:
    for variable, array in kept:
        np.copyto(variable.array, array)


def detach(state: list[tuple[Variable, np.ndarray]]) -> None:
    """Let the variables have these arrays as their memory; the old is left to a run that goes on."""
    for variable, array in state:
        variable.array = array


def is_finite(array: np.ndarray) -> bool:
    """Whether all numbers are finite."""
    return all_finite([array])


def all_finite(arrays: Iterable[np.ndarray]) -> bool:
    """Whether all numbers of all arrays are finite; an array's sum tells, unless it overflows."""
    with np.errstate(all="ignore"):
        for array in arrays:
            finite = array.dtype.kind != "f" or isfinite(np.add.reduce(array, axis=None))
            if not finite and not np.isfinite(array).all():
                return False
    return True


@dataclass
class Origin:
    """Where the first number that is not finite came from.

    Attributes:
        tensor: the first such value. found: ``"NaN"`` or ``"infinite"``. in_loss: whether it reached the
            loss, or only the new weights.
    """

    tensor: Tensor
    found: str
    in_loss: bool

    def place(self, step: Step, piece: Piece) -> str:
        """In words where the value comes from."""
        node = self.tensor.node
        if node is None:
            for number, (given, array) in enumerate(zip(step.graph.inputs, piece.arrays, strict=True)):
                if given is self.tensor:
                    return (
                        f"in the data itself (array {number} of x, y, sample_weight, of shape {array.shape})"
                    )
            slots = [slot for slot in step.graph.state if slot.input is self.tensor]
            return (
                f"in the weights {slots[0].variable.path!r}, which were so before"
                if slots
                else "in a constant"
            )
        scope = node.scope.removeprefix("backward").strip("/")
        if "/" in scope:
            where = f"in layer {scope!r}"
        else:
            where = (
                f"in the {scope}"
                if scope in ("loss", "metrics")
                else f"in {scope!r}"
                if scope
                else "outside of layers"
            )
        back = "in backpropagation through it, " if node.scope.startswith("backward") else ""
        return f"{where}, {back}in the operation {node.primitive.name!r}"


def first_non_finite(step: Step, arrays: list[np.ndarray], watched: list[Variable]) -> Origin:
    """Where the first number that is not finite came from, on the way to the loss or, if that is finite, to
    the new values of the `watched` variables."""
    from schuss.backends.reference import evaluate_all

    values = evaluate_all(step.graph, arrays)
    bad = {number for number, value in values.items() if not is_finite(value)}
    looked_at = {id(variable) for variable in watched}
    updates = [s.output for s in step.graph.state if s.output is not None and id(s.variable) in looked_at]
    loss = step.graph.outputs[0]
    tensor = next((end for end in (loss, *updates) if end.id in bad), loss)
    found = "infinite" if tensor.id in bad and not np.isnan(values[tensor.id]).any() else "NaN"
    in_loss = tensor is loss
    while tensor.node is not None:
        sources = [t for t in tensor.node.inputs if t.id in bad and t.array is None]
        if not sources:
            break
        tensor = min(sources, key=lambda t: (not np.isnan(values[t.id]).any(), t.id))
    return Origin(tensor, found, in_loss)
