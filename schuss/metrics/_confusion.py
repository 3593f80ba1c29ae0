"""Right and wrong decisions, and the shares they make: precision and recall."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.metrics._base import Metric
from schuss.metrics._thresholds import NOT_AMONG_THE_BEST, Counts, count, decisions, thresholds_list


class _ConfusionCount(Metric):
    """One of the four counts. Subclasses say which."""

    _counted: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = thresholds_list(thresholds)
        self.accumulator = self.add_variable((len(self.thresholds),), "zeros", name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: labels, 0 or 1. y_pred: predictions, the same shape.
            sample_weight: None, or numbers that fit `y_pred`, or its first axes.
        """
        found = decisions(self.name, y_true, y_pred, sample_weight, self.accumulator.dtype)
        counts = count(found, self.thresholds)
        self.accumulator.assign(ops.add(self.accumulator, getattr(counts, self._counted)))

    def result(self) -> Any:
        return one_or_all(self.accumulator.value, self.thresholds)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_ConfusionCount):
    """How many labels 1 have a prediction above the threshold (the sum of their weights).

    Args:
        thresholds: a number in [0, 1], or several for a result each; default ½.
        name, dtype: see `Metric`.

    Example:
        >>> from schuss import metrics
        >>> float(metrics.TruePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
        2.0
    """

    _counted = "true_positives"


class TrueNegatives(_ConfusionCount):
    """How many labels 0 have a prediction that is not above the threshold (the sum of their weights).

    Args:
        thresholds: a number in [0, 1], or several for a result each; default ½.
        name, dtype: see `Metric`.
    """

    _counted = "true_negatives"


class FalsePositives(_ConfusionCount):
    """How many labels 0 have a prediction above the threshold (the sum of their weights).

    Args:
        thresholds: a number in [0, 1], or several for a result each; default ½.
        name, dtype: see `Metric`.
    """

    _counted = "false_positives"


class FalseNegatives(_ConfusionCount):
    """How many labels 1 have a prediction that is not above the threshold (the sum of their weights).

    Args:
        thresholds: a number in [0, 1], or several for a result each; default ½.
        name, dtype: see `Metric`.
    """

    _counted = "false_negatives"


class _ShareOfTruePositives(Metric):
    """``TP / (TP + other)``. Subclasses say what the other count is."""

    _other: str

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        self.thresholds = thresholds_list(thresholds, 0.5 if top_k is None else NOT_AMONG_THE_BEST)
        shape = (len(self.thresholds),)
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        setattr(self, self._other, self.add_variable(shape, "zeros", name=self._other))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: labels, 0 or 1, [batch, …]. y_pred: predictions, the same shape.
            sample_weight: None, or numbers that fit `y_pred`, or its first axes.
        """
        dtype = self.true_positives.dtype
        found = decisions(
            self.name, y_true, y_pred, sample_weight, dtype, top_k=self.top_k, class_id=self.class_id
        )
        counts = count(found, self.thresholds)
        other = getattr(self, self._other)
        self.true_positives.assign(ops.add(self.true_positives, counts.true_positives))
        other.assign(ops.add(other, getattr(counts, self._other)))

    def result(self) -> Any:
        shares = share(self.true_positives.value, getattr(self, self._other).value)
        return one_or_all(shares, self.thresholds)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


class Precision(_ShareOfTruePositives):
    """``TP / (TP + FP)``: the share of positive predictions that are right.

    Args:
        thresholds: a prediction above it is positive; a number in [0, 1], or several for a result each.
            Default ½, or none where `top_k` is given. For logits use 0.
        top_k: only the `top_k` largest predictions of each row can be positive. Default None.
        class_id: look only at this place of the last axis. Default None.
        name, dtype: see `Metric`.

    Raises:
        ValueError: a threshold outside of [0, 1].

    Example:
        >>> from schuss import metrics
        >>> round(float(metrics.Precision()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """

    _direction = "up"
    _other = "false_positives"


class Recall(_ShareOfTruePositives):
    """``TP / (TP + FN)``: the share of labels 1 that are found.

    Args:
        thresholds, top_k, class_id: see `Precision`.
        name, dtype: see `Metric`.

    Example:
        >>> from schuss import metrics
        >>> round(float(metrics.Recall()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """

    _direction = "up"
    _other = "false_negatives"


class FourCounts(Metric):
    """Base of the metrics that need all four counts at many thresholds."""

    def add_counts(self, shape: tuple[int, ...]) -> None:
        """Make the variables."""
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", name="false_positives")
        self.true_negatives = self.add_variable(shape, "zeros", name="true_negatives")
        self.false_negatives = self.add_variable(shape, "zeros", name="false_negatives")

    def add(self, counts: Counts) -> None:
        """Add the counts of a batch to the variables."""
        for name, value in counts._asdict().items():
            variable = getattr(self, name)
            variable.assign(ops.add(variable, value))


def share(part: Any, rest: Any) -> Any:
    """``part / (part + rest)``, 0 where both are."""
    return ops.divide_no_nan(part, ops.add(part, rest))


def one_or_all(values: Any, thresholds: list[float]) -> Any:
    """A scalar if there is one threshold, else a value for each."""
    return ops.copy(values[0] if len(thresholds) == 1 else values)
