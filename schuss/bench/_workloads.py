"""What is measured: networks of the sizes that people train on a processor, on synthetic data; and what is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from schuss.bench.contenders._stack import layers_of


@dataclass(frozen=True)
class Wanted:
    """Something to be reached: a time against other libraries', or a share of what the processor can do.

    Attributes:
        times: at most so many times the best time of `peers`; None: this is about the peak.
        peers: names of contenders; none: all of them.
        share_of_peak: at least this share of the peak rate, from 0 to 1.
    """

    times: float | None = None
    peers: tuple[str, ...] = ()
    share_of_peak: float | None = None

    def __str__(self) -> str:
        if self.times is None:
            return f"≥ {self.share_of_peak:.0%} of peak"
        part = Fraction(self.times).limit_denominator(100)
        times = "" if self.times == 1 else f"{part} of " if part.numerator == 1 else f"{self.times:g} of "
        return f"≤ {times}{' / '.join(self.peers) or 'the best'}"


@dataclass(frozen=True)
class Workload:
    """A network, its training, and how much of it is run.

    Attributes:
        model: the kind of network: a key of the families' tables of builders. inputs: the shape of a row.
        outputs: the number of results for a row. batch: rows in a step. steps: steps in an epoch.
        optimizer: ``"sgd"``, ``"momentum"`` or ``"adam"``.
        loss: ``"categorical_crossentropy"``, ``"sparse_categorical_crossentropy"``, ``"binary_crossentropy"`` or ``"mse"``.
        flops: floating-point operations of a step's contractions, a multiply-add being two.
        kind: ``"train"``, or ``"predict"``: then a step is one call with `batch` rows.
        arguments: what else the kind of network needs; for ``"dense"`` `layers`, (units, activation) of each; for
            ``"stack"`` rows as `contenders._stack` has them, for inputs that are numbers of words `words`, and `places`,
            the shape of a row's labels, if there are several.
        wanted: what is to be reached.
        summary: what it is, in words.
    """

    name: str
    model: str
    inputs: tuple[int, ...]
    outputs: int
    batch: int
    steps: int
    optimizer: str
    loss: str
    flops: int
    kind: str = "train"
    arguments: dict[str, Any] = field(default_factory=dict)
    wanted: tuple[Wanted, ...] = ()
    summary: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The workload as JSON can hold it, and as contenders take it: `arguments` stand among the others."""
        found = asdict(self)
        return {**found.pop("arguments"), **found}


def dense(
    name: str,
    sizes: Sequence[int],
    activations: Sequence[str],
    batch: int,
    steps: int,
    optimizer: str,
    loss: str,
    kind: str = "train",
    wanted: tuple[Wanted, ...] = (),
) -> Workload:
    """A dense network.

    Args:
        sizes: of the inputs and of each layer. activations: of each layer.
    """
    products = [2 * batch * a * b for a, b in pairwise(sizes)]
    flops = sum(products)
    if kind == "train":
        flops = 3 * flops - products[0]  # by the weights, and by the inputs of all layers but the first
    return Workload(
        name,
        "dense",
        (sizes[0],),
        sizes[-1],
        batch,
        steps,
        optimizer,
        loss,
        flops,
        kind,
        {"layers": list(zip(sizes[1:], activations, strict=True))},
        wanted,
        _dense_summary(sizes, batch, optimizer, kind),
    )


def _dense_summary(sizes: Sequence[int], batch: int, optimizer: str, kind: str) -> str:
    equal = len(sizes) > 5 and len(set(sizes)) == 1
    shape = f"{len(sizes) - 1} layers of {sizes[0]}" if equal else "-".join(map(str, sizes))
    if kind == "predict":
        return f"{shape}, predict of {batch} row{'s' * (batch > 1)}"
    return f"{shape}, batch {batch}, {_OPTIMIZERS[optimizer]}"


def stack(
    name: str,
    inputs: tuple[int, ...],
    layers: Sequence[tuple[Any, ...]],
    batch: int,
    steps: int,
    optimizer: str,
    loss: str,
    wanted: tuple[Wanted, ...] = (),
    summary: str = "",
) -> Workload:
    """Training of layers of several kinds, one after the other; `layers` as `contenders._stack` has them."""
    shapes = layers_of(layers, inputs)
    flops = 3 * sum(layer.products for layer in shapes) - shapes[0].products
    *places, outputs = shapes[-1].outputs
    arguments: dict[str, Any] = {"layers": [list(layer) for layer in layers], "places": places}
    if shapes[0].kind == "embedding":
        arguments["words"] = shapes[0].arguments[0]
    words = f"{summary}, batch {batch}, {_OPTIMIZERS[optimizer]}"
    return Workload(
        name,
        "stack",
        inputs,
        outputs,
        batch,
        steps,
        optimizer,
        loss,
        batch * flops,
        "train",
        arguments,
        wanted,
        words,
    )


_OPTIMIZERS = {"sgd": "SGD", "momentum": "SGD with momentum", "adam": "Adam"}
_SEED = (784, 64, 10), ("relu", "softmax")
_CLASSES, _NUMBERS = "categorical_crossentropy", "sparse_categorical_crossentropy"
_TORCH = ("torch", "torch compile")
_BEST = (Wanted(1.0),)
_TORCH_OR_TENSORFLOW = (*_TORCH, "keras tensorflow")
_CONVNET = (
    ("conv2d", 32, 3, "relu"),
    ("max_pool2d", 2),
    ("conv2d", 64, 3, "relu"),
    ("max_pool2d", 2),
    ("flatten",),
    ("dropout", 0.5),
    ("dense", 10, "softmax"),
)
_RESNET20 = (
    ("conv2d_norm", 16),
    *[("block", 16, 1)] * 3,
    ("block", 32, 2),
    *[("block", 32, 1)] * 2,
    ("block", 64, 2),
    *[("block", 64, 1)] * 2,
    ("average2d",),
    ("dense", 10, "softmax"),
)
_LSTM = (("embedding", 65, 64), ("lstm", 128, True), ("dense", 65, "softmax"))
_GRU = (("conv1d", 64, 3, "relu"), ("gru", 128, False), ("dense", 10, "softmax"))
_BAG = (("embedding", 20_000, 64), ("average1d",), ("dense", 1, "sigmoid"))
_GPT = (
    ("embedding", 65, 128),
    ("positions",),
    *[("transformer", 4)] * 4,
    ("layer_norm",),
    ("dense", 65, "softmax"),
)

WORKLOADS = {
    workload.name: workload
    for workload in (
        dense(
            "seed_mlp", *_SEED, 32, 1875, "sgd", _CLASSES,
            wanted=(Wanted(1 / 6, _TORCH), Wanted(1 / 20, ("keras tensorflow",)), Wanted(1 / 2, ("jax scan",))),
        ),
        dense("linreg", (30, 1), ("linear",), 32, 2000, "sgd", "mse", wanted=(Wanted(1 / 60, _TORCH),)),
        dense(
            "tabular", (30, 64, 64, 1), ("relu", "relu", "sigmoid"), 1024, 200, "adam", "binary_crossentropy",
            wanted=(Wanted(1 / 3),),
        ),
        dense(
            "wide_mlp", (784, 1024, 1024, 10), ("relu", "relu", "softmax"), 128, 60, "adam", _CLASSES,
            wanted=(Wanted(0.55), Wanted(share_of_peak=0.65)),
        ),
        dense("deep_narrow", (32,) * 33, ("tanh",) * 32, 64, 500, "adam", "mse", wanted=(Wanted(1 / 5),)),
        dense("big_batch", *_SEED, 8192, 7, "sgd", _CLASSES, wanted=(Wanted(0.6),)),
        dense("predict_1", *_SEED, 1, 1, "sgd", _CLASSES, "predict", _BEST),
        dense("predict_10000", *_SEED, 10_000, 1, "sgd", _CLASSES, "predict", _BEST),
        stack(
            "convnet", (28, 28, 1), _CONVNET, 128, 10, "adam", _NUMBERS, (Wanted(0.5, _TORCH_OR_TENSORFLOW),),
            "28×28: conv 32, pool, conv 64, pool, dropout, dense 10",
        ),
        stack(
            "resnet20", (32, 32, 3), _RESNET20, 128, 4, "momentum", _NUMBERS, (Wanted(0.6, _TORCH_OR_TENSORFLOW),),
            "32×32×3: ResNet-20, 16-32-64, 9 blocks",
        ),
        stack(
            "lstm_char", (64,), _LSTM, 64, 20, "adam", _NUMBERS, (Wanted(0.5, _TORCH_OR_TENSORFLOW),),
            "64 of 65 characters: embedding 64, LSTM 128, dense 65",
        ),
        stack(
            "gru_speech", (64, 40), _GRU, 64, 20, "adam", _NUMBERS, (Wanted(0.4, _TORCH_OR_TENSORFLOW),),
            "64×40: conv 64, GRU 128, dense 10",
        ),
        stack(
            "gpt_tiny", (64,), _GPT, 16, 10, "adam", _NUMBERS, (Wanted(0.6, _TORCH),),
            "64 of 65 characters: embedding 128, 4 transformer blocks of 4 heads, dense 65",
        ),
        stack(
            "text", (200,), _BAG, 32, 100, "sgd", "binary_crossentropy", (Wanted(0.2, _TORCH_OR_TENSORFLOW),),
            "200 of 20,000 words: mean of embeddings 64, dense 1",
        ),
    )
}  # fmt: skip


def chosen(names: Sequence[str]) -> list[Workload]:
    """The workloads of these names; all, if there are none.

    Raises:
        ValueError: an unknown name.
    """
    for name in names:
        if name not in WORKLOADS:
            raise ValueError(f"There is no workload {name!r}; there are {', '.join(WORKLOADS)}.")
    return [WORKLOADS[name] for name in names or WORKLOADS]
