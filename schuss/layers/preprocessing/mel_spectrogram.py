"""MelSpectrogram: a signal as its energies over time in bands of the mel scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.layers._layer import Layer
from schuss.layers.preprocessing._fourier import powers

_BREAK, _Q = 700.0, 1127.0  # of the mel scale, as the Hidden Markov Model Toolkit has it


class MelSpectrogram(Layer):
    """``10 log₁₀(M |STFT(x)|ᵖ)``: spectra of windows of a signal, summed in triangular bands of the mel scale.

    The transforms are products with constant matrices, so that they are computed within the compiled step.

    Args:
        fft_length: of the transforms. Default 2048.
        sequence_stride: samples from one window's start to the next one's. Default 512.
        sequence_length: samples in a window. Default `fft_length`.
        window: ``"hann"`` (default), ``"hamming"``, an array ``[sequence_length]``, or None.
        sampling_rate: of the signal, in Hz. Default 16000.
        num_mel_bins: how many bands. Default 128.
        min_freq, max_freq: where they begin and end, in Hz. Default 20 and half of `sampling_rate`.
        power_to_db: decibels instead of powers. Default True.
        top_db: decibels below the loudest are cut off there. Default 80.
        mag_exp: p: 1 for magnitudes, 2 (default) for powers.
        min_power: smaller powers count as this. Default 1e-10.
        ref_power: the power of 0 dB. Default 1.

    Input: floats ``[samples]`` or ``[batch, samples]``. Output: ``[…, num_mel_bins, frames]``, with
    ``1 + samples // sequence_stride`` frames: the signal is continued by its mirror image on both sides.

    Raises:
        ValueError: `fft_length` is less than `sequence_length`; another window.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.MelSpectrogram(num_mel_bins=64, sampling_rate=8000, sequence_stride=256)
        >>> layer(np.zeros((2, 16000), "float32")).shape
        (2, 64, 63)
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ):
        self.fft_length, self.sequence_stride = fft_length, sequence_stride
        self.sequence_length = sequence_length or fft_length
        if self.fft_length < self.sequence_length:
            raise ValueError(
                "MelSpectrogram: `fft_length` must be at least `sequence_length`, got "
                f"fft_length={fft_length}, sequence_length={self.sequence_length}."
            )
        self.window, self.sampling_rate, self.num_mel_bins = window, sampling_rate, num_mel_bins
        self.min_freq, self.max_freq = min_freq, max_freq or int(sampling_rate / 2)
        self.power_to_db, self.top_db, self.mag_exp = power_to_db, top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs: Any) -> Any:
        dtype = self.compute_dtype if self.compute_dtype in ("float32", "float64") else "float32"
        spectra, places = powers(self._frames(ops.cast(inputs, dtype)))
        if self.mag_exp != 2:
            spectra = ops.power(ops.sqrt(spectra), ops.cast(self.mag_exp, dtype))
        bands = self.linear_to_mel_weight_matrix(
            self.num_mel_bins, len(places), self.sampling_rate, self.min_freq, self.max_freq, dtype
        )
        matrix = np.zeros((spectra.shape[-1], self.num_mel_bins), bands.dtype)
        np.add.at(matrix, places, bands)
        y = ops.matmul(spectra, matrix)
        if self.power_to_db:
            y = self._decibels(y)
        return ops.cast(ops.swapaxes(y, -1, -2), self.compute_dtype)

    def _frames(self, x: Any) -> Any:
        """The signal in frames, weighed by the window, which lies in their middle: [..., frames, fft_length]."""
        half = self.fft_length // 2
        if x.shape[-1] <= half:
            raise ValueError(
                f'Layer "{self.name}" (MelSpectrogram): the signal must have more than fft_length // 2 = {half} samples, '
                f"by which it is continued on both sides; it has {x.shape[-1]}."
            )
        x = ops.pad(x, [(0, 0)] * (x.ndim - 1) + [(half, half)], mode="reflect")
        frames = ops.extract_sequences(x, self.fft_length, self.sequence_stride)
        if self.window is None:
            return frames
        rest = self.fft_length - self.sequence_length
        window = self._window(np.arange(self.sequence_length))
        return frames * np.pad(window, (rest // 2, rest - rest // 2)).astype(x.dtype)

    def _window(self, n: np.ndarray) -> np.ndarray:
        if isinstance(self.window, str):
            shares = {"hann": 0.5, "hamming": 0.54}
            if self.window not in shares:
                raise ValueError(
                    f'Layer "{self.name}" (MelSpectrogram): `window` must be "hann", "hamming", an array or None, got '
                    f"{self.window!r}."
                )
            a = shares[self.window]
            return a - (1 - a) * np.cos(2 * np.pi * n / len(n))
        window = np.asarray(self.window, "float64")
        if window.shape != (len(n),):
            raise ValueError(
                f'Layer "{self.name}" (MelSpectrogram): `window` must have the shape [sequence_length], got '
                f"{window.shape}."
            )
        return window

    def _decibels(self, powers: Any) -> Any:
        least = self.min_power
        y = 10.0 * ops.log10(ops.maximum(powers, ops.cast(least, powers.dtype)))
        y = y - float(10.0 * np.log10(max(abs(self.ref_power), least)))
        return ops.maximum(y, ops.max(y) - self.top_db)

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: float = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: str = "float32",
    ) -> np.ndarray:
        """How much each frequency of a spectrum counts in each band: triangles over the mel scale, 1 at their tops.

        Args:
            num_mel_bins: bands. num_spectrogram_bins: frequencies, from 0 to half of `sampling_rate`.
            lower_edge_hertz, upper_edge_hertz: where the bands begin and end.

        Returns:
            [num_spectrogram_bins, num_mel_bins].
        """
        frequencies = np.linspace(0.0, sampling_rate / 2, num_spectrogram_bins)[1:, None]
        edges = np.linspace(_mel(lower_edge_hertz), _mel(upper_edge_hertz), num_mel_bins + 2)
        lower, center, upper = edges[:-2], edges[1:-1], edges[2:]
        mels = _mel(frequencies)
        slopes = np.minimum((mels - lower) / (center - lower), (upper - mels) / (upper - center))
        return np.pad(np.maximum(slopes, 0.0), ((1, 0), (0, 0))).astype(dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        *batch, samples = input_shape
        half = self.fft_length // 2
        frames = None
        if samples is not None:
            frames = (samples + 2 * half - self.fft_length) // self.sequence_stride + 1
        return (*batch, self.num_mel_bins, frames)

    def get_config(self) -> dict[str, Any]:
        plain = self.window is None or isinstance(self.window, str)
        return {
            **super().get_config(),
            "fft_length": self.fft_length,
            "sequence_stride": self.sequence_stride,
            "sequence_length": self.sequence_length,
            "window": self.window if plain else np.asarray(self.window).tolist(),
            "sampling_rate": self.sampling_rate,
            "num_mel_bins": self.num_mel_bins,
            "min_freq": self.min_freq,
            "max_freq": self.max_freq,
            "power_to_db": self.power_to_db,
            "top_db": self.top_db,
            "mag_exp": self.mag_exp,
            "min_power": self.min_power,
            "ref_power": self.ref_power,
        }


def _mel(hertz: Any) -> Any:
    return _Q * np.log1p(np.asarray(hertz, "float64") / _BREAK)
