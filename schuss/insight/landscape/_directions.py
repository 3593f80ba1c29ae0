"""Which plane to look at: the one that a descent lies in, or one of random directions of the weights' own scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Arrays = list[np.ndarray]


@dataclass
class Directions:
    """A plane of weights.

    Attributes:
        origin: θ₀. first, second: d₁ and d₂, an array for each weight.
        path: the descent's places (a, b) on the plane, [n, 2]; None where there is none.
        explained: which shares of the path's variance lie along d₁ and d₂; None without a path.
    """

    origin: Arrays
    first: Arrays
    second: Arrays
    path: np.ndarray | None = None
    explained: tuple[float, float] | None = None


def along_path(snapshots: Sequence[Sequence[np.ndarray]], seed: int) -> Directions:
    """The plane through a path's end in which most of the path lies: its first two principal components.

    With X the centred snapshots, [n, weights], the right singular vectors of X are Xᵀu/σ for the eigenvectors u and
    eigenvalues σ² of X Xᵀ, which is only n × n. A path that is a straight line has no second one; a random
    direction across takes its place.
    """
    shapes = [a.shape for a in snapshots[0]]
    flat = np.stack([_flat(s) for s in snapshots])
    centred = flat - flat.mean(axis=0)
    squares, u = np.linalg.eigh(centred @ centred.T)
    squares, u = np.maximum(squares[::-1], 0.0), u[:, ::-1]
    total = float(squares.sum())
    if total == 0:
        raise ValueError("landscape: the path does not move: all its weights are the same.")
    first = _unit(centred.T @ u[:, 0])
    second = centred.T @ u[:, 1] if len(squares) > 1 and squares[1] > 1e-10 * total else None
    if second is None:
        second = np.random.default_rng(seed).normal(size=first.size)
    second = _unit(second - first * (first @ second))
    first, second = (_towards(flat, d) for d in (first, second))
    places = np.stack([(flat - flat[-1]) @ first, (flat - flat[-1]) @ second], axis=1)
    shares = float(squares[0] / total), float(squares[1] / total) if len(squares) > 1 else 0.0
    origin = [np.array(a) for a in snapshots[-1]]
    return Directions(origin, _shaped(first, shapes), _shaped(second, shapes), places, shares)


def _flat(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.asarray(a, "float64").reshape(-1) for a in arrays])


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.sqrt(np.square(vector).sum())


def _towards(flat: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The direction or its opposite: such that the path begins at negative places."""
    return -direction if (flat[0] - flat[-1]) @ direction > 0 else direction


def _shaped(flat: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> Arrays:
    sizes = [int(np.prod(s, dtype=np.int64)) for s in shapes]
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def random_plane(weights: Sequence[Any], seed: int) -> Directions:
    """Two random directions about the present weights, normalised filter by filter (Li et al., 2018).

    Each filter (what leads to one output unit) of a direction has the norm of the weight's filter, so that
    networks with weights of other scales can be compared. Biases and scales, which have one axis, stay where they
    are; where there is nothing else, they move by their own norm.
    """
    random = np.random.default_rng(seed)
    origin = [w.array.copy() for w in weights]
    only_vectors = all(a.ndim < 2 for a in origin)
    first, second = ([_like(w, random.normal(size=w.shape), only_vectors) for w in weights] for _ in range(2))
    return Directions(origin, first, second)


def _like(weight: Any, noise: np.ndarray, only_vectors: bool) -> np.ndarray:
    array = weight.array.astype("float64")
    if array.ndim < 2:
        if not only_vectors:
            return np.zeros(array.shape)
        norm = float(np.sqrt(np.square(array).sum())) or 1.0
        return noise * norm / max(float(np.sqrt(np.square(noise).sum())), 1e-30)
    of_rows = "embedding" in weight.name  # a row is what a word is, elsewhere a column what a unit reads
    others = tuple(range(1, array.ndim)) if of_rows else tuple(range(array.ndim - 1))
    norms = np.sqrt(np.square(array).sum(axis=others, keepdims=True))
    return noise * norms / np.maximum(np.sqrt(np.square(noise).sum(axis=others, keepdims=True)), 1e-30)
