"""scikit-learn's multi-layer perceptrons: an epoch is a call of `partial_fit`; they have one activation in all hidden
layers, and the loss says the last one."""

from __future__ import annotations

from typing import Any

from . import Run, UnableError, builder
from ._data import data_of

_HIDDEN = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic", "linear": "identity"}
_LAST = {"categorical_crossentropy": "softmax", "binary_crossentropy": "sigmoid", "mse": "linear"}


def run_of(workload: dict[str, Any]) -> Run:
    x, y = data_of(workload)
    model = builder(MODELS, workload, "scikit-learn")(workload)
    if workload["loss"] == "categorical_crossentropy":
        y = y.argmax(1)
    elif y.shape[1] == 1:
        y = y[:, 0]
    classes = {} if workload["loss"] == "mse" else {"classes": range(max(2, workload["outputs"]))}
    if workload["kind"] == "train":
        return lambda: model.partial_fit(x, y, **classes)
    model.partial_fit(x, y, **classes)
    predict = model.predict if workload["loss"] == "mse" else model.predict_proba
    return lambda: predict(x)


def dense(workload: dict[str, Any]) -> Any:
    """A perceptron with plain descent or Adam, without the penalty that it has by default."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    *hidden, (_, last) = workload["layers"]
    activations = {activation for _, activation in hidden}
    if len(activations) > 1 or last != _LAST[workload["loss"]]:
        raise UnableError(
            f"scikit-learn has no network with {', '.join(sorted({*activations, last}))} and {workload['loss']}"
        )
    kind = MLPRegressor if workload["loss"] == "mse" else MLPClassifier
    return kind(
        hidden_layer_sizes=[units for units, _ in hidden],
        activation=_HIDDEN[activations.pop()] if activations else "identity",
        solver=workload["optimizer"],
        learning_rate_init=0.01 if workload["optimizer"] == "sgd" else 1e-3,
        momentum=0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=workload["batch"],
        random_state=0,
    )


MODELS = {"dense": dense}
