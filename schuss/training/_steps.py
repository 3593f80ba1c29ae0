"""Steps as programs: traced and compiled once for each signature, remembered by the model."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from schuss import backends
from schuss.graph import Graph, Spec, Variable, _tree, floatx
from schuss.training._data import Piece
from schuss.training._short import Predictors
from schuss.training._texts import Texts, is_text_array
from schuss.training._traces import PREDICT, TEST, TRAIN, Details, traced_step
from schuss.utils._cached import cached_property

__all__ = ["PREDICT", "TEST", "TRAIN", "Step", "Steps"]

_MOST_BYTES = 1 << 18  # of a batch and of outputs that are copied for a short call
_MOST_COPIES = 1 << 24  # bytes of copies of variables that are kept


class Step:
    """A step's graph and, when it is first used, its program.

    Args:
        kind: ``"train"``, ``"test"`` or ``"predict"``. graph, details: what `traced_step` found.
        batch: rows in a batch. backend: None for the one in use. keep: what must live as long as the step.

    Attributes:
        seconds: how long a step took in the last run; None before the first.
    """

    def __init__(self, kind: str, graph: Graph, details: Details, batch: int, backend: str | None, keep: Any):
        self.kind, self.graph, self.details, self.batch, self.backend = kind, graph, details, batch, backend
        self._keep = keep
        self._calls: list[Any] = []
        self._copies: list[list[tuple[Variable, np.ndarray]]] = []
        self.seconds: float | None = None

    @cached_property
    def variables(self) -> list[Variable]:
        """The variables that the step assigns."""
        return [slot.variable for slot in self.graph.state if slot.output is not None]

    @cached_property
    def outputs(self) -> list[Spec]:
        """The shape and dtype of each output: the loss and reported values; for prediction, the
        predictions."""
        return [tensor.spec for tensor in self.graph.outputs]

    def said(self, outputs: list[Any]) -> dict[str, Any] | None:
        """What the user's own step returned, by name; None if the model has none."""
        names = self.details.names
        end = len(outputs) - self.details.each_loss
        return None if names is None else dict(zip(names, outputs[1:end], strict=True))

    def room(self, steps: int) -> list[np.ndarray]:
        """Arrays for the outputs of a run of so many steps."""
        rows = [steps * self.batch if by_rows else 0 for by_rows in self.by_rows]
        return [
            np.zeros((n, *spec.shape[1:]) if n else spec.shape, spec.dtype)
            for n, spec in zip(rows, self.outputs)
        ]

    def losses(self, outputs: list[np.ndarray], steps: int) -> np.ndarray:
        """Each step's loss, of the outputs of a run that was traced for it; else none."""
        return outputs[-1][: steps * self.batch : self.batch] if self.details.each_loss else np.empty(0)

    @cached_property
    def by_rows(self) -> list[bool]:
        """Which outputs have a row for each sample, of all steps of a run."""
        if self.kind == PREDICT:
            return [spec.shape[:1] == (self.batch,) for spec in self.outputs]
        return [False] * (len(self.outputs) - self.details.each_loss) + [True] * self.details.each_loss

    @cached_property
    def program(self) -> Any:
        """The compiled step. In training it stops where the loss is not finite."""
        check = 0 if self.kind == TRAIN and self.details.checked else None
        return backends.compile(self.graph, len(self.graph.inputs), self.by_rows, check, self.backend)

    def take_call(self) -> Any:
        """The step prepared for one short call, for the caller alone; None if it is not short, or its data are many,
        which are better read and written where they lie."""
        try:
            return self._calls.pop()
        except IndexError:
            return self.program.prepare() if self._bytes <= _MOST_BYTES else None

    def give_call(self, call: Any) -> None:
        """Back for the next one who takes it."""
        self._calls.append(call)

    def take_copies(self) -> list[tuple[Variable, np.ndarray]]:
        """The variables that the step assigns, each with a copy of its present value."""
        try:
            copies = self._copies.pop()
        except IndexError:
            return [(variable, variable.array.copy()) for variable in self.variables]
        for variable, array in copies:
            np.copyto(array, variable.array)
        return copies

    def give_copies(self, copies: list[tuple[Variable, np.ndarray]]) -> None:
        """Back, to be written over, unless they are large: memory at hand is twice as fast as new one."""
        if sum(array.nbytes for _, array in copies) <= _MOST_COPIES:
            self._copies.append(copies)

    @cached_property
    def _bytes(self) -> int:
        return sum(t.spec.size * t.spec.dtype.itemsize for t in self.graph.inputs + self.graph.outputs)


class Steps:
    """The steps of one model, by kind and signature.

    A step is traced anew when the data's shapes or dtypes, what is trainable, the model's layers, its
    optimizer's schedule or what `compile` was given have changed.

    Attributes:
        predictors: for short calls of `predict`.
    """

    def __init__(self) -> None:
        self._known: dict[Any, Step] = {}
        self._state: Any = None
        self._tracing = threading.RLock()
        self._texts = Texts()
        self.predictors = Predictors()

    def __reduce__(self) -> Any:
        return Steps, ()  # machine code stays here; copies of the model compile their own

    def look_at(self, model: Any) -> None:
        """Take note of the model's present state; once for each public call, for many uses of `get`."""
        self._state = _state_of(model)[0]

    def get(self, model: Any, kind: str, piece: Piece, each_loss: bool = False) -> Step:
        """The step for batches like those of `piece`; tracing it builds the model, if need be. Texts in the piece
        become numbers. `each_loss`: such that a run keeps the loss of each step."""
        leaves, key = _leaves_and_key(kind, piece)
        if any(is_text_array(leaf) for leaf in leaves):
            with self._tracing:
                self._read_texts(model, kind, piece, key)
            leaves, key = _leaves_and_key(kind, piece)
        key = (key, each_loss)
        step = self._known.get((self._state, key))
        if step is None:
            with self._tracing:  # which builds the model: by one thread only
                step = self._known.get((self._state, key)) or self._traced(model, kind, piece, key, each_loss)
        return step

    def _read_texts(self, model: Any, kind: str, piece: Piece, key: Any) -> None:
        def traced(specs: Any) -> None:
            traced_step(model, kind, specs)

        x, *rest = piece.structure
        if kind == PREDICT:
            x = self._texts.replaced((self._state, key), x, piece.batch, traced)
            piece.structure = (x, *rest)
        else:
            piece.structure = self._texts.replaced((self._state, key), piece.structure, piece.batch, traced)
        self._state = _state_of(model)[0]  # the trace may have built the model

    def _traced(self, model: Any, kind: str, piece: Piece, key: Any, each_loss: bool) -> Step:
        leaves, definition = _tree.flatten(piece.structure[0] if kind == PREDICT else piece.structure)
        specs = [Spec((piece.batch, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
        graph, details = traced_step(model, kind, _tree.unflatten(definition, specs), each_loss)
        self._state, keep = _state_of(model)
        backend = "reference" if model.run_eagerly else None
        made = Step(kind, graph, details, piece.batch, backend, keep)
        self._known[self._state, key] = made
        return made


def _leaves_and_key(kind: str, piece: Piece) -> tuple[list[np.ndarray], Any]:
    """The data of a step, and what its program depends on of them."""
    leaves, definition = _tree.flatten(piece.structure[0] if kind == PREDICT else piece.structure)
    signature = tuple((leaf.dtype.str, leaf.shape[1:]) for leaf in leaves)
    return leaves, (kind, piece.batch, _tree.describe(definition), signature)


def _state_of(model: Any) -> tuple[Any, Any]:
    """What, besides the data's signature, a trace depends on: a key that can be compared, and the objects in
    it."""
    found = model._all()
    rates = getattr(model.optimizer, "learning_rate_sources", ())
    key = (
        found.key,
        tuple(id(variable) for variable in model.trainable_variables),
        id(model.optimizer), tuple(id(rate) for rate in rates), id(model._compiled), floatx(),
    )  # fmt: skip
    return key, (found, model.optimizer, rates, model._compiled)
