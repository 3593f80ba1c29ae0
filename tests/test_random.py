"""Distributions, seeds, and the equality of eager and traced draws."""

from __future__ import annotations

import random as python_random

import numpy as np
import pytest

import schuss
from schuss import backends, ops, random

N = 20000


def test_uniform_range_mean_variance():
    x = np.asarray(random.uniform((N,), seed=1))
    assert x.dtype == np.float32
    assert 0 <= x.min() < 1e-3
    assert 1 - 1e-3 < x.max() < 1
    assert abs(x.mean() - 0.5) < 0.01
    assert abs(x.var() - 1 / 12) < 0.002
    counts = np.histogram(x, bins=20, range=(0, 1))[0]
    assert ((counts - N / 20) ** 2 / (N / 20)).sum() < 45  # chi-square, 19 degrees of freedom, p = 0.0007


def test_uniform_stays_below_maxval():
    """The sum may round up: checked where rounding is coarse."""
    x = np.asarray(random.uniform((N,), 1000.0, 1000.001, seed=1))
    assert x.min() >= np.float32(1000.0)
    assert x.max() < np.float32(1000.001)


def test_uniform_takes_arrays_as_limits():
    x = np.asarray(random.uniform((100, 2), np.array([0.0, 10.0]), np.array([1.0, 20.0]), seed=0))
    assert (x[:, 0] < 1).all()
    assert (x[:, 1] >= 10).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_float_types(dtype):
    u, z = (np.asarray(f((N,), dtype=dtype, seed=3)) for f in (random.uniform, random.normal))
    assert u.dtype == z.dtype == dtype
    assert u.max() < 1
    assert np.isfinite(z).all()
    if dtype == "float64":
        assert len(np.unique(u)) == N
        assert (u * 2.0**32 % 1 != 0).any()  # more than 32 bits


def test_normal_moments_and_tails():
    z = np.asarray(random.normal((N,), mean=2.0, stddev=3.0, seed=5))
    s = (z.astype("float64") - 2) / 3
    assert abs(s.mean()) < 0.03
    assert abs(s.std() - 1) < 0.02
    assert abs((s**3).mean()) < 0.1
    assert abs((s**4).mean() - 3) < 0.25
    assert abs((np.abs(s) > 1.959964).mean() - 0.05) < 0.006


def test_truncated_normal_limits_and_deviation():
    z = np.asarray(random.truncated_normal((N,), mean=1.0, stddev=0.5, seed=2))
    assert 0 <= z.min() < 0.02
    assert 1.98 < z.max() <= 2.0
    assert abs(z.mean() - 1) < 0.01
    assert abs(z.std() / 0.5 - 0.8796) < 0.01


def test_randint():
    x = np.asarray(random.randint((N,), -2, 3, seed=4))
    assert x.dtype == np.int32
    assert np.abs(np.bincount(x + 2, minlength=5) / N - 0.2).max() < 0.02
    wide = np.asarray(random.randint((1000,), -(2**62), 2**62, dtype="int64", seed=4))
    assert wide.dtype == np.int64
    assert abs(wide.astype("float64").mean()) < 2**59
    whole = np.asarray(random.randint((1000,), -(2**31), 2**31, seed=4))
    assert whole.min() < -(2**30)
    assert whole.max() > 2**30
    assert np.asarray(random.randint((10,), 0, np.array(3), dtype="uint8", seed=0)).max() < 3


def test_categorical():
    logits = np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 1e-9]], "float32"))
    x = np.asarray(random.categorical(logits, 10000, seed=0))
    assert x.shape == (2, 10000)
    assert x.dtype == np.int32
    np.testing.assert_allclose(np.bincount(x[0]) / 10000, [0.1, 0.2, 0.7], atol=0.02)
    assert x[1].max() == 1
    with pytest.raises(ValueError, match=r"2-D.*\(3,\)"):
        random.categorical(logits[0], 2)


def test_dropout():
    x = np.ones((100, 100), "float32")
    y = np.asarray(random.dropout(x, 0.25, seed=0))
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.02
    rows = np.asarray(random.dropout(x, 0.5, noise_shape=(None, 1), seed=0))
    assert (rows == rows[:, :1]).all()
    assert np.asarray(random.dropout(x, 0.0)).tolist() == x.tolist()
    assert not np.asarray(random.dropout(x, 1.0)).any()
    with pytest.raises(ValueError, match="between 0 and 1"):
        random.dropout(x, 1.5)


def test_dropout_passes_gradients_where_it_passes_values():
    x = np.arange(1, 50, dtype="float32")
    y = np.asarray(random.dropout(x, 0.5, seed=9))
    dx = schuss.grad(lambda x: ops.sum(random.dropout(x, 0.5, seed=9)))(x)
    np.testing.assert_allclose(dx, y / x)


def test_shuffle():
    x = np.arange(24).reshape(12, 2)
    y = np.asarray(random.shuffle(x, seed=3))
    assert sorted(y[:, 0]) == sorted(x[:, 0])
    assert (y[:, 1] - y[:, 0] == 1).all()
    assert (y != x).any()
    columns = np.asarray(random.shuffle(np.arange(20).reshape(1, 20), axis=1, seed=3))
    assert sorted(columns[0]) == list(range(20))


@pytest.mark.parametrize("alpha", [0.05, 0.7, 1.0, 5.0, 200.0])
def test_gamma(alpha):
    x = np.asarray(random.gamma((N,), alpha, seed=6), "float64")
    assert (x >= 0).all()
    assert abs(x.mean() / alpha - 1) < 0.1 * max(1, alpha**-0.5)
    assert abs(x.var() / alpha - 1) < 0.3 * max(1, alpha**-0.5)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (2.0, 5.0), (1e-3, 1e-3)])
def test_beta(a, b):
    x = np.asarray(random.beta((N,), a, b, seed=7), "float64")
    assert ((x >= 0) & (x <= 1)).all()
    assert abs(x.mean() - a / (a + b)) < 0.02
    assert abs(x.var() - a * b / ((a + b) ** 2 * (a + b + 1))) < 0.01


def test_binomial():
    x = np.asarray(random.binomial((N, 2), np.array([10, 1]), np.array([0.3, 0.5]), seed=1))
    assert x.dtype == np.float32
    np.testing.assert_allclose(x.mean(0), [3, 0.5], atol=0.05)
    np.testing.assert_array_equal(x, random.binomial((N, 2), np.array([10, 1]), np.array([0.3, 0.5]), seed=1))


def test_integer_seeds_repeat_and_differ():
    a, b = (np.asarray(random.normal((50,), seed=1)) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    seen = {np.asarray(random.normal((2,), seed=s)).tobytes() for s in (0, 1, 2, -1, 2**32, 2**32 + 1, 2**40)}
    assert len(seen) == 7


def test_prefixes_do_not_depend_on_the_size():
    np.testing.assert_array_equal(
        np.asarray(random.uniform((100,), seed=1))[:10], random.uniform((10,), seed=1)
    )


def test_seed_generators_move_on():
    seed = random.SeedGenerator(3)
    a, b = (np.asarray(random.normal((50,), seed=seed)) for _ in range(2))
    assert (a != b).all()
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.5
    assert seed.state.numpy().tolist() == [3, 2]
    assert not seed.state.trainable
    again = random.SeedGenerator.from_config(seed.get_config())
    np.testing.assert_array_equal(random.normal((50,), seed=again), a)
    assert schuss.saving.serialize_keras_object(seed)["class_name"] == "SeedGenerator"


def test_a_program_draws_anew_at_every_run_as_eager_calls_do():
    traced, eager = random.SeedGenerator(11), random.SeedGenerator(11)

    def draw(seed):
        return random.normal((5,), seed=seed), random.dropout(np.ones((4, 4), "float32"), 0.5, seed=seed)

    program = backends.compile(schuss.trace(lambda: draw(traced)))
    for _ in range(3):
        for x, y in zip(program(), draw(eager), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-6)
    np.testing.assert_array_equal(traced.state.numpy(), eager.state.numpy())


@pytest.mark.parametrize(
    "function",
    [
        lambda seed: random.uniform((3, 2), -1.0, 2.0, seed=seed),
        lambda seed: random.truncated_normal((6,), seed=seed),
        lambda seed: random.randint((6,), 0, 100, seed=seed),
        lambda seed: random.shuffle(np.arange(6), seed=seed),
        lambda seed: random.gamma((6,), 0.3, seed=seed),
        lambda seed: random.beta((6,), 0.3, 2.0, seed=seed),
        lambda seed: random.binomial((6,), 5, 0.3, seed=seed),
        lambda seed: random.uniform((6,), dtype="float64", seed=seed),
        lambda seed: random.randint((6,), 0, 2**40, dtype="int64", seed=seed),
        lambda seed: random.categorical(np.zeros((2, 3), "float32"), 4, seed=seed),
    ],
)
def test_traced_draws_equal_eager_ones(function):
    traced, eager = random.SeedGenerator(1), random.SeedGenerator(1)
    program = backends.compile(schuss.trace(lambda: function(traced)))
    for _ in range(2):
        np.testing.assert_allclose(program()[0], function(eager), rtol=1e-5)


def test_set_random_seed_repeats_everything():
    def draws():
        return [
            random.draw_seed(),
            python_random.random(),
            np.random.rand(),
            np.asarray(random.normal((2,))).tolist(),
            np.asarray(schuss.initializers.GlorotUniform()((2, 2))).tolist(),
            random.SeedGenerator().get_config()["seed"],
        ]

    schuss.utils.set_random_seed(7)
    first = draws()
    second = draws()
    schuss.utils.set_random_seed(7)
    assert draws() == first
    assert all(a != b for a, b in zip(first, second, strict=True))
    assert random.draw_seed(5) == 5


def test_messages():
    for seed in ("a", 1.0, True):
        with pytest.raises(ValueError, match="`seed` must be an integer"):
            random.SeedGenerator(seed)
        with pytest.raises(ValueError, match="either an integer or an instance of `SeedGenerator`"):
            random.normal((2,), seed=seed)
    for function in (random.uniform, random.normal, random.truncated_normal):
        with pytest.raises(ValueError, match=r"floating point `dtype`.*int32"):
            function((2,), dtype="int32")
    with pytest.raises(ValueError, match=r"integer `dtype`.*float32"):
        random.randint((2,), 0, 5, dtype="float32")
    with pytest.raises(ValueError, match="minval < maxval"):
        random.randint((2,), 5, 5)
    with pytest.raises(ValueError, match=r"from 0 to 2\*\*32"):
        schuss.utils.set_random_seed(-1)
