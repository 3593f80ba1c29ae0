"""Normalization adapts to data; the normalizing layers do what their formulas say."""

import numpy as np
import pytest

import schuss
from schuss import layers

DATA = np.random.default_rng(0).normal(3, 5, size=(20001, 3))


def test_adapt_takes_the_figures_of_each_feature():
    layer = layers.Normalization()
    layer.adapt(DATA)
    assert np.allclose(layer.adapt_mean.numpy(), DATA.mean(axis=0), rtol=1e-6)
    assert np.allclose(layer.adapt_variance.numpy(), DATA.var(axis=0), rtol=1e-6)
    y = layer(DATA)
    assert np.allclose(y.mean(axis=0), 0, atol=1e-4)
    assert np.allclose(y.std(axis=0), 1, atol=1e-4)
    inverse = layers.Normalization(
        mean=layer.adapt_mean.numpy(), variance=layer.adapt_variance.numpy(), invert=True
    )
    assert np.allclose(inverse(y), DATA, atol=1e-4)


def test_batches_and_arrays_give_the_same():
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(DATA)
    parts.adapt((DATA[i : i + 1000], None) for i in range(0, len(DATA), 1000))
    assert np.allclose(whole.adapt_variance.numpy(), parts.adapt_variance.numpy(), rtol=1e-6)
    assert int(parts.count.numpy()) == len(DATA)
    parts.adapt(DATA[:10])
    assert np.allclose(parts.adapt_mean.numpy(), DATA[:10].mean(axis=0), rtol=1e-5)


def test_one_mean_of_all():
    layer = layers.Normalization(axis=None)
    layer.adapt(DATA)
    assert layer.adapt_mean.shape == ()
    assert np.allclose(layer.adapt_mean.numpy(), DATA.mean())


def test_errors():
    with pytest.raises(ValueError, match="both `mean` and `variance`"):
        layers.Normalization(mean=1.0)
    with pytest.raises(ValueError, match="given to the constructor"):
        layers.Normalization(mean=1.0, variance=1.0).adapt(DATA)
    with pytest.raises(ValueError, match="no data"):
        layers.Normalization().adapt(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="must have known sizes"):
        layers.Normalization().build((None, None))


def test_frozen_batch_normalization_uses_the_moving_figures():
    layer = layers.BatchNormalization()
    x = DATA[:8].astype("float32")
    layer(x)
    layer.trainable = False
    assert np.allclose(layer(x, training=True), x / np.sqrt(1.001), rtol=1e-5)
    assert np.allclose(layer.moving_mean.numpy(), 0)


def test_masked_places_do_not_count():
    layer = layers.BatchNormalization(momentum=0.0)
    x = DATA[:12].reshape(3, 4, 3).astype("float32")
    mask = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]], bool)
    layer(x, training=True, mask=mask)
    assert np.allclose(layer.moving_mean.numpy(), x[mask].mean(axis=0), rtol=1e-5)
    assert np.allclose(layer.moving_variance.numpy(), x[mask].var(axis=0), rtol=1e-5)


@pytest.mark.parametrize(("axis", "reduced"), [(0, 1), ((0, 1), ()), (-1, 0)])
def test_adapt_keeps_any_axis(axis, reduced):
    layer = layers.Normalization(axis=axis)
    layer.adapt(DATA[:9000])
    assert np.allclose(layer.adapt_mean.numpy(), DATA[:9000].mean(axis=reduced), rtol=1e-5)


def test_numbers_without_features():
    layer = layers.Normalization(axis=None)
    layer.adapt(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert np.allclose(layer(np.array([1.0, 2.0, 3.0])), [-1.4142135, -0.7071068, 0.0])


def test_figures_that_do_not_fit():
    with pytest.raises(ValueError, match=r"same shape; got \(2,\) and \(1,\)"):
        layers.Normalization(mean=[1.0, 2.0], variance=[1.0])
    with pytest.raises(ValueError, match="more axes than `axis`"):
        layers.Normalization(axis=None, mean=[1.0], variance=[1.0])
    with pytest.raises(ValueError, match=r"shape \(2,\), do not fit the sizes \(3,\)"):
        layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0])(DATA)
    with pytest.raises(ValueError, match=r"not within the 2 axes"):
        layers.Normalization(axis=2).adapt(DATA)
    layer = layers.Normalization()
    layer.adapt(DATA)
    with pytest.raises(ValueError, match=r"built for inputs of shape \(None, 3\).*\(\d+, 2\)"):
        layer.adapt(DATA[:, :2])


def test_unit_length_of_small_and_zero_vectors():
    x = np.array([[1e-7, 0.0], [0.0, 0.0]], "float32")
    assert np.allclose(layers.UnitNormalization()(x), [[1, 0], [0, 0]])


def test_axes_are_numbers():
    for kind in (layers.LayerNormalization, layers.RMSNormalization, layers.UnitNormalization):
        with pytest.raises(TypeError, match="`axis` must be an integer"):
            kind(axis="a")


def test_weights_follow_the_axes_as_given():
    """Keras sorts the axes as numbers before it counts negative ones from the end; so do its weight files."""
    layer = layers.LayerNormalization(axis=[1, -1])
    layer.build((None, 3, 4))
    assert layer.gamma.shape == (4, 3)


def _figures_of_a_batch(x):
    """Mean and variance as a compiled step of training finds them."""
    model = schuss.Sequential([schuss.Input(x.shape[1:]), layers.BatchNormalization(momentum=0.0)])
    model.compile("sgd", "mse")
    model.fit(x, np.zeros_like(x), batch_size=len(x), verbose=0)
    return model.layers[-1].moving_mean.numpy(), model.layers[-1].moving_variance.numpy()


def test_batch_normalization_of_data_larger_than_the_caches():
    rng = np.random.default_rng(0)
    spikes = np.zeros((64, 16, 16))
    spikes[0, 0, 0] = 1000
    channels = [
        rng.normal(size=(64, 16, 16)),
        rng.normal(10_000, 1, (64, 16, 16)),  # far from 0
        np.full((64, 16, 16), 3.0),
        spikes,
        rng.normal(0, 1e-6, (64, 16, 16)),
    ]
    x = np.stack(channels, axis=-1).astype("float32")
    mean, variance = _figures_of_a_batch(x)
    exact = x.astype("float64")
    error = np.abs(mean - exact.mean(axis=(0, 1, 2)))
    assert (error <= 1e-6 * (exact.std(axis=(0, 1, 2)) + np.abs(mean))).all()
    np.testing.assert_allclose(variance, exact.var(axis=(0, 1, 2)), rtol=1e-4, atol=1e-18)
