"""Faults are planted, one at a time, into trainings that are sound; diagnose finds each by its code."""

import numpy as np
import pytest

import schuss
from schuss import ops
from schuss.layers import (
    LSTM,
    BatchNormalization,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
)

datasets = pytest.importorskip("sklearn.datasets")

SPARSE = "sparse_categorical_crossentropy"


@pytest.fixture(autouse=True)
def same_weights():
    schuss.utils.set_random_seed(3)


def shuffled(x, y):
    order = np.random.default_rng(0).permutation(len(x))
    return x[order].astype("float32"), y[order]


def digits():
    x, y = datasets.load_digits(return_X_y=True)
    x, y = shuffled(x / 16, y)
    return (x[:1300], y[:1300]), (x[1300:], y[1300:])


def cancer():
    x, y = datasets.load_breast_cancer(return_X_y=True)
    x, y = shuffled((x - x.mean(axis=0)) / x.std(axis=0), y)
    return (x[:420], y[:420].astype("float32")), (x[420:], y[420:].astype("float32"))


def classifier(*hidden, optimizer="adam", loss=SPARSE, inputs=64, last=None):
    layers = hidden or (Dense(64, activation="relu"),)
    model = schuss.Sequential([Input((inputs,)), *layers, last or Dense(10, activation="softmax")])
    model.compile(optimizer, loss)
    return model


def binary(optimizer="adam", inputs=30):
    model = schuss.Sequential(
        [Input((inputs,)), Dense(16, activation="relu"), Dense(1, activation="sigmoid")]
    )
    model.compile(optimizer, "binary_crossentropy")
    return model


def regressor(optimizer="adam", inputs=10):
    model = schuss.Sequential([Input((inputs,)), Dense(32, activation="relu"), Dense(1)])
    model.compile(optimizer, "mse")
    return model


def found(model, data, validation=None, **options):
    return schuss.diagnose(model, *data, validation, cost=False, seconds=10, **options)


def dead_relus():
    model = classifier(
        Dense(64, activation="relu", bias_initializer=schuss.initializers.Constant(-20.0), name="hidden")
    )
    return found(model, digits()[0]), "dead-relu", "hidden"


def rate_a_hundred_times_too_high():
    return (
        found(classifier(optimizer=schuss.optimizers.Adam(0.1 * 3)), digits()[0]),
        "learning-rate-too-high",
        "optimizer",
    )


def rate_of_descent_too_high():
    return (
        found(classifier(optimizer=schuss.optimizers.SGD(10.0)), digits()[0]),
        "learning-rate-too-high",
        "optimizer",
    )


def rate_a_thousand_times_too_low():
    return (
        found(classifier(optimizer=schuss.optimizers.Adam(1e-6)), digits()[0]),
        "learning-rate-too-low",
        "optimizer",
    )


def rate_of_descent_too_low():
    return (
        found(classifier(optimizer=schuss.optimizers.SGD(1e-5)), digits()[0]),
        "learning-rate-too-low",
        "optimizer",
    )


def shuffled_labels():
    (x, y), _ = digits()
    return found(classifier(), (x, np.random.default_rng(1).permutation(y))), "unrelated-labels", "y"


def shuffled_values():
    x, y = shuffled(*datasets.load_diabetes(return_X_y=True, scaled=True))
    y = np.random.default_rng(1).permutation((y - y.mean()) / y.std()).astype("float32")
    return found(regressor(), (x * 20, y)), "unrelated-labels", "y"


def leaked_rows():
    (x, y), (vx, vy) = digits()
    vx[:60], vy[:60] = x[100:160], y[100:160]
    return found(classifier(), (x, y), (vx, vy)), "leaked-rows", "validation_data"


def unscaled_feature():
    (x, y), _ = cancer()
    x[:, 7] *= 5000
    return found(binary(), (x, y)), "unscaled-feature", "x[:, 7]"


def unscaled_pixels():
    (x, y), _ = digits()
    return found(classifier(), (x * 255, y)), "unscaled-inputs", ""


class Entropy(Layer):
    def call(self, x):
        return -x * ops.log(x)


def log_of_zero():
    return found(classifier(Entropy(name="entropy"), Dense(32)), digits()[0]), "non-finite", "entropy"


class Distance(Layer):
    """Its derivative at 0 is infinite."""

    def call(self, x):
        return ops.sqrt(ops.square(x))


def infinite_derivative():
    return (
        found(classifier(Dense(32), Distance(name="distance")), (digits()[0][0] * 0, digits()[0][1])),
        "non-finite",
        "distance",
    )


def constant_weights():
    same = {"kernel_initializer": schuss.initializers.Constant(0.1)}
    model = classifier(
        Dense(64, activation="tanh", **same, name="hidden"), last=Dense(10, activation="softmax", **same)
    )
    return found(model, digits()[0]), "constant-weights", "hidden"


def weights_of_zero():
    layers = [
        Dense(64, activation="relu", kernel_initializer="zeros", name="hidden"),
        Dense(32, kernel_initializer="zeros"),
    ]
    return found(classifier(*layers), digits()[0]), "constant-weights", "hidden"


def symmetric_weights():
    model = classifier(Dense(32, activation="relu", name="hidden"), Dense(16, activation="relu"))
    hidden, following = model.layers[0], model.layers[1]
    kernel = hidden.kernel.numpy()
    kernel[:, 16:] = kernel[:, :16]
    hidden.kernel.assign(kernel)
    kernel = following.kernel.numpy()
    kernel[16:] = kernel[:16]
    following.kernel.assign(kernel)
    return found(model, digits()[0]), "symmetric-weights", "hidden"


def exploding_gradients():
    large = [
        Dense(64, activation="relu", kernel_initializer=schuss.initializers.RandomNormal(stddev=1.5))
        for _ in range(7)
    ]
    return found(classifier(*large), digits()[0]), "exploding-gradients", large[0].name


def vanishing_gradients():
    deep = [Dense(32, activation="sigmoid") for _ in range(10)]
    return found(classifier(*deep), digits()[0]), "vanishing-gradients", deep[0].name


def saturated_tanh():
    wide = Dense(
        64, activation="tanh", kernel_initializer=schuss.initializers.RandomNormal(stddev=10.0), name="wide"
    )
    return found(classifier(wide, Dense(32, activation="relu")), digits()[0]), "saturated-units", "wide"


def class_imbalance():
    (x, y), _ = cancer()
    kept = np.r_[np.flatnonzero(y == 1), np.flatnonzero(y == 0)[:8]]
    return found(binary(), (x[kept], y[kept])), "class-imbalance", "y"


def duplicate_rows():
    (x, y), _ = digits()
    return (
        found(classifier(), (np.concatenate([x, x[:300]]), np.concatenate([y, y[:300]]))),
        "duplicate-rows",
        "",
    )


def constant_feature():
    (x, y), _ = cancer()
    x[:, 4] = 3.0
    return found(binary(), (x, y)), "constant-feature", "x[:, 4]"


def missing_values():
    (x, y), _ = cancer()
    x[np.random.default_rng(0).random(x.shape[0]) < 0.05, 2] = np.nan
    return found(binary(), (x, y)), "missing-values", "x[:, 2]"


def missing_labels():
    x, y = shuffled(*datasets.load_diabetes(return_X_y=True))
    y = ((y - y.mean()) / y.std()).astype("float32")
    y[10] = np.inf
    return found(regressor(), (x * 20, y)), "missing-values", "y"


def outliers():
    (x, y), _ = cancer()
    x[[5, 50], 9] = -9999
    return found(binary(), (x, y)), "outliers", "x[:, 9]"


def label_noise():
    (x, y), _ = digits()
    rng = np.random.default_rng(0)
    wrong = rng.random(len(y)) < 0.12
    return (
        found(classifier(), (x, np.where(wrong, (y + rng.integers(1, 10, len(y))) % 10, y))),
        "label-noise",
        "y",
    )


def validation_from_elsewhere():
    data, (vx, vy) = cancer()
    return found(binary(), data, (vx * 1.5 + 0.7, vy)), "validation-shift", "validation_data"


def validation_of_other_pictures():
    data, (vx, vy) = digits()
    return found(classifier(), data, (1 - vx, vy)), "validation-shift", "validation_data"


def validation_with_other_classes():
    (x, y), (vx, vy) = digits()
    later = vy < 5
    return found(classifier(), (x, y), (vx[later], vy[later])), "validation-label-shift", "validation_data"


def batch_norm_of_two():
    model = classifier(Dense(32), BatchNormalization(name="norm"))
    return found(model, digits()[0], batch_size=2), "small-batch-norm", "norm"


def softmax_twice():
    loss = schuss.losses.SparseCategoricalCrossentropy(from_logits=True)
    return found(classifier(loss=loss), digits()[0]), "softmax-and-logits", "the output"


def no_softmax():
    return found(classifier(last=Dense(10)), digits()[0]), "no-softmax", "the output"


def sigmoid_of_classes():
    (x, y), _ = digits()
    model = classifier(last=Dense(10, activation="sigmoid"), loss="categorical_crossentropy")
    return found(model, (x, np.eye(10, dtype="float32")[y])), "sigmoid-with-categorical", "the output"


def softmax_of_one_unit():
    (x, y), _ = cancer()
    model = classifier(inputs=30, last=Dense(1, activation="softmax"), loss="binary_crossentropy")
    return found(model, (x, y)), "softmax-of-one", "the output"


def labels_from_one():
    (x, y), _ = digits()
    return found(classifier(), (x, y + 1)), "labels-out-of-range", "y"


def labels_of_minus_one():
    (x, y), _ = cancer()
    return found(binary(), (x, 2 * y - 1)), "labels-out-of-range", "y"


def targets_out_of_reach():
    x, y = shuffled(*datasets.load_diabetes(return_X_y=True))
    model = classifier(inputs=10, last=Dense(1, activation="sigmoid"), loss="mse")
    return found(model, (x * 20, y.astype("float32"))), "output-range", "the output"


def overfitting():
    (x, y), validation = digits()
    model = classifier(
        Dense(256, activation="relu"), Dense(256, activation="relu"), optimizer=schuss.optimizers.Adam(3e-3)
    )
    y = np.where(
        np.random.default_rng(0).random(len(y)) < 0.4, np.random.default_rng(1).integers(0, 10, len(y)), y
    )
    history = model.fit(x[:300], y[:300], validation_data=validation, epochs=40, verbose=0)
    return (
        found(model, (x[:300], y[:300]), validation, history=history, checks=["overfitting"]),
        "overfitting",
        "",
    )


def underfitting():
    (x, y), validation = digits()
    history = {
        "loss": [2.32, 2.31, 2.305, 2.304, 2.303, 2.303],
        "val_loss": [2.32, 2.31, 2.31, 2.31, 2.31, 2.31],
    }
    return found(classifier(), (x, y), validation, history=history), "underfitting", ""


def loss_that_rises():
    history = {"loss": [2.3, 1.2, 0.6, 0.4, 1.6, 2.0]}
    return found(classifier(), digits()[0], history=history), "loss-rises", ""


def unused_weights():
    class Half(Layer):
        def build(self, shape):
            self.used = self.add_weight((64, 16), name="used")
            self.unused = self.add_weight((64, 16), name="unused")

        def call(self, x):
            return x @ self.used + ops.stop_gradient(x @ self.unused)

    return found(classifier(Half(name="half")), digits()[0]), "no-gradient", "half"


def update_far_too_large():
    tiny = schuss.initializers.RandomNormal(stddev=1e-6)
    layers = [Dense(32, activation="relu", kernel_initializer=tiny, name="tiny")]
    return (
        found(classifier(*layers, optimizer=schuss.optimizers.SGD(30.0)), digits()[0]),
        "learning-rate-too-high",
        "optimizer",
    )


def one_class():
    (x, y), _ = digits()
    return found(classifier(), (x, y * 0)), "one-class", "y"


def saturated_in_a_convnet():
    (x, y), _ = digits()
    layers = [
        Conv2D(
            8,
            3,
            activation="sigmoid",
            kernel_initializer=schuss.initializers.RandomNormal(stddev=30.0),
            name="conv",
        )
    ]
    model = schuss.Sequential(
        [Input((8, 8, 1)), *layers, MaxPooling2D(2), Flatten(), Dense(10, activation="softmax")]
    )
    model.compile("adam", SPARSE)
    return found(model, (x.reshape(-1, 8, 8, 1), y)), "saturated-units", "conv"


def shuffled_sequences():
    x = np.random.default_rng(0).integers(0, 20, (600, 12)).astype("int32")
    y = np.random.default_rng(1).integers(0, 2, 600).astype("float32")
    model = schuss.Sequential(
        [Input((12,), dtype="int32"), Embedding(20, 8), LSTM(8), Dense(1, activation="sigmoid")]
    )
    model.compile("adam", "binary_crossentropy")
    return found(model, (x, y)), "unrelated-labels", "y"


def batches_far_too_large():
    x = np.random.default_rng(0).normal(size=(4096, 10)).astype("float32")
    y = 5 + x @ np.full((10, 1), 0.1, "float32")  # at first every row says: up
    return found(regressor(), (x, y), batch_size=512), "batch-too-large", ""


def loss_that_is_no_number():
    history = {"loss": [2.3, 51.0, np.nan, np.nan]}
    return found(classifier(), digits()[0], history=history), "diverged", ""


def several_labels_at_once():
    (x, y), _ = digits()
    both = np.eye(10, dtype="float32")[y]
    both[::3, 0] = 1
    return found(classifier(loss="categorical_crossentropy"), (x, both)), "labels-not-one-hot", "y"


def no_sigmoid():
    (x, y), _ = cancer()
    model = classifier(inputs=30, last=Dense(1), loss="binary_crossentropy")
    return found(model, (x, y)), "no-sigmoid", "the output"


def sigmoid_twice():
    (x, y), _ = cancer()
    loss = schuss.losses.BinaryCrossentropy(from_logits=True)
    return (
        found(classifier(inputs=30, last=Dense(1, activation="sigmoid"), loss=loss), (x, y)),
        "sigmoid-and-logits",
        "the output",
    )


def saturated_output():
    (x, y), _ = cancer()
    large = schuss.initializers.RandomNormal(stddev=50.0)
    last = Dense(1, activation="sigmoid", kernel_initializer=large, name="last")
    return (
        found(classifier(inputs=30, last=last, loss="binary_crossentropy"), (x, y)),
        "saturated-output",
        "last",
    )


def steps_from_one_side_of_the_valley_to_the_other():
    x = np.random.default_rng(0).normal(size=(2048, 4)).astype("float32")
    model = schuss.Sequential([Input((4,)), Dense(4, name="linear")])
    model.compile(schuss.optimizers.SGD(3.8), "mse")  # stable below 4: the curvature is 1/2
    return found(model, (x, x @ np.eye(4, dtype="float32")), batch_size=256), "update-too-large", "linear"


def saturated_gates():
    x = np.random.default_rng(0).normal(size=(600, 12, 4)).astype("float32")
    large = schuss.initializers.RandomNormal(stddev=30.0)
    model = schuss.Sequential(
        [Input((12, 4)), LSTM(8, kernel_initializer=large, name="memory"), Dense(1, activation="sigmoid")]
    )
    model.compile("adam", "binary_crossentropy")
    return found(model, (x, (x[:, -1, 0] > 0).astype("float32"))), "saturated-units", "memory"


FAULTS = [
    dead_relus, rate_a_hundred_times_too_high, rate_of_descent_too_high, rate_a_thousand_times_too_low,
    rate_of_descent_too_low, shuffled_labels, shuffled_values, leaked_rows, unscaled_feature, unscaled_pixels, log_of_zero,
    infinite_derivative, constant_weights, weights_of_zero, symmetric_weights, exploding_gradients, vanishing_gradients, saturated_tanh,
    class_imbalance, duplicate_rows, constant_feature, missing_values, missing_labels, outliers, label_noise,
    validation_from_elsewhere, validation_of_other_pictures, validation_with_other_classes, batch_norm_of_two,
    softmax_twice, no_softmax, sigmoid_of_classes, softmax_of_one_unit, labels_from_one, labels_of_minus_one,
    targets_out_of_reach, overfitting, underfitting, loss_that_rises, unused_weights, update_far_too_large, one_class,
    saturated_in_a_convnet, shuffled_sequences, batches_far_too_large, loss_that_is_no_number, several_labels_at_once,
    saturated_gates, no_sigmoid, sigmoid_twice, saturated_output, steps_from_one_side_of_the_valley_to_the_other,
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault):
    diagnosis, code, where = fault()
    findings = diagnosis.find(code)
    assert findings, diagnosis.codes
    assert any(where in finding.where for finding in findings), [finding.where for finding in findings]
    for finding in diagnosis.findings:
        assert all((finding.what, finding.evidence, finding.why, finding.advice))
