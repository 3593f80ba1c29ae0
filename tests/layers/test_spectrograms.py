"""Spectrograms give what Keras recorded, also compiled; their kernels learn."""

import json
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import layers, ops
from schuss.layers.preprocessing._fourier import powers

RECORDED = Path(__file__).parent.parent / "recorded"
CASES = json.loads((RECORDED / "preprocessing_sound.json").read_text())


@pytest.fixture(scope="module")
def figures():
    return dict(np.load(RECORDED / "preprocessing_sound.npz"))


def around(difference):
    """Angles near −π and π are near each other."""
    return np.minimum(np.abs(difference), np.abs(2 * np.pi - np.abs(difference)))


@pytest.mark.filterwarnings("ignore:STFTSpectrogram")
@pytest.mark.parametrize("index", range(len(CASES)))
def test_recorded(index, figures):
    case = CASES[index]
    layer = getattr(layers, case["class"])(**case["config"])
    x, expected = figures[f"{case['id']}/x"], figures[f"{case['id']}/y"]
    y = layer(x)
    assert y.shape == expected.shape == tuple(layer.compute_output_shape(x.shape))
    angles = case["config"].get("mode") == "angle"
    for result in (y, schuss.jit(layer)(x)):
        difference = around(result - expected) if angles else np.abs(result - expected)
        # logs and angles of what is nearly nothing differ by rounding
        assert np.quantile(difference, 0.98) < 1e-4 * np.abs(expected).max()
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize("length", [1, 2, 31, 128, 131, 150, 202, 255, 2048])
def test_powers_are_those_of_the_fourier_transform(length):
    x = np.random.default_rng(0).normal(size=(2, 3, length))
    squares, places = powers(x)
    np.testing.assert_allclose(squares[..., places], np.abs(np.fft.rfft(x)) ** 2, atol=1e-9)


def test_kernels_learn():
    x = np.random.default_rng(0).normal(size=(8, 64, 1)).astype("float32")
    layer = layers.STFTSpectrogram(mode="magnitude", frame_length=16)
    model = schuss.Sequential([schuss.Input((64, 1)), layer, layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = [np.array(w) for w in layer.get_weights()]
    model.fit(x, x[:, 0], verbose=0)
    assert [w.name for w in layer.weights] == ["real_kernel", "imag_kernel"]
    assert all((a != b).any() for a, b in zip(before, layer.get_weights()))


def test_gradients_go_through_mel_bands():
    layer = layers.MelSpectrogram(
        fft_length=256, sequence_stride=64, num_mel_bins=5, power_to_db=False, dtype="float64"
    )
    x, step = np.random.default_rng(0).normal(size=400), 1e-6
    gradient = schuss.grad(lambda x: ops.sum(layer(x)))(x)
    e = np.zeros(400)
    e[100] = step
    slope = (layer(x + e).sum() - layer(x - e).sum()) / (2 * step)
    np.testing.assert_allclose(gradient[100], slope, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: layers.MelSpectrogram(fft_length=64, sequence_length=65), "fft_length"),
        (lambda: layers.MelSpectrogram(window="square")(np.zeros(4000)), "window"),
        (lambda: layers.MelSpectrogram(window=[1.0, 2.0])(np.zeros(4000)), "sequence_length"),
        (
            lambda: layers.MelSpectrogram(name="mel")(np.zeros(1000)),
            r'Layer "mel".*more than fft_length // 2 = 1024',
        ),
        (lambda: layers.STFTSpectrogram(frame_step=300), "frame_step"),
        (lambda: layers.STFTSpectrogram(fft_length=128), "fft_length"),
        (lambda: layers.STFTSpectrogram(mode="power"), "mode"),
        (lambda: layers.STFTSpectrogram(scaling="none"), "scaling"),
        (lambda: layers.STFTSpectrogram(padding="causal"), "padding"),
        (lambda: layers.STFTSpectrogram(window="square"), "window"),
        (lambda: layers.STFTSpectrogram()(np.zeros((1, 1000))), "ndim=3"),
        (lambda: layers.STFTSpectrogram(name="stft")(np.zeros((1, 100, 1))), r'Layer "stft".*100 samples'),
    ],
)
def test_arguments_that_do_not_fit(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_integers_are_no_signal():
    with pytest.raises(TypeError, match=r"float16, float32 or float64"):
        layers.STFTSpectrogram()(np.zeros((1, 1000, 1), "int32"))
