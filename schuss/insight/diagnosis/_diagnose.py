"""diagnose: look at a model, its data and its curves, and say what is not well."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from schuss.insight.diagnosis._case import Case, kept
from schuss.insight.diagnosis._checks import CHECKS
from schuss.insight.diagnosis._cost import Cost, cost_of_training
from schuss.insight.diagnosis._diagnosis import Diagnosis
from schuss.insight.diagnosis._finding import SEVERITIES, Finding
from schuss.insight.diagnosis._rows import Rows, read_rows
from schuss.models import Model
from schuss.training._batches import is_batches, unpacked
from schuss.training._checks import optional_positive_integer
from schuss.training._data import DEFAULT_BATCH
from schuss.utils._names import suggestion


def diagnose(
    model: Any,
    x: Any,
    y: Any = None,
    validation_data: Any = None,
    history: Any = None,
    *,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    checks: Sequence[str] | None = None,
    feature_names: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    cost: bool = True,
    seconds: float = 1.0,
    seed: int = 0,
) -> Diagnosis:
    """What will go wrong when this model is trained on these data, or did; and what training costs.

    It looks at the data, goes forward and backward through the model on about a thousand rows, tries some steps of training
    at several rates, and reads the curves. Every finding has a code, its evidence, why it matters and what to try; where all
    is well there is none. The model, its optimizer, metrics and random state are afterwards what they were; a model that is
    not built is built.

    Args:
        model: a `Model` with `compile` called.
        x, y, sample_weight, batch_size: as for `fit`; frames may have gaps. Batches (generators, data sets) are read up to
            `steps`, or 10,000 rows; a generator has then given them away.
        validation_data: as for `fit`: (x, y), (x, y, sample_weight), batches, or None.
        history: the curves: what `fit` returned, or a dict of lists, by epoch. Default: of the model's last `fit`, if any.
        steps: batches that are read of data that come as batches. Default: up to 10,000 rows.
        checks: names of the checks to make, as in `CHECKS`. Default all.
        feature_names: of the columns of x; of several inputs a dict by their names. Default those of a data frame.
        cost: whether to say what training costs; it measures the processor for about a second, once in a process.
        seconds: how long each of up to five trials of training steps may take. Default 1.
        seed: of what is drawn here: rows, directions, orders. Default 0. It touches no other random state.

    Returns:
        A `Diagnosis`; ``print`` shows it, `save` writes it as a page, `to_dict` gives it as data.

    Raises:
        TypeError: `model` is no `Model`, or `history` no history.
        ValueError: it is not compiled, the data are none that `fit` would take, or there is no check of a name.

    Example:
        >>> import numpy as np, schuss
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(400, 8)).astype("float32")
        >>> y = (x[:, :1] + x[:, 1:2] > 0).astype("float32")
        >>> x[:, 3] = 1  # always
        >>> layers = [schuss.layers.Dense(16, activation="relu"), schuss.layers.Dense(1, activation="sigmoid")]
        >>> model = schuss.Sequential([schuss.Input((8,)), *layers])
        >>> model.compile("adam", "binary_crossentropy")
        >>> found = schuss.diagnose(model, x, y, cost=False)
        >>> found.codes, found.findings[0].where
        (['constant-feature'], 'x[:, 3]')
    """
    _check(model, seconds, checks)
    size = optional_positive_integer("batch_size", batch_size)
    optional_positive_integer("steps", steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = read_rows(model, x, y, sample_weight, size, steps, feature_names)
        if is_batches(x):
            size = size or data.batch
        later = _validation(model, validation_data, size, steps)
        random = np.random.default_rng(seed)
        case = Case(model, data, later, _curves(model, history), size or DEFAULT_BATCH, seconds, random)
        with kept(model, case.build):
            findings = [finding for name in checks or CHECKS for finding in CHECKS[name](case)]
            price = _cost(case) if cost else None
    findings = _without_consequences(findings)
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Diagnosis(
        findings, price, case.measured, case.skipped, model.name, case.data.size, case.batch_size
    )


def _check(model: Any, seconds: float, checks: Sequence[str] | None) -> None:
    if not isinstance(model, Model):
        raise TypeError(f"diagnose: expected a Model, got {type(model).__name__}.")
    model._require_compiled("diagnose")
    if not isinstance(seconds, (int, float)) or not seconds > 0:
        raise ValueError(f"diagnose: `seconds` must be a number above 0, got {seconds!r}.")
    for name in checks or ():
        if name not in CHECKS:
            raise ValueError(f"diagnose: there is no check {name!r}. {suggestion(name, list(CHECKS))}")


def _validation(model: Any, given: Any, size: int | None, steps: int | None) -> Rows | None:
    if given is None:
        return None
    if is_batches(given):
        return read_rows(model, given, None, None, size, steps)
    if not isinstance(given, (tuple, list)) or not 1 <= len(given) <= 3:
        raise ValueError(
            "diagnose: `validation_data` must be (x, y) or (x, y, sample_weight), or give batches; got "
            f"{type(given).__name__}."
        )
    return read_rows(model, *unpacked(tuple(given)), size, steps)


def _curves(model: Any, history: Any) -> dict[str, list[float]]:
    given = history if history is not None else getattr(model, "history", None)
    curves = getattr(given, "history", given)
    if curves is None:
        return {}
    if not isinstance(curves, dict):
        raise TypeError(
            f"diagnose: `history` must be what fit returned, or a dict of lists, got {type(history).__name__}."
        )
    return {
        name: list(values) for name, values in curves.items() if isinstance(values, (list, tuple, np.ndarray))
    }


def _cost(case: Case) -> Cost | None:
    try:
        return cost_of_training(case)
    except NotImplementedError as error:
        case.skipped.append(f"cost: {error}")
        return None


_CAUSES = {
    "saturated-output": ("unscaled-feature", "unscaled-inputs", "exploding-gradients", "softmax-of-one"),
    "no-gradient": (
        "constant-weights",
        "symmetric-weights",
        "dead-relu",
        "softmax-of-one",
        "saturated-units",
    ),
    "unrelated-labels": ("one-class",),
    "underfitting": (
        "unrelated-labels",
        "learning-rate-too-low",
        "no-gradient",
        "constant-weights",
        "softmax-of-one",
    ),
    "learning-rate-too-low": ("softmax-and-logits", "vanishing-gradients", "unrelated-labels"),
}
"""Findings that only repeat what others say already."""


def _without_consequences(findings: list[Finding]) -> list[Finding]:
    codes = {finding.code for finding in findings}
    return [f for f in findings if not codes.intersection(_CAUSES.get(f.code, ()))]
