"""`tf.GradientTape`."""

import numpy as np
import pytest

import schuss
from schuss import ops


def test_equals_grad(tf):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(4, 3)).astype("float32"), rng.normal(size=(3, 5)).astype("float32")

    def f(w):
        z = ops.matmul(x, w)
        y = ops.softmax(ops.tanh(z) * ops.max(z, axis=1, keepdims=True))
        return ops.sum(ops.log(y[:, 1:3] + 1.0) ** 2) + ops.mean(ops.take(w, [0, 2], axis=0))

    v = tf.Variable(w)
    with tf.GradientTape() as tape:
        y = f(v)
    np.testing.assert_allclose(tape.gradient(y, v), schuss.grad(f)(w), rtol=1e-5, atol=1e-6)


def test_equals_the_gradient_of_a_model(tf):
    model = tf.keras.Sequential(
        [
            tf.keras.Input((3,)),
            tf.keras.layers.Dense(4, "relu"),
            tf.keras.layers.Dropout(0.0),
            tf.keras.layers.Dense(2),
        ]
    )
    x, y = np.ones((5, 3), "float32"), np.zeros(5, "int64")
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    before = [w.copy() for w in model.get_weights()]
    with tf.GradientTape() as tape:
        value = loss(y, model(x, training=True))
    gradients = tape.gradient(value, model.trainable_variables)
    model.compile(optimizer=tf.keras.optimizers.SGD(1.0), loss=loss)
    model.train_on_batch(x, y)
    for w, after, dw in zip(before, model.get_weights(), gradients):
        np.testing.assert_allclose(w - after, dw, rtol=1e-4, atol=1e-6)


def test_structures(tf):
    x, y = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        z = x * x
    assert float(tape.gradient(z, {"x": x})["x"]) == 4
    assert tape.gradient(z, [x, y])[1] is None
    assert float(tape.gradient(z, y, unconnected_gradients="zero")) == 0
    assert float(tape.gradient(z, x, output_gradients=tf.constant(3.0))) == 12
    assert float(tape.gradient([z, z], x)) == 8
    assert [v is x for v in tape.watched_variables()] == [True]


def test_watching(tf):
    x, frozen = tf.constant(3.0), tf.Variable(2.0, trainable=False)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x * frozen
    assert float(tape.gradient(y, x)) == 12
    assert tape.gradient(y, frozen) is None
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(frozen)
        y = frozen * 3.0
    assert float(tape.gradient(y, frozen)) == 3


def test_used_twice(tf):
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, x)


def test_stop_recording_and_stop_gradient(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        with tape.stop_recording():
            z = y * 2
        total = y + tf.stop_gradient(x * 5) + z
    assert float(tape.gradient(total, x)) == 6


def test_a_variable_changed_meanwhile(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        x.assign(10.0)
        z = y + x
    assert float(tape.gradient(z, x)) == 7


def test_second_derivatives(tf):
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(x**3)
        g = inner.gradient(y, x)
    np.testing.assert_allclose(outer.jacobian(g, x), [[6, 0], [0, 12]], atol=1e-6)


def test_custom_gradient(tf):
    @tf.custom_gradient
    def through(x):
        return tf.round(x), lambda dy: dy * 2

    x = tf.Variable([0.3, 0.7])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(through(x))
    assert tape.gradient(y, x).numpy().tolist() == [2, 2]


def test_within_a_traced_function(tf):
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x * x)
        return tape.gradient(y, x)

    assert np.array_equal(schuss.jit(f)(np.array([1.0, 2.0], "float32")), [2, 4])


def test_nothing_is_followed_afterwards(tf):
    from schuss.graph import observers, readers

    before = len(observers), len(readers)
    x = tf.Variable(1.0)
    with pytest.raises(ValueError, match="wrong"), tf.GradientTape():
        raise ValueError("wrong")
    with tf.GradientTape() as tape:
        tape.gradient(x * x, x)
    assert (len(observers), len(readers)) == before


def test_a_sure_error_of_softmax_has_a_gradient(tf):
    keras = tf.keras
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(3, activation="softmax", use_bias=False)])
    model.set_weights([np.float32([[300.0, 0.0, -300.0]])])
    with tf.GradientTape() as tape:
        p = model(np.ones((1, 1), "float32"))
        loss = keras.losses.SparseCategoricalCrossentropy()([2], p)
    assert float(loss) == 600.0
    np.testing.assert_allclose(tape.gradient(loss, model.trainable_variables)[0], [[1.0, 0.0, -1.0]])


def test_lists_of_tensors_are_followed(tf):
    v = tf.Variable(3.0)
    for add in (tf.reduce_sum, tf.keras.ops.sum):
        with tf.GradientTape() as tape:
            y = add([v * 2, v * v])
        assert float(tape.gradient(y, v)) == 8
