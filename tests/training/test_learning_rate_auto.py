"""learning_rate="auto": found at the start of fit, said in a line, kept in configs."""

import numpy as np
import pytest

import schuss
from schuss.layers import Dense, Input

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 6)).astype("float32")
Y = X @ RNG.normal(size=(6, 1)).astype("float32")


def network(optimizer):
    model = schuss.Sequential([Input((6,)), Dense(8, activation="tanh"), Dense(1)])
    model.compile(optimizer, "mse")
    return model


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Lion", "Adagrad", "Adafactor", "Muon"])
def test_it_is_found_and_trained_with(name, capsys):
    model = network(getattr(schuss.optimizers, name)(learning_rate="auto"))
    assert model.optimizer.seeks_rate
    before = model.evaluate(X, Y, verbose=0)
    history = model.fit(X, Y, epochs=3, verbose=2, validation_split=0.2).history
    assert not model.optimizer.seeks_rate
    rate = float(model.optimizer.learning_rate.array)
    assert rate > 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Learning rate of")]
    assert len(said) == 1
    assert name in said[0]
    assert f"{rate:.3g}"[:4] in said[0]
    assert history["loss"][-1] < before


def test_a_second_fit_goes_on_with_it():
    model = network(schuss.optimizers.Adam("auto"))
    model.fit(X, Y, verbose=0)
    rate = float(model.optimizer.learning_rate.array)
    model.fit(X * 10, Y, verbose=0)
    assert float(model.optimizer.learning_rate.array) == rate


def test_nothing_is_said_where_nothing_is_to_be(capsys):
    network(schuss.optimizers.SGD("auto")).fit(X, Y, verbose=0)
    assert capsys.readouterr().out == ""


def test_configs_have_the_number_once_it_is_found(tmp_path):
    model = network(schuss.optimizers.SGD("auto", momentum=0.9))
    assert model.optimizer.get_config()["learning_rate"] == "auto"
    copy = schuss.optimizers.deserialize(schuss.optimizers.serialize(model.optimizer))
    assert copy.seeks_rate
    model.save(tmp_path / "before.keras")
    assert schuss.saving.load_model(tmp_path / "before.keras").optimizer.seeks_rate
    model.fit(X, Y, verbose=0)
    rate = float(model.optimizer.learning_rate.array)
    assert model.optimizer.get_config()["learning_rate"] == rate
    model.save(tmp_path / "after.keras")
    loaded = schuss.saving.load_model(tmp_path / "after.keras").optimizer
    assert float(loaded.learning_rate.array) == rate
    assert not loaded.seeks_rate


def test_no_batch_of_a_generator_is_lost():
    given, batches = [], [(X[i : i + 20], Y[i : i + 20]) for i in range(0, 120, 20)]

    def generator():
        for i, batch in enumerate(batches):
            given.append(i)
            yield batch

    seen = []

    class Looks(schuss.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    model = network(schuss.optimizers.SGD("auto"))
    model.fit(generator(), steps_per_epoch=6, epochs=1, verbose=0, callbacks=[Looks()])
    assert given == seen == list(range(6))


def test_the_training_is_the_one_that_a_number_would_give():
    weights, found = [], "auto"
    for _ in range(2):
        schuss.utils.set_random_seed(1)
        model = network(schuss.optimizers.Adam(found))
        model.fit(X, Y, epochs=2, verbose=0)
        found = float(model.optimizer.learning_rate.array)
        weights.append([w.copy() for w in model.get_weights()])
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_loss_scale_passes_it_on():
    model = network(schuss.optimizers.LossScaleOptimizer(schuss.optimizers.SGD("auto")))
    model.fit(X, Y, verbose=0)
    assert 0 < float(model.optimizer.inner_optimizer.learning_rate.array) < 10


def test_without_fit_it_is_refused():
    model = network(schuss.optimizers.SGD("auto"))
    with pytest.raises(ValueError, match=r"'auto', which `fit` finds"):
        model.train_on_batch(X, Y)
    with pytest.raises(ValueError, match=r"'auto', which `fit` finds"):
        model.optimizer.apply(
            [np.zeros(w.shape, "float32") for w in model.trainable_variables], model.trainable_variables
        )
    model.optimizer.learning_rate = 0.01
    model.train_on_batch(X, Y)
    with pytest.raises(ValueError, match="find_learning_rate"):
        model.optimizer.learning_rate = "auto"


def test_other_words_are_no_rates():
    with pytest.raises(ValueError, match="'auto'"):
        schuss.optimizers.SGD("automatic")


def test_several_rates_are_refused():
    several = schuss.optimizers.OptimizerMap(
        schuss.optimizers.SGD("auto"), {".*bias": schuss.optimizers.Adam("auto")}
    )
    model = network(schuss.optimizers.MultiOptimizer(several))
    with pytest.raises(ValueError, match="several learning rates"):
        model.fit(X, Y, verbose=0)
