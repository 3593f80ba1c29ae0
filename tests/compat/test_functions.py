"""TensorFlow's functions: its argument names, its results (recorded from TensorFlow 2.21)."""

import numpy as np
import pytest


def same(tensor, value, dtype):
    assert tensor.dtype == dtype
    np.testing.assert_allclose(np.asarray(tensor), value, rtol=1e-6)


CASES = {
    "reduce_sum": (lambda tf: tf.reduce_sum(input_tensor=[[1, 2], [3, 4]], axis=1, keepdims=True), [[3], [7]], "int32"),
    "reduce_mean of integers": (lambda tf: tf.reduce_mean([1, 2, 5]), 2, "int32"),
    "reduce_max": (lambda tf: tf.reduce_max([[1.0, 5.0]], axis=[0, 1]), 5, "float32"),
    "reduce_std": (lambda tf: tf.math.reduce_std([1.0, 2.0]), 0.5, "float32"),
    "reduce_all": (lambda tf: tf.reduce_all([True, False]), False, "bool"),
    "concat": (lambda tf: tf.concat(values=[[[1]], [[2]]], axis=1), [[1, 2]], "int32"),
    "stack": (lambda tf: tf.stack([1.0, tf.constant(2.0)], axis=0), [1, 2], "float32"),
    "argmax": (lambda tf: tf.argmax(input=[[1, 5, 2]], axis=1), [1], "int64"),
    "argmax along the first axis": (lambda tf: tf.argmax([[1, 5, 2]]), [0, 0, 0], "int64"),
    "one_hot": (lambda tf: tf.one_hot(indices=[0, 2, -1], depth=2), [[1, 0], [0, 0], [0, 0]], "float32"),
    "one_hot with values": (lambda tf: tf.one_hot([1], 2, on_value=5, off_value=1), [[1, 5]], "int32"),
    "clip_by_value": (lambda tf: tf.clip_by_value(t=[1.0, 9.0], clip_value_min=2, clip_value_max=3), [2, 3], "float32"),
    "clip_by_norm": (lambda tf: tf.clip_by_norm([3.0, 4.0], 1.0), [0.6, 0.8], "float32"),
    "transpose": (lambda tf: tf.transpose(a=[[[1, 2]], [[3, 4]]], perm=[1, 0, 2]), [[[1, 2], [3, 4]]], "int32"),
    "split": (lambda tf: tf.split(tf.range(6), [1, -1])[1], [1, 2, 3, 4, 5], "int32"),
    "split evenly": (lambda tf: tf.split(value=tf.range(6), num_or_size_splits=3)[2], [4, 5], "int32"),
    "gather": (lambda tf: tf.gather([[1, 2], [3, 4]], [1, 0], axis=1), [[2, 1], [4, 3]], "int32"),
    "gather with batch_dims": (lambda tf: tf.gather([[1, 2], [3, 4]], [[1], [0]], batch_dims=1), [[2], [3]], "int32"),
    "gather_nd": (lambda tf: tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]), [2, 3], "int32"),
    "boolean_mask": (lambda tf: tf.boolean_mask([[1, 2], [3, 4]], [False, True]), [[3, 4]], "int32"),
    "where": (lambda tf: tf.where([True, False], [1.0, 2.0], 0.0), [1, 0], "float32"),
    "where of a condition": (lambda tf: tf.where([[True, False], [False, True]]), [[0, 0], [1, 1]], "int64"),
    "range": (lambda tf: tf.range(1, 2, delta=0.5), [1, 1.5], "float32"),
    "linspace": (lambda tf: tf.linspace(0.0, 1.0, num=3), [0, 0.5, 1], "float32"),
    "pad": (lambda tf: tf.pad([[1]], [[0, 1], [1, 0]], constant_values=7), [[7, 1], [7, 7]], "int32"),
    "pad by reflection": (lambda tf: tf.pad([1, 2, 3], [[2, 0]], mode="REFLECT"), [3, 2, 1, 2, 3], "int32"),
    "expand_dims": (lambda tf: tf.expand_dims(input=[1], axis=-1), [[1]], "int32"),
    "squeeze": (lambda tf: tf.squeeze([[[1]]], axis=[0, 2]), [1], "int32"),
    "tile": (lambda tf: tf.tile([[1, 2]], multiples=[2, 1]), [[1, 2], [1, 2]], "int32"),
    "reverse": (lambda tf: tf.reverse([[1, 2]], axis=[1]), [[2, 1]], "int32"),
    "slice": (lambda tf: tf.slice([[1, 2, 3]], begin=[0, 1], size=[1, -1]), [[2, 3]], "int32"),
    "fill": (lambda tf: tf.fill(dims=[2], value=3.0), [3, 3], "float32"),
    "eye": (lambda tf: tf.eye(2, batch_shape=[1]), [[[1, 0], [0, 1]]], "float32"),
    "shape": (lambda tf: tf.shape([[1, 2]]), [1, 2], "int32"),
    "size": (lambda tf: tf.size([[1, 2]]), 2, "int32"),
    "round": (lambda tf: tf.round([0.5, 1.5, -2.5]), [0, 2, -2], "float32"),
    "divide": (lambda tf: tf.divide([3], [2]), [1.5], "float64"),
    "mod": (lambda tf: tf.math.mod(-3, 2), 1, "int32"),
    "pow": (lambda tf: tf.pow([2.0, 3.0], 2), [4, 9], "float32"),
    "add": (lambda tf: tf.add(tf.constant([0.5]), 1), [1.5], "float32"),
    "add_n": (lambda tf: tf.add_n([[1.0], [2.0], [3.0]]), [6], "float32"),
    "cumsum": (lambda tf: tf.cumsum([1, 2, 3], exclusive=True, reverse=True), [5, 3, 0], "int32"),
    "cumprod": (lambda tf: tf.math.cumprod([1, 2, 3], exclusive=True), [1, 1, 2], "int32"),
    "matmul": (lambda tf: tf.matmul([[1.0, 2.0]], [[3.0, 4.0]], transpose_b=True), [[11]], "float32"),
    "matvec": (lambda tf: tf.linalg.matvec([[1.0, 2.0]], [3.0, 4.0]), [11], "float32"),
    "tensordot": (lambda tf: tf.tensordot([1.0, 2.0], [3.0, 4.0], axes=1), 11, "float32"),
    "einsum": (lambda tf: tf.einsum("ij->j", tf.constant([[1.0, 2.0], [3.0, 4.0]])), [4, 6], "float32"),
    "norm": (lambda tf: tf.norm([[3.0, 4.0]], axis=1), [5], "float32"),
    "norm of a matrix": (lambda tf: tf.norm([[1.0, 2.0], [2.0, 4.0]]), 5, "float32"),
    "norm of order 1": (lambda tf: tf.norm([[1.0, -2.0]], ord=1), 3, "float32"),
    "l2_normalize": (lambda tf: tf.math.l2_normalize([3.0, 4.0]), [0.6, 0.8], "float32"),
    "svd": (lambda tf: tf.linalg.svd([[2.0, 0.0], [0.0, 3.0]])[0], [3, 2], "float32"),
    "diag": (lambda tf: tf.linalg.diag([[1.0, 2.0]]), [[[1, 0], [0, 2]]], "float32"),
    "sort": (lambda tf: tf.sort([1, 3, 2], direction="DESCENDING"), [3, 2, 1], "int32"),
    "argsort": (lambda tf: tf.argsort([1, 3, 1], direction="DESCENDING"), [1, 0, 2], "int32"),
    "top_k": (lambda tf: tf.math.top_k([1, 5, 3], k=2).indices, [1, 2], "int32"),
    "confusion_matrix": (lambda tf: tf.math.confusion_matrix([0, 1, 1], [0, 1, 0]), [[1, 0], [1, 1]], "int32"),
    "map_fn": (lambda tf: tf.map_fn(lambda x: x * 2, tf.constant([1, 2])), [2, 4], "int32"),
    "while_loop": (lambda tf: tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [0])[0], 3, "int32"),
    "softmax": (lambda tf: tf.nn.softmax(logits=[[0.0, 0.0]]), [[0.5, 0.5]], "float32"),
    "leaky_relu": (lambda tf: tf.nn.leaky_relu([-1.0], alpha=0.1), [-0.1], "float32"),
    "gelu": (lambda tf: tf.nn.gelu([1.0]), [0.8413447], "float32"),
    "moments": (lambda tf: tf.nn.moments(tf.constant([1.0, 2.0, 3.0]), axes=[0])[1], 2 / 3, "float32"),
    "sparse_softmax": (
        lambda tf: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=[[0.0, 0.0]]), [np.log(2)], "float32"),
    "sigmoid_cross_entropy": (
        lambda tf: tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0], logits=[-200.0]), [200], "float32"),
    "K.mean": (lambda tf: tf.keras.backend.mean(tf.constant([True, False])), 0.5, "float32"),
    "K.argmax": (lambda tf: tf.keras.backend.argmax([[1, 5]]), [1], "int64"),
    "K.dot": (lambda tf: tf.keras.backend.dot(tf.constant([[1.0, 2.0]]), tf.constant([[3.0], [4.0]])), [[11]], "float32"),
    "K.clip": (lambda tf: tf.keras.backend.clip([-1.0, 2.0], 0, None), [0, 2], "float32"),
    "K.switch": (lambda tf: tf.keras.backend.switch(tf.constant([True, False]), tf.constant([1.0, 1.0]), tf.constant([2.0, 2.0])), [1, 2], "float32"),
    "K.repeat": (lambda tf: tf.keras.backend.repeat(tf.constant([[1, 2]]), 2), [[[1, 2], [1, 2]]], "int32"),
    "K.constant": (lambda tf: tf.keras.backend.constant(2, shape=(2,)), [2, 2], "float32"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_function(tf, name):
    call, value, dtype = CASES[name]
    same(call(tf), value, dtype)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda tf: tf.gather([1, 2], [5]), IndexError, r"index 5 is not in \[0, 2\)"),
        (lambda tf: tf.split(tf.range(5), 2), ValueError, "does not divide into 2 equal parts"),
        (lambda tf: tf.matmul([1.0], [1.0]), ValueError, r"use tf\.linalg\.matvec"),
        (lambda tf: tf.convert_to_tensor(tf.constant(1), dtype=tf.float32), ValueError, r"use tf\.cast"),
        (lambda tf: tf.random.uniform([2], dtype=tf.int32), ValueError, "Must specify maxval"),
        (lambda tf: tf.Tensor(), TypeError, r"use tf\.constant"),
    ],
)
def test_bad_arguments(tf, call, kind, message):
    with pytest.raises(kind, match=message):
        call(tf)


def test_global_norm(tf):
    clipped, norm = tf.clip_by_global_norm([tf.constant([3.0]), None, tf.constant([4.0])], 1.0)
    same(norm, 5, "float32")
    same(clipped[0], [0.6], "float32")
    assert clipped[1] is None


def test_random_numbers(tf):
    tf.random.set_seed(3)
    a = tf.random.normal(shape=[1000], mean=5.0, stddev=0.1)
    tf.random.set_seed(3)
    assert np.array_equal(a, tf.random.normal([1000], 5.0, 0.1))
    assert abs(float(tf.reduce_mean(a)) - 5) < 0.02
    b = tf.random.uniform([100], minval=2, maxval=5, dtype=tf.int32)
    assert set(b.numpy()) == {2, 3, 4}
    assert sorted(tf.random.shuffle(tf.range(5)).numpy()) == [0, 1, 2, 3, 4]


def test_surroundings(tf, capsys):
    @tf.function
    def f(x):
        return x + 1

    @tf.function(reduce_retracing=True)
    def g(x):
        return x + 2

    with tf.device("/GPU:0"), tf.name_scope("a"):
        same(f(tf.constant(1)) + g(tf.constant(1)), 5, "int32")
    assert tf.config.list_physical_devices("GPU") == []
    assert tf.executing_eagerly()
    tf.get_logger().setLevel("ERROR")
    tf.print("x:", tf.constant([1, 2]), tf.constant(1.5))
    assert capsys.readouterr().err == "x: [1 2] 1.5\n"


def test_functions_of_symbolic_inputs(tf):
    inputs = tf.keras.Input((3,))
    model = tf.keras.Model(inputs, tf.reduce_sum(tf.square(inputs), axis=-1, keepdims=True))
    same(model(np.ones((2, 3), "float32")), [[3], [3]], "float32")


def test_functions_in_a_traced_step(tf):
    def loss(y_true, y_pred):
        return tf.reduce_mean(tf.where(y_true > 0, tf.abs(y_true - y_pred), tf.constant(0.0)), axis=-1)

    model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizer="sgd", loss=loss)
    assert model.evaluate(np.array([[1.0], [2.0]]), np.array([[3.0], [-1.0]]), verbose=0) == pytest.approx(
        1.0
    )
