"""WAV files as arrays, and sounds at another sampling rate."""

from __future__ import annotations

import functools
import math
import struct
from typing import NamedTuple

import numpy as np

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_STREAMED = (0, 0xFFFFFFFF)  # sizes that programs write which do not know the length yet


class Sound(NamedTuple):
    """Samples from −1 to 1, float32 [samples, channels], and their number in a second."""

    samples: np.ndarray
    rate: int


def read_wav(path: str) -> Sound:
    """The sound in a WAV file: 8, 16, 24 or 32 bits, or floats of 32 or 64.

    Raises:
        ValueError: it is no WAV file, is damaged, or compressed. OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read()
    try:
        return decoded_wav(content)
    except (ValueError, struct.error) as error:
        raise ValueError(
            f"{path} cannot be decoded as WAV: {error}. Repair or remove the file; "
            'on_error="skip" leaves such files out.'
        ) from error


def decoded_wav(content: bytes) -> Sound:
    """The sound in a WAV file's bytes."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        found = "is empty" if not content else f"begins with {content[:12]!r}"
        raise ValueError(f"expected RIFF … WAVE at its beginning, but it {found}")
    layout, at = None, 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        at += 8
        if name == b"fmt ":
            layout = _layout(content[at : at + size])
        elif name == b"data":
            if layout is None:
                raise ValueError("its samples come before their format")
            rest = len(content) - at
            if size > rest and size not in _STREAMED:
                raise ValueError(f"it is cut off: {size} bytes of samples were announced, {rest} are there")
            size = rest if size in _STREAMED else size
            return Sound(layout.samples(content[at : at + size]), layout.rate)
        at += size + size % 2
    raise ValueError("there are no samples in it (no chunk named data)")


class _Layout(NamedTuple):
    """How samples are written."""

    kind: int
    channels: int
    rate: int
    bits: int

    def samples(self, data: bytes) -> np.ndarray:
        """Float32 [samples, channels]."""
        frame = self.bits // 8 * self.channels
        data = data[: len(data) // frame * frame]
        if self.kind == _FLOAT:
            numbers = np.frombuffer(data, f"<f{self.bits // 8}").astype(np.float32)
        elif self.bits == 8:
            numbers = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / 128
        elif self.bits == 24:
            wide = np.zeros((len(data) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            numbers = wide.view("<i4")[:, 0].astype(np.float32) / 2**31
        else:
            numbers = np.frombuffer(data, f"<i{self.bits // 8}").astype(np.float32) / 2 ** (self.bits - 1)
        return numbers.reshape(-1, self.channels)


def _layout(chunk: bytes) -> _Layout:
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if kind == _EXTENSIBLE:
        (kind,) = struct.unpack_from("<H", chunk, 24)
    known = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}
    if kind not in known:
        raise ValueError(f"its samples are compressed (format {kind}); convert it to PCM")
    if bits not in known[kind]:
        raise ValueError(f"samples of {bits} bits are not known; expected one of {known[kind]}")
    if channels < 1 or rate < 1:
        raise ValueError(f"it has {channels} channels and {rate} samples in a second")
    return _Layout(kind, channels, rate, bits)


_ZEROS = 32  # of the sinc on each side: the longer, the steeper the filter
_KAISER = 9.0  # shape of its window: less than −90 dB beyond the band
_BAND = 0.95  # of the lower of the two Nyquist frequencies that is kept
_ROWS = 4096  # outputs that are computed at once


def resampled(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """The sound at another sampling rate: the band-limited signal through the samples, at other times.

    ``y[n] = Σ_k x[k] h(n·rate/wanted − k)``, h a sinc under a Kaiser window that lets through what both rates
    can carry (Smith, Digital Audio Resampling, 2002).

    Args:
        samples: [samples, channels].

    Returns:
        float32 [⌈samples · wanted / rate⌉, channels].
    """
    if rate == wanted or not len(samples):
        return samples
    common = math.gcd(rate, wanted)
    up, down = wanted // common, rate // common
    filters = _filters(up, down)
    taps = filters.shape[1]
    count = -(-len(samples) * up // down)
    around = np.pad(samples, ((taps // 2, taps // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(around, taps, axis=0)
    made = np.empty((count, samples.shape[1]), np.float32)
    for start in range(0, count, _ROWS):
        place = np.arange(start, min(start + _ROWS, count)) * down
        made[start : start + _ROWS] = np.einsum("nct,nt->nc", windows[place // up], filters[place % up])
    return made


@functools.lru_cache(8)
def _filters(up: int, down: int) -> np.ndarray:
    """The filter's values around each of `up` places between two samples, [up, taps]."""
    band = _BAND * min(1.0, up / down)
    half = math.ceil(_ZEROS / band)
    distance = np.arange(-half, half + 1) - np.arange(up)[:, None] / up
    inside = np.clip(1 - (distance / (half + 1)) ** 2, 0, None)
    filters = band * np.sinc(band * distance) * np.i0(_KAISER * np.sqrt(inside)) / np.i0(_KAISER)
    return (filters / filters.sum(1, keepdims=True)).astype(np.float32)
