"""What was given as data, as arrays: frames with gaps, generators of batches, and texts as well."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.graph import _tree
from schuss.training._arguments import evaluation_data
from schuss.training._arrays import columns_of, is_frame, names_of
from schuss.training._data import ArrayData

MOST_ROWS = 10_000  # that checks of data look at: a sample of more


@dataclass
class Rows:
    """Data as arrays of one length.

    Attributes:
        structure: (x, y, sample_weight), arrays in whatever structure the model takes. size: the number of rows.
        names: of all arrays, such as ``x['age']``. columns: names of the columns of frames, by the array's name.
        sampled: whether only the first batches were read. batch: the rows of each of these.
    """

    structure: Any
    size: int
    names: list[str]
    columns: dict[str, list[str] | None] = field(default_factory=dict)
    sampled: bool = False
    batch: int | None = None

    @property
    def arrays(self) -> list[np.ndarray]:
        """All arrays: inputs, labels, weights."""
        return _tree.leaves(self.structure)

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """The arrays of x, by name."""
        return self._part("x")

    @property
    def labels(self) -> dict[str, np.ndarray]:
        """The arrays of y, by name."""
        return self._part("y")

    @property
    def weights(self) -> np.ndarray | None:
        """The sample weights, if there is one array of them, a number for each row."""
        found = list(self._part("sample_weight").values())
        return found[0] if len(found) == 1 and found[0].ndim == 1 else None

    def _part(self, name: str) -> dict[str, np.ndarray]:
        pairs = zip(self.names, self.arrays, strict=True)
        return {n: a for n, a in pairs if n == name or n.startswith(f"{name}[")}

    def column(self, name: str, index: int) -> str:
        """What column `index` of an array is called."""
        columns = self.columns.get(name) or []
        return repr(columns[index]) if index < len(columns) else f"{name}[:, {index}]"

    def taken(self, rows: np.ndarray) -> Rows:
        """These rows alone."""
        structure = _tree.map_structure(lambda array: array[rows], self.structure)
        return Rows(structure, len(rows), self.names, self.columns, self.sampled)

    def finite_rows(self) -> np.ndarray:
        """Numbers of the rows in which no input, label or weight is missing or infinite."""
        good = np.ones(self.size, bool)
        for array in self.arrays:
            if array.dtype.kind == "f":
                good &= np.isfinite(array).reshape(self.size, -1).all(axis=1)
        return np.flatnonzero(good)


def read_rows(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    feature_names: Any = None,
) -> Rows:
    """The rows that are given as for `fit`. Of generators and data sets at most `steps` batches are read.

    Args:
        model: which takes them. x, y, sample_weight, batch_size: as for `fit`. steps: None: up to `MOST_ROWS` rows.
        feature_names: of the columns of x; a dict of such lists by the inputs' names.

    Raises:
        ValueError: as `fit` raises for such data; or batches of different shapes.
    """
    data = evaluation_data(model, _with_gaps(x), _with_gaps(y), batch_size, sample_weight, steps or 1)
    if isinstance(data, ArrayData):
        return Rows(data.structure, data.size, names_of(data.structure), columns_of(x, y, feature_names))
    pieces, rows = [], 0
    for piece in itertools.islice(data.pieces(steps), steps):
        pieces.append(piece)
        rows += piece.batch * piece.steps
        if steps is None and rows >= MOST_ROWS:
            break
    if not pieces:
        raise ValueError("diagnose: the data gave no batch at all.")
    structure = _joined(pieces)
    return Rows(structure, len(_tree.leaves(structure)[0]), names_of(structure), {}, True, pieces[0].batch)


def _joined(pieces: list[Any]) -> Any:
    """The batches' rows, one after the other."""
    parts = [[array[piece.rows] for array in piece.arrays] for piece in pieces]
    shapes = {tuple(array.shape[1:] for array in part) for part in parts}
    if len(shapes) > 1:
        raise ValueError(
            "diagnose: the batches have rows of different shapes, "
            f"{' and '.join(map(str, sorted(shapes)[:2]))}; pad them to one, or give `steps=1`."
        )
    joined = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    return _tree.unflatten(_tree.flatten(pieces[0].structure)[1], joined)


def _with_gaps(structure: Any) -> Any:
    """Frames of numbers in which some are missing as arrays with NaN; everything else as it is."""
    if isinstance(structure, dict):
        return {key: _with_gaps(value) for key, value in structure.items()}
    if not is_frame(structure):
        return structure
    import narwhals

    frame: Any = narwhals.from_native(structure, allow_series=True)
    if isinstance(frame, narwhals.LazyFrame):
        frame = frame.collect()
    columns = [frame] if isinstance(frame, narwhals.Series) else list(frame.iter_columns())
    numeric = all(c.dtype.is_numeric() or c.dtype == narwhals.Boolean for c in columns)
    if not numeric or not any(c.null_count() for c in columns):
        return structure
    return np.stack([c.cast(narwhals.Float64).to_numpy() for c in columns], axis=1)
