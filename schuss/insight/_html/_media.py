"""Pictures and sounds within a page, as data URIs: PNG and WAV, written here so that no library is needed."""

from __future__ import annotations

import base64
import io
import struct
import wave
import zlib

import numpy as np

_COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Channels → PNG's color type: grey, grey with alpha, RGB, RGB with alpha."""
_MOST_SIDE = 512
_MOST_SECONDS = 30


def data_uri(content: bytes, kind: str) -> str:
    """`content` as a URI, of the media type `kind`."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def image_uri(pixels: np.ndarray) -> str:
    """A picture as a PNG data URI.

    Args:
        pixels: [height, width] or [height, width, 1 … 4]. Bytes are taken as they are, floats in [0, 1] times
            255; all others are stretched from their least to their greatest number. What is no number is
            black. Sides above 512 are thinned.

    Raises:
        ValueError: another shape.
    """
    pixels = np.asarray(pixels)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or pixels.shape[2] not in _COLOR_TYPES or 0 in pixels.shape:
        raise ValueError(
            f"A picture must have the shape (height, width) or (height, width, 1 to 4 channels), got {pixels.shape}."
        )
    step = max(1, -(-max(pixels.shape[:2]) // _MOST_SIDE))
    return data_uri(_png(_bytes(pixels[::step, ::step])), "image/png")


def _bytes(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return pixels
    values = np.nan_to_num(pixels.astype("float64"), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    is_unit = pixels.dtype.kind == "f" and low >= 0 and high <= 1
    if pixels.dtype.kind == "b" or is_unit:
        low, high = 0.0, 1.0
    elif low >= 0 and 1 < high <= 255 and np.array_equal(values, np.rint(values)) and high > 16:
        low, high = 0.0, 255.0  # bytes in a wider type
    return np.rint((values - low) / max(high - low, 1e-30) * 255).clip(0, 255).astype(np.uint8)


def _png(pixels: np.ndarray) -> bytes:
    """PNG (ISO/IEC 15948): header, one zlib stream of rows, each after a byte 0 (no filter), end."""
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOR_TYPES[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def sound_uri(samples: np.ndarray, rate: int) -> str:
    """A sound as a WAV data URI, 16 bits.

    Args:
        samples: [time] or [time, channels]. Integers of 16 bits are taken as they are; all others are
            stretched to the full range. The first 30 s are kept.
        rate: samples in a second.
    """
    samples = np.atleast_2d(np.asarray(samples).T).T[: rate * _MOST_SECONDS]
    if samples.dtype != np.int16:
        values = np.nan_to_num(samples.astype("float64"), posinf=0.0, neginf=0.0)
        values = values - values.mean() if samples.dtype == np.uint8 else values
        samples = np.rint(values / max(float(abs(values).max(initial=0.0)), 1e-30) * 32000).astype("<i2")
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(samples, "<i2").tobytes())
    return data_uri(target.getvalue(), "audio/wav")


def wave_uri(samples: np.ndarray, width: int = 240, height: int = 60) -> str:
    """The shape of a sound as a small SVG data URI: in each column its range there.

    Args:
        samples: [time] or [time, channels]. width, height: in pixels.
    """
    samples = np.nan_to_num(np.asarray(samples, "float64"))
    if samples.ndim > 1:
        samples = samples.mean(axis=tuple(range(1, samples.ndim)))
    samples = samples - samples.mean() if samples.size else np.zeros(1)
    parts = np.array_split(samples, min(width, samples.size))
    scale = (height / 2 - 1) / max(float(abs(samples).max()), 1e-30)
    lines = "".join(
        f"M{(i + 0.5) * width / len(parts):.1f} {height / 2 - p.max() * scale:.1f}V{height / 2 - p.min() * scale + 0.6:.1f}"
        for i, p in enumerate(parts)
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<path d="{lines}" stroke="#4b86c0" fill="none"/></svg>'
    )
    return data_uri(svg.encode(), "image/svg+xml")
