"""A sweep trains one copy for each rate, ends hopeless ones, and leaves the model as it was."""

import math

import numpy as np
import pytest

import schuss
from schuss.insight import sweep
from schuss.layers import BatchNormalization, Dense, Dropout, Input

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 6)).astype("float32")
Y = X @ RNG.normal(size=(6, 1)).astype("float32")
RATES = [1e-3, 1e-2, 1e-1, 1e6]


def network(optimizer="sgd"):
    layers = [Dense(8, activation="tanh"), BatchNormalization(), Dropout(0.1), Dense(1)]
    model = schuss.Sequential([Input((6,)), *layers])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


@pytest.mark.parametrize("workers", [1, 3])
def test_a_row_for_each_rate_and_the_model_as_it_was(workers):
    model = network(schuss.optimizers.Adam(schuss.optimizers.schedules.CosineDecay(0.1, 10)))
    before = [v.array.copy() for v in model.variables]
    found = sweep(model, X, Y, learning_rates=RATES, epochs=4, workers=workers)
    assert [row.rate for row in found.rows] == RATES
    assert found.best in RATES
    for variable, array in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.array, array)
    assert not model.optimizer.built


def test_workers_change_no_bit():
    one, three = (sweep(network_of_seed(), X, Y, learning_rates=RATES, epochs=4, workers=n) for n in (1, 3))
    assert [row.history for row in one.rows] == [row.history for row in three.rows]


def network_of_seed():
    schuss.utils.set_random_seed(5)
    return network("adam")


def test_hopeless_ones_end_early():
    found = sweep(network(), X, Y, learning_rates=np.geomspace(1e-6, 1e-1, 8), epochs=8)
    assert sorted(row.epochs for row in found.rows) == [2, 2, 2, 2, 4, 4, 8, 8]
    assert found.rows[0].status == "stopped after 2 epochs"
    everyone = sweep(network(), X, Y, learning_rates=[1e-3, 1e-2], epochs=3, halving=False)
    assert [row.epochs for row in everyone.rows] == [3, 3]


def test_what_diverges_is_said():
    model = schuss.Sequential([Input((6,)), Dense(1)])
    model.compile("sgd", "mse")
    found = sweep(model, X, Y, learning_rates=[0.01, 1e9], epochs=3)
    assert found.rows[1].status.startswith("diverged in epoch")
    assert found.best == 0.01
    with pytest.raises(ValueError, match="All rates diverged"):
        _ = sweep(model, X, Y, learning_rates=[1e9, 1e10], epochs=3).best


def test_the_weights_of_the_best_are_those_of_its_losses():
    model = network_of_seed()
    found = sweep(model, X, Y, learning_rates=[1e-3, 1e-2], epochs=4, validation_data=(X, Y))
    model.set_weights(found.best_weights)
    row = min(found.rows, key=lambda row: row.score)
    assert model.evaluate(X, Y, verbose=0)[0] == pytest.approx(row.history["val_loss"][-1], rel=1e-6)


def test_training_goes_on_after_a_rung_as_if_there_had_been_none():
    rates = {"learning_rates": [1e-2, 1e-1], "epochs": 8}
    whole = sweep(network_of_seed(), X, Y, halving=False, **rates)
    halved = sweep(network_of_seed(), X, Y, **rates)
    assert halved.rows[0].history == {k: v[: halved.rows[0].epochs] for k, v in whole.rows[0].history.items()}
    assert halved.rows[1].history == {k: v[: halved.rows[1].epochs] for k, v in whole.rows[1].history.items()}


class Batches(schuss.utils.PyDataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        return X[i * 20 : i * 20 + 20], Y[i * 20 : i * 20 + 20]


def test_batches_and_the_training_loss():
    found = sweep(network(), Batches(), learning_rates=[1e-4, 1e-2], epochs=2)
    assert not found.validated
    assert math.isfinite(found.rows[0].history["loss"][-1])
    limited = sweep(network(), Batches(), learning_rates=[1e-4, 1e-2], epochs=4, steps_per_epoch=3)
    assert max(row.epochs for row in limited.rows) == 4


def test_a_table_rows_and_a_picture():
    found = sweep(network(), X, Y, learning_rates=[1e-3, 1e-2], epochs=2)
    assert "val_loss" in str(found)
    assert "best" in str(found)
    assert found.as_rows()[0]["learning_rate"] == 1e-3
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    assert len(found.plot().lines) == 2


def test_what_cannot_be_is_said():
    with pytest.raises(ValueError, match="only once"):
        sweep(network(), ((X, Y) for _ in range(3)))
    with pytest.raises(ValueError, match="positive"):
        sweep(network(), X, Y, learning_rates=[0.1, -1])
    with pytest.raises(ValueError, match="empty"):
        sweep(network(), X, Y, learning_rates=[])


def test_an_optimizer_that_has_trained_by_a_schedule():
    model = network(schuss.optimizers.Adam(schuss.optimizers.schedules.CosineDecay(0.1, 10)))
    model.fit(X, Y, verbose=0)
    found = sweep(model, X, Y, learning_rates=[1e-3, 0.01], epochs=2, workers=2)
    assert [row.diverged for row in found.rows] == [False, False]
