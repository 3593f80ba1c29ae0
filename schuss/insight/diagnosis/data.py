"""Checks of the inputs: missing values, constant and unscaled features, outliers, rows that occur twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schuss.insight.diagnosis._case import Case
from schuss.insight.diagnosis._features import are_alike, flat, is_numeric, keys_of
from schuss.insight.diagnosis._finding import Finding
from schuss.insight.diagnosis._picture import Picture
from schuss.training._checks import DataCheck
from schuss.training._data import Piece

_MOST_ROWS = 20_000  # that are looked at for statistics
_MOST_KEYS = 200_000  # rows that are looked for again
_LARGE = 30.0  # of typical inputs
_APART = 50.0  # a column's scale, in those of the others
_FAR = 30.0  # an outlier, in scales of its column
_REPEATED = 0.02  # share of rows


def missing_values(case: Case) -> Iterator[Finding]:
    """NaN and infinity among inputs, labels and weights, where they reach the loss."""
    for name, array in zip(case.data.names, case.data.arrays, strict=True):
        if array.dtype.kind != "f":
            continue
        bad = ~np.isfinite(flat(array))
        rows = np.flatnonzero(bad.any(axis=1))
        if not rows.size or not _harms(case, int(rows[0])):
            continue
        columns = np.flatnonzero(bad.any(axis=0))
        named = [case.data.column(name, int(c)) for c in columns[:4]] if array.ndim == 2 else [name]
        more = f" and {len(columns) - 4} more" if array.ndim == 2 and len(columns) > 4 else ""
        counts = tuple(bad.sum(axis=0)[columns].tolist())
        labels = tuple(case.data.column(name, int(c)) for c in columns) if array.ndim == 2 else ()
        yield Finding(
            "missing-values",
            f"{len(rows):,} of {len(array):,} rows of {name} have missing or infinite numbers.",
            f"{int(bad.sum()):,} numbers, in {', '.join(named)}{more}; the first in row {rows[0]}.",
            "One NaN makes the loss NaN, then the gradient, then all weights.",
            "Fill them in (the column's median, and a column that says it was missing) or drop the rows: "
            f"np.isfinite({name}).",
            named[0] if len(columns) == 1 else name,
            "error",
            {
                "rows": len(rows),
                "numbers": int(bad.sum()),
                "first_row": int(rows[0]),
                "columns": columns.tolist(),
            },
            Picture(counts, labels) if labels else None,
        )


def _harms(case: Case, row: int) -> bool:
    """Whether a row that is not finite makes the loss so; models may be made for such rows."""
    piece = Piece(case.data.structure, np.array([row]), 1, 1)
    try:
        case.model._steps.look_at(case.model)
        step = case.model._steps.get(case.model, "test", piece)
        return DataCheck(case.model)._harms(step, piece, row)
    except (ValueError, TypeError, NotImplementedError):
        return True


def constant_features(case: Case) -> Iterator[Finding]:
    """Columns in which nothing varies. Pixels that are always background are left alone."""
    for name, array in _columns(case):
        if len(array) < 10:
            continue
        constant = np.flatnonzero((array == array[0]).all(axis=0))
        if are_alike(array):
            constant = constant[array[0, constant] != array.min()]
        if not constant.size or constant.size == array.shape[1]:
            continue
        named = [case.data.column(name, int(c)) for c in constant[:6]]
        more = f" and {len(constant) - 6} more" if len(constant) > 6 else ""
        values = {named[i]: float(array[0, c]) for i, c in enumerate(constant[:6])}
        yield Finding(
            "constant-feature",
            f"{len(constant)} of {array.shape[1]} columns of {name} never vary.",
            f"{', '.join(f'{n} is always {v:.4g}' for n, v in values.items())}{more}.",
            "They tell the network nothing, act like a second bias, and often mean that something was lost on the way "
            "(a join, a conversion, a wrong column).",
            "Look where the column comes from; drop it if it is really constant.",
            named[0] if len(constant) == 1 else name,
            numbers={"columns": constant.tolist(), "values": values},
        )


def unscaled_features(case: Case) -> Iterator[Finding]:
    """The scale of what the first weights are multiplied with, after all scaling that the model does itself."""
    if case.probe is None:
        return
    for seen in case.probe.inputs:
        size = np.sqrt(seen.mean**2 + seen.std**2)
        used = np.flatnonzero((size > 0) & (seen.std > 0))
        if not used.size:
            continue
        typical = float(np.median(size[used]))
        where = f"what {seen.path} is given"
        apart = used[size[used] > _APART * max(typical, 1e-12)] if used.size > 2 else used[:0]
        large = float(np.sqrt((size[used] ** 2).mean()))
        if not apart.size and large <= _LARGE:
            continue
        worst = int(used[size[used].argmax()])
        names = _names_of(case, seen.source, len(size))
        shown = used[np.argsort(-size[used])][:8]
        yield Finding(
            "unscaled-feature" if apart.size else "unscaled-inputs",
            f"{len(apart)} of {len(size)} features are {size[worst] / typical:,.0f} times as large as the others."
            if apart.size
            else f"The inputs are large: {large:.3g} typically.",
            f"{names[worst]} has mean {seen.mean[worst]:.4g} and deviation {seen.std[worst]:.4g}; the typical size of "
            f"features here is {typical:.3g}.",
            "The loss is then a narrow valley: steep along the large features, flat along the others. A rate that is "
            "stable for the first does not move the second.",
            "Scale each feature to mean 0 and variance 1: layers.Normalization() with adapt(x) as the first layer"
            + (", or layers.Rescaling(1 / 255) for pixels." if seen.std.size and large > _LARGE else "."),
            names[worst] if apart.size else where,
            "warning",
            {"largest": float(size[worst]), "typical": typical, "columns": [int(c) for c in apart]},
            Picture(
                tuple(size[shown].tolist()),
                tuple(names[c] for c in shown),
                True,
                tuple(i for i, c in enumerate(shown) if c in apart),
            ),
        )


def _names_of(case: Case, source: int | None, count: int) -> list[str]:
    """Names of the features of an array that reaches the network as it is."""
    if source is not None:
        name, array = case.data.names[source], case.data.arrays[source]
        if array.ndim == 2 and array.shape[1] == count:
            return [case.data.column(name, c) for c in range(count)]
    return [f"feature {c}" for c in range(count)]


def outliers(case: Case) -> Iterator[Finding]:
    """Numbers that are far from all others of their column."""
    for name, array in _columns(case):
        if len(array) < 50 or are_alike(array) or array.dtype.kind != "f":
            continue
        low, first, middle, third, high = np.quantile(array, [0.01, 0.25, 0.5, 0.75, 0.99], axis=0)
        scale = np.maximum((third - first) / 1.349, (high - low) / 4.653)
        far = np.where(scale > 0, np.abs(array - middle) / np.where(scale > 0, scale, 1), 0)
        bad = far > _FAR
        rows = np.flatnonzero(bad.any(axis=1))
        if not rows.size:
            continue
        columns = np.flatnonzero(bad.any(axis=0))
        worst = int(far.max(axis=0).argmax())
        row = int(far[:, worst].argmax())
        shown = columns[np.argsort(-far.max(axis=0)[columns])][:8]
        yield Finding(
            "outliers",
            f"{len(rows)} rows of {name} have numbers far away from all others.",
            f"{case.data.column(name, worst)} is {array[row, worst]:.4g} in row {_row(case, row)}, "
            f"{far[row, worst]:,.0f} deviations from the middle ({middle[worst]:.4g}).",
            "A few such rows decide the gradient of every batch that they are in, and stretch every scaling.",
            "See whether they are mistakes (units, decimal points, codes like -999 for a missing value); else clip "
            "them, "
            "take logarithms, or use a loss that bounds them (losses.Huber).",
            case.data.column(name, worst) if len(columns) == 1 else name,
            numbers={"rows": len(rows), "columns": columns.tolist(), "farthest": float(far.max())},
            picture=Picture(
                tuple(far.max(axis=0)[shown].tolist()),
                tuple(case.data.column(name, int(c)) for c in shown),
                True,
            ),
        )


def _row(case: Case, place: int) -> int:
    return int(_looked_at(case)[place])


def duplicate_rows(case: Case) -> Iterator[Finding]:
    """Rows that occur more than once, where chance would not make them so."""
    rows = np.arange(min(case.data.size, _MOST_KEYS))
    if len(rows) < 20 or few_possible(case):
        return
    keys = keys_of(case.data, rows, with_labels=True)
    repeated = len(keys) - len(set(keys))
    if repeated < max(3, _REPEATED * len(keys)):
        return
    values, counts = np.unique(np.array(keys), return_counts=True)
    most = int(counts.max())
    first = keys.index(int(values[counts.argmax()]))
    yield Finding(
        "duplicate-rows",
        f"{repeated:,} of {len(keys):,} rows ({repeated / len(keys):.0%}) occur before, with the same label.",
        f"The most frequent one, row {first}, occurs {most} times.",
        "They count as often as they occur, and where data is divided at random, copies of training rows come to "
        "be in the "
        "validation data, which then shows what was memorized.",
        "Drop them before dividing the data (np.unique(x, axis=0, return_index=True)), or give weights on purpose.",
        numbers={"repeated": repeated, "share": repeated / len(keys), "most": most},
        picture=Picture(tuple(np.sort(counts)[::-1][:8].astype(float).tolist())),
    )


def few_possible(case: Case) -> bool:
    """Whether there are so few different rows possible that chance repeats them."""
    possible = 1.0
    for array in case.data.inputs.values():
        if not is_numeric(array):
            return False
        for column in flat(array)[:2000].T:
            possible *= len(np.unique(column))
            if possible > 100 * case.data.size:
                return False
    return True


def _looked_at(case: Case) -> np.ndarray:
    good = np.sort(case.good)
    step = max(1, len(good) // _MOST_ROWS)
    return good[::step]


def _columns(case: Case) -> Iterator[tuple[str, np.ndarray]]:
    """Tables among the inputs: name and numbers [rows, columns], of a sample of the rows without gaps."""
    for name, array in case.data.inputs.items():
        if is_numeric(array) and array.ndim in (1, 2) and len(array):
            rows = _looked_at(case)
            yield name, flat(array)[rows]
