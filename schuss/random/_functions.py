"""Distributions, each a function of random bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Spec, as_dtype, as_value
from schuss.graph.primitives import host_call_p, random_bits_p
from schuss.random._seed import key_from


def uniform(
    shape: Sequence[int], minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Uniform in ``[minval, maxval)``.

    Args:
        shape: of the result.
        minval, maxval: floats.
        dtype: a float type; default: floatx.
        seed: an integer (the same values at every call), a `SeedGenerator` (new values at every call), or
            None (the global generator).

    Raises:
        ValueError: `dtype` is not a float type.

    Example:
        >>> from schuss import random
        >>> x = random.uniform((1000,), -1.0, 1.0, seed=0)
        >>> bool((-1 <= x).all() and (x < 1).all())
        True
    """
    dtype = _float_dtype("uniform", dtype)
    u = _fraction(key_from(seed), tuple(shape), dtype)
    if _is_number(minval) and _is_number(maxval):
        if (minval, maxval) == (0, 1):
            return u
        # The sum may round up to maxval, which does not belong to the interval.
        below = np.nextafter(dtype.type(maxval), dtype.type(minval))
        return ops.minimum(ops.add(ops.multiply(u, dtype.type(maxval - minval)), dtype.type(minval)), below)
    minval, maxval = ops.cast(minval, dtype), ops.cast(maxval, dtype)
    return ops.add(ops.multiply(u, ops.subtract(maxval, minval)), minval)


def normal(
    shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Normal: ``mean + stddev·√2·erf⁻¹(2u − 1)`` with u uniform in (0, 1).

    Args:
        shape: of the result.
        mean, stddev: floats.
        dtype: a float type; default: floatx.
        seed: as for `uniform`.

    Raises:
        ValueError: `dtype` is not a float type.

    Example:
        >>> from schuss import random
        >>> x = random.normal((10000,), mean=2.0, seed=0)
        >>> round(float(x.mean()), 1), round(float(x.std()), 1)
        (2.0, 1.0)
    """
    dtype = _float_dtype("normal", dtype)
    work = _at_least_single(dtype)
    u = _open_fraction(key_from(seed), tuple(shape), work)
    z = ops.multiply(ops.erfinv(ops.subtract(ops.multiply(u, 2.0), 1.0)), math.sqrt(2.0))
    return _scaled(z, mean, stddev, dtype)


def truncated_normal(
    shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Normal, given that it is within two standard deviations (before truncation) of the mean.

    Args:
        shape: of the result.
        mean, stddev: floats, of the normal distribution before it is truncated (the result's is
            0.8796·stddev).
        dtype: a float type; default: floatx.
        seed: as for `uniform`.

    Raises:
        ValueError: `dtype` is not a float type.
    """
    dtype = _float_dtype("truncated_normal", dtype)
    work = _at_least_single(dtype)
    u = _open_fraction(key_from(seed), tuple(shape), work)
    bound = math.erf(2.0 / math.sqrt(2.0))
    z = ops.multiply(ops.erfinv(ops.subtract(ops.multiply(u, 2.0 * bound), bound)), math.sqrt(2.0))
    return _scaled(ops.clip(z, -2.0, 2.0), mean, stddev, dtype)


def randint(shape: Sequence[int], minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Any:
    """Uniform integers in ``[minval, maxval)``.

    Args:
        shape: of the result.
        minval, maxval: integers.
        dtype: an integer type; default int32.
        seed: as for `uniform`.

    Raises:
        ValueError: `dtype` is not an integer type, or the interval is empty.

    Example:
        >>> from schuss import random
        >>> sorted(set(random.randint((100,), 3, 6, seed=1).tolist()))
        [3, 4, 5]
    """
    dtype = as_dtype(dtype)
    if dtype.kind not in "iu":
        raise ValueError(f"`schuss.random.randint` requires an integer `dtype`. Received: dtype={dtype.name}")
    key, shape = key_from(seed), tuple(shape)
    if not (_is_number(minval) and _is_number(maxval)):
        low = ops.cast(minval, "int64")
        span = ops.cast(ops.subtract(ops.cast(maxval, "int64"), low), "uint64")
        return ops.cast(ops.add(_below(key, shape, span), low), dtype)
    minval, maxval = int(minval), int(maxval)
    if minval >= maxval:
        raise ValueError(
            f"`schuss.random.randint`: expected minval < maxval, got minval={minval}, maxval={maxval}."
        )
    if maxval - minval <= 2**32:
        offset = _below(key, shape, np.uint64(maxval - minval))
    else:
        high, low = _two_words(key, shape)
        word = ops.bitwise_or(
            ops.left_shift(ops.cast(high, "uint64"), np.uint64(32)), ops.cast(low, "uint64")
        )
        offset = ops.cast(ops.mod(word, np.uint64(maxval - minval)), "int64")
    return ops.cast(ops.add(offset, np.int64(minval)), dtype)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draw classes with probabilities ``softmax(logits)``: argmax of logits plus Gumbel noise.

    Args:
        logits: [batch, classes], unnormalised log-probabilities.
        num_samples: draws for each row.
        dtype: an integer type; default int32.
        seed: as for `uniform`.

    Returns:
        [batch, num_samples], the indices of the classes drawn.

    Raises:
        ValueError: `logits` is not a matrix.
    """
    logits = ops.convert_to_tensor(logits)
    if len(logits.shape) != 2:
        raise ValueError(
            "`logits` should be a 2-D tensor with shape [batch_size, num_classes]. "
            f"Received: logits of shape {tuple(logits.shape)}"
        )
    batch, classes = logits.shape
    u = _open_fraction(
        key_from(seed), (batch, num_samples, classes), _at_least_single(as_dtype(logits.dtype))
    )
    gumbel = ops.negative(ops.log(ops.negative(ops.log(u))))
    return ops.cast(ops.argmax(ops.add(ops.expand_dims(logits, 1), gumbel), axis=-1), dtype)


def dropout(
    inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Any = None
) -> Any:
    """Zero elements with probability `rate`, and scale the others by ``1/(1 − rate)``: the mean stays.

    Args:
        inputs: floats of any shape.
        rate: 0 ≤ rate ≤ 1.
        noise_shape: shape of the mask, broadcast against the inputs; None for an axis means the inputs' size.
        seed: as for `uniform`.

    Raises:
        ValueError: `rate` is outside of [0, 1].

    Source:
        Srivastava et al. (2014), Dropout: a simple way to prevent neural networks from overfitting.
    """
    inputs = ops.convert_to_tensor(inputs)
    if not 0 <= rate <= 1:
        raise ValueError(f"`rate` must be a number between 0 and 1. Received: rate={rate}")
    key = key_from(seed)
    if rate == 0:
        return inputs
    if rate == 1:
        return ops.zeros_like(inputs)
    shape = tuple(inputs.shape)
    if noise_shape is not None:
        shape = tuple(shape[i] if n is None else n for i, n in enumerate(noise_shape))
    limit = np.uint32(min(round((1.0 - rate) * 2**32), 2**32 - 1))
    keep = ops.less(random_bits_p.bind(key, shape=shape), limit)
    return ops.where(keep, ops.multiply(inputs, 1.0 / (1.0 - rate)), ops.zeros_like(inputs))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """`x` with its entries along `axis` in random order.

    Args:
        x: array of any shape and dtype.
        axis: along which whole slices change places.
        seed: as for `uniform`.
    """
    x = ops.convert_to_tensor(x)
    bits = random_bits_p.bind(key_from(seed), shape=(x.shape[axis],))
    return ops.take(x, ops.argsort(bits), axis=axis)


def gamma(shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Gamma distribution with shape parameter `alpha` and scale 1.

    Args:
        shape: of the result.
        alpha: positive; a float or an array that broadcasts to `shape`.
        dtype: a float type; default: floatx.
        seed: as for `uniform`.

    Raises:
        ValueError: `dtype` is not a float type.
    """
    dtype = _float_dtype("gamma", dtype)
    return ops.cast(ops.exp(_log_gamma(key_from(seed), tuple(shape), alpha, _at_least_single(dtype))), dtype)


def beta(shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Beta distribution: ``a/(a + b)`` with a, b of the gamma distributions with parameters `alpha`, `beta`.

    Args:
        shape: of the result.
        alpha, beta: positive; floats or arrays that broadcast to `shape`.
        dtype: a float type; default: floatx.
        seed: as for `uniform`.

    Raises:
        ValueError: `dtype` is not a float type.
    """
    dtype = _float_dtype("beta", dtype)
    first, second = _split(key_from(seed), 2)
    log_a = _log_gamma(first, tuple(shape), alpha, _at_least_single(dtype))
    log_b = _log_gamma(second, tuple(shape), beta, _at_least_single(dtype))
    return ops.cast(ops.sigmoid(ops.subtract(log_a, log_b)), dtype)


def binomial(
    shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Any:
    """Number of successes in `counts` trials, each with probability `probabilities`. Computed on the host.

    Args:
        shape: of the result.
        counts, probabilities: numbers or arrays that broadcast to `shape`.
        dtype: a float type; default: floatx.
        seed: as for `uniform`.

    Raises:
        ValueError: `dtype` is not a float type.
    """
    dtype, shape = _float_dtype("binomial", dtype), tuple(shape)
    counts = ops.broadcast_to(ops.cast(counts, "int64"), shape)
    probabilities = ops.broadcast_to(ops.cast(probabilities, "float64"), shape)
    specs = (Spec(shape, as_dtype("int64")),)
    (drawn,) = host_call_p.bind(key_from(seed), counts, probabilities, function=_host_binomial, specs=specs)
    return ops.cast(drawn, dtype)


def _host_binomial(key: np.ndarray, counts: np.ndarray, probabilities: np.ndarray) -> list[np.ndarray]:
    generator = np.random.Generator(np.random.Philox(key=int(key[0]) << 32 | int(key[1])))
    return [np.asarray(generator.binomial(counts, probabilities), "int64")]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number))


def _float_dtype(function: str, dtype: Any) -> np.dtype:
    dtype = as_dtype(dtype)
    if dtype.kind != "f":
        raise ValueError(
            f"`schuss.random.{function}` requires a floating point `dtype`. Received: dtype={dtype.name}"
        )
    return dtype


def _at_least_single(dtype: np.dtype) -> np.dtype:
    return as_dtype("float64" if dtype == np.float64 else "float32")


def _scaled(z: Any, mean: Any, stddev: Any, dtype: np.dtype) -> Any:
    """``mean + stddev·z``, without the steps that change nothing."""
    if not (_is_number(stddev) and stddev == 1):
        z = ops.multiply(z, stddev if _is_number(stddev) else ops.cast(stddev, z.dtype))
    if not (_is_number(mean) and mean == 0):
        z = ops.add(z, mean if _is_number(mean) else ops.cast(mean, z.dtype))
    return ops.cast(z, dtype)


def _split(key: Any, n: int) -> list[Any]:
    """`n` keys made from one."""
    words = as_value(random_bits_p.bind(key, shape=(n, 2)))
    return [words[i] for i in range(n)]


def _two_words(key: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    words = random_bits_p.bind(key, shape=(2, *shape))
    return words[0], words[1]


def _below(key: Any, shape: tuple[int, ...], span: Any) -> Any:
    """Integers in ``[0, span)``, int64, span ≤ 2³²: the high word of ``bits·span`` (Lemire 2019)."""
    bits = ops.cast(random_bits_p.bind(key, shape=shape), "uint64")
    return ops.cast(ops.right_shift(ops.multiply(bits, span), np.uint64(32)), "int64")


def _fraction(key: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """Uniform in [0, 1): k·2⁻ᵐ, with all m bits that the dtype holds."""
    return _binary_fraction(key, shape, dtype, {2: 11, 4: 24, 8: 53}[dtype.itemsize])


def _open_fraction(key: Any, shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """Uniform in (0, 1), symmetric about ½: (2k + 1)·2⁻ᵐ⁻¹, each value exact."""
    m = {2: 10, 4: 23, 8: 52}[dtype.itemsize]
    return ops.add(_binary_fraction(key, shape, dtype, m), dtype.type(2.0 ** -(m + 1)))


def _binary_fraction(key: Any, shape: tuple[int, ...], dtype: np.dtype, m: int) -> Any:
    if m <= 32:
        bits = random_bits_p.bind(key, shape=shape)
        # By way of int32, from which processors convert to float faster than from uint32.
        k = ops.cast(ops.cast(ops.right_shift(bits, np.uint32(32 - m)), "int32"), dtype)
        return ops.multiply(k, dtype.type(2.0**-m))
    high, low = _two_words(key, shape)
    half = m // 2
    high = ops.cast(ops.right_shift(high, np.uint32(32 - (m - half))), dtype)
    low = ops.cast(ops.right_shift(low, np.uint32(32 - half)), dtype)
    return ops.multiply(ops.add(ops.multiply(high, dtype.type(2.0**half)), low), dtype.type(2.0**-m))


_GAMMA_ROUNDS = 8  # each accepts with probability 0.95 or more, so that 3·10⁻¹¹ of the draws find nothing


def _log_gamma(key: Any, shape: tuple[int, ...], alpha: Any, dtype: np.dtype) -> Any:
    """log of a gamma variate: Marsaglia and Tsang (2000), a fixed number of rounds, the first accepted one
    taken.

    In logarithms, since for small alpha variates are often below the smallest float.
    """
    normals, uniforms, boosts = _split(key, 3)
    alpha = ops.cast(alpha, dtype)
    small = ops.less(alpha, 1.0)
    d = ops.subtract(ops.where(small, ops.add(alpha, 1.0), alpha), 1.0 / 3.0)
    c = ops.divide(1.0 / 3.0, ops.sqrt(d))
    x = normal((_GAMMA_ROUNDS, *shape), dtype=dtype, seed=normals)
    log_u = ops.log(_open_fraction(uniforms, (_GAMMA_ROUNDS, *shape), dtype))
    one_plus = ops.add(1.0, ops.multiply(c, x))
    log_v = ops.multiply(3.0, ops.log(ops.maximum(one_plus, 1e-12)))
    v = ops.exp(log_v)
    bound = 0.5 * ops.square(x) + d * (1.0 - v + log_v)
    accepted = ops.logical_and(ops.greater(one_plus, 0.0), ops.less(log_u, bound))
    chosen = ops.zeros(shape, dtype)
    for i in reversed(range(_GAMMA_ROUNDS)):
        chosen = ops.where(accepted[i], log_v[i], chosen)
    # G(alpha) = G(alpha + 1)·U^(1/alpha) for alpha < 1
    boost = ops.divide(ops.log(_open_fraction(boosts, shape, dtype)), alpha)
    return ops.log(d) + chosen + ops.where(small, boost, ops.zeros_like(boost))
