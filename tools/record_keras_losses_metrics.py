"""Record what Keras's losses and metrics compute, for tests/recorded/{losses,metrics}_more.{json,npz}.

Needs Keras 3 with the TensorFlow backend (for gradients); Schuss itself needs neither. Numbers come from a fixed
seed, so running it again gives the same files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src import backend as keras_backend

RNG = np.random.default_rng(23)
Maker = Callable[[tuple[int, ...]], np.ndarray]


def normal(shape: tuple[int, ...]) -> np.ndarray:
    return (2 * RNG.normal(size=shape)).astype("float32")


def positive(shape: tuple[int, ...]) -> np.ndarray:
    return np.abs(normal(shape)) + np.float32(0.05)


def unit(shape: tuple[int, ...]) -> np.ndarray:
    return RNG.uniform(0.02, 0.98, size=shape).astype("float32")


def distribution(shape: tuple[int, ...]) -> np.ndarray:
    x = np.exp(RNG.normal(size=shape))
    return (x / x.sum(-1, keepdims=True)).astype("float32")


def bits(shape: tuple[int, ...]) -> np.ndarray:
    return RNG.integers(0, 2, size=shape).astype("float32")


def one_hot(shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(shape[-1], dtype="float32")[RNG.integers(0, shape[-1], size=shape[:-1])]


def labels(shape: tuple[int, ...], classes: int = 4) -> np.ndarray:
    return RNG.integers(0, classes, size=shape).astype("int32")


def directions(shape: tuple[int, ...]) -> np.ndarray:
    x = RNG.normal(size=shape)
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype("float32")


LOSSES: list[tuple[str, Maker, Maker, list[dict[str, Any]]]] = [
    ("MeanSquaredError", normal, normal, [{}]),
    ("MeanAbsoluteError", normal, normal, [{}]),
    ("MeanAbsolutePercentageError", normal, normal, [{}]),
    ("MeanSquaredLogarithmicError", positive, positive, [{}]),
    ("Huber", normal, normal, [{"delta": 0.3}, {"delta": 2.5}]),
    ("LogCosh", normal, normal, [{}]),
    ("CosineSimilarity", normal, normal, [{}, {"axis": 1}, {"axis": 0}]),
    ("Poisson", positive, positive, [{}]),
    ("KLDivergence", distribution, distribution, [{}]),
    ("Hinge", bits, normal, [{}]),
    ("SquaredHinge", bits, normal, [{}]),
    ("CategoricalHinge", one_hot, normal, [{}]),
    ("Dice", bits, unit, [{"axis": -1}, {"axis": [0, 1]}]),
    ("Tversky", bits, unit, [{"alpha": 0.3, "beta": 0.9}, {"alpha": 0.8, "beta": 0.1, "axis": -1}]),
    ("BinaryCrossentropy", bits, unit, [{}, {"label_smoothing": 0.2}, {"axis": 1}]),
    ("BinaryCrossentropy", bits, normal, [{"from_logits": True}]),
    ("BinaryFocalCrossentropy", bits, unit, [{"gamma": 1.5}, {"alpha": 0.6, "apply_class_balancing": True}]),
    ("BinaryFocalCrossentropy", bits, normal, [{"gamma": 3.0, "from_logits": True, "label_smoothing": 0.1}]),
    (
        "CategoricalCrossentropy",
        one_hot,
        distribution,
        [{}, {"axis": 1}, {"axis": 1, "label_smoothing": 0.3}],
    ),
    ("CategoricalCrossentropy", one_hot, normal, [{"from_logits": True, "label_smoothing": 0.1}]),
    ("CategoricalFocalCrossentropy", one_hot, distribution, [{"alpha": 0.5, "gamma": 1.5}, {"axis": 1}]),
    ("CategoricalFocalCrossentropy", one_hot, normal, [{"from_logits": True, "label_smoothing": 0.2}]),
]
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")
MASK = np.array([1, 1, 0, 1, 0, 1], bool)


def case(name: str, config: dict[str, Any], **arrays: np.ndarray) -> dict[str, Any]:
    return {"class": name, "config": config, "given": arrays}


def loss_cases() -> list[dict[str, Any]]:
    cases = []
    for name, y_true, y_pred, configs in LOSSES:
        for config in configs:
            for shape in ((4, 3), (3, 2, 4)):
                cases.append(case(name, config, y_true=y_true(shape), y_pred=y_pred(shape)))
            if "axis" not in config and name not in ("Dice", "Tversky"):
                shape = (3, 2, 4)
                for weight in ((3, 2), (3, 2, 1), (1,), ()):
                    cases.append(
                        case(
                            name,
                            config,
                            y_true=y_true(shape),
                            y_pred=y_pred(shape),
                            sample_weight=unit(weight),
                        )
                    )
    for name, y_true, y_pred, configs in LOSSES[::3]:
        for reduction in REDUCTIONS:
            config = {**configs[0], "reduction": reduction}
            given = {"y_true": y_true((6, 3)), "y_pred": y_pred((6, 3))}
            if "axis" in config or name in ("Dice", "Tversky"):
                continue
            cases.append(case(name, config, **given, sample_weight=unit((6,))))
            cases.append(case(name, config, **given, mask=MASK))
            cases.append(case(name, config, **given, mask=MASK, sample_weight=unit((6, 1))))
        if "Categorical" not in name:
            cases.append(case(name, configs[0], y_true=y_true((6,)), y_pred=y_pred((6, 1))))
            cases.append(case(name, configs[0], y_true=y_true((6, 1)), y_pred=y_pred((6,))))
    return cases + special_losses()


def special_losses() -> list[dict[str, Any]]:
    cases = []
    ignoring = labels((3, 4))
    ignoring[0, :2] = ignoring[1, 3] = -1
    for config in ({}, {"from_logits": True}):
        y_pred = normal if config else distribution
        cases.append(
            case("SparseCategoricalCrossentropy", config, y_true=labels((5, 1)), y_pred=y_pred((5, 4)))
        )
        for reduction in ("sum_over_batch_size", "mean_with_sample_weight", "none"):
            ignored = {**config, "ignore_class": -1, "reduction": reduction}
            given = {"y_true": ignoring, "y_pred": y_pred((3, 4, 4))}
            cases.append(case("SparseCategoricalCrossentropy", ignored, **given))
            cases.append(case("SparseCategoricalCrossentropy", ignored, **given, sample_weight=unit((3, 4))))
    for q in (0.2, 0.9):
        cases.append(
            case(
                "CategoricalGeneralizedCrossEntropy",
                {"q": q},
                y_true=labels((5,)),
                y_pred=distribution((5, 4)),
            )
        )
    same = np.array([0, 1, 0, 2, 1, 3], "int32")
    for config in ({}, {"gamma": 20.0}, {"margin": 0.1}, {"remove_diagonal": False}, {"reduction": "none"}):
        cases.append(case("Circle", config, y_true=same, y_pred=directions((6, 4))))
        cases.append(case("Circle", config, y_true=same, y_pred=directions((6, 4)), sample_weight=unit((6,))))
    words = np.array([[1, 1, 2, 0], [3, 0, 0, 0], [2, 1, 3, 1]], "int32")
    for config in ({}, {"reduction": "none"}):
        cases.append(case("CTC", config, y_true=words, y_pred=normal((3, 8, 5))))
    return cases


def batches(
    count: int, y_true: Maker, y_pred: Maker, shape: Any, weight: Any = None
) -> dict[str, np.ndarray]:
    given = {}
    for i in range(count):
        given[f"y_true{i}"], given[f"y_pred{i}"] = y_true(shape), y_pred(shape)
        if weight is not None and i % 2 == 0:
            given[f"sample_weight{i}"] = unit(weight)
    return given


MEANS: list[tuple[str, Maker, Maker, list[dict[str, Any]]]] = [
    ("MeanAbsoluteError", normal, normal, [{}]),
    ("RootMeanSquaredError", normal, normal, [{}]),
    ("MeanSquaredLogarithmicError", positive, positive, [{}]),
    ("LogCoshError", normal, normal, [{}]),
    ("CosineSimilarity", normal, normal, [{}, {"axis": 1}]),
    ("SquaredHinge", bits, normal, [{}]),
    ("CategoricalHinge", one_hot, normal, [{}]),
    ("KLDivergence", distribution, distribution, [{}]),
    ("Poisson", positive, positive, [{}]),
    ("BinaryCrossentropy", bits, normal, [{"from_logits": True, "label_smoothing": 0.1}]),
    ("CategoricalCrossentropy", one_hot, distribution, [{"label_smoothing": 0.2}, {"axis": 1}]),
    ("CategoricalAccuracy", one_hot, normal, [{}]),
    ("TopKCategoricalAccuracy", one_hot, normal, [{"k": 1}, {"k": 2}, {"k": 7}]),
    ("BinaryAccuracy", bits, unit, [{}, {"threshold": 0.8}]),
    ("PearsonCorrelation", normal, normal, [{}, {"axis": 1}]),
    ("ConcordanceCorrelation", normal, normal, [{}]),
]


def metric_cases() -> list[dict[str, Any]]:
    cases = []
    for name, y_true, y_pred, configs in MEANS:
        for config in configs:
            cases.append(case(name, config, **batches(3, y_true, y_pred, (5, 3))))
            if "axis" not in config:
                cases.append(case(name, config, **batches(3, y_true, y_pred, (5, 3), (5,))))
                cases.append(case(name, config, **batches(2, y_true, y_pred, (3, 2, 4), (3, 2, 1))))
                if name not in ("RootMeanSquaredError", "BinaryAccuracy"):
                    mask = np.array([1, 0, 1, 1, 0], bool)
                    cases.append(case(name, config, **batches(1, y_true, y_pred, (5, 3), (5,)), mask=mask))
    for name, config in (
        ("SparseCategoricalAccuracy", {}),
        ("SparseTopKCategoricalAccuracy", {"k": 2}),
        ("SparseCategoricalCrossentropy", {"ignore_class": 1}),
    ):
        for weight in (None, (3, 5)):
            given = batches(2, lambda s: labels(s[:-1]), distribution, (3, 5, 4), weight)
            cases.append(case(name, config, **given))
    return cases + decision_cases() + curve_cases() + matrix_cases()


def decision_cases() -> list[dict[str, Any]]:
    cases = []
    on_the_edges = np.array([0, 1, 0.5, 0.25, 0.2, 0.75, 0, 1], "float32")
    for name in ("TruePositives", "FalseNegatives", "Precision", "Recall", "TrueNegatives", "FalsePositives"):
        for thresholds in (None, 0.3, [0.2, 0.5, 0.8], [0.0, 0.5, 1.0], [0.0, 0.25, 0.5, 0.75, 1.0]):
            given = {
                "y_true0": bits((8,)),
                "y_pred0": on_the_edges,
                "y_true1": bits((8,)),
                "y_pred1": unit((8,)),
            }
            config = {"thresholds": thresholds}
            cases.append(case(name, config, **given, sample_weight1=unit((8,))))
    for name in ("Precision", "Recall"):
        for config in (
            {"top_k": 2},
            {"top_k": 1, "class_id": 1},
            {"class_id": 2},
            {"top_k": 2, "thresholds": 0.4},
        ):
            cases.append(case(name, config, **batches(2, bits, unit, (6, 4), (6,))))
    for name, given in (
        ("SensitivityAtSpecificity", "specificity"),
        ("SpecificityAtSensitivity", "sensitivity"),
        ("PrecisionAtRecall", "recall"),
        ("RecallAtPrecision", "precision"),
    ):
        for value, config in ((0.3, {}), (0.6, {"num_thresholds": 11}), (0.5, {"class_id": 1})):
            cases.append(case(name, {given: value, **config}, **batches(2, bits, unit, (12, 3), (12,))))
    return cases


def curve_cases() -> list[dict[str, Any]]:
    cases = []
    for curve in ("ROC", "PR", "PRGAIN"):
        for method in ("interpolation", "minoring", "majoring"):
            shared = {"curve": curve, "summation_method": method}
            for config in ({}, {"num_thresholds": 7}, {"thresholds": [0.3, 0.5, 0.6]}):
                cases.append(case("AUC", {**shared, **config}, **batches(2, bits, unit, (20,), (20,))))
            for config in ({"multi_label": True}, {"multi_label": True, "label_weights": [0.5, 1.0, 2.0]}):
                cases.append(case("AUC", {**shared, **config}, **batches(2, bits, unit, (12, 3), (12,))))
    cases.append(case("AUC", {"from_logits": True}, **batches(2, bits, normal, (20,))))
    cases.append(case("AUC", {"label_weights": [0.5, 1.0, 2.0]}, **batches(2, bits, unit, (12, 3))))
    return cases


def matrix_cases() -> list[dict[str, Any]]:
    cases = []

    def classes(shape: tuple[int, ...]) -> np.ndarray:
        return labels(shape, 3)

    for config in ({}, {"ignore_class": 1}, {"dtype": "float32"}):
        given = {"num_classes": 3, "target_class_ids": [0, 2], **config}
        cases.append(
            case("IoU", given, **batches(2, classes, classes, (9,), (9,) if "dtype" in config else None))
        )
        cases.append(
            case("OneHotMeanIoU", {"num_classes": 3, **config}, **batches(2, one_hot, normal, (9, 3)))
        )
    outside = np.array([0, 1, 3, -1, 2, 0], "int32")
    cases.append(case("MeanIoU", {"num_classes": 3}, y_true0=outside, y_pred0=outside[::-1].copy()))
    for config in ({}, {"threshold": 0.3, "target_class_ids": [1]}):
        cases.append(case("BinaryIoU", config, **batches(2, bits, unit, (9,))))
    for average in (None, "micro", "macro", "weighted"):
        for config in ({}, {"threshold": 0.4}):
            cases.append(
                case("F1Score", {"average": average, **config}, **batches(2, bits, unit, (6, 3), (6,)))
            )
    for average in ("uniform_average", "variance_weighted_average", None):
        for regressors in (0, 3, 40):
            config = {"class_aggregation": average, "num_regressors": regressors}
            cases.append(case("R2Score", config, **batches(2, normal, normal, (8, 2), (8,))))
    return cases


def record_loss(entry: dict[str, Any]) -> dict[str, np.ndarray]:
    given = entry.pop("given")
    cls = getattr(keras.losses, entry["class"], None) or getattr(keras.src.losses.losses, entry["class"])
    loss, y_pred = cls(**entry["config"]), tf.constant(given["y_pred"])
    if "mask" in given:
        keras_backend.set_keras_mask(y_pred, tf.constant(given["mask"]))
    with tf.GradientTape() as tape:
        tape.watch(y_pred)
        value = loss(given["y_true"], y_pred, sample_weight=given.get("sample_weight"))
        total = tf.reduce_sum(value)
    return {**given, "value": value.numpy(), "grad.y_pred": np.asarray(tape.gradient(total, y_pred))}


def record_metric(entry: dict[str, Any]) -> dict[str, np.ndarray]:
    given = entry.pop("given")
    metric, found = getattr(keras.metrics, entry["class"])(**entry["config"]), {}
    entry["updates"] = sum(name.startswith("y_true") for name in given)
    for i in range(entry["updates"]):
        y_pred = tf.constant(given[f"y_pred{i}"])
        if "mask" in given:
            keras_backend.set_keras_mask(y_pred, tf.constant(given["mask"]))
        metric.update_state(given[f"y_true{i}"], y_pred, sample_weight=given.get(f"sample_weight{i}"))
        found[f"result{i}"] = np.array(keras.ops.convert_to_numpy(metric.result()))
    return {**given, **found}


def write(
    path: Path, cases: list[dict[str, Any]], record: Callable[[dict[str, Any]], dict[str, np.ndarray]]
) -> None:
    arrays: dict[str, np.ndarray] = {}
    for i, entry in enumerate(cases):
        found = record(entry)
        entry["id"], entry["arrays"] = f"{i:03d}", sorted(found)
        arrays.update({f"{i:03d}/{name}": array for name, array in found.items()})
    source = f"Keras {keras.__version__}, {keras.backend.backend()} backend, CPU"
    text = ",\n".join(json.dumps(entry) for entry in cases)
    path.with_suffix(".json").write_text(f'{{"source": "{source}", "cases": [\n{text}\n]}}\n')
    np.savez_compressed(path.with_suffix(".npz"), **arrays)
    print(f"{path.stem}: {len(cases)} cases")


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "tests" / "recorded"
    write(folder / "losses_more", loss_cases(), record_loss)
    write(folder / "metrics_more", metric_cases(), record_metric)
