"""What all thresholds together say: areas under curves, and the best of one rate where another is good
enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from schuss import config, ops
from schuss.metrics._confusion import FourCounts, share
from schuss.metrics._regression import require_built
from schuss.metrics._thresholds import count, decisions, even_thresholds


class _BestUnderConstraint(FourCounts):
    """The best value of one rate among the thresholds at which another reaches a given one. Subclasses name
    both."""

    _given: str
    _rates: Callable[..., tuple[Any, Any]]

    def __init__(self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any):
        super().__init__(name=name, dtype=dtype)
        if not 0 <= value <= 1:
            raise ValueError(
                f"Argument `{self._given}` must be in the range [0, 1]. Received: {self._given}={value}"
            )
        if num_thresholds <= 0:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 0. Received: num_thresholds={num_thresholds}"
            )
        self.value, self.num_thresholds, self.class_id = value, num_thresholds, class_id
        setattr(self, self._given, value)
        self.thresholds = [0.5] if num_thresholds == 1 else even_thresholds(num_thresholds)
        self.add_counts((num_thresholds,))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: labels, 0 or 1, [batch, …]. y_pred: probabilities, the same shape.
            sample_weight: None, or numbers that fit `y_pred`, or its first axes.
        """
        found = decisions(
            self.name, y_true, y_pred, sample_weight, self.true_positives.dtype, class_id=self.class_id
        )
        self.add(count(found, self.thresholds))

    def result(self) -> Any:
        constrained, wanted = self._rates()
        enough = ops.greater_equal(constrained, self.value)
        return ops.max(ops.where(enough, wanted, ops.zeros_like(wanted)))

    def _sensitivity(self) -> Any:
        return share(self.true_positives, self.false_negatives)

    def _specificity(self) -> Any:
        return share(self.true_negatives, self.false_positives)

    def _precision(self) -> Any:
        return share(self.true_positives, self.false_positives)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "class_id": self.class_id,
            self._given: self.value,
        }


class SensitivityAtSpecificity(_BestUnderConstraint):
    """The best sensitivity, ``TP/(TP + FN)``, where the specificity, ``TN/(TN + FP)``, is at least
    `specificity`.

    Args:
        specificity: in [0, 1].
        num_thresholds: how many are tried; default 200.
        class_id: look only at this place of the last axis. Default None.
        name, dtype: see `Metric`.

    Raises:
        ValueError: `specificity` outside of [0, 1], or no threshold.

    Example:
        >>> from schuss import metrics
        >>> float(metrics.SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
        0.5
    """

    _given = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def _rates(self) -> tuple[Any, Any]:
        return self._specificity(), self._sensitivity()


class SpecificityAtSensitivity(_BestUnderConstraint):
    """The best specificity, ``TN/(TN + FP)``, where the sensitivity, ``TP/(TP + FN)``, is at least
    `sensitivity`.

    Args:
        sensitivity: in [0, 1].
        num_thresholds, class_id, name, dtype: see `SensitivityAtSpecificity`.
    """

    _given = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def _rates(self) -> tuple[Any, Any]:
        return self._sensitivity(), self._specificity()


class PrecisionAtRecall(_BestUnderConstraint):
    """The best precision, ``TP/(TP + FP)``, where the recall, ``TP/(TP + FN)``, is at least `recall`.

    Args:
        recall: in [0, 1].
        num_thresholds, class_id, name, dtype: see `SensitivityAtSpecificity`.
    """

    _given = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def _rates(self) -> tuple[Any, Any]:
        return self._sensitivity(), self._precision()


class RecallAtPrecision(_BestUnderConstraint):
    """The best recall, ``TP/(TP + FN)``, where the precision, ``TP/(TP + FP)``, is at least `precision`; else
    0.

    Args:
        precision: in [0, 1].
        num_thresholds, class_id, name, dtype: see `SensitivityAtSpecificity`.
    """

    _given = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def _rates(self) -> tuple[Any, Any]:
        return self._precision(), self._sensitivity()


_CURVES = {name: name.upper() for name in ("PR", "ROC", "PRGAIN", "pr", "roc", "prgain")}
_SUMMATIONS = ("interpolation", "majoring", "minoring")


class AUC(FourCounts):
    """The area under a curve that a binary classifier draws as its threshold moves.

    ``"ROC"``: recall over the share of false alarms, FP/(FP + TN). ``"PR"``: precision over recall. The curve
    goes through the points of `num_thresholds` evenly spaced thresholds, so this is an approximation, good
    where predictions spread over [0, 1].

    Args:
        num_thresholds: > 1; default 200.
        curve: ``"ROC"`` (default), ``"PR"`` or ``"PRGAIN"`` (precision gain over recall gain, Flach and Kull
            2015).
        summation_method: height of the curve between two points: ``"interpolation"`` (default; the mean; for
            PR that of Davis and Goadrich 2006), ``"minoring"`` (the lower one), ``"majoring"`` (the higher
            one).
        name, dtype: see `Metric`.
        thresholds: in place of `num_thresholds`; 0 and 1 are added.
        multi_label: the mean of the areas of each label, for labels and predictions [batch, labels]. Default
            False: all are taken together.
        num_labels: for `multi_label`; default: known from the first batch.
        label_weights: a weight ≥ 0 for each label: in that mean, or, without `multi_label`, of its
            predictions.
        from_logits: whether predictions pass through sigmoid first; default False.

    Raises:
        ValueError: fewer than two thresholds, unknown curve or method, `num_labels` without `multi_label`; at
            a batch, shapes that do not fit.

    Example:
        >>> from schuss import metrics
        >>> float(metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
        0.75
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ):
        super().__init__(name=name, dtype=dtype)
        if curve not in _CURVES:
            raise ValueError(
                f'Invalid AUC curve value: "{curve}". Expected values are ["PR", "ROC", "PRGAIN"]'
            )
        if str(summation_method).lower() not in _SUMMATIONS:
            raise ValueError(
                f'Invalid AUC summation method value: "{summation_method}". Expected values are {list(_SUMMATIONS)}'
            )
        if num_labels is not None and not multi_label:
            raise ValueError("`num_labels` is needed only when `multi_label` is True.")
        self.curve, self.summation_method = _CURVES[curve], summation_method.lower()
        self.multi_label, self.num_labels, self.from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else [float(w) for w in np.asarray(label_weights)]
        self._init_from_thresholds = thresholds is not None
        if thresholds is not None:
            thresholds = sorted(float(t) for t in thresholds)
        elif num_thresholds <= 1:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 1. Received: num_thresholds={num_thresholds}"
            )
        else:
            thresholds = even_thresholds(num_thresholds)[1:-1]
        self.thresholds = [-config.epsilon(), *thresholds, 1.0 + config.epsilon()]
        self.num_thresholds = len(self.thresholds)
        if not multi_label:
            self.add_counts((self.num_thresholds,))
        elif num_labels:
            self.add_counts((self.num_thresholds, num_labels))
        else:
            self._built = False

    def _add_state(self, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> None:
        self._require_matrix(y_pred_shape)
        self.add_counts((self.num_thresholds, y_pred_shape[1]))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: labels, 0 or 1, [batch, …]. y_pred: probabilities (logits with `from_logits`), the same
                shape.
            sample_weight: None, or numbers that fit `y_pred`, or its first axes.
        """
        y_pred = ops.convert_to_tensor(y_pred)
        if self.multi_label:
            self._require_matrix(tuple(y_pred.shape))
            self._build(y_pred.shape, y_pred.shape)
            if y_pred.shape[1] != self.true_positives.shape[1]:
                raise ValueError(
                    f"AUC {self.name!r} counts {self.true_positives.shape[1]} labels. "
                    f"Received: y_pred.shape={tuple(y_pred.shape)}"
                )
        if self.label_weights is not None and len(self.label_weights) != (
            y_pred.shape[-1] if y_pred.ndim else 1
        ):
            raise ValueError(
                f"AUC {self.name!r} has {len(self.label_weights)} label weights. "
                f"Received: y_pred.shape={tuple(y_pred.shape)}"
            )
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        weights = None if self.multi_label else self.label_weights
        dtype = self.true_positives.dtype
        found = decisions(self.name, y_true, y_pred, sample_weight, dtype, label_weights=weights)
        self.add(count(found, self.thresholds, by_label=self.multi_label))

    def result(self) -> Any:
        require_built(self)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._average(self._davis_goadrich())
        x, y = self._points()
        if self.summation_method == "interpolation":
            heights = ops.divide(ops.add(y[:-1], y[1:]), 2.0)
        elif self.summation_method == "minoring":
            heights = ops.minimum(y[:-1], y[1:])
        else:
            heights = ops.maximum(y[:-1], y[1:])
        return self._average(ops.multiply(ops.subtract(x[:-1], x[1:]), heights))

    def _points(self) -> tuple[Any, Any]:
        """The curve's points at each threshold, from right to left."""
        tp, fp, fn = self.true_positives, self.false_positives, self.false_negatives
        recall = share(tp, fn)
        if self.curve == "ROC":
            return share(fp, self.true_negatives), recall
        if self.curve == "PR":
            return recall, share(tp, fp)
        odds = ops.divide_no_nan(ops.add(tp, fn), ops.add(fp, self.true_negatives))
        recall_gain, precision_gain = (
            ops.subtract(1.0, ops.multiply(odds, ops.divide_no_nan(wrong, tp))) for wrong in (fn, fp)
        )
        # Where nothing is found, recall gains nothing; the precision gain is 1 there already.
        recall_gain = ops.where(ops.equal(tp, 0.0), ops.zeros_like(recall_gain), recall_gain)
        return ops.maximum(recall_gain, 0.0), precision_gain

    def _davis_goadrich(self) -> Any:
        """Areas between neighbouring points of the PR curve, where TP and FP, not precision, are
        interpolated.

        Davis and Goadrich 2006, "The relationship between precision-recall and ROC curves". With P = TP + FP,
        TP is linear in P between two points, slope a, and the integral of precision over recall is a·(ΔTP +
        b·log(P₁/P₂))/(TP + FN).
        """
        tp, fn = self.true_positives.value, self.false_negatives.value
        p = ops.add(tp, self.false_positives)
        gained = ops.subtract(tp[:-1], tp[1:])
        slope = ops.divide_no_nan(gained, ops.maximum(ops.subtract(p[:-1], p[1:]), 0.0))
        intercept = ops.subtract(tp[1:], ops.multiply(slope, p[1:]))
        both = ops.logical_and(ops.greater(p[:-1], 0.0), ops.greater(p[1:], 0.0))
        ratio = ops.where(both, ops.divide_no_nan(p[:-1], ops.maximum(p[1:], 0.0)), ops.ones_like(p[1:]))
        area = ops.multiply(slope, ops.add(gained, ops.multiply(intercept, ops.log(ratio))))
        return ops.divide_no_nan(area, ops.maximum(ops.add(tp[1:], fn[1:]), 0.0))

    def _average(self, areas: Any) -> Any:
        """The sum of the areas; over labels the (weighted) mean of their sums."""
        if not self.multi_label:
            return ops.sum(areas)
        by_label = ops.sum(areas, axis=0)
        if self.label_weights is None:
            return ops.mean(by_label)
        weights = np.asarray(self.label_weights, self.dtype)
        return ops.divide_no_nan(ops.sum(ops.multiply(by_label, weights)), float(weights.sum()))

    def _require_matrix(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 2:
            raise ValueError(
                f"`y_pred` must have rank 2 when `multi_label=True`. Found rank {len(shape)}. Full shape "
                "received for "
                f"`y_pred`: {shape}"
            )

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }
        if self._init_from_thresholds:
            config["thresholds"] = self.thresholds[1:-1]
        return config
