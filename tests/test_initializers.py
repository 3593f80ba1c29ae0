"""First values: formulas, distributions, seeds, configs, names."""

from __future__ import annotations

import math

import numpy as np
import pytest

import schuss
from schuss import initializers, random

NAMES = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "STFT",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
]
RANDOM = [n for n in NAMES if n not in ("Constant", "Identity", "Ones", "STFT", "Zeros")]


def test_constants():
    assert np.asarray(initializers.Zeros()((2, 1))).tolist() == [[0], [0]]
    assert np.asarray(initializers.Ones()((2,), dtype="float64")).dtype == np.float64
    assert np.asarray(initializers.Constant(3)((2,))).tolist() == [3, 3]
    assert np.asarray(initializers.Constant(3)((2,))).dtype == np.float32
    assert np.asarray(initializers.Constant([1, 2])((3, 2))).tolist() == [[1, 2]] * 3
    assert np.asarray(initializers.Identity(2.0)((2, 3))).tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(ValueError, match=r"2D matrices.*\(2, 3, 4\) of rank 3"):
        initializers.Identity()((2, 3, 4))


@pytest.mark.parametrize(
    ("shape", "fans"),
    [((), (1, 1)), ((5,), (5, 5)), ((3, 4), (3, 4)), ((3, 4, 5), (12, 15)), ((2, 3, 4, 5), (24, 30))],
)
def test_fans(shape, fans):
    assert initializers.compute_fans(shape) == fans


def test_fans_of_given_axes():
    assert initializers.compute_fans((2, 3, 4), input_axes=(0, 1), output_axes=(2,)) == (6, 4)
    assert initializers.compute_fans((2, 3, 4), input_axes=[0], output_axes=[-1]) == (2, 4)
    assert initializers.compute_fans((2, 3, 4), input_axes=[0]) == (6, 8)


@pytest.mark.parametrize(
    ("name", "variance", "limit"),
    [
        ("glorot_uniform", 2 / 500, math.sqrt(6 / 500)),
        ("glorot_normal", 2 / 500, 2 * math.sqrt(2 / 500) / 0.87962566),
        ("he_uniform", 2 / 300, math.sqrt(6 / 300)),
        ("he_normal", 2 / 300, 2 * math.sqrt(2 / 300) / 0.87962566),
        ("lecun_uniform", 1 / 300, math.sqrt(3 / 300)),
        ("lecun_normal", 1 / 300, 2 * math.sqrt(1 / 300) / 0.87962566),
    ],
)
def test_scaled_variances(name, variance, limit):
    w = np.asarray(initializers.get(name)((300, 200)), "float64")
    assert abs(w.mean()) < 4 * math.sqrt(variance / w.size)
    assert abs(w.var() / variance - 1) < 0.03
    assert 0.97 * limit < np.abs(w).max() <= limit * (1 + 1e-6)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["truncated_normal", "normal", "untruncated_normal", "uniform"])
def test_variance_scaling(mode, distribution):
    w = np.asarray(initializers.VarianceScaling(0.5, mode, distribution, seed=1)((3, 3, 20, 60)), "float64")
    n = {"fan_in": 180, "fan_out": 540, "fan_avg": 360}[mode]
    assert abs(w.var() / (0.5 / n) - 1) < 0.07
    assert (np.abs(w).max() > 3 * w.std()) == (distribution == "untruncated_normal")


def test_fixed_distributions():
    shape = (200, 100)
    n = np.asarray(initializers.RandomNormal(1.0, 2.0, seed=0)(shape))
    assert abs(n.mean() - 1) < 0.05
    assert abs(n.std() - 2) < 0.05
    u = np.asarray(initializers.RandomUniform(2.0, 3.0, seed=0)(shape))
    assert 2 <= u.min() < 2.01
    assert 2.99 < u.max() < 3
    t = np.asarray(initializers.TruncatedNormal(0.0, 1.0, seed=0)(shape))
    assert 1.9 < np.abs(t).max() <= 2
    assert np.abs(np.asarray(initializers.RandomUniform()(shape))).max() <= 0.05


@pytest.mark.parametrize("shape", [(5, 5), (8, 3), (3, 8), (2, 2, 3, 5)])
def test_orthogonal(shape):
    w = np.asarray(initializers.Orthogonal(gain=2.0, seed=1)(shape), "float64").reshape(-1, shape[-1])
    gram = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-5)


def test_orthogonal_matrices_have_both_signs():
    """Without the correction of signs, Householder QR makes the diagonal one-sided."""
    first = [np.asarray(initializers.Orthogonal(seed=s)((4, 4)))[0, 0] for s in range(30)]
    assert 5 < sum(v > 0 for v in first) < 25
    with pytest.raises(ValueError, match="at least two-dimensional"):
        initializers.Orthogonal()((3,))


def test_stft():
    """The first column of Keras's kernels for 8 samples and 5 bins."""
    real = np.asarray(initializers.STFT()((8, 1, 5)))[:, 0]
    np.testing.assert_allclose(real[3], [0.58665, -0.41483, 0, 0.41483, -0.58665], atol=1e-5)
    imaginary = np.asarray(initializers.STFT("imag")((8, 1, 5)))[:, 0]
    np.testing.assert_allclose(imaginary[2], [0, -0.37728, 0, 0.37728, 0], atol=1e-5)
    plain = np.asarray(initializers.STFT("real", None, None)((4, 1, 3)))[:, 0]
    np.testing.assert_allclose(plain, [[1, 1, 1], [1, 0, -1], [1, -1, 1], [1, 0, -1]], atol=1e-6)
    spectrum = np.asarray(initializers.STFT(window="hamming", scaling="spectrum")((8, 1, 5)))[:, 0, 0]
    np.testing.assert_allclose(spectrum.sum(), 1, rtol=1e-6)
    with pytest.raises(ValueError, match="window"):
        initializers.STFT(window="han")


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    cls = getattr(initializers, name)
    shape = (4, 6)
    np.testing.assert_array_equal(cls(seed=1)(shape), cls(seed=1)(shape))
    assert (np.asarray(cls(seed=1)(shape)) != np.asarray(cls(seed=2)(shape))).any()
    one = cls()
    np.testing.assert_array_equal(one(shape), one(shape))
    assert (np.asarray(one(shape)) != np.asarray(cls()(shape))).any()
    moving = cls(seed=random.SeedGenerator(1))
    assert (np.asarray(moving(shape)) != np.asarray(moving(shape))).any()
    with pytest.raises(ValueError, match="`seed` argument"):
        cls(seed="a")


@pytest.mark.parametrize("name", NAMES)
def test_config_round_trip(name):
    original = getattr(initializers, name)(**({"seed": 3} if name in RANDOM else {}))
    described = initializers.serialize(original)
    assert described == {
        "module": "keras.initializers",
        "class_name": name,
        "config": original.get_config(),
        "registered_name": None,
    }
    again = initializers.deserialize(described)
    assert type(again) is type(original)
    shape = (4, 1, 6) if name == "STFT" else (4, 6)
    np.testing.assert_array_equal(again(shape), original(shape))
    np.testing.assert_array_equal(original.clone()(shape), original(shape))


def test_configs_are_keras_s():
    assert initializers.GlorotUniform().get_config() == {
        "seed": None,
        "input_axes": None,
        "output_axes": None,
    }
    assert initializers.RandomNormal().get_config() == {"seed": None, "mean": 0.0, "stddev": 0.05}
    assert initializers.Constant().get_config() == {"value": 0.0}
    described = initializers.serialize(initializers.Constant(np.array([1.0, 2.0])))
    assert np.asarray(initializers.deserialize(described)((2,))).tolist() == [1, 2]
    moving = initializers.serialize(initializers.HeNormal(seed=random.SeedGenerator(3)))
    assert moving["config"]["seed"]["config"]["seed"] == 3
    assert isinstance(initializers.deserialize(moving).seed, random.SeedGenerator)


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    cls = getattr(initializers, name)
    assert type(initializers.get(name)) is cls
    assert type(initializers.get(cls)) is cls
    snake = "stft" if name == "STFT" else schuss.utils._names.to_snake_case(name)
    assert type(initializers.get(snake)) is cls
    assert getattr(initializers, snake) is cls


def test_get():
    assert initializers.get(None) is None
    assert type(initializers.get("normal")) is initializers.RandomNormal
    assert type(initializers.get("zero")) is initializers.Zeros
    assert initializers.get(max) is max
    assert np.asarray(initializers.get(np.ones(3))((3,), "float64")).dtype == np.float64
    short = initializers.get({"class_name": "glorot_uniform", "config": {"seed": 1}})
    assert type(short) is initializers.GlorotUniform
    with pytest.raises(ValueError, match=r"Unknown initializer 'glorot_unifrom'.*'glorot_uniform'"):
        initializers.get("glorot_unifrom")
    with pytest.raises(ValueError, match=r"Could not interpret initializer identifier: 3\.0"):
        initializers.get(3.0)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="positive float"):
        initializers.VarianceScaling(scale=-1)
    with pytest.raises(ValueError, match="fan_avg"):
        initializers.VarianceScaling(mode="x")
    with pytest.raises(ValueError, match="untruncated_normal"):
        initializers.VarianceScaling(distribution="x")


def test_users_own():
    @schuss.saving.register_keras_serializable(package="mine")
    class Twos(initializers.Initializer):
        def __call__(self, shape, dtype=None, **kwargs):
            return 2 * np.ones(shape)

    described = initializers.serialize(Twos())
    assert described["registered_name"] == "mine>Twos"
    assert type(initializers.deserialize(described)) is Twos
    assert (
        type(initializers.deserialize({"class_name": "X", "config": {}}, custom_objects={"X": Twos})) is Twos
    )
    assert schuss.Variable(initializers.get("mine>Twos"), shape=(2,)).numpy().tolist() == [2, 2]
    with pytest.raises(NotImplementedError, match="__call__"):
        initializers.Initializer()((2,))


def test_names_and_windows_that_do_not_fit():
    with pytest.raises(AttributeError, match=r"'HeNromal'.*'HeNormal'"):
        initializers.HeNromal  # noqa: B018
    with pytest.raises(ValueError, match=r"8 values of a frame.*\(5,\)"):
        initializers.STFT(window=np.ones(5))((8, 1, 5))


def test_lists_of_constants_stay_lists_in_configs():
    assert initializers.Constant([1.0, 2.0]).get_config() == {"value": [1.0, 2.0]}
