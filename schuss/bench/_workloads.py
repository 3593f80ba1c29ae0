"""What is measured: dense networks of the sizes that people train on a processor, on synthetic data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Workload:
    """A network, its training, and how much of it is run.

    Attributes:
        inputs: features of a row.
        layers: (units, activation) of each dense layer.
        batch: rows in a step. steps: steps in an epoch.
        optimizer: ``"sgd"`` or ``"adam"``.
        loss: ``"categorical_crossentropy"``, ``"binary_crossentropy"`` or ``"mse"``.
        kind: ``"train"``, or ``"predict"``: then a step is one call with `batch` rows.
        wanted: what is to be reached, in words.
    """

    name: str
    inputs: int
    layers: tuple[tuple[int, str], ...]
    batch: int
    steps: int
    optimizer: str
    loss: str
    kind: str = "train"
    wanted: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The workload as JSON can hold it."""
        return asdict(self)

    @property
    def flops(self) -> int:
        """Floating-point operations of a step's contractions: forward, by the weights, and by the inputs but the first."""
        sizes = [self.inputs, *(units for units, _ in self.layers)]
        products = [2 * self.batch * a * b for a, b in pairwise(sizes)]
        return sum(products) if self.kind == "predict" else 3 * sum(products) - products[0]


_SEED = ((64, "relu"), (10, "softmax"))
_CLASSES = "categorical_crossentropy"

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(
            "seed_mlp", 784, _SEED, 32, 1875, "sgd", _CLASSES,
            wanted="≤ 1/6 of PyTorch, 1/20 of TensorFlow, 1/2 of JAX scan",
        ),
        Workload("linreg", 30, ((1, "linear"),), 32, 2000, "sgd", "mse", wanted="≤ 1/60 of PyTorch"),
        Workload(
            "tabular", 30, ((64, "relu"), (64, "relu"), (1, "sigmoid")), 1024, 200, "adam", "binary_crossentropy",
            wanted="≤ 1/3 of the best",
        ),
        Workload(
            "wide_mlp", 784, ((1024, "relu"), (1024, "relu"), (10, "softmax")), 128, 60, "adam", _CLASSES,
            wanted="≤ 0.55 of the best; ≥ 65 % of peak",
        ),
        Workload("deep_narrow", 32, ((32, "tanh"),) * 32, 64, 500, "adam", "mse", wanted="≤ 1/5 of the best"),
        Workload("big_batch", 784, _SEED, 8192, 7, "sgd", _CLASSES, wanted="≤ 0.6 of the best"),
        Workload("predict_1", 784, _SEED, 1, 1, "sgd", _CLASSES, "predict", wanted="≤ the best"),
        Workload("predict_10000", 784, _SEED, 10_000, 1, "sgd", _CLASSES, "predict", wanted="≤ the best"),
    )
}  # fmt: skip
