"""Metrics: names, configs, state, and what they say to wrong input."""

import numpy as np
import pytest

import schuss
from schuss import metrics, ops

ARGUMENTS = {
    "FBetaScore": {"beta": 2.0, "average": "micro"},
    "IoU": {"num_classes": 3, "target_class_ids": [0, 1]},
    "MeanIoU": {"num_classes": 3, "ignore_class": 2},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0], "axis": 1},
    "OneHotMeanIoU": {"num_classes": 3},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5, "num_thresholds": 7},
    "SensitivityAtSpecificity": {"specificity": 0.5, "class_id": 1},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "AUC": {"curve": "PR", "thresholds": [0.2, 0.6], "label_weights": [1.0, 2.0]},
    "Precision": {"thresholds": [0.2, 0.6]},
    "BinaryAccuracy": {"threshold": 0.3},
    "CosineSimilarity": {"axis": 1},
    "R2Score": {"num_regressors": 2, "class_aggregation": None},
}
CLASSES = [
    name
    for name in metrics.__all__
    if isinstance(getattr(metrics, name), type) and name not in ("Metric", "MeanMetricWrapper")
]


@pytest.mark.parametrize("name", CLASSES)
def test_a_metric_survives_its_config(name):
    metric = getattr(metrics, name)(**ARGUMENTS.get(name, {}), name="mine")
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()
    assert again.name == "mine"
    for key, value in ARGUMENTS.get(name, {}).items():
        assert metric.get_config()[key] == value


@pytest.mark.parametrize(
    "name", [n for n in CLASSES if n not in ARGUMENTS or n in ("AUC", "Precision", "R2Score")]
)
def test_a_metric_has_its_class_and_its_snake_case_name(name):
    assert type(metrics.get(name)) is getattr(metrics, name)
    assert type(metrics.get(schuss.utils._names.to_snake_case(name))) is getattr(metrics, name)


@pytest.mark.parametrize(
    ("short", "name"),
    [
        ("mse", "MeanSquaredError"),
        ("MAE", "MeanAbsoluteError"),
        ("mape", "MeanAbsolutePercentageError"),
        ("MSLE", "MeanSquaredLogarithmicError"),
        ("bce", "BinaryCrossentropy"),
    ],
)
def test_abbreviations(short, name):
    assert type(metrics.get(short)) is getattr(metrics, name)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown metric 'acuracy'.*'accuracy'"):
        metrics.get("acuracy")
    with pytest.raises(ValueError, match=r"Did you mean 'cosine_similarity'\?"):
        metrics.get("cosine")


def test_a_result_keeps_its_value_when_the_state_changes():
    total, counts = metrics.Sum(), metrics.TruePositives(thresholds=[0.2, 0.7])
    first, both = total([1.0, 2.0]), counts([1, 1], [0.5, 0.9])
    total.update_state([4.0])
    counts.reset_state()
    assert float(first) == 3.0
    assert np.asarray(both).tolist() == [2.0, 1.0]


def test_reset_state_forgets():
    metric = metrics.MeanSquaredError()
    metric.update_state([[1.0]], [[3.0]])
    metric.reset_state()
    assert float(metric.result()) == 0.0
    assert [v.name for v in metric.variables] == ["total", "count"]
    assert float(metric([[1.0]], [[2.0]])) == 1.0


def test_stateless_updates_leave_the_metric_as_it_is():
    metric = metrics.Mean()
    state = metric.stateless_update_state(metric.stateless_reset_state(), [2.0, 4.0])
    assert float(metric.stateless_result(state)) == 3.0
    assert float(metric.result()) == 0.0


def test_counts_of_a_half_precision_metric_do_not_saturate():
    metric = metrics.Recall(dtype="float16")
    for _ in range(3):
        metric.update_state(np.ones(2000), np.ones(2000))
    assert float(metric.true_positives.value[0]) == 6000.0


def test_a_double_precision_metric():
    result = np.asarray(
        metrics.MeanSquaredError(dtype="float64")(np.array([[1.0]]), np.array([[1.0 + 1e-9]]))
    )
    assert result.dtype == np.float64


def test_a_function_as_a_metric():
    metric = metrics.MeanMetricWrapper(
        lambda y_true, y_pred, k: k * ops.abs(y_true - y_pred), name="d", k=2.0
    )
    assert float(metric(ops.array([1.0, 2.0]), ops.array([2.0, 2.0]))) == 1.0
    losses = metrics.MeanMetricWrapper(schuss.losses.huber, delta=0.5)
    again = metrics.deserialize(metrics.serialize(losses))
    assert float(again([[0.0]], [[2.0]])) == float(losses([[0.0]], [[2.0]])) == 0.875


def test_a_metric_that_forgot_its_base_class_says_so():
    class Forgetful(metrics.Metric):
        def __init__(self):
            self.total = self.add_weight(name="total")

    with pytest.raises(RuntimeError, match=r"Forgetful: call super\(\).__init__\(\)"):
        Forgetful()


def test_variables_of_inner_metrics_belong_to_the_outer_one():
    class Both(metrics.Metric):
        def __init__(self):
            super().__init__(name="both")
            self.parts = [metrics.Mean(), metrics.Sum()]

        def update_state(self, values):
            for part in self.parts:
                part.update_state(values)

        def result(self):
            return {part.name: part.result() for part in self.parts}

    both = Both()
    assert {name: float(value) for name, value in both([1.0, 3.0]).items()} == {"mean": 2.0, "sum": 4.0}
    assert len(both.variables) == 3
    both.reset_state()
    assert float(both.result()["sum"]) == 0.0


def test_labels_that_are_no_class_do_not_count_in_iou():
    inside = metrics.MeanIoU(2)([0, 1, 1], [0, 1, 0])
    assert float(metrics.MeanIoU(2)([0, 1, 1, 2, 0, -1], [0, 1, 0, 1, 5, 0])) == float(inside)


def test_a_label_that_is_no_class_is_not_among_the_best():
    found = metrics.sparse_top_k_categorical_accuracy([0, 3, -1], np.ones((3, 3)), k=3)
    assert np.asarray(found).tolist() == [1.0, 0.0, 0.0]


def test_all_classes_are_among_the_best_when_k_exceeds_them():
    assert float(metrics.TopKCategoricalAccuracy()([[1, 0], [0, 1]], [[0.1, 0.9], [0.2, 0.8]])) == 1.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: metrics.Precision(thresholds=1.5),
            r"Threshold values must be in \[0, 1\]. Received: \[1.5\]",
        ),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds"),
        (lambda: metrics.AUC(curve="RPC"), "Invalid AUC curve value"),
        (lambda: metrics.AUC(summation_method="sum"), "Invalid AUC summation method"),
        (lambda: metrics.AUC(num_labels=2), "only when `multi_label`"),
        (lambda: metrics.PrecisionAtRecall(1.2), r"`recall` must be in the range \[0, 1\]"),
        (lambda: metrics.FBetaScore(beta=1), "should be a Python float"),
        (lambda: metrics.F1Score(average="mean"), "Invalid `average`"),
        (lambda: metrics.IoU(2, [2]), "Target class id 2 is out of range"),
        (lambda: metrics.R2Score(num_regressors=-1), "num_regressors=-1"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("metric", "y_true", "y_pred", "message"),
    [
        (metrics.CategoricalAccuracy, (4,), (4, 3), "categorical_accuracy.*sparse_categorical_accuracy"),
        (
            metrics.SparseCategoricalAccuracy,
            (4, 3),
            (4, 3),
            "sparse_categorical_accuracy.*use categorical_accuracy",
        ),
        (metrics.MeanSquaredError, (4, 2), (4, 3), r"mean_squared_error.*\(4, 2\) and \(4, 3\)"),
        (metrics.Recall, (4, 2), (4, 3), "same shape"),
        (lambda: metrics.Recall(class_id=1), (4,), (4,), "must be a 2D array"),
        (lambda: metrics.Precision(class_id=7), (4, 3), (4, 3), "has only 3 classes"),
        (lambda: metrics.Precision(top_k=7), (4, 3), (4, 3), "`top_k` must be between 1 and"),
        (lambda: metrics.AUC(multi_label=True), (4,), (4,), "rank 2 when `multi_label=True`"),
        (metrics.F1Score, (4,), (4,), "expects 2D inputs"),
        (metrics.R2Score, (4,), (4,), "expects 2D inputs"),
    ],
)
def test_shapes_that_do_not_fit(metric, y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        metric().update_state(np.ones(y_true), np.ones(y_pred))


@pytest.mark.parametrize("name", ["AUC", "Precision", "TruePositives"])
def test_a_weight_for_each_step_of_single_predictions(name):
    """Predictions [batch, steps, 1] with weights [batch, steps] count as without their last axis."""
    rng = np.random.default_rng(0)
    y_pred, y_true, weights = rng.random((4, 3, 1)), rng.integers(0, 2, (4, 3, 1)), rng.random((4, 3))
    one, other = getattr(metrics, name)(), getattr(metrics, name)()
    assert one(y_true, y_pred, weights) == other(y_true[..., 0], y_pred[..., 0], weights)


def test_weights_that_do_not_fit():
    with pytest.raises(ValueError, match=r"`sample_weight`.*\(4, 3\) and \(5, 1\)|`sample_weight`.*\(5,\)"):
        metrics.MeanSquaredError().update_state(np.ones((4, 3)), np.ones((4, 3)), sample_weight=np.ones(5))


def test_a_result_before_the_first_batch_says_so():
    with pytest.raises(ValueError, match=r"f1_score.*no batch"):
        metrics.F1Score().result()


@pytest.mark.parametrize(
    ("y_true", "y_pred", "function"),
    [
        ((8, 1), (8, 1), "binary_accuracy"),
        ((8,), (8, 1), "binary_accuracy"),
        ((8,), (8, 3), "sparse_categorical_accuracy"),
        ((8, 1), (8, 3), "sparse_categorical_accuracy"),
        ((8, 3), (8, 3), "categorical_accuracy"),
        ((8, 5), (8, 5, 3), "sparse_categorical_accuracy"),
    ],
)
def test_accuracy_by_the_shapes_at_hand(y_true, y_pred, function):
    assert metrics.metric_by_shape("accuracy", y_true, y_pred)._fn.__name__ == function


@pytest.mark.parametrize("shape", [(3, 3, 4), (3, 2, 4)], ids=["as many steps as samples", "fewer steps"])
def test_weights_of_samples_count_for_all_steps_and_labels(shape):
    """Weights [batch, 1] for values [batch, steps, labels], as Keras has them."""
    metric = metrics.TrueNegatives()
    weights = np.array([[1.0], [2.0], [3.0]], "float32")
    metric.update_state(np.zeros(shape), np.zeros(shape), sample_weight=weights)
    assert float(metric.result()) == 6 * shape[1] * shape[2]
