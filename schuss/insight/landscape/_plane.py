"""J on a plane of weights: θ(a, b) = θ₀ + a d₁ + b d₂, evaluated at many points within one compiled program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss import backends, ops
from schuss.graph import Spec, StatelessScope, Tensor, Variable, _tree, trace
from schuss.insight._objective import Objective
from schuss.training._data import Piece
from schuss.training._traces import loss_of_batch

Arrays = Sequence[np.ndarray]
_POINTS = 1024
"""In one run: the size of the program's table of points."""
_MOST_ROWS = 1 << 21
"""Of data read in one run: so many row numbers are held at once."""
_TICK = 0.05  # seconds between two looks at a run


class Plane:
    """The loss on a plane through weights. A run goes through many points: each step of the program makes the weights
    of its point, of which only a and b are new, and the loss of a batch; nothing comes from Python meanwhile.

    Args:
        objective: J, with the data. origin: θ₀. directions: d₁ and d₂. Each an array for each trainable weight.
    """

    def __init__(self, objective: Objective, origin: Arrays, directions: tuple[Arrays, Arrays]):
        self._objective = objective
        self._arrays = [
            np.ascontiguousarray(array, weight.dtype)
            for arrays in (origin, *directions)
            for array, weight in zip(arrays, objective.weights, strict=True)
        ]
        self._programs: dict[Any, tuple[Any, Variable, np.dtype]] = {}

    def losses(self, points: np.ndarray) -> np.ndarray:
        """J at each point, float64 [n]; where it is no number, NaN or infinity. `points`: (a, b), [n, 2]."""
        points = np.ascontiguousarray(points, "float64")
        values = np.zeros(len(points))
        for piece in self._objective._pieces:
            at_once = min(_POINTS, max(1, _MOST_ROWS // (piece.steps * piece.batch)))
            for first in range(0, len(points), at_once):
                part = slice(first, first + at_once)
                values[part] += self._sums(piece, points[part]) * (piece.batch / self._objective.rows)
        return values

    def _sums(self, piece: Piece, points: np.ndarray) -> np.ndarray:
        """Of each point the sum of the losses of the piece's batches."""
        program, number, dtype = self._program(piece)
        number.array[...] = 0
        steps = piece.steps * len(points)
        rows = np.tile(piece.rows[: piece.steps * piece.batch], len(points))
        found = np.zeros(steps * piece.batch, dtype)
        table = np.zeros((_POINTS, 2))
        table[: len(points)] = points
        given = [np.asarray(piece.steps, "int32"), table, *self._arrays]
        run = program.start(piece.arrays, rows, steps, given, [found])
        try:
            while not run.wait(_TICK):
                pass
        except BaseException:
            run.stop()
            run.wait(None)
            raise
        return found.reshape(len(points), piece.steps, piece.batch)[:, :, 0].sum(axis=1, dtype="float64")

    def _program(self, piece: Piece) -> tuple[Any, Variable, np.dtype]:
        """The compiled loss of batches like those of `piece`, the number of its step, and its dtype."""
        leaves, definition = _tree.flatten(piece.structure)
        key = piece.batch, _tree.describe(definition), tuple((a.dtype.str, a.shape[1:]) for a in leaves)
        if key not in self._programs:
            batch = [Spec((piece.batch, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
            self._programs[key] = self._traced(batch, definition)
        return self._programs[key]

    def _traced(self, batch: list[Spec], definition: Any) -> tuple[Any, Variable, np.dtype]:
        model, weights = self._objective._model, self._objective.weights
        number = Variable(np.zeros((), "int32"), name="step")
        count = len(weights)

        def loss(*given: Tensor) -> list[Any]:
            data, (steps, table), arrays = (
                given[: len(batch)],
                given[len(batch) :][:2],
                given[len(batch) + 2 :],
            )
            x, y, sample_weight = _tree.unflatten(definition, list(data))
            point = ops.take(table, ops.floor_divide(number.value, steps), axis=0)
            number.assign(number.value + 1)
            thetas = [
                origin + ops.cast(point[0], origin.dtype) * d1 + ops.cast(point[1], origin.dtype) * d2
                for origin, d1, d2 in zip(arrays[:count], arrays[count : 2 * count], arrays[2 * count :])
            ]
            with StatelessScope(zip(weights, thetas)):
                value = loss_of_batch(model, x, y, sample_weight, self._objective._training)
            return [ops.broadcast_to(value, (data[0].shape[0],))]

        thetas = [Spec(tuple(w.shape), w.dtype) for w in weights]
        table = [Spec((), np.dtype("int32")), Spec((_POINTS, 2), np.dtype("float64"))]
        graph = trace(loss, *batch, *table, *thetas * 3)
        program = backends.compile(graph, len(batch), [True], None, self._objective._backend)
        return program, number, graph.outputs[0].spec.dtype
