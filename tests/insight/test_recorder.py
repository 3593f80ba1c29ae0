"""What a recorder keeps is what was, and training is the same with it."""

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import schuss
from schuss.insight import Recorder
from schuss.insight.recording import Curve, WeightPath
from schuss.layers import (
    LSTM,
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    TextVectorization,
)  # fmt: skip

ROWS = 72


def data(shape=(6,), classes=3, rows=ROWS):
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, *shape)).astype("float32"), rng.integers(0, classes, rows)


def dense(optimizer="adam"):
    schuss.utils.set_random_seed(5)
    model = schuss.Sequential(
        [
            Input((6,)),
            Dense(16, "relu", name="hidden"),
            Dense(5, "sigmoid", name="gate"),
            Dropout(0.3),
            Dense(3, "softmax", name="out"),
        ],
        name="net",
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def convolution():
    schuss.utils.set_random_seed(5)
    model = schuss.Sequential(
        [
            Input((6, 6, 2)),
            Conv2D(4, 3, name="conv"),
            BatchNormalization(name="norm"),
            Activation("relu", name="act"),
            Flatten(),
            Dense(3, name="out"),
        ]
    )
    model.compile(
        schuss.optimizers.SGD(0.1, momentum=0.9),
        schuss.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def recurrent():
    schuss.utils.set_random_seed(5)
    model = schuss.Sequential([Input((7, 2)), LSTM(5, name="lstm"), Dense(3, "softmax", name="out")])
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    return model


MODELS = {"dense": (dense, (6,)), "convolution": (convolution, (6, 6, 2)), "recurrent": (recurrent, (7, 2))}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("options", [{}, {"every": 2}, {"weight_path": True}])
def test_training_is_the_same_to_the_last_bit(name, options):
    make, shape = MODELS[name]
    x, y = data(shape)
    recorder = Recorder(**options)
    recorded = make()
    history = recorded.fit(x, y, epochs=3, batch_size=16, verbose=0, callbacks=[recorder])
    plain = make()
    expected = plain.fit(x, y, epochs=3, batch_size=16, verbose=0)
    for a, b in zip(plain.variables, recorded.variables, strict=True):
        np.testing.assert_array_equal(a.array, b.array)
    for a, b in zip(plain.optimizer.variables, recorded.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.array, b.array)
    assert history.history == expected.history == recorder.history
    assert recorder.steps == 15
    assert recorder.losses.count == 15
    assert [e.steps for e in recorder.epochs] == [5, 10, 15]


def test_the_numbers_of_a_look_are_those_of_direct_computation():
    x, y = data(rows=20)
    model, reference = dense(schuss.optimizers.SGD(0.3)), dense(schuss.optimizers.SGD(0.3))
    model.layers[2].rate = reference.layers[2].rate = 0.0
    recorder = Recorder(every=1)
    model.fit(x, y, epochs=1, batch_size=20, shuffle=False, verbose=0, callbacks=[recorder])
    before = [w.copy() for w in reference.get_weights()]
    values = reference(x)
    loss, gradients = schuss.insight.Objective(reference, x, y, batch_size=20).gradient()
    reference.train_on_batch(x, y)
    first, last = recorder.looks
    assert (first.step, last.step) == (0, 1)
    # the sample is the first 20 rows
    for variable, w, g, new in zip(
        reference.trainable_variables, before, gradients, reference.get_weights(), strict=True
    ):
        seen = first.weights[variable.path]
        assert seen.norm == pytest.approx(np.linalg.norm(w.astype("float64")), rel=1e-6)
        assert seen.gradient_norm == pytest.approx(np.linalg.norm(g.astype("float64")), rel=1e-4)
        assert seen.update_norm == pytest.approx(np.linalg.norm((new - w).astype("float64")), rel=1e-3)
        if seen.norm:
            assert seen.update_ratio == pytest.approx(np.linalg.norm(new - w) / np.linalg.norm(w), rel=1e-3)
        counts, _ = np.histogram(w, 40, (w.min(), w.max() or 1))
        if w.min() < w.max():
            np.testing.assert_array_equal(seen.histogram.counts, counts)
    assert first.loss == pytest.approx(loss, rel=1e-5)
    assert float(recorder.losses.mean[0]) == pytest.approx(loss, rel=1e-5)
    kernel, bias = before[0], before[1]
    a = np.maximum(x @ kernel + bias, 0)
    seen = first.layers["hidden"]
    assert seen.mean == pytest.approx(a.mean(), rel=1e-4)
    assert seen.std == pytest.approx(a.std(), rel=1e-4)
    assert seen.zeros == pytest.approx((a == 0).mean())
    assert seen.dead == pytest.approx((a == 0).all(axis=0).mean())
    assert seen.saturated is None
    s = 1 / (1 + np.exp(-(a @ before[2] + before[3])))
    assert first.layers["gate"].saturated == pytest.approx((4 * s * (1 - s) < 0.05).mean())
    assert first.layers["out"].mean == pytest.approx(np.asarray(values).mean(), rel=1e-4)


def test_dead_and_saturated_units_are_seen():
    x, y = data()
    model = dense()
    model.layers[0].bias.assign(np.where(np.arange(16) < 4, -100.0, 0.0).astype("float32"))
    model.layers[1].bias.assign(np.array([50, -50, 0, 0, 0], "float32"))
    recorder = Recorder()
    model.fit(x, y, verbose=0, callbacks=[recorder])
    assert recorder.looks[0].layers["hidden"].dead >= 0.25
    assert recorder.looks[0].layers["gate"].saturated >= 0.4


def test_looks_stay_within_the_overhead_and_one_is_first_and_one_last():
    x, y = data(rows=3000)
    recorder = Recorder(overhead=0.001)
    dense().fit(x, y, epochs=3, verbose=0, callbacks=[recorder])
    assert [look.step for look in recorder.looks] == [0, recorder.steps]
    assert recorder.looks[-1].epoch == pytest.approx(3.0)


def test_matrix_products_of_a_look_have_one_thread_and_afterwards_as_many_as_before():
    controller = ThreadpoolController()
    before = [blas["num_threads"] for blas in controller.info() if blas["user_api"] == "blas"]
    model, seen = dense(), []
    x, y = data()
    recorder = Recorder()
    model.fit(x, y, verbose=0, callbacks=[recorder])
    looker = recorder._looker
    run = looker._run

    def watched(*arrays):
        seen.append([blas["num_threads"] for blas in controller.info() if blas["user_api"] == "blas"])
        return run(*arrays)

    looker._run = watched
    looker.look(3, 1.0)
    assert seen == [[1] * len(before)]
    assert [blas["num_threads"] for blas in controller.info() if blas["user_api"] == "blas"] == before


def test_it_goes_on_through_several_fits():
    x, y = data()
    model, recorder = dense(), Recorder(every=3)
    model.fit(x, y, batch_size=24, epochs=2, verbose=0, callbacks=[recorder])
    model.fit(x, y, batch_size=24, epochs=1, verbose=0, callbacks=[recorder])
    assert [look.step for look in recorder.looks] == [0, 3, 6, 9]
    assert [e.number for e in recorder.epochs] == [0, 1, 2]
    assert recorder.losses.count == 9
    with pytest.raises(ValueError, match="another model"):
        dense().fit(x, y, verbose=0, callbacks=[recorder])


class Twice(schuss.Model):
    """Two optimizers in an own step, as adversarial networks have them."""

    def __init__(self):
        super().__init__()
        self.first, self.second = Dense(4, "tanh"), Dense(1)
        self.other = schuss.optimizers.SGD(0.1)

    def call(self, x):
        return self.second(self.first(x))

    def train_step(self, data):
        x, y = data
        loss = schuss.ops.mean(schuss.ops.square(self(x, training=True) - y))
        own, others = self.second.trainable_variables, self.first.trainable_variables
        gradients = schuss.autodiff.gradients(loss, own + others)
        self.optimizer.apply(gradients[:2], own)
        self.other.apply(gradients[2:], others)
        return {"error": loss}


def test_own_steps_with_several_optimizers():
    x, _ = data()
    model, recorder = Twice(), Recorder(every=1)
    model.compile("adam")
    model.fit(x, x[:, :1], verbose=0, callbacks=[recorder])
    look = recorder.looks[0]
    assert len(look.weights) == 4
    assert all(w.gradient_norm > 0 and w.update_norm > 0 for w in look.weights.values())
    assert look.loss is None
    assert recorder.losses.count == 0
    assert len(look.layers) == 2


def test_batches_from_generators_weights_and_several_inputs_and_outputs():
    a, b = Input((3,), name="a"), Input((2,), name="b")
    joined = schuss.layers.Concatenate()([a, b])
    outputs = {"p": Dense(1, name="p")(joined), "q": Dense(2, "softmax", name="q")(joined)}
    model = schuss.Model([a, b], outputs)
    model.compile("sgd", {"p": "mse", "q": "sparse_categorical_crossentropy"})
    rng = np.random.default_rng(0)

    def batches():
        for _ in range(6):
            x = {"a": rng.normal(size=(8, 3)), "b": rng.normal(size=(8, 2))}
            yield x, {"p": np.ones(8), "q": np.zeros(8, int)}, {"p": np.ones(8), "q": np.full(8, 2.0)}

    recorder = Recorder(every=2)
    model.fit(batches(), verbose=0, callbacks=[recorder])
    assert [look.step for look in recorder.looks] == [0, 2, 4, 6]
    assert set(recorder.looks[0].layers) == {"p", "q"}


def test_texts():
    words = np.array(["good film", "bad film", "fine", "awful"] * 10)
    reader = TextVectorization(output_sequence_length=4)
    reader.adapt(words)
    model = schuss.Sequential(
        [Input((), dtype="string"), reader, Embedding(20, 4), Flatten(), Dense(1, "sigmoid", name="out")]
    )
    model.compile("adam", "binary_crossentropy")
    recorder = Recorder(every=1)
    model.fit(words, np.array([1, 0, 1, 0] * 10), verbose=0, callbacks=[recorder])
    assert recorder.losses.count == 2
    assert "out" in recorder.looks[0].layers


def test_scaled_losses_do_not_scale_gradients():
    x, y = data()
    norms = []
    for optimizer in (
        schuss.optimizers.SGD(0.1),
        schuss.optimizers.SGD(0.1, loss_scale_factor=64.0),
        schuss.optimizers.LossScaleOptimizer(schuss.optimizers.SGD(0.1)),
    ):
        recorder = Recorder()
        dense(optimizer).fit(x, y, shuffle=False, verbose=0, callbacks=[recorder])
        norms.append([w.gradient_norm for w in recorder.looks[0].weights.values()])
    np.testing.assert_allclose(norms[1], norms[0], rtol=1e-4)
    np.testing.assert_allclose(norms[2], norms[0], rtol=1e-4)


def test_bad_arguments():
    for options, message in (({"overhead": 0}, "overhead"), ({"every": 0}, "every"), ({"rows": 1.5}, "rows")):
        with pytest.raises(ValueError, match=message):
            Recorder(**options)


@pytest.mark.parametrize("parts", [[1000], [1] * 1000, [7, 300, 2, 691]])
def test_a_curve_joins_neighbours(parts):
    values = np.random.default_rng(0).normal(size=1000)
    curve, at = Curve(most=64), 0
    for n in parts:
        curve.extend(values[at : at + n])
        at += n
    assert (curve.count, curve.width, len(curve)) == (1000, 16, 63)
    groups = [values[i : i + 16] for i in range(0, 1000, 16)]
    np.testing.assert_allclose(curve.mean, [g.mean() for g in groups])
    np.testing.assert_array_equal(curve.low, [g.min() for g in groups])
    np.testing.assert_array_equal(curve.high, [g.max() for g in groups])


def test_a_weight_path_has_the_ends_and_even_steps_between():
    x, y = data()
    model, recorder = dense(), Recorder(weight_path=True, most_weights=12)
    start = [w.copy() for w in model.get_weights()]
    model.fit(x, y, batch_size=8, epochs=7, verbose=0, callbacks=[recorder])
    path = recorder.path
    assert path.steps[0] == 0
    assert path.steps[-1] == 63
    assert 6 <= len(path) <= 13
    assert len(set(np.diff(path.steps[:-1]))) == 1
    for a, b in zip(path.weights[0], start, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(path.weights[-1], model.trainable_variables, strict=True):
        np.testing.assert_array_equal(a, b.array)


def test_long_paths_drop_every_second():
    path, variable = WeightPath(8), schuss.Variable(np.zeros(2, "float32"))
    for step in range(101):
        path.add(step, [variable])
    assert path.steps[0] == 0
    assert path.steps[-1] == 100
    assert len(path) <= 9
    assert len(set(np.diff(path.steps[:-1]))) == 1
