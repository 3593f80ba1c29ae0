"""PyTorch: a training loop as its tutorials write it, batches taken by a random permutation; prediction in
inference mode."""

from __future__ import annotations

from typing import Any

from . import Run, builder
from ._data import data_of


def run_of(workload: dict[str, Any], compiled: bool) -> Run:
    """`compiled`: through ``torch.compile``."""
    import torch

    x, y = map(torch.from_numpy, data_of(workload))
    if workload["model"] == "stack":
        from .torch_stack import rows_of

        x = rows_of(x, workload)
    model = builder(MODELS, workload, "PyTorch")(workload, torch.nn)
    if workload["kind"] == "predict":
        return _predict(model, x, workload, compiled)
    return _train(model, x, y, workload, compiled)


def dense(workload: dict[str, Any], nn: Any) -> Any:
    """A dense network whose results are logits, where the loss is a cross-entropy."""
    activations = {"relu": nn.ReLU, "tanh": nn.Tanh}
    parts: list[Any] = []
    (size,) = workload["inputs"]
    for units, activation in workload["layers"]:
        parts.append(nn.Linear(size, units))
        size = units
        if activation in activations:
            parts.append(activations[activation]())
    return nn.Sequential(*parts)


def stack(workload: dict[str, Any], nn: Any) -> Any:
    """A stack of layers of several kinds."""
    from . import torch_stack

    return torch_stack.stack(workload)


MODELS = {"dense": dense, "stack": stack}


_OPTIMIZERS = {
    "sgd": lambda optim, parameters: optim.SGD(parameters, 0.01),
    "momentum": lambda optim, parameters: optim.SGD(parameters, 0.01, momentum=0.9),
    "adam": lambda optim, parameters: optim.Adam(parameters, 1e-3),
}


def _loss_of_places(z: Any, y: Any) -> Any:
    """Cross-entropy of logits (…, classes) and numbers of classes (…)."""
    from torch.nn.functional import cross_entropy

    return cross_entropy(z.flatten(0, -2), y.flatten())


def _predict(model: Any, x: Any, workload: dict[str, Any], compiled: bool) -> Run:
    import torch

    model.eval()
    forward = torch.compile(model) if compiled else model
    last = {
        "categorical_crossentropy": lambda z: torch.softmax(z, -1),
        "binary_crossentropy": torch.sigmoid,
    }.get(workload["loss"], lambda z: z)

    def predict() -> Any:
        with torch.inference_mode():
            return last(forward(x))

    return predict


def _train(model: Any, x: Any, y: Any, workload: dict[str, Any], compiled: bool) -> Run:
    import torch
    from torch import nn

    if workload["loss"] == "categorical_crossentropy":
        loss_of, y = nn.CrossEntropyLoss(), y.argmax(1)
    elif workload["loss"] == "sparse_categorical_crossentropy":
        loss_of, y = _loss_of_places, y.long()
    else:
        loss_of = nn.BCEWithLogitsLoss() if workload["loss"] == "binary_crossentropy" else nn.MSELoss()
    optimizer = _OPTIMIZERS[workload["optimizer"]](torch.optim, model.parameters())

    def step(xb: Any, yb: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(xb), yb)
        loss.backward()
        return loss

    compiled_step = torch.compile(step) if compiled else step

    def epoch() -> None:
        for rows in torch.randperm(len(x)).split(workload["batch"]):
            compiled_step(x[rows], y[rows])
            optimizer.step()

    return epoch
