"""Contenders: each does a workload, or says why it cannot; what is quick is called often."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import pytest

from schuss.bench import WORKLOADS
from schuss.bench._workloads import dense
from schuss.bench.contenders import CONTENDERS, UnableError
from schuss.bench.contenders.__main__ import main, times_of
from schuss.bench.contenders._data import data_of

TRAINING = [
    dense("classes", (6, 5, 3), ("relu", "softmax"), 4, 3, "sgd", "categorical_crossentropy"),
    dense("two", (6, 5, 1), ("tanh", "sigmoid"), 4, 3, "adam", "binary_crossentropy"),
    dense("numbers", (6, 2), ("linear",), 4, 3, "adam", "mse"),
]
PREDICTION = [dataclasses.replace(workload, kind="predict", steps=1) for workload in TRAINING]
DEEP = dense("deep", (6, 6, 6), ("tanh", "tanh"), 4, 3, "adam", "mse")


def named(workload: Any) -> str:
    return f"{workload.kind}_{workload.name}"


@pytest.mark.parametrize("name", CONTENDERS)
@pytest.mark.parametrize("workload", TRAINING + PREDICTION, ids=named)
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
