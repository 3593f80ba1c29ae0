"""What of an array a page shows: planes of 16 × 16 numbers, of images 28 × 28, and the origins of some, as plain data."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from schuss.insight.explanation._explanation import Explanation, Quantity
from schuss.insight.explanation._origins import Origin, terms_of

MOST_SIDE, MOST_OF_IMAGE = 16, 28
MOST_PLANES = 4
_NUMBERS = 300_000  # in the origins on a page, so that it stays small
_FEWEST = 4  # elements of each array that have an origin


def planes_of(array: np.ndarray, last: bool = False) -> list[dict[str, Any]]:
    """Planes of the array: for each which part it is, its rows, columns, and the flat numbers of its elements.

    Args:
        last: whether rows and columns are the last axes in any case.
    """
    if array.size == 0:
        return []
    if array.ndim == 0:
        return [_plane("", [0], [0], np.zeros((1, 1), int), array)]
    if array.ndim == 1:
        flat = np.arange(min(MOST_SIDE, array.size))[None]
        return [_plane("", [0], flat[0].tolist(), flat, array)]
    rows, columns = (array.ndim - 2, array.ndim - 1) if last else _plane_axes(array.shape)
    side = MOST_SIDE if (rows, columns) == (array.ndim - 2, array.ndim - 1) else MOST_OF_IMAGE
    lead = [a for a in range(array.ndim) if a not in (rows, columns)]
    made = []
    for place in itertools.islice(itertools.product(*(range(array.shape[a]) for a in lead)), MOST_PLANES):
        index: list[Any] = [0] * array.ndim
        for axis, at in zip(lead, place):
            index[axis] = at
        i = np.arange(min(side, array.shape[rows]))
        j = np.arange(min(side, array.shape[columns]))
        index[rows], index[columns] = i[:, None], j[None, :]
        flat = np.ravel_multi_index(tuple(np.broadcast_to(a, (len(i), len(j))) for a in index), array.shape)
        fixed = dict(zip(lead, map(str, place)))
        label = ", ".join(fixed.get(a, ":") for a in range(array.ndim)) if lead else ""
        made.append(_plane(label, i.tolist(), j.tolist(), flat, array))
    return made


def _plane_axes(shape: tuple[int, ...]) -> tuple[int, int]:
    """The axes that are shown as rows and columns: of images and of kernels those of space."""
    if len(shape) >= 4 and shape[1] == shape[2]:
        return 1, 2
    if len(shape) >= 4 and shape[0] == shape[1]:
        return 0, 1
    return len(shape) - 2, len(shape) - 1


def _plane(
    label: str, rows: list[int], columns: list[int], flat: np.ndarray, array: np.ndarray
) -> dict[str, Any]:
    values = array.reshape(-1)[flat]
    return {
        "label": label,
        "rows": rows,
        "columns": columns,
        "flat": flat.tolist(),
        "values": written(values),
    }


def written(values: Any) -> Any:
    """Numbers for JSON, six digits of each; what is no number as text."""
    array = np.asarray(values)
    if array.dtype == bool or array.dtype.kind in "iu":
        return array.astype(int).tolist()
    if np.isfinite(array).all():
        return array.astype("float64").tolist()
    return _nested(array.astype("float64").tolist())


def _nested(value: Any) -> Any:
    if isinstance(value, list):
        return [_nested(v) for v in value]
    if value != value:
        return "NaN"
    return value if abs(value) != np.inf else ("∞" if value > 0 else "−∞")


def origins_of(explanation: Explanation, quantity: Quantity, planes: list[dict[str, Any]], count: int) -> Any:
    """The origins of some elements that are shown, as data: the elements' flat numbers, and the expression.

    Args:
        count: how many quantities the page has.
    """
    shown = [n for plane in planes for n in _from_the_middle(np.array(plane["flat"]))]
    one = explanation.origin_of(quantity, np.array(shown[:1], int))
    if not shown or one is None:
        return None
    most = max(_FEWEST, _NUMBERS // max(count, 1) // _size(one))
    elements = np.array(shown[:most], int)
    origin = explanation.origin_of(quantity, elements)
    if origin is None:
        return None
    return {
        "elements": elements.tolist(),
        "root": _as_data(origin, (len(elements),), explanation.keys, explanation.texts),
    }


def _size(origin: Origin) -> int:
    """How many numbers an expression has."""
    return max(1, np.size(origin.values) if not origin.parts else sum(map(_size, origin.parts)))


def _from_the_middle(flat: np.ndarray) -> list[int]:
    """The elements of a plane, of large ones those in the middle first: images have their matter there."""
    if flat.size <= MOST_SIDE**2:
        return flat.reshape(-1).tolist()
    rows, columns = (np.abs(np.arange(n) - (n - 1) / 2) for n in flat.shape)
    order = np.argsort(np.maximum(rows[:, None], columns[None, :]), axis=None, kind="stable")
    return flat.reshape(-1)[order].tolist()


def _as_data(
    origin: Origin, dims: tuple[int, ...], keys: dict[int, str], texts: dict[int, str]
) -> dict[str, Any]:
    if origin.kind in ("leaf", "made", "constant"):
        made: dict[str, Any] = {"kind": origin.kind, "value": _expanded(origin.values, dims)}
        if origin.kind == "made":
            made["op"] = origin.op.replace("_", " ")
        if origin.tensor is not None and origin.kind != "constant":
            made["text"] = texts.get(origin.tensor.id, "")
            made["key"] = keys.get(origin.tensor.id)
            made["shape"] = list(origin.tensor.shape)
            if origin.index:
                places = tuple(np.broadcast_to(i.at, dims) for i in origin.index)
                made["flat"] = np.ravel_multi_index(places, origin.tensor.shape).tolist()
        return made
    if origin.kind == "apply":
        return {
            "kind": "apply",
            "op": origin.op,
            "parts": [_as_data(p, dims, keys, texts) for p in origin.parts],
        }
    body = origin.parts[0]
    inner = (*dims, terms_of(body, len(dims)))
    made = {"kind": origin.kind, "count": origin.count, "parts": [_as_data(body, inner, keys, texts)]}
    if origin.op == "where":
        made["there"] = np.asarray(origin.values).astype(int).tolist()
    return made


def _expanded(values: Any, dims: tuple[int, ...]) -> Any:
    array = np.asarray(values)
    if array.size == 1:
        return written(array.reshape(())[()])
    return written(np.broadcast_to(array, dims))
