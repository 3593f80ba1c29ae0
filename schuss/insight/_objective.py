"""J(θ), the loss as a function of a model's weights: its value, gradient and products with its Hessian, compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schuss import backends, ops
from schuss.autodiff import gradients
from schuss.graph import Spec, StatelessScope, Tensor, Variable, _tree, trace
from schuss.models import Model
from schuss.training._arguments import evaluation_data
from schuss.training._data import Piece
from schuss.training._steps import TEST
from schuss.training._traces import loss_of_batch

Arrays = list[np.ndarray]


class Objective:
    """The loss of a compiled model on given data, as a function of its trainable weights.

    J(θ) = Σ_b n_b L_b(θ) / Σ_b n_b, over batches b of n_b rows with the loss L_b that `fit` shows, regularizers included.
    Nothing of the model changes: weights come as arguments, and what layers assign (moving averages, the states of random
    generators) is dropped. So dropout, in training, draws one and the same mask in every call.

    Args:
        model: compiled; it is built if need be.
        x, y, sample_weight: data as for `evaluate`; of batches (generators, data sets) as many as `steps`.
        batch_size: rows at a time. Default 32. Where layers look at the batch as a whole, J depends on it.
        training: whether layers behave as in training. Default True.
        steps: of data that come as batches: how many are read (and kept). Default all.
        backend: ``"cpu"``, ``"reference"`` or None: the one in use.

    Attributes:
        weights: θ, the trainable variables. rows: Σ n_b.
    """

    def __init__(
        self,
        model: Model,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        training: bool = True,
        steps: int | None = None,
        backend: str | None = None,
    ):
        self._model, self._training, self._backend = model, training, backend
        data = evaluation_data(model, x, y, batch_size, sample_weight, steps)
        if hasattr(data, "cut"):
            data.cut(batch_size, None)
            self._pieces = list(data.pieces())
        else:
            self._pieces = list(data.pieces(steps))
        model._steps.look_at(model)
        for piece in self._pieces:
            model._steps.get(model, TEST, piece)  # builds the model, and reads texts
        self.weights: list[Variable] = list(model.trainable_variables)
        self.rows = sum(piece.batch * piece.steps for piece in self._pieces)
        self._programs: dict[Any, Any] = {}

    def value(self, at: Sequence[Any] | None = None) -> float:
        """J(θ).

        Args:
            at: θ, an array for each weight. None: the weights as they are.
        """
        return self._mean(_value, at, [])[0]

    def gradient(self, at: Sequence[Any] | None = None) -> tuple[float, Arrays]:
        """J(θ) and ∇J(θ), an array for each weight."""
        value, sums = self._mean(_gradient, at, [])
        return value, sums

    def product(self, vectors: Sequence[Any], at: Sequence[Any] | None = None) -> Arrays:
        """H v, the Hessian of J at θ times `vectors`, an array for each weight."""
        return self._mean(_product, at, self._arrays(vectors, "vectors"))[1]

    def _mean(
        self, what: Callable[..., list[Any]], at: Sequence[Any] | None, vectors: Arrays
    ) -> tuple[float, Arrays]:
        thetas = [w.array for w in self.weights] if at is None else self._arrays(at, "at")
        value, sums = 0.0, [np.zeros(w.shape, w.dtype) for w in self.weights]
        for piece in self._pieces:
            program, totals = self._program(what, piece)
            for total in totals:
                total.array[...] = 0
            program.start(piece.arrays, piece.rows, piece.steps, [*thetas, *vectors]).wait(None)
            share = piece.batch / self.rows
            value += float(totals[0].array) * share
            for mean, total in zip(sums, totals[1:]):
                mean += total.array * np.asarray(share, mean.dtype)
        return value, sums

    def _arrays(self, given: Sequence[Any], name: str) -> Arrays:
        arrays = [np.ascontiguousarray(a, w.dtype) for a, w in zip(given, self.weights, strict=True)]
        for array, weight in zip(arrays, self.weights):
            if array.shape != tuple(weight.shape):
                raise ValueError(
                    f"Objective: an array in `{name}` belongs to {weight.path!r} of shape {tuple(weight.shape)}, but "
                    f"has the shape {array.shape}."
                )
        return arrays

    def _program(self, what: Callable[..., list[Any]], piece: Piece) -> tuple[Any, list[Variable]]:
        """The compiled sums over batches like those of `piece`, and the variables in which they gather."""
        leaves, definition = _tree.flatten(piece.structure)
        key = what, piece.batch, _tree.describe(definition), tuple((a.dtype.str, a.shape[1:]) for a in leaves)
        if key not in self._programs:
            batch = [Spec((piece.batch, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
            self._programs[key] = self._traced(what, batch, definition)
        return self._programs[key]

    def _traced(
        self, what: Callable[..., list[Any]], batch: list[Spec], definition: Any
    ) -> tuple[Any, list[Variable]]:
        thetas = [Spec(tuple(w.shape), w.dtype) for w in self.weights]
        vectors = thetas if what is _product else []
        totals = [Variable(np.zeros((), "float64"), name="value")]
        if what is not _value:
            totals += [Variable(np.zeros(s.shape, s.dtype), name="sum") for s in thetas]

        def added(*given: Tensor) -> list[Any]:
            x, y, sample_weight = _tree.unflatten(definition, list(given[: len(batch)]))
            at = list(given[len(batch) : len(batch) + len(thetas)])
            with StatelessScope(zip(self.weights, at)):
                loss = loss_of_batch(self._model, x, y, sample_weight, self._training)
                results = [loss, *what(loss, at, list(given[len(batch) + len(thetas) :]))]
            for total, result in zip(totals, results, strict=True):
                total.assign(total.value + ops.cast(result, total.dtype))
            return []

        graph = trace(added, *batch, *thetas, *vectors)
        return backends.compile(graph, len(batch), backend=self._backend), totals


def _value(loss: Tensor, at: list[Any], vectors: list[Any]) -> list[Any]:
    return []


def _gradient(loss: Tensor, at: list[Any], vectors: list[Any]) -> list[Any]:
    return gradients(loss, at)


def _product(loss: Tensor, at: list[Any], vectors: list[Any]) -> list[Any]:
    """∇(∇J·v) = H v (Pearlmutter, 1994)."""
    slopes = [ops.sum(g * v) for g, v in zip(gradients(loss, at), vectors)]
    return gradients(sum(slopes[1:], slopes[0]), at)
