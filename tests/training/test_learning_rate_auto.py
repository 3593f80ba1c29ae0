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


def schedules():
    known = schuss.optimizers.schedules
    return {
        "cosine": lambda: known.CosineDecay("auto", 18),
        "warm-up": lambda: known.CosineDecay(0.0, 15, warmup_target="auto", warmup_steps=3),
        "restarts": lambda: known.CosineDecayRestarts("auto", 6),
        "exponential": lambda: known.ExponentialDecay("auto", 18, 0.5),
        "inverse": lambda: known.InverseTimeDecay("auto", 18, 0.5),
        "polynomial": lambda: known.PolynomialDecay("auto", 18),
    }


@pytest.mark.parametrize("name", schedules())
def test_a_schedule_gets_its_highest_rate(name, capsys, tmp_path):
    schedule = schedules()[name]()
    model = network(schuss.optimizers.Adam(schedule))
    assert model.optimizer.seeks_rate
    assert np.isnan(float(np.asarray(model.optimizer.learning_rate)))
    model.save(tmp_path / "before.keras")
    assert schuss.saving.load_model(tmp_path / "before.keras").optimizer.seeks_rate
    model.fit(X, Y, 20, epochs=3, verbose=2)
    assert not model.optimizer.seeks_rate
    rates = [float(np.asarray(schedule(step))) for step in range(18)]
    said = [line for line in capsys.readouterr().out.splitlines() if "at its highest" in line]
    assert len(said) == 1
    assert max(rates) == pytest.approx(float(said[0].split(": ")[1].split()[0]), rel=1e-5)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    again = schuss.optimizers.deserialize(schuss.optimizers.serialize(model.optimizer))
    assert not again.seeks_rate
    assert again._learning_rate.get_config() == schedule.get_config()


def test_the_steps_of_a_schedule_are_those_of_the_number():
    weights, found = [], "auto"
    for _ in range(2):
        schuss.utils.set_random_seed(1)
        schedule = schuss.optimizers.schedules.CosineDecay(found, 8)
        model = network(schuss.optimizers.SGD(schedule))
        model.fit(X, Y, epochs=2, verbose=0)
        found = schedule.initial_learning_rate
        weights.append([w.copy() for w in model.get_weights()])
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_falls_may_begin_higher():
    def found(rate):
        schuss.utils.set_random_seed(1)
        return schuss.find_learning_rate(network(schuss.optimizers.SGD(rate)), X, Y, epochs=30)

    stays, stays_too, falls = (
        found(rate) for rate in (0.01, schuss.optimizers.schedules.ExponentialDecay(0.3, 1, 1.0),
                                 schuss.optimizers.schedules.CosineDecay(0.3, 120))
    )  # fmt: skip
    assert stays.schedule is None
    assert stays_too.schedule == "ExponentialDecay"
    assert falls.schedule == "CosineDecay"
    assert stays_too.suggestion == stays.suggestion
    assert falls.suggestion > stays.suggestion
    assert [trial.rate * 0.612 for trial in falls.trials[:1]] == pytest.approx(
        [stays.trials[0].rate], rel=0.01
    )
    assert any("its highest" in reason for reason in falls.reasons)
    assert falls.to_dict()["schedule"] == "CosineDecay"


def test_a_schedule_without_its_rate_is_refused():
    schedule = schuss.optimizers.schedules.CosineDecay("auto", 10)
    model = network(schuss.optimizers.LossScaleOptimizer(schuss.optimizers.SGD(schedule)))
    with pytest.raises(ValueError, match=r"'auto', which `fit` finds"):
        model.train_on_batch(X, Y)
    model.optimizer.take_rate(0.01)
    model.train_on_batch(X, Y)
    with pytest.raises(ValueError, match="`initial_learning_rate` must be a finite number"):
        schuss.optimizers.schedules.CosineDecay("auto", 10, warmup_target=0.1)
    with pytest.raises(ValueError, match="`initial_learning_rate` must be a finite number"):
        schuss.optimizers.schedules.ExponentialDecay("automatic", 10, 0.5)


@pytest.mark.parametrize("rate", ["auto", schuss.optimizers.schedules.CosineDecay("auto", 10)])
def test_what_can_be_looked_at_before_it_is_found(rate):
    model = network(schuss.optimizers.Adam(rate))
    with pytest.raises(ValueError, match=r"'auto', which `fit` finds"):
        schuss.explain(model, X[:4], Y[:4])
    found = schuss.diagnose(model, X, Y, cost=False)
    assert not [finding for finding in found.findings if "learning-rate" in finding.code]
    assert any("'auto'" in skipped for skipped in found.skipped)
    swept = schuss.insight.sweep(model, X, Y, learning_rates=[1e-3, 0.01], epochs=2, workers=2)
    assert len(swept.rows) == 2
    assert model.optimizer.seeks_rate
