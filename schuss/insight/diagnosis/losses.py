"""Checks of the loss against the last activation and the labels: what does not belong together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.graph import Tensor
from schuss.insight.diagnosis._case import Case
from schuss.insight.diagnosis._finding import Finding
from schuss.insight.diagnosis._probe import RELU, SIGMOID, SOFTMAX, TANH, _behind
from schuss.insight.diagnosis._targets import (
    BINARY,
    CATEGORICAL,
    SPARSE,
    VALUES,
    family,
    function_name,
    option,
)

_RANGES = {RELU: (0.0, np.inf), SIGMOID: (0.0, 1.0), TANH: (-1.0, 1.0), SOFTMAX: (0.0, 1.0)}
_OUTSIDE = 0.02  # share of labels that the output cannot reach


@dataclass
class Compared:
    """An output, its loss and its labels.

    Attributes:
        activation: what the output comes out of: ``"softmax"``, ``"sigmoid"``, …, or None. values: predictions of some
            rows. labels: all of its labels.
    """

    loss: Any
    name: str
    activation: str | None
    values: np.ndarray | None
    labels: np.ndarray | None

    @property
    def where(self) -> str:
        """The output in words."""
        return f"the output {self.name!r}" if self.name else "the output"


def compared(case: Case) -> list[Compared]:
    """The outputs that have a loss."""
    probe = case.probe
    if probe is None:
        return []
    found = []
    predictions, labels = case.predictions, list(case.data.labels.values())
    outputs = [(loss, out) for loss, out in probe.outputs if loss is not None]
    for number, (loss, out) in enumerate(outputs):
        values = (
            predictions[number]
            if predictions is not None and len(predictions) == len(probe.outputs)
            else None
        )
        given = labels[number] if len(labels) == len(outputs) else None
        found.append(Compared(loss, out.name or "", activation_of(out.y_pred), values, given))
    return found


def activation_of(tensor: Any) -> str | None:
    """What activation function made a tensor."""
    for t in _behind([tensor]):
        if isinstance(t, Tensor) and t.origin is not None and t.origin[0] in (SOFTMAX, SIGMOID):
            return t.origin[0]
        if t.node is not None and t.node.primitive.name in ("logistic", "tanh"):
            return SIGMOID if t.node.primitive.name == "logistic" else TANH
        if t.node is not None and t.node.primitive.name == "maximum":
            return RELU
    return None


def logits_twice(case: Case) -> Iterator[Finding]:
    """``from_logits=True`` behind a softmax or sigmoid: it is taken twice."""
    for one in compared(case):
        if not option(one.loss, "from_logits", False) or one.activation not in (SOFTMAX, SIGMOID):
            continue
        yield Finding(
            f"{one.activation}-and-logits",
            f"{one.where} goes through {one.activation} twice.",
            f"The last layer ends in {one.activation}, and {function_name(one.loss)} has from_logits=True, with "
            "which it "
            f"applies {one.activation} itself.",
            "Probabilities taken for logits lie in 0 … 1: the loss cannot come near 0, and its gradient is weak.",
            "Leave out one of them: from_logits=False, or no activation in the last layer.",
            one.where,
            "error",
        )


def not_probabilities(case: Case) -> Iterator[Finding]:
    """Cross-entropies of what are no probabilities."""
    for one in compared(case):
        kind, values = family(one.loss), one.values
        name = function_name(one.loss)
        if (
            "crossentropy" not in name
            or option(one.loss, "from_logits", False)
            or values is None
            or not values.size
        ):
            continue
        if not np.isfinite(values).all():
            continue
        low, high = float(values.min()), float(values.max())
        outside = low < -1e-6 or high > 1 + 1e-6
        sums = values.sum(axis=-1)
        if kind in (CATEGORICAL, SPARSE) and values.shape[-1] > 1:
            if not outside and (option(one.loss, "axis", -1) != -1 or np.abs(sums - 1).max() < 1e-3):
                continue
            code = "sigmoid-with-categorical" if one.activation == SIGMOID else "no-softmax"
            right = "softmax"
        elif kind == BINARY and outside:
            code, right = "no-sigmoid", "sigmoid"
        else:
            continue
        yield Finding(
            code,
            f"{one.where} is no probability, which {name} wants.",
            f"Its values go from {low:.3g} to {high:.3g}"
            + (
                f", their sums over the classes from {sums.min():.3g} to {sums.max():.3g}."
                if values.ndim > 1
                else "."
            ),
            "The loss clips or rescales what it gets: its value means nothing, and the gradient may be zero or wrong.",
            f"activation={right!r} in the last layer; or none there, and from_logits=True in the loss.",
            one.where,
            "error",
            {"low": low, "high": high},
        )


def softmax_of_one(case: Case) -> Iterator[Finding]:
    """A softmax over a single unit, which is always 1."""
    for one in compared(case):
        if one.activation == SOFTMAX and one.values is not None and one.values.shape[-1] == 1:
            yield Finding(
                "softmax-of-one",
                f"{one.where} is always 1.",
                "It is a softmax over a single unit: e^z / e^z.",
                "Nothing can be learned: the gradient is 0.",
                "activation='sigmoid' with 'binary_crossentropy', or as many units as there are classes.",
                one.where,
                "error",
            )


def label_range(case: Case) -> Iterator[Finding]:
    """Labels that the loss, or the last activation, is not made for."""
    for one in compared(case):
        labels, values = one.labels, one.values
        if labels is None or values is None or not labels.size or labels.dtype.kind not in "biuf":
            continue
        finite = labels[np.isfinite(labels)] if labels.dtype.kind == "f" else labels
        if finite.size:
            yield from _LABELS.get(family(one.loss) or "", _nothing)(one, finite, values)


def _nothing(one: Compared, labels: np.ndarray, values: np.ndarray) -> Iterator[Finding]:
    return iter(())


def _classes(one: Compared, labels: np.ndarray, values: np.ndarray) -> Iterator[Finding]:
    classes, ignored = values.shape[option(one.loss, "axis", -1)], option(one.loss, "ignore_class")
    used = labels if ignored is None else labels[labels != ignored]
    bad = (used < 0) | (used >= classes) | (used != np.floor(used))
    if bad.any():
        yield Finding(
            "labels-out-of-range",
            f"{int(bad.sum()):,} labels are no class from 0 to {classes - 1}.",
            f"Labels go from {used.min():g} to {used.max():g}; {one.where} has {classes} units.",
            "There is no unit whose probability could be raised: fit refuses them.",
            f"Count the classes from 0, or give the last layer {int(used.max()) + 1} units.",
            "y",
            "error",
            {"low": float(used.min()), "high": float(used.max()), "classes": classes},
        )


def _one_hot(one: Compared, labels: np.ndarray, values: np.ndarray) -> Iterator[Finding]:
    given = one.labels
    if given is None or given.shape[-1] != values.shape[-1] or "crossentropy" not in function_name(one.loss):
        return
    sums = given.sum(axis=-1)
    if labels.min() >= -1e-6 and np.abs(sums - 1).max() < 1e-2:
        return
    yield Finding(
        "labels-not-one-hot",
        "The labels are no distributions over the classes.",
        f"Rows of y sum to {sums.min():.3g} … {sums.max():.3g}, its numbers go from {labels.min():.3g} to "
        f"{labels.max():.3g}.",
        f"{function_name(one.loss)} compares two distributions; with others its least value is not where they agree.",
        "to_categorical(y) for numbers of classes; 'binary_crossentropy' with sigmoid where several labels hold at "
        "once.",
        "y",
        "error",
    )


def _zero_or_one(one: Compared, labels: np.ndarray, values: np.ndarray) -> Iterator[Finding]:
    if labels.min() >= 0 and labels.max() <= 1:
        return
    yield Finding(
        "labels-out-of-range",
        "The labels are not between 0 and 1.",
        f"They go from {labels.min():g} to {labels.max():g}; {function_name(one.loss)} takes probabilities.",
        "The loss falls without end, in the wrong direction.",
        "Map the two classes to 0 and 1; for more classes use 'sparse_categorical_crossentropy' with softmax.",
        "y",
        "error",
        {"low": float(labels.min()), "high": float(labels.max())},
    )


def _reachable(one: Compared, labels: np.ndarray, values: np.ndarray) -> Iterator[Finding]:
    low, high = _RANGES.get(one.activation or "", (-np.inf, np.inf))
    outside = float(((labels < low - 1e-6) | (labels > high + 1e-6)).mean())
    if outside < _OUTSIDE:
        return
    yield Finding(
        "output-range",
        f"{outside:.0%} of the targets lie outside of what {one.where} can be.",
        f"It comes out of {one.activation}, from {low:g} to {high:g}; targets go from {labels.min():.4g} to "
        f"{labels.max():.4g}.",
        "The nearest that it can come is the end of its range, where its gradient is zero.",
        "No activation in the last layer for targets of any size; or scale the targets into the range.",
        one.where,
        "error",
        {"outside": outside},
    )


_LABELS = {SPARSE: _classes, CATEGORICAL: _one_hot, BINARY: _zero_or_one, VALUES: _reachable}
