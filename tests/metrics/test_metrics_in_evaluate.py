"""In compiled steps metrics say what they say batch by batch outside of them, on both evaluators."""

import numpy as np
import pytest

import schuss
from schuss import layers, metrics

RNG = np.random.default_rng(4)
X = RNG.normal(size=(22, 3)).astype("float32")
WEIGHTS = RNG.uniform(0.2, 2.0, size=22).astype("float32")
BITS = RNG.integers(0, 2, size=(22, 3)).astype("float32")
ONE_HOT = np.eye(3, dtype="float32")[RNG.integers(0, 3, size=22)]
LABELS = ONE_HOT.argmax(-1)
NUMBERS = RNG.uniform(0.1, 1.0, size=(22, 3)).astype("float32")
CLASSES_3 = {"num_classes": 3, "target_class_ids": [0, 2]}
CASES = [
    (
        "sigmoid",
        "binary_crossentropy",
        BITS,
        [metrics.BinaryAccuracy, metrics.BinaryCrossentropy, metrics.Hinge],
    ),
    (
        "sigmoid",
        "binary_crossentropy",
        BITS,
        [
            metrics.AUC,
            lambda: metrics.AUC(curve="PR", name="pr"),
            lambda: metrics.AUC(multi_label=True, num_labels=3, name="by_label"),
            lambda: metrics.Precision(thresholds=0.4),
            lambda: metrics.Recall(class_id=1),
            lambda: metrics.Precision(top_k=1, name="best"),
            lambda: metrics.SensitivityAtSpecificity(0.5),
            lambda: metrics.PrecisionAtRecall(0.5, num_thresholds=11),
            metrics.TruePositives,
            metrics.TrueNegatives,
        ],
    ),
    ("sigmoid", "binary_crossentropy", BITS, [lambda: metrics.BinaryIoU(threshold=0.4)]),
    (
        "softmax",
        "categorical_crossentropy",
        ONE_HOT,
        [
            metrics.CategoricalAccuracy,
            lambda: metrics.TopKCategoricalAccuracy(2),
            lambda: metrics.CategoricalCrossentropy(label_smoothing=0.1),
            metrics.KLDivergence,
            metrics.CategoricalHinge,
            lambda: metrics.F1Score(average="macro"),
            lambda: metrics.FBetaScore(average="micro", beta=2.0, threshold=0.4),
            lambda: metrics.OneHotMeanIoU(3),
            lambda: metrics.OneHotIoU(**CLASSES_3),
        ],
    ),
    (
        "softmax",
        "sparse_categorical_crossentropy",
        LABELS,
        [
            metrics.SparseCategoricalAccuracy,
            lambda: metrics.SparseTopKCategoricalAccuracy(2),
            lambda: metrics.SparseCategoricalCrossentropy(ignore_class=1),
            lambda: metrics.MeanIoU(3, sparse_y_pred=False),
        ],
    ),
    (
        "softplus",
        "half_mse",
        NUMBERS,
        [
            metrics.MeanSquaredError,
            metrics.RootMeanSquaredError,
            metrics.MeanAbsolutePercentageError,
            metrics.MeanSquaredLogarithmicError,
            metrics.LogCoshError,
            metrics.CosineSimilarity,
            metrics.Poisson,
            metrics.R2Score,
            metrics.PearsonCorrelation,
            metrics.ConcordanceCorrelation,
        ],
    ),
]


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize(
    ("activation", "loss", "y", "kinds"), CASES, ids=[f"{c[0]}-{c[3][0]().name}" for c in CASES]
)
def test_evaluate_agrees_with_update_state(activation, loss, y, kinds, backend, weights, monkeypatch):
    monkeypatch.setenv("SCHUSS_BACKEND", backend)
    schuss.utils.set_random_seed(1)
    model = schuss.Sequential([schuss.Input((3,)), layers.Dense(3, activation)])
    chosen = [kind() for kind in kinds]
    model.compile("sgd", loss, weighted_metrics=chosen)
    logs = model.evaluate(X, y, batch_size=8, sample_weight=weights, verbose=0, return_dict=True)
    y_pred = np.asarray(model.predict(X, verbose=0))
    for kind, metric in zip(kinds, chosen, strict=True):
        alone = kind()
        for start in (0, 8, 16):
            batch = slice(start, start + 8)
            weight = None if weights is None else weights[batch]
            alone.update_state(y[batch], y_pred[batch], sample_weight=weight)
        np.testing.assert_allclose(logs[metric.name], alone.result(), rtol=2e-5, err_msg=metric.name)
