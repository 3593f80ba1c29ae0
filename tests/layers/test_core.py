"""Dense, EinsumDense, Embedding, Softmax, shapes: what the recorded figures do not show."""

import numpy as np
import pytest

import schuss
from schuss import initializers, layers
from schuss.layers._masks import get_mask

SERIES = np.linspace(-1, 1, 24).reshape(2, 3, 4).astype("float32")


@pytest.mark.parametrize(
    "make",
    [
        lambda **k: layers.Dense(2, **k),
        lambda **k: layers.EinsumDense("ab,bc->ac", 2, **k),
        lambda **k: layers.Embedding(3, 2, **k),
    ],
)
def test_quantization_is_refused(make):
    make(quantization_config=None)
    with pytest.raises(ValueError, match="`quantization_config` is not supported"):
        make(quantization_config=4)


@pytest.mark.parametrize(
    ("equation", "output_shape", "input_shape", "fan_in"),
    [
        ("abc,bcd->ad", 300, (None, 20, 30), 600),  # every letter of W that y lacks is an input
        ("abc,cde->abde", (None, 15, 20), (None, 7, 600), 600),
        ("ab,bc->ac", 300, (None, 600), 600),
    ],
)
def test_variance_of_einsum_kernels_is_that_of_the_whole_fan(equation, output_shape, input_shape, fan_in):
    start = initializers.HeNormal(seed=1)
    layer = layers.EinsumDense(equation, output_shape, kernel_initializer=start)
    layer.build(input_shape)
    assert abs(layer.kernel.numpy().var() * fan_in / 2 - 1) < 0.02
    assert layer.get_config()["kernel_initializer"]["config"]["input_axes"] is None


def test_letters_without_a_size():
    with pytest.raises(ValueError, match=r"letter 'c' in 'ab,bc->ad' has no size"):
        layers.EinsumDense("ab,bc->ad", 3)(SERIES[0])


def test_masks_end_where_they_end_in_keras():
    x = layers.Embedding(5, 3, mask_zero=True)(np.array([[1, 2, 0]]))
    for layer in (layers.EinsumDense("abc,cd->abd", (None, 2)), layers.RMSNormalization(), layers.Flatten()):
        with pytest.warns(UserWarning, match="does not support masking"):
            assert get_mask(layer(x)) is None
    assert get_mask(layers.Dense(2)(x)).tolist() == [[True, True, False]]


def test_embedding_takes_its_table():
    table = np.arange(6.0).reshape(3, 2)
    for given in (table, [table]):
        assert layers.Embedding(3, 2, weights=given)(np.array([2, 0])).tolist() == [[4, 5], [0, 1]]
    with pytest.raises(ValueError, match=r"shape \(3, 2\).*\(2, 3\)"):
        layers.Embedding(3, 2, weights=table.reshape(2, 3))


@pytest.mark.parametrize(
    "mask", [np.array([1.0, 0.0, 0.9, 0.2]), np.array([[[True, False, True, False]]]), np.array([1, 0, 1, 0])]
)
def test_softmax_of_what_a_mask_leaves(mask):
    y = layers.Softmax()(SERIES, mask=mask)
    assert not y[..., 1::2].any()
    assert np.allclose(y[..., ::2], layers.Softmax()(SERIES[..., ::2]))


def test_softmax_of_nothing_is_zero():
    assert not layers.Softmax()(SERIES, mask=np.zeros(SERIES.shape, bool)).any()
    with pytest.raises(ValueError, match=r"`mask`, of shape \(3,\), must broadcast"):
        layers.Softmax()(SERIES, mask=np.ones(3, bool))


def test_integers_keep_their_type_where_numbers_only_move():
    ids = np.arange(12, dtype="int32").reshape(2, 2, 3)
    for layer in (layers.Flatten(), layers.Reshape((-1,)), layers.Permute((2, 1)), layers.Identity()):
        assert layer(ids).dtype == "int32"
        assert (
            type(layer).from_config(layer.get_config())(schuss.Input((2, 3), dtype="int32")).dtype == "int32"
        )


def test_repeat_vector_wants_a_positive_number():
    with pytest.raises(ValueError, match="positive integer, got 0"):
        layers.RepeatVector(0)
    with pytest.raises(TypeError, match="integer"):
        layers.RepeatVector(1.5)


def test_names_have_no_slashes():
    for name in ("a/b", 3):
        with pytest.raises(ValueError, match="string without '/'"):
            layers.Dense(2, name=name)


def test_mixed_precision_computes_in_half_and_keeps_single():
    layer = layers.Dense(3, dtype="mixed_float16", kernel_regularizer="l2")
    assert layer(SERIES).dtype == "float16"
    assert layer.kernel.dtype == "float32"
    assert layer.losses[0].dtype == "float32"
    assert layer(schuss.Input((3, 4))).dtype == "float16"
    assert layers.BatchNormalization(dtype="mixed_float16")(SERIES, training=True).dtype == "float16"
    gradients = schuss.grad(lambda v: schuss.ops.sum(layer.stateless_call(v, [], SERIES)[0]))(
        [v.numpy() for v in layer.trainable_variables]
    )
    assert [g.dtype for g in gradients] == ["float32", "float32"]


def test_configs_of_lambdas_say_what_was_given():
    config = layers.Lambda(abs).get_config()
    assert not {"mask", "output_shape"} & set(config)
    assert layers.Lambda(abs, output_shape=(3,)).get_config()["output_shape"] == [3]


def test_arrays_in_configs_are_described():
    config = layers.Rescaling(np.array([1.0, 2.0])).get_config()
    assert config["scale"] == {"class_name": "__numpy__", "config": {"value": [1.0, 2.0], "dtype": "float64"}}
    again = layers.Rescaling.from_config(config)
    assert again(np.ones((1, 2))).tolist() == [[1, 2]]


def test_einsum_dense_takes_arguments_in_the_order_of_keras():
    layer = layers.EinsumDense("ab,bc->ac", 3, None, None, "ones", "zeros", None, None, "non_neg")
    assert type(layer.kernel_constraint).__name__ == "NonNeg"
    layer = layers.EinsumDense("ab,bc->ac", 3, activity_regularizer="l2")
    layer(np.ones((2, 4), "float32"))
    assert len(layer.losses) == 1
    assert type(layers.EinsumDense.from_config(layer.get_config()).activity_regularizer).__name__ == "L2"
