"""Contenders: each does a workload, or says why it cannot; what is quick is called often."""

from __future__ import annotations

import dataclasses
import importlib
import time
from typing import Any

import numpy as np
import pytest

import schuss
from schuss.bench import WORKLOADS
from schuss.bench._workloads import dense, stack
from schuss.bench.contenders import CONTENDERS, UnableError
from schuss.bench.contenders.__main__ import main, times_of
from schuss.bench.contenders._data import data_of
from schuss.bench.contenders._stack import layers_of
from schuss.bench.contenders.with_keras import compiled_model

_CONTENDERS = "schuss.bench.contenders"
TRAINING = [
    dense("classes", (6, 5, 3), ("relu", "softmax"), 4, 3, "sgd", "categorical_crossentropy"),
    dense("two", (6, 5, 1), ("tanh", "sigmoid"), 4, 3, "adam", "binary_crossentropy"),
    dense("numbers", (6, 2), ("linear",), 4, 3, "adam", "mse"),
]
_NUMBERS = "sparse_categorical_crossentropy"
STACKS = [
    stack(
        "images", (9, 8, 3),
        [("conv2d", 4, 3, "relu"), ("max_pool2d", 2), ("flatten",), ("dropout", 0.5), ("dense", 3, "softmax")],
        4, 2, "adam", _NUMBERS,
    ),
    stack(
        "residual", (8, 8, 3),
        [("conv2d_norm", 4), ("block", 4, 1), ("block", 6, 2), ("average2d",), ("dense", 3, "softmax")],
        4, 2, "momentum", _NUMBERS,
    ),
    stack(
        "characters", (5,), [("embedding", 7, 4), ("lstm", 6, True), ("dense", 7, "softmax")], 4, 2, "adam", _NUMBERS
    ),
    stack(
        "letters", (5,),
        [("embedding", 7, 4), ("positions",), ("transformer", 2), ("layer_norm",), ("dense", 7, "softmax")],
        4, 2, "adam", _NUMBERS,
    ),
    stack(
        "sound", (9, 4), [("conv1d", 5, 3, "relu"), ("gru", 6, False), ("dense", 3, "softmax")], 4, 2, "sgd", _NUMBERS
    ),
    stack(
        "words", (5,), [("embedding", 11, 4), ("average1d",), ("dense", 1, "sigmoid")],
        4, 2, "sgd", "binary_crossentropy",
    ),
]  # fmt: skip
PREDICTION = [dataclasses.replace(workload, kind="predict", steps=1) for workload in TRAINING]
DEEP = dense("deep", (6, 6, 6), ("tanh", "tanh"), 4, 3, "adam", "mse")


def named(workload: Any) -> str:
    return f"{workload.kind}_{workload.name}"


@pytest.mark.parametrize("name", CONTENDERS)
@pytest.mark.parametrize("workload", TRAINING + PREDICTION + STACKS, ids=named)
def test_each_does_it_or_says_that_it_is_unable(name: str, workload: Any) -> None:
    contender = CONTENDERS[name]
    for module in contender.needs:
        pytest.importorskip(module)
    try:
        run = contender.run_of(workload.as_dict())
    except UnableError as error:
        pytest.skip(str(error))
    run()
    result = run()
    if workload.kind == "predict":
        found = np.asarray(result)
        assert len(found) == 4
        if workload.loss == "categorical_crossentropy":
            np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)


def test_data_fit_the_loss() -> None:
    x, y = data_of(TRAINING[0].as_dict())
    assert (x.shape, y.shape, x.dtype, y.dtype) == ((12, 6), (12, 3), np.float32, np.float32)
    assert (y.sum(-1) == 1).all()
    assert set(np.unique(data_of(TRAINING[1].as_dict())[1])) <= {0, 1}
    assert data_of(TRAINING[2].as_dict())[1].shape == (12, 2)


def test_data_are_numbers_of_words_where_a_network_takes_them() -> None:
    x, y = data_of(STACKS[2].as_dict())
    assert (x.shape, y.shape, x.dtype, y.dtype) == ((8, 5), (8, 5), np.int32, np.int32)
    assert set(np.unique(x)) <= set(range(7))
    assert set(np.unique(y)) <= set(range(7))


def test_operations_of_a_stack() -> None:
    residual, characters = STACKS[1], STACKS[2]
    first = 2 * 64 * 9 * 3 * 4
    same, halved = 2 * 2 * 64 * 9 * 4 * 4, 2 * 16 * (9 * 4 * 6 + 9 * 6 * 6 + 4 * 6)
    assert residual.flops == 4 * (3 * (first + same + halved + 2 * 6 * 3) - first)
    assert characters.flops == 4 * 3 * 2 * 5 * (4 * 6 * (4 + 6) + 6 * 7)


@pytest.mark.parametrize("workload", STACKS, ids=named)
def test_shapes_of_a_stack_are_those_of_the_model(workload: Any) -> None:
    given = workload.as_dict()
    model = compiled_model(given, schuss)
    assert model.output_shape == (None, *layers_of(given["layers"], given["inputs"])[-1].outputs)


@pytest.mark.parametrize("workload", STACKS, ids=named)
def test_pytorch_has_the_same_weights(workload: Any) -> None:
    torch = pytest.importorskip("torch")
    given = workload.as_dict()
    ours = sum(v.numpy().size for v in compiled_model(given, schuss).trainable_variables)
    theirs = sum(
        p.numel() for p in importlib.import_module(f"{_CONTENDERS}.torch_stack").stack(given).parameters()
    )
    second_bias = sum(4 * row[1] for row in given["layers"] if row[0] == "lstm")  # PyTorch's LSTM has two
    assert theirs == ours + second_bias
    assert torch


def keras_weights(own: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    """The two biases of a GRU are one variable there."""
    return [*own[:2], np.stack(own[2:])] if len(own) == 4 else list(own)


@pytest.mark.parametrize("workload", STACKS[2:], ids=named)
def test_jax_computes_the_same(workload: Any) -> None:
    jax = pytest.importorskip("jax")
    given = workload.as_dict()
    model = compiled_model(given, schuss)
    initial, forward = importlib.import_module(f"{_CONTENDERS}.jax_stack").stack(given)
    rng = np.random.default_rng(0)
    weights = [tuple(rng.standard_normal(w.shape).astype("float32") for w in own) for own in initial]
    model.set_weights([value for own in weights for value in keras_weights(own)])
    x, _ = data_of(given)
    last = jax.nn.sigmoid if workload.loss == "binary_crossentropy" else jax.nn.softmax
    np.testing.assert_allclose(model.predict(x, verbose=0), last(forward(weights, x)), rtol=2e-5, atol=1e-6)


def test_who_cannot_do_it_says_why() -> None:
    with pytest.raises(UnableError, match="ONNX Runtime does not train"):
        CONTENDERS["onnxruntime"].run_of(WORKLOADS["linreg"].as_dict())
    strange = {**WORKLOADS["linreg"].as_dict(), "model": "spiking"}
    with pytest.raises(UnableError, match="no spiking networks with Keras"):
        CONTENDERS["schuss"].run_of(strange)
    assert main({"contender": "schuss", "workload": strange, "seconds": 0}) == {
        "unable": "no spiking networks with Keras"
    }


def test_a_perceptron_of_scikit_learn_ends_as_its_loss_says() -> None:
    pytest.importorskip("sklearn")
    with pytest.raises(UnableError, match="scikit-learn has no network with tanh and mse"):
        CONTENDERS["sklearn"].run_of(DEEP.as_dict())


def test_what_is_quick_is_called_often() -> None:
    calls = [0]

    def run() -> None:
        calls[0] += 1

    times = times_of(run, steps=2, seconds=0.0)
    assert len(times) == 5
    assert 0 < max(times) < 1000
    assert calls[0] > 1000


def test_what_is_slow_is_called_once_in_a_measurement() -> None:
    calls = [0]

    def run() -> None:
        calls[0] += 1
        time.sleep(0.003)

    times = times_of(run, steps=1, seconds=0.0)
    assert min(times) >= 3000
    assert calls[0] == 2 + 1 + 5  # warm up, look how long it takes, measure
