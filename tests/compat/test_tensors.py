"""Eager tensors: operators, conversions and printing as in TensorFlow."""

import copy
import pickle

import numpy as np
import pytest


def same(tensor, value, dtype):
    assert tensor.dtype == dtype
    assert np.array_equal(np.asarray(tensor), value)


def test_constants(tf):
    same(tf.constant([1, 2]), [1, 2], "int32")
    same(tf.constant([1.5]), [1.5], "float32")
    same(tf.constant(np.arange(2)), [0, 1], "int64")
    same(tf.constant(3, shape=(2, 2)), [[3, 3], [3, 3]], "int32")
    same(tf.constant([1, 2], dtype=tf.float64), [1, 2], "float64")
    with pytest.raises(TypeError, match="has 3 elements, but got"):
        tf.constant([1, 2, 3], shape=(2, 2))
    with pytest.raises(TypeError, match=r"Use tf\.cast"):
        tf.constant(1.5, dtype=tf.int32)


def test_operators_take_the_other_operand_in_the_tensors_type(tf):
    x = tf.constant([1.0, 2.0])
    for result in (x * np.array([1.0, 2.0]), np.array([1.0, 2.0]) * x, x * [1, 2]):
        same(result, [1, 4], "float32")
    same(np.float64(3) * x, [3, 6], "float32")
    same(2 / x, [2, 1], "float32")
    same(x @ tf.constant([[1.0], [1.0]]), [3], "float32")
    same(x > 1, [False, True], "bool")
    same(-x, [-1, -2], "float32")


def test_integers(tf):
    x = tf.constant([1, -3])
    same(x / 2, [0.5, -1.5], "float64")
    same(x // 2, [0, -2], "int32")
    same(x % 2, [1, 1], "int32")
    with pytest.raises(TypeError, match=r"Cannot convert 1\.5 to EagerTensor of dtype int32"):
        x * 1.5


def test_tensors_do_not_change(tf):
    x = tf.constant([1.0, 2.0])
    y = x
    y += 1
    same(x, [1, 2], "float32")
    with pytest.raises(TypeError, match="does not support item assignment"):
        x[0] = 5


def test_numpy(tf):
    x = tf.constant([[1.0, 2.0]])
    assert type(x.numpy()) is np.ndarray
    assert type(tf.constant(1.0).numpy()) is np.float32
    assert type(np.exp(x)) is np.ndarray
    assert type(np.mean(x)) is np.float32
    x.numpy()[:] = 0
    same(x, [[1, 2]], "float32")


def test_parts(tf):
    x = tf.constant([[1, 2], [3, 4]])
    same(x[0], [1, 2], "int32")
    same(x[:, tf.newaxis, 1], [[2], [4]], "int32")
    same(x[x > 2], [3, 4], "int32")
    assert [row.numpy().tolist() for row in x] == [[1, 2], [3, 4]]
    with pytest.raises(TypeError, match="Cannot iterate over a scalar"):
        iter(tf.constant(1))


def test_shape(tf):
    shape = tf.zeros((2, 3)).shape
    assert shape == (2, 3)
    assert (shape.as_list(), shape.rank, str(shape), repr(shape)) == (
        [2, 3],
        2,
        "(2, 3)",
        "TensorShape([2, 3])",
    )
    assert shape[1:].as_list() == [3]
    assert tf.TensorShape([None, 2]).is_compatible_with((5, 2))


def test_python_values(tf):
    assert float(tf.constant(2.5)) == 2.5
    assert int(tf.constant(2)) == 2
    assert f"{tf.constant(2.5):.2f}" == "2.50"
    assert bool(tf.constant(True))
    assert list(range(tf.constant(2))) == [0, 1]
    assert len(tf.constant([1, 2])) == 2


def test_printing(tf):
    assert str(tf.constant([1.0, 2.0])) == "tf.Tensor([1. 2.], shape=(2,), dtype=float32)"
    assert str(tf.constant([[1], [2]])) == "tf.Tensor(\n[[1]\n [2]], shape=(2, 1), dtype=int32)"
    assert repr(tf.constant(2)) == "<tf.Tensor: shape=(), dtype=int32, numpy=2>"


def test_isinstance(tf):
    assert isinstance(tf.constant(1), tf.Tensor)
    assert isinstance(tf.keras.layers.Dense(2)(np.ones((1, 3))), tf.Tensor)
    assert not isinstance(np.ones(1), tf.Tensor)
    assert tf.is_tensor(tf.Variable(1.0))


def test_copies(tf):
    x = tf.constant([1, 2])
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), copy.copy(x)):
        same(y, [1, 2], "int32")
        assert isinstance(y, tf.Tensor)


def test_results_of_layers_losses_and_metrics_are_tensors(tf):
    y = np.ones((2, 3), "float32")
    assert tf.keras.layers.Dense(2)(y).numpy().shape == (2, 2)
    assert tf.keras.losses.MeanSquaredError()(y, y).numpy() == 0
    metric = tf.keras.metrics.Mean()
    metric.update_state([1.0, 3.0])
    assert metric.result().numpy() == 2
    assert tf.keras.ops.convert_to_tensor(y).numpy().shape == (2, 3)


def test_dtypes(tf):
    assert tf.float32.name == "float32"
    assert tf.float32.as_numpy_dtype is np.float32
    assert (repr(tf.float32), str(tf.float32)) == ("tf.float32", "<dtype: 'float32'>")
    assert tf.float32 == np.float32 == tf.constant(1.0).dtype == tf.float32 == "float32"
    assert tf.float32 != tf.int32
    assert tf.int32.is_integer
    assert (tf.int8.min, tf.int8.max) == (-128, 127)
    assert np.zeros(1, tf.int8.as_numpy_dtype).dtype == np.dtype(tf.int8)
    assert tf.keras.layers.Dense(1, dtype=tf.float64).dtype == "float64"
    same(tf.cast(2.7, tf.int32), 2, "int32")


def test_variables(tf):
    v = tf.Variable([1.0, 2.0], name="v")
    before = v.read_value()
    assert v.assign_add([1.0, 1.0]) is v
    same(v * 2, [4, 6], "float32")
    same(before, [1, 2], "float32")
    assert repr(v) == "<tf.Variable 'v:0' shape=(2,) dtype=float32, numpy=array([2., 3.], dtype=float32)>"
    assert v.shape.as_list() == [2]
    same(tf.Variable(lambda: tf.zeros(2)), [0, 0], "float32")


def test_tensors_as_data(tf):
    x = tf.cast(np.random.rand(20, 3), tf.float32)
    y = tf.reduce_sum(x, axis=1, keepdims=True)
    model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    losses = model.fit(x, y, validation_split=0.5, epochs=3, verbose=0).history["loss"]
    assert all(type(loss) is float for loss in losses)
    assert type(model.predict(x, verbose=0)) is np.ndarray
    assert np.isfinite(model.train_on_batch(x, y))


def test_variables_of_tensorflow_in_layers(tf):
    class Linear(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(tf.ones((2, 1)), trainable=True)
            self.calls = tf.Variable(0.0, trainable=False)

        def call(self, inputs):
            self.calls.assign_add(1.0)
            return tf.matmul(inputs, self.w)

    layer = Linear()
    same(layer(np.ones((3, 2), "float32")), [[2], [2], [2]], "float32")
    assert (len(layer.trainable_weights), len(layer.weights), float(layer.calls)) == (1, 2, 1)
    model = tf.keras.Sequential([layer])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(np.ones((4, 2)), np.zeros((4, 1)), batch_size=2, verbose=0)
    assert float(layer.calls) == 3
    assert layer.w.numpy()[0, 0] < 1


def test_text(tf):
    text = tf.constant([["a", "ß"]])
    assert (text.shape, text.dtype == tf.string) == ((1, 2), True)
    assert text.numpy().tolist() == [[b"a", "ß".encode()]]
    assert tf.constant("a").numpy() == b"a"
    assert (
        repr(tf.constant(["a"])) == "<tf.Tensor: shape=(1,), dtype=string, numpy=array(['a'], dtype=object)>"
    )
    assert tf.TensorSpec((None,), tf.string).dtype == tf.as_dtype("string") == tf.string
    with pytest.raises(TypeError, match="Cannot convert text"):
        tf.constant("a", dtype=tf.float32)
    with pytest.raises(TypeError, match="Expected numbers"):
        tf.constant(np.array([1, None], object))
