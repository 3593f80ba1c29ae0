"""Predictions for a few rows take a short way; nothing else about them differs."""

import threading

import numpy as np
import pytest

import schuss
from schuss import layers, ops
from schuss.graph import floatx, set_floatx


def classifier():
    model = schuss.Sequential([layers.Input((5,)), layers.Dense(7, "relu"), layers.Dense(3, "softmax")])
    model.compile("sgd", "mse")
    return model


def rows(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 5)).astype("float32")


def is_short(model, x):
    return model._steps.predictors.find(model, x) is not None


def expected(model, x):
    return np.asarray(model(x))


@pytest.fixture
def used():
    """A model that has predicted for two rows."""
    model = classifier()
    model.predict(rows(2), verbose=0)
    assert is_short(model, rows(2))
    return model


def agrees(model, x):
    found = model.predict(x, verbose=0), model.predict_on_batch(x), model.predict(x, verbose=0)
    for y in found:
        np.testing.assert_allclose(y, expected(model, x), rtol=1e-5, atol=1e-6)


def test_short_and_long_ways_give_the_same_bits():
    model, x = classifier(), rows(3)
    first = model.predict(x, verbose=0)
    assert is_short(model, x)
    second = model.predict(x, verbose=0)
    third = model.predict(x, verbose=0, callbacks=[])
    assert first.tobytes() == second.tobytes() == third.tobytes()
    assert model.predict_on_batch(x).tobytes() == first.tobytes()


def test_what_it_returns_is_the_callers_own(used):
    x = rows(2)
    first = used.predict(x, verbose=0)
    kept = first.copy()
    second = used.predict(rows(2, seed=1), verbose=0)
    np.testing.assert_array_equal(first, kept)
    second[...] = 0
    np.testing.assert_array_equal(used.predict(x, verbose=0), kept)
    np.testing.assert_array_equal(x, rows(2))


@pytest.mark.parametrize("count", [1, 2, 7, 31, 32, 33, 65])
def test_any_number_of_rows(used, count):
    agrees(used, rows(count))


@pytest.mark.parametrize("dtype", ["float64", "float16", "int32", "uint8", "bool"])
def test_other_types_of_numbers(used, dtype):
    agrees(used, rows(2).astype(dtype))


def test_rows_that_do_not_lie_side_by_side(used):
    agrees(used, rows(4)[::2])
    agrees(used, np.asfortranarray(rows(2)))
    agrees(used, rows(2)[::-1, ::-1])


def test_lists_are_data_as_well(used):
    x = rows(2)
    np.testing.assert_array_equal(used.predict(x.tolist(), verbose=0), used.predict(x, verbose=0))
    assert used.predict([[1.0, 2, 3, 4, 5]], verbose=0).shape == (1, 3)


def test_new_weights_count_at_once(used):
    x = rows(2)
    used.set_weights([w + 0.5 for w in used.get_weights()])
    agrees(used, x)
    used.fit(x, np.ones((2, 3), "float32"), epochs=2, verbose=0)
    agrees(used, x)
    kernel = used.layers[0].kernel
    kernel.array = kernel.array * 2
    agrees(used, x)
    kernel.assign(kernel.numpy() * 0)
    agrees(used, x)


def test_new_layers_count_at_once(used):
    x = rows(2)
    used.add(layers.Dense(4))
    assert used.predict(x, verbose=0).shape == (2, 4)
    agrees(used, x)
    used.pop()
    agrees(used, x)


def test_layers_within_a_list_count_at_once():
    class Stack(schuss.Model):
        def __init__(self):
            super().__init__()
            self.parts = [layers.Dense(5), layers.Dense(3)]

        def call(self, inputs):
            for part in self.parts:
                inputs = part(inputs)
            return inputs

    model, x = Stack(), rows(2)
    agrees(model, x)
    model.parts[1] = layers.Dense(2)
    assert model.predict(x, verbose=0).shape == (2, 2)
    agrees(model, x)
    model.parts = [model.parts[0]]
    agrees(model, x)


def test_what_is_trainable_makes_no_difference_to_predictions(used):
    used.trainable = False
    agrees(used, rows(2))
    used.layers[0].trainable = True
    agrees(used, rows(2))


def test_compiling_anew(used):
    used.compile("adam", "mae")
    agrees(used, rows(2))


def test_another_floatx(used):
    before = floatx()
    try:
        set_floatx("float64")
        assert not is_short(used, rows(2))
    finally:
        set_floatx(before)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"x": rows(2)[:, :4]}, ValueError, "incompatible"),
        ({"x": rows(2)[None]}, ValueError, "incompatible"),
        ({"x": rows(0)}, ValueError, "0 rows"),
        ({"x": np.array(["a", "b"])}, ValueError, "dtype"),
        ({"x": None}, ValueError, "no data"),
        ({"x": rows(2), "batch_size": 0}, ValueError, "batch_size"),
        ({"x": rows(2), "batch_size": True}, ValueError, "batch_size"),
        ({"x": rows(2), "batch_size": 2.0}, ValueError, "batch_size"),
        ({"x": rows(2), "steps": 0}, ValueError, "steps"),
        ({"x": rows(2), "verbose": 7}, ValueError, "verbose"),
    ],
)
def test_errors_are_those_of_the_long_way(used, arguments, error, text):
    with pytest.raises(error, match=text):
        used.predict(**{"verbose": 0, **arguments})


def test_a_smaller_batch_size_makes_several_batches(used):
    class Counting(schuss.callbacks.Callback):
        batches = 0

        def on_predict_batch_end(self, batch, logs=None):
            self.batches += 1

    np.testing.assert_allclose(used.predict(rows(2), batch_size=1, verbose=0), expected(used, rows(2)), 1e-5)
    for size, batches in ((1, 2), (2, 1), (None, 1)):
        counting = Counting()
        used.predict(rows(2), batch_size=size, verbose=0, callbacks=[counting])
        assert counting.batches == batches


def test_progress_is_shown(used, capsys):
    used.predict(rows(2), verbose=2)
    assert "1/1" in capsys.readouterr().out


def test_numbers_that_are_none_pass_through(used):
    x = rows(2)
    x[1, 0] = np.nan
    y = used.predict(x, verbose=0)
    assert np.isfinite(y[0]).all()
    assert np.isnan(y[1]).all()
    agrees(used, rows(2))


def test_several_inputs_and_outputs():
    a, b = layers.Input((5,), name="a"), layers.Input((5,), name="b")
    both = layers.Add(name="sum")([a, b])
    model = schuss.Model({"a": a, "b": b}, {"sum": both, "more": layers.Dense(2, name="more")(both)})
    x = {"a": rows(2), "b": rows(2, seed=1)}
    first = model.predict(x, verbose=0)
    assert is_short(model, x)
    for given in (x, dict(reversed(x.items()))):
        for _ in range(2):
            second = model.predict(given, verbose=0)
            assert list(second) == list(first)
            for name, value in first.items():
                np.testing.assert_array_equal(second[name], value)


def test_labels_beside_the_inputs_are_left_aside(used):
    x = rows(2)
    y = used.predict(x, verbose=0)
    for _ in range(2):
        np.testing.assert_array_equal(used.predict((x, np.ones(2)), verbose=0), y)


def test_an_own_step_and_outputs_without_rows():
    class Own(schuss.Sequential):
        def predict_step(self, data):
            y = self(data, training=False)
            return {"largest": ops.max(y), "twice": (2 * y, y)}

    model = Own([layers.Input((5,)), layers.Dense(3)])
    x = rows(2)
    for _ in range(3):
        found = model.predict(x, verbose=0)
        np.testing.assert_allclose(found["twice"][0], 2 * expected(model, x), rtol=1e-5)
        assert found["largest"].shape == (1,)
        assert found["largest"][0] == found["twice"][1].max()


def test_states_move_on_in_short_calls():
    class Counting(layers.Layer):
        def build(self, input_shape):
            self.count = self.add_weight(initializer="zeros", trainable=False, name="count")

        def call(self, inputs):
            self.count.assign_add(1.0)
            return inputs + self.count

    model = schuss.Sequential([layers.Input((5,)), Counting()])
    x = np.zeros((1, 5), "float32")
    begin = float(model.layers[0].count)
    assert [float(model.predict(x, verbose=0)[0, 0]) - begin for _ in range(3)] == [1, 2, 3]


def test_several_threads_at_once(used):
    wanted = [used.predict(rows(2, seed=n), verbose=0) for n in range(4)]
    wrong = []

    def work(number):
        for _ in range(300):
            if not np.array_equal(used.predict(rows(2, seed=number), verbose=0), wanted[number]):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_several_threads_at_once_before_anything_is_compiled():
    model, found = schuss.Sequential([layers.Dense(4), layers.Dense(3)]), {}

    def work(number):
        found[number] = model.predict(rows(2, seed=number), verbose=0)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        np.testing.assert_allclose(found[number], expected(model, rows(2, seed=number)), rtol=1e-5)


def test_large_data_take_the_long_way():
    model = schuss.Sequential([layers.Input((100_000,)), layers.Dense(1)])
    x = np.ones((1, 100_000), "float32")
    model.predict(x, verbose=0)
    assert not is_short(model, x)


def test_memory_for_kinds_of_data_has_a_bound():
    model = schuss.Sequential([layers.Input((None, 1)), layers.Dense(1)])
    for length in range(1, 70):
        model.predict(np.ones((1, length, 1), "float32"), verbose=0)
    assert len(model._steps.predictors._known[1]) <= 64
