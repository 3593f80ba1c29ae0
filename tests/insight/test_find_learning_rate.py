"""The search leaves no trace, works on all kinds of models and data, and says what cannot be."""

import random

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.insight import find_learning_rate
from schuss.insight.learning_rate._batches import Rows
from schuss.insight.learning_rate._beginning import Beginning
from schuss.insight.learning_rate._find import _result
from schuss.insight.learning_rate._range_test import RangeTest
from schuss.insight.learning_rate._runs import Probe
from schuss.insight.learning_rate._trials import Choice, _Trials
from schuss.layers import BatchNormalization, Dense, Dropout, Input
from schuss.random import global_seed_generator
from schuss.training._data import ArrayData

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 6)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int32")


def network(optimizer="adam", **compiled):
    model = schuss.Sequential(
        [
            Input((6,)),
            Dense(8),
            BatchNormalization(),
            layers.ReLU(),
            Dropout(0.3),
            Dense(2, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", **{"metrics": ["accuracy"], **compiled})
    return model


def state_of(model):
    """Everything that training could change."""
    metrics = [v for metric in model.metrics for v in metric.variables]
    variables = [*model.variables, *model.optimizer.variables, *metrics, global_seed_generator().state]
    arrays = [v.array.copy() for v in variables]
    names = {
        name: value for name, value in vars(model.optimizer).items() if type(value) in (int, float, bool)
    }
    lists = {name: list(map(id, v)) for name, v in vars(model.optimizer).items() if type(v) is list}
    return [id(v) for v in variables], arrays, names, lists, random.getstate()


def assert_same(before, after):
    for a, b in zip(before[1], after[1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert before[0] == after[0]
    assert before[2:] == after[2:]


OPTIMIZERS = {
    "sgd": lambda: schuss.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: schuss.optimizers.Adam(0.003, use_ema=True, gradient_accumulation_steps=2),
    "schedule": lambda: schuss.optimizers.AdamW(schuss.optimizers.schedules.CosineDecay(0.01, 100)),
    "function": lambda: schuss.optimizers.SGD(lambda: 0.01),
    "scaled": lambda: schuss.optimizers.LossScaleOptimizer(schuss.optimizers.RMSprop(0.01)),
    "lion": lambda: schuss.optimizers.Lion(0.01),
    "free": lambda: schuss.optimizers.ScheduleFreeAdamW(0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("trained", [False, True], ids=["new", "trained"])
def test_everything_is_as_it_was(name, trained):
    model = network(OPTIMIZERS[name]())
    model.reset_metrics()
    model.evaluate(X, Y, verbose=0)
    if trained:
        model.fit(X, Y, epochs=2, verbose=0)
    held = getattr(model.optimizer, "inner_optimizer", model.optimizer)._learning_rate
    before = state_of(model)
    found = find_learning_rate(model, X, Y, steps=60)
    assert_same(before, state_of(model))
    assert getattr(model.optimizer, "inner_optimizer", model.optimizer)._learning_rate is held
    assert found.suggestion > 0
    assert found.steps <= 60


def test_training_goes_on_as_if_nothing_had_been():
    histories = []
    for searches in (False, True):
        schuss.utils.set_random_seed(3)
        model = network()
        model.fit(X, Y, epochs=2, verbose=0)
        if searches:
            find_learning_rate(model, X, Y, steps=60)
        history = model.fit(X, Y, epochs=3, validation_split=0.2, verbose=0).history
        histories.append((history, [w.copy() for w in model.get_weights()]))
    assert histories[0][0] == histories[1][0]
    for a, b in zip(histories[0][1], histories[1][1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_same_call_finds_the_same():
    model = network()
    first, second = (find_learning_rate(model, X, Y, steps=80) for _ in range(2))
    assert first.suggestion == second.suggestion
    np.testing.assert_array_equal(first.losses, second.losses)


def test_the_curve_belongs_to_the_rates():
    found = find_learning_rate(network("sgd"), X, Y, lowest=1e-4, highest=1.0)
    assert found.rates[0] == pytest.approx(1e-4)
    assert len(found.rates) == len(found.losses) == len(found.smoothed)
    ratios = found.rates[1:] / found.rates[:-1]
    np.testing.assert_allclose(ratios, ratios[0])
    assert found.rates.min() <= found.minimum <= found.rates.max()


def test_it_diverges_where_the_rate_is_far_too_high():
    x = np.linspace(-1, 1, 64, dtype="float32")[:, None] * 10
    model = schuss.Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", "mse")
    found = find_learning_rate(model, x, 3 * x)
    assert len(found.rates) < 81
    assert found.suggestion < found.rates[-1]


def test_it_is_said_and_drawn():
    pyplot = pytest.importorskip("matplotlib")
    pyplot.use("Agg")
    found = find_learning_rate(network("sgd"), X, Y)
    text = str(found)
    assert f"{found.suggestion:.3g}" in text
    assert "2/λ" in text
    assert found.plot().get_xscale() == "log"
    assert found.to_dict()["suggestion"] == float(found) == found.suggestion


class Subclassed(schuss.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = Dense(8, activation="tanh"), Dense(2)

    def call(self, x):
        return self.out(self.hidden(x))


class OwnStep(Subclassed):
    def train_step(self, data):
        x, y = data
        loss = schuss.ops.mean(schuss.ops.square(self(x)[:, 0] - schuss.ops.cast(y, "float32")))
        weights = self.trainable_variables
        self.optimizer.apply(schuss.autodiff.gradients(loss, weights), weights)
        return {"loss": loss}


class Batches(schuss.utils.PyDataset):
    def __len__(self):
        return 9

    def __getitem__(self, i):
        return X[i * 10 : i * 10 + 10], Y[i * 10 : i * 10 + 10]


def test_a_model_that_is_not_built_is_built():
    model = Subclassed()
    model.compile("sgd", schuss.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert find_learning_rate(model, X, Y, steps=60).suggestion > 0
    assert model.built


def test_a_step_of_ones_own_is_run():
    model = OwnStep()
    model.compile("adam")
    found = find_learning_rate(model, X, Y, steps=60)
    assert found.sharpness is None
    assert any("train_step" in reason for reason in found.reasons)


def test_several_inputs_and_outputs_and_weights():
    a, b = Input((6,), name="a"), Input((6,), name="b")
    both = layers.Concatenate()([a, b])
    model = schuss.Model({"a": a, "b": b}, {"y": Dense(2, name="y")(both), "z": Dense(1, name="z")(both)})
    losses = {"y": schuss.losses.SparseCategoricalCrossentropy(from_logits=True), "z": "mse"}
    model.compile("adam", losses)
    found = find_learning_rate(
        model, {"a": X, "b": X}, {"y": Y, "z": X[:, :1]}, sample_weight={"y": np.ones(90), "z": np.ones(90)}, steps=60
    )  # fmt: skip
    assert found.suggestion > 0


def test_text():
    words = np.array(["cold", "warm", "hot"] * 20)
    lookup = layers.StringLookup(vocabulary=["cold", "warm", "hot"])
    model = schuss.Sequential(
        [Input((1,), dtype="string"), lookup, layers.Embedding(4, 3), layers.Flatten(), Dense(1)]
    )
    model.compile("adam", "mse")
    found = find_learning_rate(model, words[:, None], np.tile([0.0, 1.0, 2.0], 20), steps=60)
    assert found.suggestion > 0


@pytest.mark.parametrize(
    "data",
    [
        lambda: ((X[i : i + 10], Y[i : i + 10]) for i in range(0, 80, 10)),
        Batches,
        lambda: ((X, Y) for _ in range(1)),
    ],
    ids=["generator", "PyDataset", "one batch"],
)
def test_data_that_comes_in_batches(data):
    assert find_learning_rate(network("sgd"), data(), steps=60).suggestion > 0


def test_a_handful_of_rows():
    assert find_learning_rate(network("sgd"), X[:4], Y[:4], steps=60).suggestion > 0


def test_class_weights():
    assert find_learning_rate(network(), X, Y, class_weight={0: 1.0, 1: 3.0}, steps=60).suggestion > 0


def test_what_cannot_be_is_said():
    model = schuss.Sequential([Input((6,)), Dense(2)])
    with pytest.raises(ValueError, match="compile"):
        find_learning_rate(model, X, Y)
    several = schuss.optimizers.OptimizerMap(schuss.optimizers.SGD(), {".*bias": schuss.optimizers.Adam()})
    model.compile(schuss.optimizers.MultiOptimizer(several), "mse")
    with pytest.raises(ValueError, match="several learning rates"):
        find_learning_rate(model, X, X[:, :2])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="lowest"):
        find_learning_rate(model, X, X[:, :2], lowest=1.0, highest=0.1)
    with pytest.raises(ValueError, match="steps"):
        find_learning_rate(model, X, X[:, :2], steps=3)


def test_rows_in_the_order_of_their_classes_are_mixed():
    labels = np.repeat(np.arange(4, dtype="int32"), 50)
    data = ArrayData(np.zeros((200, 3), "float32"), labels, batch_size=10)
    apart = Rows(data, seed=0).apart
    assert all(len(np.unique(piece.structure[1])) > 1 for piece in apart)


def test_a_plateau_is_left_by_a_higher_rate():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1200, 10)).astype("float32")
    y = (x[:, 0] * x[:, 1] > 0).astype("int32")  # no column alone says anything
    schuss.utils.set_random_seed(0)
    hidden = [Dense(32, "tanh"), Dense(16, "tanh")]
    model = schuss.Sequential([Input((10,)), *hidden, Dense(2, activation="softmax")])
    model.compile(schuss.optimizers.SGD(momentum=0.9), "sparse_categorical_crossentropy")
    found = find_learning_rate(model, x, y, epochs=20)
    assert any("plateau" in reason for reason in found.reasons)
    assert found.suggestion > 3 * min(trial.rate for trial in found.trials)


def test_a_plateau_that_was_left_by_a_loss_that_rose_is_known():
    trials = object.__new__(_Trials)
    low, middle = Probe(0.007, [38], [2.35], told=0.002), Probe(0.16, [38, 76], [2.3, 2.28], told=0.02)
    high = Probe(0.7, [38, 76], [2.3, 2.6], told=0.12)
    trials.start, trials.tried, trials.best, trials.on_plateau = 2.4, [low, middle, high], middle, True
    assert trials.left_roughly() is high
    trials.tried = [low, middle, Probe(0.7, [38, 76], [2.3, 2.6], told=0.02)]
    assert trials.left_roughly() is None
    trials.tried = [low, Probe(0.16, [38, 76], [2.3, 2.0], told=0.2), high]
    assert trials.left_roughly() is None


@pytest.mark.parametrize("name", ["sgd", "adam", "rmsprop", "adagrad", "nadam", "lion"])
def test_a_suggestion_is_never_above_what_is_said_to_be_stable(name):
    found = find_learning_rate(network(name), X, Y)
    assert found.highest_stable is None or found.suggestion <= found.highest_stable


def test_a_trial_above_the_bound_at_the_start_says_what_is_stable():
    test = RangeTest(np.array([1e-3]), np.array([1.0]), np.array([1.0]), False)
    begin = Beginning(0.008, 0.5, sharpness=3e4, bound=0.0013, formula="38/λ")
    trials = [Probe(0.01, [70], [0.5]), Probe(0.04, [70], [0.6]), Probe(0.2, [35], [np.inf])]
    found = _result("Adam", 75, test, begin, Choice(0.0082, trials, 70, [], trials[2:], bound=0.02))
    assert found.highest_stable == 0.04
    assert "stable up to 0.04 in trials" in found.line
    assert any("That is above 0.0013" in reason for reason in found.reasons)
