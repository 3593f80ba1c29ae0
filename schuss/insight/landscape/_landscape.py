"""landscape: the loss around weights, as a map."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss.graph import _tree
from schuss.insight._objective import Objective
from schuss.insight.landscape._directions import Directions, along_path, random_plane
from schuss.insight.landscape._plane import Plane
from schuss.insight.landscape._result import Landscape
from schuss.models import Model
from schuss.training._arguments import evaluation_data
from schuss.training._batches import is_batches

_MARGIN = 0.25
_MOST_ROWS = 1000
_MOST_PLACES = 400


def landscape(
    model: Model,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    path: Any = None,
    directions: tuple[Sequence[Any], Sequence[Any]] | None = None,
    extent: float | tuple[tuple[float, float], tuple[float, float]] | None = None,
    points: int | tuple[int, int] = 41,
    rows: int | None = _MOST_ROWS,
    batch_size: int | None = None,
    training: bool = False,
    seed: int = 0,
    backend: str | None = None,
) -> Landscape:
    """The loss J(θ₀ + a d₁ + b d₂) on a grid of (a, b): what the descent looks like from above.

    With a path, θ₀ is its end, and d₁ and d₂ (of length 1) are its principal components: of all planes the one that
    shows most of it. Without, θ₀ are the model's weights, and d₁ and d₂ are random, each filter as long as the
    weight's own (Li et al., "Visualizing the Loss Landscape of Neural Nets", 2018).

    All points are evaluated by one compiled program that makes the weights of each point itself. Nothing of the model
    changes.

    Args:
        model: compiled.
        x, y, sample_weight: data as for `evaluate`.
        path: weights along the descent: a `Recorder` with ``weight_path=True``; or a list of lists of arrays,
            each as `model.trainable_variables` are ordered (of networks without other weights what
            `model.get_weights()` gives). None: random directions.
        directions: (d₁, d₂), lists of arrays for the trainable weights, instead of found ones.
        extent: of the map: ((least a, greatest a), (least b, greatest b)), or one number e for (−e, e) both ways.
            Default: with a path, what it covers and a quarter more; else 1.
        points: of the grid in each direction, or (along a, along b). Default 41.
        rows: at most so many rows of arrays are used, evenly spaced; None: all. Default 1000. Of batches so many
            as make up these rows.
        batch_size: rows at a time. Default: up to 250.
        training: whether layers behave as in training. Default False.
        seed: of random directions.
        backend: ``"cpu"``, ``"reference"`` or None: the one in use.

    Returns:
        A `Landscape`: `a`, `b`, `loss` [b, a], `path`, `explained`, `plot()`, `save(…)`, `animate(…)`.

    Raises:
        ValueError: a path or directions that do not belong to the model; a path that does not move.

    Example:
        >>> import numpy as np, schuss
        >>> x = np.linspace(-1, 1, 64, dtype="float32").reshape(-1, 1)
        >>> model = schuss.Sequential([schuss.Input((1,)), schuss.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> recorder = schuss.insight.Recorder(weight_path=True)
        >>> _ = model.fit(x, 2 * x + 1, epochs=20, verbose=0, callbacks=[recorder])
        >>> seen = schuss.landscape(model, x, 2 * x + 1, path=recorder, points=21)
        >>> seen.loss.shape, round(sum(seen.explained), 3)
        ((21, 21), 1.0)
    """
    if not isinstance(model, Model):
        raise TypeError(f"landscape: expected a model, got {type(model).__name__}.")
    model._require_compiled("landscape")
    counts = _counts(points)
    objective = _objective(model, x, y, sample_weight, rows, batch_size, training, backend)
    plane, snapshots, steps = _plane_of(objective, path, directions, seed)
    (a0, a1), (b0, b1) = _extent(extent, plane.path)
    a, b = np.linspace(a0, a1, counts[0]), np.linspace(b0, b1, counts[1])
    grid = np.stack(np.meshgrid(a, b), axis=-1).reshape(-1, 2)
    program = Plane(objective, plane.origin, (plane.first, plane.second))
    program.losses(grid[:1])  # compiled now, so that the time is that of evaluating
    begun = time.perf_counter()
    values = program.losses(grid).reshape(counts[1], counts[0])
    seconds = time.perf_counter() - begun
    along = np.array([objective.value(s) for s in snapshots]) if snapshots else None
    return Landscape(
        a, b, values, plane.path, along, steps, plane.explained, seconds, objective.rows, model.name
    )


def _counts(points: Any) -> tuple[int, int]:
    both = points if isinstance(points, tuple) else (points, points)
    if len(both) != 2 or not all(isinstance(n, (int, np.integer)) and n >= 2 for n in both):
        raise ValueError(
            f"landscape: `points` must be an integer of 2 or more, or two of them, got {points!r}."
        )
    return int(both[0]), int(both[1])


def _objective(
    model: Model,
    x: Any,
    y: Any,
    sample_weight: Any,
    rows: int | None,
    batch_size: int | None,
    training: bool,
    backend: str | None,
) -> Objective:
    if rows is not None and (isinstance(rows, bool) or not isinstance(rows, (int, np.integer)) or rows < 1):
        raise ValueError(f"landscape: `rows` must be a positive integer or None, got {rows!r}.")
    if is_batches(x):
        return Objective(model, _first(x, rows), training=training, backend=backend)
    data = evaluation_data(model, x, y, batch_size, sample_weight, None)
    if rows is not None and data.size > rows:
        chosen = np.unique(np.linspace(0, data.size - 1, rows).astype(np.int64))
        x, y, sample_weight = _tree.map_structure(lambda array: array[chosen], data.structure)
        size = len(chosen)
    else:
        size = data.size
    return Objective(model, x, y, sample_weight, batch_size or min(size, 250), training, backend=backend)


def _first(batches: Any, rows: int | None) -> Any:
    """The first batches that make up so many rows."""
    count = 0
    for batch in batches:
        yield batch
        count += len(_tree.leaves(batch)[0])
        if rows is not None and count >= rows:
            return


def _plane_of(
    objective: Objective, path: Any, directions: Any, seed: int
) -> tuple[Directions, list[list[np.ndarray]], np.ndarray | None]:
    """The plane, the snapshots of the path (thinned), and after which steps they were taken, if that is known."""
    snapshots, steps = _snapshots(objective, path)
    if directions is None:
        plane = along_path(snapshots, seed) if snapshots else random_plane(objective.weights, seed)
        return plane, snapshots, steps
    if not isinstance(directions, (list, tuple)) or len(directions) != 2:
        raise ValueError(
            "landscape: `directions` must be two lists of arrays, one for each trainable weight."
        )
    first, second = (_fitting(objective, d, "directions") for d in directions)
    origin = (
        [np.array(a) for a in snapshots[-1]] if snapshots else [w.array.copy() for w in objective.weights]
    )
    places = _places(snapshots, origin, first, second) if snapshots else None
    return Directions(origin, first, second, places), snapshots, steps


def _places(
    snapshots: list[list[np.ndarray]],
    origin: list[np.ndarray],
    first: list[np.ndarray],
    second: list[np.ndarray],
) -> np.ndarray:
    """Where on the plane the nearest points to the snapshots are (least squares)."""
    basis = np.stack([np.concatenate([d.reshape(-1) for d in ds]) for ds in (first, second)], axis=1)
    moved = [np.concatenate([(a - o).reshape(-1) for a, o in zip(s, origin)]) for s in snapshots]
    return np.linalg.lstsq(basis.astype("float64"), np.stack(moved, axis=1).astype("float64"), rcond=None)[
        0
    ].T


def _snapshots(objective: Objective, path: Any) -> tuple[list[list[np.ndarray]], np.ndarray | None]:
    if path is None:
        return [], None
    steps = None
    if hasattr(path, "looks") or hasattr(path, "on_epoch_end"):  # a callback
        kept = getattr(path, "path", None)
        if kept is None:
            raise ValueError(
                f"landscape: this {type(path).__name__} has kept no weights: make it with weight_path=True."
            )
        path = kept
    if hasattr(path, "weights") and hasattr(path, "steps"):
        steps, path = np.asarray(path.steps), path.weights
    listed = list(path)
    if len(listed) < 2:
        raise ValueError(f"landscape: a path needs at least two places, got {len(listed)}.")
    chosen = np.unique(np.linspace(0, len(listed) - 1, min(len(listed), _MOST_PLACES)).astype(int))
    snapshots = [_fitting(objective, listed[i], "path") for i in chosen]
    return snapshots, None if steps is None else steps[chosen]


def _fitting(objective: Objective, arrays: Any, argument: str) -> list[np.ndarray]:
    """Arrays that belong to the trainable weights."""
    made = [np.asarray(a) for a in arrays]
    wanted = [(w.path, tuple(w.shape)) for w in objective.weights]
    if len(made) != len(wanted):
        raise ValueError(
            f"landscape: `{argument}` has {len(made)} arrays, but the model has {len(wanted)} trainable weights "
            f"({', '.join(p for p, _ in wanted[:4])}{', …' if len(wanted) > 4 else ''}); one for each is needed."
        )
    for array, (name, shape) in zip(made, wanted):
        if array.shape != shape:
            raise ValueError(
                f"landscape: `{argument}` has the shape {array.shape} for {name!r}, which is {shape}."
            )
    return made


def _extent(extent: Any, path: np.ndarray | None) -> tuple[tuple[float, float], tuple[float, float]]:
    if extent is None and path is not None:
        low, high = path.min(axis=0), path.max(axis=0)
        size = high - low
        size = np.maximum(size, 0.3 * size.max())  # a straight path has a map, too
        middle = (low + high) / 2
        low, high = middle - size * (0.5 + _MARGIN), middle + size * (0.5 + _MARGIN)
        return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))
    given: Any = 1.0 if extent is None else extent
    try:
        if np.ndim(given) == 0:
            given = ((-float(given), float(given)),) * 2
        (a0, a1), (b0, b1) = ((float(low), float(high)) for low, high in given)
    except (TypeError, ValueError):
        a0 = a1 = b0 = b1 = 0.0
    if not (a0 < a1 and b0 < b1):
        raise ValueError(
            "landscape: `extent` must be a positive number or ((least a, greatest a), (least b, greatest b)), got "
            f"{extent!r}."
        )
    return (a0, a1), (b0, b1)
