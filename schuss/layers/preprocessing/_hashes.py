"""Hashes of many byte strings at once: FarmHash64 and SipHash-2-4, the ones that TensorFlow's buckets go by.

Strings of one length are the rows of a matrix of bytes, so that every step of an algorithm is one NumPy
operation on all of them. Arithmetic is modulo 2⁶⁴, as of `uint64`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

U64 = np.uint64
Array = np.ndarray
Pair = tuple[Array, Array]

_K0, _K1, _K2 = U64(0xC3A5C85C97CB3127), U64(0xB492B66FBE98F273), U64(0x9AE16A3B2F90404F)
_CROSS = U64(0xC6A4A7935BD1E995)


def buckets(strings: Sequence[bytes], count: int, salt: Sequence[int] | None = None) -> Array:
    """The bucket, in 0 … count − 1, of each string: by FarmHash64, or with a salt (two integers) by SipHash.

    Example:
        >>> from schuss.layers.preprocessing._hashes import buckets
        >>> buckets([b"A", b"B"], 3).tolist()
        [1, 0]
    """
    hashes = farm_hash(strings) if salt is None else sip_hash(strings, salt)
    return (hashes % U64(count)).astype(np.int64)


def farm_hash(strings: Sequence[bytes]) -> Array:
    """FarmHash64 of each string (G. Pike, 2014: `Fingerprint64`); uint64."""
    return _by_length(strings, _farm_of_length)


def sip_hash(strings: Sequence[bytes], key: Sequence[int]) -> Array:
    """SipHash-2-4 of each string (Aumasson, Bernstein, 2012), with a key of two integers; uint64."""
    k0, k1 = (U64(int(part) % 2**64) for part in key)
    return _by_length(strings, lambda rows: _sip_of_length(rows, k0, k1))


def crossed(first: Array, second: Array) -> Array:
    """One hash of two (TensorFlow's `FingerprintCat64`); uint64."""
    y = (first ^ _CROSS) ^ (_mixed(second * _CROSS) * _CROSS)
    return _mixed(_mixed(y * _CROSS) * _CROSS)


def _by_length(strings: Sequence[bytes], of_length: Callable[[Array], Array]) -> Array:
    """`of_length` of the strings of each length, in the order of all."""
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    result = np.empty(len(strings), U64)
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        joined = b"".join([strings[i] for i in places.tolist()])
        result[places] = of_length(np.frombuffer(joined, np.uint8).reshape(len(places), length))
    return result


def _word(rows: Array, at: int, size: int = 8) -> Array:
    """The little-endian number in `size` bytes from place `at` on, for each row."""
    part = np.ascontiguousarray(rows[:, at : at + size])
    return part.view(f"<u{size}")[:, 0].astype(U64)


def _mixed(x: Array) -> Array:
    return x ^ (x >> U64(47))


def _turned(x: Array, bits: int) -> Array:
    """The bits turned to the right."""
    return (x >> U64(bits)) | (x << U64(64 - bits))


# FarmHash64 ---


def _farm_of_length(rows: Array) -> Array:
    count, length = rows.shape
    if length > 64:
        return _farm_long(rows)
    if length == 0:
        return np.full(count, _K2)
    if length < 4:
        first, middle, last = (rows[:, at].astype(U64) for at in (0, length >> 1, length - 1))
        y, z = first + (middle << U64(8)), U64(length) + (last << U64(2))
        return _mixed(y * _K2 ^ z * _K0) * _K2
    factor = _K2 + U64(2 * length)
    if length < 8:
        u = U64(length) + (_word(rows, 0, 4) << U64(3))
        return _folded(u, _word(rows, length - 4, 4), factor)
    if length <= 16:
        a, b = _word(rows, 0) + _K2, _word(rows, length - 8)
        return _folded(_turned(b, 37) * factor + a, (_turned(a, 25) + b) * factor, factor)
    if length <= 32:
        a, b = _word(rows, 0) * _K1, _word(rows, 8)
        return _folded(*_ends(rows, a, b, factor), factor)
    return _farm_of_33_to_64(rows, factor)


def _folded(u: Array, v: Array, factor: U64 | Array) -> Array:
    """128 bits as 64."""
    a = _mixed((u ^ v) * factor)
    return _mixed((v ^ a) * factor) * factor


def _ends(rows: Array, a: Array, b: Array, factor: U64) -> Pair:
    length = rows.shape[1]
    c, d = _word(rows, length - 8) * factor, _word(rows, length - 16) * _K2
    return _turned(a + b, 43) + _turned(c, 30) + d, a + _turned(b + _K2, 18) + c


def _farm_of_33_to_64(rows: Array, factor: U64) -> Array:
    length = rows.shape[1]
    a, b = _word(rows, 0) * _K2, _word(rows, 8)
    y, rest = _ends(rows, a, b, factor)
    z = _folded(y, rest, factor)
    e, f = _word(rows, 16) * factor, _word(rows, 24)
    g, h = (y + _word(rows, length - 32)) * factor, (z + _word(rows, length - 24)) * factor
    return _folded(_turned(e + f, 43) + _turned(g, 30) + h, e + _turned(f + a, 18) + g, factor)


def _farm_long(rows: Array) -> Array:
    """Blocks of 64 bytes; then the last 64 bytes once more, with another factor."""
    count, length = rows.shape
    seed = np.full(count, 81, U64)
    y = seed * _K1 + U64(113)
    z = _mixed(y * _K2 + U64(113)) * _K2
    zero = np.zeros(count, U64)
    state = (seed * _K2 + _word(rows, 0), y, z, (zero, zero), (zero, zero))
    last = (length - 1) // 64 * 64
    for at in range(0, last, 64):
        state = _block(rows, at, state, np.full(count, _K1), U64(1))
    x, y, z, v, w = state
    factor = _K1 + ((z & U64(0xFF)) << U64(1))
    w = w[0] + U64((length - 1) & 63), w[1]
    v = v[0] + w[0], v[1]
    w = w[0] + v[0], w[1]
    x, y, z, v, w = _block(rows, length - 64, (x, y, z, v, w), factor, U64(9))
    return _folded(_folded(v[0], w[0], factor) + _mixed(y) * _K0 + z, _folded(v[1], w[1], factor) + x, factor)


def _block(
    rows: Array, at: int, state: tuple[Array, Array, Array, Pair, Pair], factor: Array, weight: U64
) -> tuple[Array, Array, Array, Pair, Pair]:
    x, y, z, v, w = state
    x = _turned(x + y + v[0] + _word(rows, at + 8), 37) * factor
    y = _turned(y + v[1] + _word(rows, at + 48), 42) * factor
    x = x ^ (w[1] * weight)
    y = y + v[0] * weight + _word(rows, at + 40)
    z = _turned(z + w[0], 33) * factor
    v = _quarter(rows, at, v[1] * factor, x + w[0])
    w = _quarter(rows, at + 32, z + w[1], y + _word(rows, at + 16))
    return z, y, x, v, w


def _quarter(rows: Array, at: int, a: Array, b: Array) -> Pair:
    p, q, r, s = (_word(rows, at + 8 * i) for i in range(4))
    a = a + p
    b = _turned(b + a + s, 21)
    start = a
    a = a + q + r
    return a + s, b + _turned(a, 44) + start


# SipHash-2-4 ---


def _sip_of_length(rows: Array, k0: U64, k1: U64) -> Array:
    count, length = rows.shape
    whole = length // 8 * 8
    tail = np.zeros((count, 8), np.uint8)
    tail[:, : length - whole] = rows[:, whole:]
    tail[:, 7] = length & 0xFF
    v = [
        np.full(count, key ^ U64(word))
        for key, word in (
            (k0, 0x736F6D6570736575),
            (k1, 0x646F72616E646F6D),
            (k0, 0x6C7967656E657261),
            (k1, 0x7465646279746573),
        )
    ]
    words = [_word(rows, at) for at in range(0, whole, 8)]
    for word in (*words, _word(tail, 0)):
        v[3] = v[3] ^ word
        _sip_rounds(v, 2)
        v[0] = v[0] ^ word
    v[2] = v[2] ^ U64(0xFF)
    _sip_rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _sip_rounds(v: list[Array], rounds: int) -> None:
    for _ in range(rounds):
        _added(v, 0, 1, 13)
        v[0] = _turned(v[0], 32)
        _added(v, 2, 3, 16)
        _added(v, 0, 3, 21)
        _added(v, 2, 1, 17)
        v[2] = _turned(v[2], 32)


def _added(v: list[Array], to: int, what: int, left: int) -> None:
    v[to] = v[to] + v[what]
    v[what] = _turned(v[what], 64 - left) ^ v[to]
