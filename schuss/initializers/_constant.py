"""Initializers that know their values beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import floatx
from schuss.initializers._initializer import Initializer
from schuss.saving import deserialize_keras_object, serialize_keras_object


class Zeros(Initializer):
    """All zeros.

    Example:
        >>> from schuss import initializers
        >>> initializers.Zeros()((2,)).tolist()
        [0.0, 0.0]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        return ops.zeros(tuple(shape), dtype=dtype)


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        return ops.ones(tuple(shape), dtype=dtype)


class Constant(Initializer):
    """One value everywhere, or the values of an array that broadcasts to the shape.

    Args:
        value: number or array; default 0.
    """

    def __init__(self, value: Any = 0.0):
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        value = ops.cast(ops.convert_to_tensor(self.value), dtype or floatx())
        return np.array(np.broadcast_to(np.asarray(value), tuple(shape)))

    def get_config(self) -> dict[str, Any]:
        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        return cls(deserialize_keras_object(config.get("value", 0.0)))


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, zero elsewhere.

    Args:
        gain: default 1.

    Raises:
        ValueError: at the call, if the shape is not that of a matrix.
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        if len(shape) != 2:
            raise ValueError(
                "Identity matrix initializer can only be used for 2D matrices. "
                f"Received: shape={tuple(shape)} of rank {len(shape)}."
            )
        dtype = dtype or floatx()
        return ops.cast(ops.multiply(ops.eye(*shape, dtype=dtype), self.gain), dtype)

    def get_config(self) -> dict[str, Any]:
        return {} if self.gain == 1.0 else {"gain": self.gain}


_WINDOWS = {  # coefficients aₖ of Σₖ (−1)ᵏ aₖ cos(2πkn/N)
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "nuttall": (0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}


class STFT(Initializer):
    """Kernels of a convolution that computes a short-time Fourier transform: ``w[n]·cos(2πnf/N)`` or
    ``−w[n]·sin``.

    Args:
        side: ``"real"`` or ``"imag"``.
        window: ``"hann"``, ``"hamming"``, ``"blackman"``, ``"nuttall"``, ``"blackmanharris"``, ``"flattop"``,
            ``"boxcar"``; an array of the window's values; None for no window.
        scaling: ``"density"`` (divide by √Σw²), ``"spectrum"`` (by Σ|w|) or None.
        periodic: window of period N instead of a symmetric one.

    Called with a shape (frame length, 1, bins), where bins = fft length / 2 + 1.

    Raises:
        ValueError: unknown side, window or scaling.
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ):
        if side not in ("real", "imag"):
            raise ValueError(f"`side` should be 'real' or 'imag', not {side!r}.")
        if isinstance(window, str) and window not in (*_WINDOWS, "boxcar"):
            raise ValueError(
                f"Unknown window {window!r}. Known: {', '.join((*_WINDOWS, 'boxcar'))}, or an array."
            )
        if scaling not in ("density", "spectrum", None):
            raise ValueError(f"`scaling` should be 'density', 'spectrum' or None, not {scaling!r}.")
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        length, _, bins = shape
        n = np.arange(length)
        angle = 2 * np.pi * np.outer(n, np.arange(bins)) / (2 * (bins - 1))
        kernel = np.cos(angle) if self.side == "real" else -np.sin(angle)
        if self.window is not None:
            w = self._values(n, length)
            if self.scaling == "density":
                w = w / np.sqrt(np.sum(w**2))
            elif self.scaling == "spectrum":
                w = w / np.sum(np.abs(w))
            kernel = w[:, None] * kernel
        return kernel[:, None, :].astype(dtype or floatx())

    def _values(self, n: np.ndarray, length: int) -> np.ndarray:
        if not isinstance(self.window, str):
            window = np.asarray(self.window, "float64")
            if window.shape != (length,):
                raise ValueError(
                    f"STFT: `window` must have the {length} values of a frame. Received: shape {window.shape}."
                )
            return window
        if self.window == "boxcar":
            return np.ones(length)
        period = length if self.periodic else max(length - 1, 1)
        return sum(
            ((-1) ** k * a * np.cos(2 * np.pi * k * n / period) for k, a in enumerate(_WINDOWS[self.window])),
            np.zeros(length),
        )

    def get_config(self) -> dict[str, Any]:
        window = (
            self.window
            if self.window is None or isinstance(self.window, str)
            else np.asarray(self.window).tolist()
        )
        return {"side": self.side, "window": window, "periodic": self.periodic, "scaling": self.scaling}
