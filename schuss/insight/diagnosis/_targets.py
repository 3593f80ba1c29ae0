"""Targets: what the labels are, told from the loss that reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from schuss.graph import is_float, is_integer
from schuss.insight.diagnosis._rows import Rows

if TYPE_CHECKING:
    from schuss.insight.diagnosis._case import Case

SPARSE, CATEGORICAL, BINARY, VALUES = "sparse", "categorical", "binary", "values"
_FAMILIES = {
    "sparse_categorical_crossentropy": SPARSE,
    "categorical_crossentropy": CATEGORICAL,
    "categorical_focal_crossentropy": CATEGORICAL,
    "kl_divergence": CATEGORICAL,
    "categorical_hinge": CATEGORICAL,
    "categorical_generalized_cross_entropy": SPARSE,
    "binary_crossentropy": BINARY,
    "binary_focal_crossentropy": BINARY,
    "mean_squared_error": VALUES,
    "mean_absolute_error": VALUES,
    "mean_absolute_percentage_error": VALUES,
    "mean_squared_logarithmic_error": VALUES,
    "huber": VALUES,
    "log_cosh": VALUES,
    "poisson": VALUES,
}
_FEW = 50  # classes that integers may be, where the loss does not say


def function_name(loss: Any) -> str:
    """The name of the function behind a loss."""
    return getattr(getattr(loss, "fn", loss), "__name__", "")


def option(loss: Any, name: str, default: Any = None) -> Any:
    """An argument of the function behind a loss, such as ``from_logits``."""
    return getattr(loss, "_fn_kwargs", {}).get(name, default)


def family(loss: Any) -> str | None:
    """Which kind of labels a loss wants; None where that is not known."""
    return _FAMILIES.get(function_name(loss))


@dataclass
class Targets:
    """The labels of a model with one output.

    Attributes:
        kind: ``"classes"`` or ``"values"``. labels: of all rows: numbers of classes [n], or values [n, k].
        validation: the same of the validation data, or None. classes: how many, 0 for values.
        name: of the array. baseline: the loss of the best constant prediction; None where that is not known.
        from_logits: whether predictions are logits. places: whether a row has a label at every place, not one.
    """

    kind: str
    labels: np.ndarray
    validation: np.ndarray | None
    classes: int
    name: str
    baseline: float | None
    from_logits: bool = False
    places: bool = False


def targets_of(case: Case) -> Targets | None:
    """What the labels of a case are; None for several outputs, or where there are none."""
    given = case.data.labels
    if len(given) != 1:
        return None
    ((name, y),) = given.items()
    probe = case.probe
    outputs = probe.outputs if probe is not None else []
    if len(outputs) > 1:
        return None
    loss, shape = (outputs[0][0], tuple(outputs[0][1].y_pred.shape)) if outputs else (None, ())
    kind = _kind(loss, y, shape)
    if kind is None:
        return None
    later = None if case.validation is None else _only(case.validation)
    labels, validation = _read(kind, y), None if later is None else _read(kind, later)
    places = kind != VALUES and labels.ndim > 1
    classes = 0
    if kind != VALUES:
        classes = 2 if kind == BINARY else max(shape[-1] if shape else 0, int(labels.max(initial=0)) + 1)
    return Targets(
        "values" if kind == VALUES else "classes",
        labels,
        validation,
        classes,
        name,
        None if case.data.weights is not None else _baseline(loss, kind, labels, classes),
        bool(option(loss, "from_logits", False)),
        places,
    )


def _only(rows: Rows) -> np.ndarray | None:
    found = list(rows.labels.values())
    return found[0] if len(found) == 1 else None


def _kind(loss: Any, y: np.ndarray, shape: tuple[int, ...]) -> str | None:
    known = family(loss)
    if known == BINARY and y.ndim > 1 and y.shape[-1] > 1:
        return None  # several labels at once
    if known is not None:
        return known
    if (is_integer(y.dtype) or y.dtype == bool) and y.size and y.min() >= 0 and y.max() < _FEW:
        wide = shape[-1] if shape else 0
        return SPARSE if wide > int(y.max()) and wide > 1 else VALUES
    return VALUES if is_float(y.dtype) or is_integer(y.dtype) else None


def _read(kind: str, y: np.ndarray) -> np.ndarray:
    if kind == CATEGORICAL:
        return y.argmax(axis=-1)
    if kind in (SPARSE, BINARY):
        labels = y[..., 0] if y.ndim > 1 and y.shape[-1] == 1 else y
        return np.rint(np.nan_to_num(labels.astype("float64"), nan=-1, posinf=-1, neginf=-1)).astype("int64")
    return y.reshape(len(y), -1).astype("float64")


def _baseline(loss: Any, kind: str, labels: np.ndarray, classes: int) -> float | None:
    """The loss of the best constant prediction: the labels' entropy, their variance, their mean deviation."""
    name = function_name(loss)
    if name.endswith("categorical_crossentropy") or name == "binary_crossentropy":
        counts = np.bincount(labels[(labels >= 0) & (labels < classes)].reshape(-1), minlength=2)
        shares = counts[counts > 0] / max(counts.sum(), 1)
        return float(-(shares * np.log(shares)).sum())
    finite = labels[np.isfinite(labels).all(axis=-1)] if kind == VALUES else labels
    if kind == VALUES and len(finite):
        if name == "mean_squared_error":
            return float(finite.var(axis=0).mean())
        if name == "mean_absolute_error":
            return float(np.abs(finite - np.median(finite, axis=0)).mean())
    return None
