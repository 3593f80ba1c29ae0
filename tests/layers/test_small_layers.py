"""Pooling, borders, wrappers, encodings: what the recorded cases do not show."""

import numpy as np
import pytest

import schuss
from schuss import layers

SERIES = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
BOUNDARIES = [-0.7041404, -0.050605, 0.683686]
BOUNDARIES_OF_BATCHES = [-0.6762319, -0.0254452, 0.7189406]


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.SpatialDropout1D(0.5, seed=1), (4, 50, 20)),
        (layers.SpatialDropout2D(0.5, seed=1), (4, 5, 10, 20)),
        (layers.SpatialDropout3D(0.5, "channels_first", seed=1), (4, 20, 2, 5, 5)),
    ],
)
def test_spatial_dropout_drops_whole_channels(layer, shape):
    x = np.ones(shape, "float32")
    y = np.asarray(layer(x, training=True))
    channel = 1 if layer.data_format == "channels_first" else y.ndim - 1
    rows = np.moveaxis(y, channel, 1).reshape(4 * 20, -1)
    assert set(rows[:, 0].tolist()) == {0.0, 2.0}
    assert (rows == rows[:, :1]).all()
    np.testing.assert_array_equal(layer(x), x)


def test_time_distributed_passes_the_mask_to_the_layer():
    class Masked(layers.Layer):
        def call(self, inputs, mask=None):
            return inputs * schuss.ops.cast(mask, inputs.dtype)[:, None]

        def compute_output_shape(self, input_shape):
            return input_shape

    mask = np.array([[True, False, True], [False, True, True]])
    y = layers.TimeDistributed(Masked())(SERIES, mask=mask)
    np.testing.assert_array_equal(y, SERIES * mask[:, :, None])
    with pytest.raises(ValueError, match=r"must begin with .* \(2, 3\)"):
        layers.TimeDistributed(Masked())(SERIES, mask=mask[:, :2])


def test_time_distributed_in_a_model_is_kept(tmp_path):
    inputs = schuss.Input((3, 4))
    model = schuss.Model(inputs, layers.TimeDistributed(layers.Dense(2), name="each")(inputs))
    assert model.output_shape == (None, 3, 2)
    assert [w.shape for w in model.get_weights()] == [(4, 2), (2,)]
    model.save(tmp_path / "model.keras")
    again = schuss.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(SERIES, verbose=0), model.predict(SERIES, verbose=0))


def test_wrapper_wants_a_layer():
    with pytest.raises(ValueError, match="TimeDistributed: expected a layer"):
        layers.TimeDistributed(lambda x: x)
    with pytest.raises(ValueError, match="at least 3 axes"):
        layers.TimeDistributed(layers.Dense(1))(SERIES[:, :, 0])


def test_bins_learned_from_data():
    """The figures are Keras 3.15's."""
    x = np.random.default_rng(0).normal(size=500).astype("float32")
    layer = layers.Discretization(num_bins=4)
    layer.adapt(x)
    np.testing.assert_allclose(layer.bin_boundaries, BOUNDARIES, rtol=1e-5)
    layer = layers.Discretization(num_bins=4, epsilon=0.05)
    layer.adapt([x[:300], x[300:]])
    np.testing.assert_allclose(layer.bin_boundaries, BOUNDARIES_OF_BATCHES, rtol=1e-5)
    layer.reset_state()
    for batch in (x[:300], x[300:]):
        layer.update_state(batch)
    layer.finalize_state()
    np.testing.assert_allclose(layer.bin_boundaries, BOUNDARIES_OF_BATCHES, rtol=1e-5)
    again = layers.Discretization.from_config(layer.get_config())
    np.testing.assert_array_equal(again(x), layer(x))
    assert np.asarray(layer(x)).dtype == "int32"


def test_encodings_as_first_layers():
    inputs = schuss.Input((1,), dtype="int32")
    model = schuss.Model(inputs, layers.Dense(2)(layers.CategoryEncoding(5, "one_hot")(inputs)))
    assert model.layers[-1].kernel.shape == (5, 2)
    with pytest.raises(ValueError, match="call `adapt"):
        layers.Discretization(num_bins=3)(SERIES)
    with pytest.raises(ValueError, match="count_weights"):
        layers.CategoryEncoding(5)(np.array([1]), count_weights=np.array([1.0]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Cropping1D(2)(SERIES), "must be smaller than the sizes of the input"),
        (lambda: layers.Cropping2D((1, 2, 3)), r"Cropping2D: `cropping` must be"),
        (lambda: layers.ZeroPadding1D(-1), r"ZeroPadding1D: `padding` must be"),
        (lambda: layers.UpSampling2D(0), r"UpSampling2D: `size` must be a positive integer"),
        (lambda: layers.UpSampling2D(interpolation="cubic"), "must be one of"),
        (lambda: layers.GlobalMaxPooling2D()(SERIES), "expected ndim=4"),
        (lambda: layers.GroupNormalization(3)(SERIES), "cannot be divided into 3 equal groups"),
        (lambda: layers.GroupNormalization(0), "must be a positive integer"),
        (lambda: layers.CategoryEncoding(), "`num_tokens` must be"),
        (lambda: layers.Discretization([1.0], 3), "either `bin_boundaries` or `num_bins`"),
    ],
)
def test_what_cannot_be_meant(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_lambda_with_several_inputs_and_a_stated_shape():
    first, second = schuss.Input((4,)), schuss.Input((4,))
    layer = layers.Lambda(lambda xs: xs[0][:, :1] - xs[1][:, :1], output_shape=(1,))
    assert layer([first, second]).shape == (None, 1)


def test_figures_of_a_normalization():
    layer = layers.Normalization()
    layer.adapt(np.arange(6.0, dtype="float32").reshape(3, 2))
    assert layer.mean.tolist() == [[2.0, 3.0]]
    np.testing.assert_allclose(layer.variance, [[8 / 3, 8 / 3]], rtol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [lambda: layers.Reshape((4, 3)), lambda: layers.Permute((1, 2)), lambda: layers.Cropping1D(0)],
    ids=["Reshape", "Permute", "Cropping1D"],
)
@pytest.mark.filterwarnings("ignore:.*does not support masking")
def test_a_mask_is_dropped_also_where_there_is_nothing_to_do(layer):
    """Called, traced and in a model alike; others that use the input still have its mask."""
    tokens = np.array([[1, 2, 0, 0], [3, 1, 1, 0]], "int32")
    given = layers.Input((4,), dtype="int32")
    embedded = layers.Embedding(5, 3, mask_zero=True)(given)
    mean = layers.GlobalAveragePooling1D()
    model = schuss.Model(given, [embedded, mean(layer()(embedded)), mean(embedded)])
    for every, without, with_mask in (model.predict(tokens, verbose=0), model(tokens)):
        np.testing.assert_allclose(without, np.mean(every, axis=1), rtol=1e-5, atol=1e-6)
        assert np.abs(np.asarray(without) - with_mask).max() > 1e-4


def test_shared_axes_that_the_input_does_not_have():
    with pytest.raises(
        ValueError, match=r"`shared_axes` must be axes of the input from 1 on, 1 to 1 .* got \[3\]"
    ):
        layers.PReLU(shared_axes=[3])(np.zeros((2, 3)))
