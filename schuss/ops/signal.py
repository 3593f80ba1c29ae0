"""Fourier transforms of pairs (real part, imaginary part), and of windows of signals. Transforms run on the host;
their gradients are transforms again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Spec
from schuss.graph.primitives import custom_gradient_p, host_call_p
from schuss.ops.activations import as_float

__all__ = ["fft", "fft2", "ifft2", "irfft", "istft", "rfft", "stft"]

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class _Transform:
    """The discrete Fourier transform over the last `axes` axes, or its inverse, in NumPy."""

    axes: int
    inverse: bool

    @property
    def __name__(self) -> str:
        return "inverse Fourier transform" if self.inverse else "Fourier transform"

    def __call__(self, real: np.ndarray, imaginary: np.ndarray) -> Pair:
        function = np.fft.ifftn if self.inverse else np.fft.fftn
        y = function(real + 1j * imaginary, axes=range(-self.axes, 0))
        return y.real.astype(real.dtype), y.imag.astype(real.dtype)


def _transformed(x: Pair, axes: int, inverse: bool) -> Pair:
    """``y = F x``. The gradient is ``dx = Fᴴ dy``, and Fᴴ is F⁻¹ times the number of elements."""
    real, imaginary = x
    spec = Spec(tuple(real.shape), real.dtype)
    y = host_call_p.bind(real, imaginary, function=_Transform(axes, inverse), specs=(spec, spec))
    size = int(np.prod(real.shape[-axes:]))

    def backward(*dy: Any) -> list[Any]:
        factor = 1 / size if inverse else size
        return [ops.multiply(part, factor) for part in _transformed((dy[0], dy[1]), axes, not inverse)]

    real, imaginary = custom_gradient_p.bind(real, imaginary, *y, n=2, gradient=backward)
    return real, imaginary


def _pair(name: str, x: Any, axes: int) -> Pair:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(
            f"{name}: input `x` must be a tuple of two arrays, the real and the imaginary part. "
            f"Received: x={type(x).__name__}"
        )
    real, imaginary = (as_float(part) for part in x)
    if tuple(real.shape) != tuple(imaginary.shape):
        raise ValueError(
            f"{name}: both parts of `x` must have one shape. Received: {tuple(real.shape)} and "
            f"{tuple(imaginary.shape)}"
        )
    if real.ndim < axes:
        raise ValueError(f"{name}: `x` must have at least {axes} axes. Received: shape {tuple(real.shape)}")
    return real, ops.cast(imaginary, real.dtype)


def fft(x: Pair) -> Pair:
    """``y[k] = Σ x[n] exp(−2πi k n / N)`` along the last axis.

    Args:
        x: ``(real, imaginary)``, two arrays of one shape.

    Returns:
        ``(real, imaginary)`` of that shape.

    Example:
        >>> from schuss import ops
        >>> real, imaginary = ops.fft((ops.array([1.0, 2.0]), ops.array([0.0, 0.0])))
        >>> real.tolist()
        [3.0, -1.0]
    """
    return _transformed(_pair("fft", x, 1), 1, inverse=False)


def fft2(x: Pair) -> Pair:
    """The Fourier transform over the last two axes. `x`: ``(real, imaginary)``, as is the result."""
    return _transformed(_pair("fft2", x, 2), 2, inverse=False)


def ifft2(x: Pair) -> Pair:
    """The inverse of `fft2`."""
    return _transformed(_pair("ifft2", x, 2), 2, inverse=True)


def _fitted(x: Any, size: int) -> Any:
    """The last axis cut, or filled with zeros, to `size`."""
    if x.shape[-1] > size:
        return x[..., :size]
    return ops.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, size - x.shape[-1])]) if x.shape[-1] < size else x


def rfft(x: Any, fft_length: int | None = None) -> Pair:
    """The first half of the Fourier transform of real numbers (the other half is its mirror image).

    Args:
        x: [..., n]. fft_length: to which x is cut or filled with zeros; default n.

    Returns:
        ``(real, imaginary)``, [..., fft_length // 2 + 1].

    Example:
        >>> from schuss import ops
        >>> [part.tolist() for part in ops.rfft(ops.array([0.0, 1.0, 2.0, 1.0]))]
        [[4.0, -2.0, 0.0], [0.0, 0.0, 0.0]]
    """
    x = as_float(x)
    if not x.ndim:
        raise ValueError("rfft: `x` must have at least 1 axis. Received: a scalar.")
    x = _fitted(x, x.shape[-1] if fft_length is None else fft_length)
    half = x.shape[-1] // 2 + 1
    real, imaginary = _transformed((x, ops.zeros_like(x)), 1, inverse=False)
    return real[..., :half], imaginary[..., :half]


def irfft(x: Pair, fft_length: int | None = None) -> Any:
    """The inverse of `rfft`.

    Args:
        x: ``(real, imaginary)``, [..., m]; the imaginary parts of the first and (of even lengths) of the last
            number count as 0.
        fft_length: of the result; default 2 (m − 1).

    Returns:
        [..., fft_length].
    """
    real, imaginary = _pair("irfft", x, 1)
    n = 2 * (real.shape[-1] - 1) if fft_length is None else fft_length
    real, imaginary = _fitted(real, n // 2 + 1), _fitted(imaginary, n // 2 + 1)
    mirrored = slice((n - 1) // 2, 0, -1)
    sign = np.ones(n // 2 + 1, real.dtype)
    sign[0] = 0
    if n % 2 == 0:
        sign[-1] = 0
    imaginary = ops.multiply(imaginary, sign)
    real = ops.concatenate([real, real[..., mirrored]], axis=-1)
    imaginary = ops.concatenate([imaginary, ops.negative(imaginary[..., mirrored])], axis=-1)
    return _transformed((real, imaginary), 1, inverse=True)[0]


def _window(name: str, window: Any, length: int, fft_length: int, dtype: Any) -> np.ndarray | Any | None:
    """The window's weights, with zeros on both sides to `fft_length`."""
    if fft_length < length:
        raise ValueError(
            "`fft_length` must equal or larger than `sequence_length`. Received: "
            f"sequence_length={length}, fft_length={fft_length}"
        )
    if window is None:
        return None
    if isinstance(window, str):
        shares = {"hann": 0.5, "hamming": 0.54}
        if window not in shares:
            raise ValueError(
                'If a string is passed to `window`, it must be one of `"hann"`, `"hamming"`. '
                f"Received: window={window}"
            )
        a = shares[window]
        window = (a - (1 - a) * np.cos(2 * np.pi * np.arange(length) / length)).astype(dtype)
    window = ops.cast(window, dtype)
    if tuple(window.shape) != (length,):
        raise ValueError(
            f"{name}: the shape of `window` must be equal to [sequence_length]. "
            f"Received: window shape={tuple(window.shape)}"
        )
    left = (fft_length - length) // 2
    return ops.pad(window, (left, fft_length - length - left))


def stft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> Pair:
    """The Fourier transforms of windows over a signal.

    Args:
        x: floats [..., n]. sequence_length: of a window. sequence_stride: from one window's start to the next one's.
        fft_length: of the transforms, at least `sequence_length`.
        window: ``"hann"``, ``"hamming"``, an array [sequence_length], or None for equal weights.
        center: whether x is continued by its mirror image for fft_length // 2 elements on both sides.

    Returns:
        ``(real, imaginary)``, [..., windows, fft_length // 2 + 1].
    """
    x = ops.convert_to_tensor(x)
    if x.dtype.kind != "f":
        raise TypeError(
            f"Invalid input type. Expected `float32` or `float64`. Received: input type={x.dtype.name}"
        )
    weights = _window("stft", window, sequence_length, fft_length, x.dtype)
    if center:
        x = ops.pad(x, [(0, 0)] * (x.ndim - 1) + [(fft_length // 2, fft_length // 2)], mode="reflect")
    frames = ops.extract_sequences(x, fft_length, sequence_stride)
    return rfft(frames if weights is None else ops.multiply(frames, weights), fft_length)


def istft(
    x: Pair,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    """The inverse of `stft`: the windows' signals, each weighed by its window, added up where they lie.

    Args:
        x: ``(real, imaginary)``, [..., windows, fft_length // 2 + 1].
        sequence_length, sequence_stride, fft_length, window, center: as of the `stft`.
        length: of the result; default: all there is.

    Returns:
        [..., length].
    """
    real, imaginary = _pair("istft", x, 2)
    weights = _window("istft", window, sequence_length, fft_length, real.dtype)
    pieces = -(-fft_length // sequence_stride)
    whole = pieces * sequence_stride
    frames = irfft((real, imaginary), fft_length)
    if weights is not None:
        squares = ops.reshape(_fitted(ops.square(weights), whole), (pieces, sequence_stride))
        frames = ops.multiply(
            frames, ops.divide(weights, ops.tile(ops.sum(squares, axis=0), pieces)[:fft_length])
        )
    count = real.shape[-2]
    lead = tuple(real.shape[:-2])
    frames = ops.reshape(_fitted(frames, whole), (*lead, count, pieces, sequence_stride))
    total: Any = 0.0
    for k in range(pieces):  # the k-th piece of window i lies at place i + k
        around = [(0, 0)] * len(lead) + [(k, pieces - 1 - k), (0, 0)]
        total = ops.add(total, ops.pad(frames[..., k, :], around))
    signal = ops.reshape(total, (*lead, (count + pieces - 1) * sequence_stride))
    end = fft_length + sequence_stride * (count - 1)
    start = fft_length // 2 if center else 0
    if length is not None:
        return signal[..., start : min(start + length, end)]
    return signal[..., start : end - start]
