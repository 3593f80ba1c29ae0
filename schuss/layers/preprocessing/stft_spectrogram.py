"""STFTSpectrogram: a signal as its spectra over time, by kernels that may learn."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from schuss import config, initializers, ops
from schuss.config import checked_data_format
from schuss.graph import is_float
from schuss.initializers import STFT
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


class STFTSpectrogram(Layer):
    """Short-time Fourier transforms of a signal, as products of its frames with kernels of cosines and sines.

    The kernels are weights: with ``trainable=True`` (the default) they learn. Frames of all channels are the rows
    of one matrix, so that the transform is one product of matrices in the compiled step.

    Args:
        mode: ``"log"`` (default): log of the magnitude; ``"magnitude"``; ``"psd"``: power spectral density;
            ``"real"``, ``"imag"``, ``"angle"``; ``"stft"``: real, then imaginary parts.
        frame_length: samples in a frame. Default 256.
        frame_step: samples from one frame's start to the next one's. Default ``frame_length // 2``.
        fft_length: of the transform. Default: the smallest power of two that is at least `frame_length`.
        window: ``"hann"`` (default), ``"hamming"``, …, an array ``[frame_length]``, or None.
        periodic: whether the window is periodic, not symmetric. Default False.
        scaling: ``"density"`` (default), ``"spectrum"`` or None: by what windows are divided.
        padding: ``"valid"`` (default) or ``"same"``.
        expand_dims: frequencies and channels as axes of their own. Default False.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Input: floats ``[batch, time, channels]``, or with channels first. Output, with ``bins = fft_length // 2 + 1``
    (twice as many for ``"stft"``): ``[batch, frames, channels·bins]``; with `expand_dims`
    ``[batch, frames, bins, channels]``; or with channels first.

    Raises:
        ValueError: an argument that is none of these, or out of range. TypeError: the input is no float.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.STFTSpectrogram(frame_length=256, frame_step=128, fft_length=512)
        >>> layer(np.zeros((3, 16000, 1), "float32")).shape
        (3, 124, 257)
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        if frame_step is not None and not 1 <= frame_step <= frame_length:
            raise ValueError(
                "STFTSpectrogram: `frame_step` must be at least 1 and not greater than `frame_length`, got "
                f"frame_step={frame_step}, frame_length={frame_length}."
            )
        if fft_length is not None and fft_length < frame_length:
            raise ValueError(
                f"STFTSpectrogram: `fft_length` must not be less than `frame_length`, got fft_length={fft_length}, "
                f"frame_length={frame_length}."
            )
        if fft_length is not None and fft_length & (fft_length - 1):
            warnings.warn(
                f"STFTSpectrogram: `fft_length` is recommended to be a power of two, got {fft_length}.",
                stacklevel=2,
            )
        for argument, value, known in (
            ("mode", mode, _MODES),
            ("scaling", scaling, (None, "density", "spectrum")),
            ("padding", padding, ("valid", "same")),
            ("data_format", data_format, (None, "channels_last", "channels_first")),
        ):
            if value not in known:
                raise ValueError(f"STFTSpectrogram: `{argument}` must be one of {known}, got {value!r}.")
        super().__init__(**kwargs)
        self.mode, self.frame_length, self.frame_step, self.fft_length = (
            mode,
            frame_length,
            frame_step,
            fft_length,
        )
        self._step = frame_step or frame_length // 2
        self._fft_length = fft_length or 2 ** math.ceil(math.log2(frame_length))
        self.window, self.periodic, self.scaling = window, periodic, scaling
        self._kernels = {side: STFT(side, window, scaling, periodic) for side in ("real", "imag")}
        self.padding, self.expand_dims = padding, expand_dims
        self.data_format = checked_data_format("STFTSpectrogram", data_format)
        self.input_spec = InputSpec(ndim=3)

    def build(self, input_shape: Any) -> None:
        shape = (self.frame_length, 1, self._bins)
        for side, without in (("real", "imag"), ("imag", "real")):
            if self.mode != without:
                make = initializers.get(self._kernels[side])
                kernel = self.add_weight(name=f"{side}_kernel", shape=shape, initializer=make)
                setattr(self, f"{side}_kernel", kernel)

    @property
    def _bins(self) -> int:
        return self._fft_length // 2 + 1

    def call(self, inputs: Any) -> Any:
        if not is_float(inputs.dtype):
            raise TypeError(
                f'Layer "{self.name}" (STFTSpectrogram): the input must be float16, float32 or float64, got '
                f"{inputs.dtype}."
            )
        frames = self._frames(inputs)
        if self.mode in ("real", "imag"):
            return self._arranged(self._product(frames, self.mode))
        real, imag = self._product(frames, "real"), self._product(frames, "imag")
        if self.mode == "angle":
            return self._arranged(ops.arctan2(imag, real))
        if self.mode == "stft":
            return self._arranged(ops.concatenate([real, imag], axis=-1))
        power = ops.square(real) + ops.square(imag)
        if self.mode == "psd":
            twice = np.ones(self._bins, power.dtype)
            twice[1:-1] = 2  # frequencies that also have a negative one
            return self._arranged(power * twice)
        magnitude = ops.sqrt(ops.maximum(power, ops.cast(config.epsilon(), power.dtype)))
        if self.mode == "log":
            magnitude = ops.log(ops.maximum(magnitude, ops.cast(config.epsilon(), power.dtype)))
        return self._arranged(magnitude)

    def _frames(self, inputs: Any) -> Any:
        """``[batch, channels, frames, frame_length]``"""
        x = ops.swapaxes(inputs, 1, 2) if self.data_format == "channels_last" else inputs
        if self.padding == "same":
            total = max((self._count(x.shape[-1]) - 1) * self._step + self.frame_length - x.shape[-1], 0)
            x = ops.pad(x, [(0, 0), (0, 0), (total // 2, total - total // 2)])
        if x.shape[-1] < self.frame_length:
            raise ValueError(
                f'Layer "{self.name}" (STFTSpectrogram): the signal has {x.shape[-1]} samples, fewer than the '
                f"frame_length {self.frame_length}."
            )
        return ops.extract_sequences(x, self.frame_length, self._step)

    def _count(self, length: int) -> int:
        """How many frames a signal has."""
        if self.padding == "same":
            return -(-length // self._step)
        return (length - self.frame_length) // self._step + 1

    def _product(self, frames: Any, side: str) -> Any:
        kernel = ops.cast(getattr(self, f"{side}_kernel"), frames.dtype)
        return ops.matmul(frames, ops.reshape(kernel, (self.frame_length, self._bins)))

    def _arranged(self, y: Any) -> Any:
        """From ``[batch, channels, frames, bins]`` to the layout that was asked for."""
        batch, channels, count, bins = y.shape
        if self.data_format == "channels_first":
            if self.expand_dims:
                return y
            return ops.reshape(ops.swapaxes(y, 2, 3), (batch, channels * bins, count))
        if self.expand_dims:
            return ops.transpose(y, (0, 2, 3, 1))
        return ops.reshape(ops.transpose(y, (0, 2, 1, 3)), (batch, count, channels * bins))

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch, *axes = input_shape
        time, channels = axes if self.data_format == "channels_last" else axes[::-1]
        count = None if time is None else self._count(time)
        bins = self._bins * (2 if self.mode == "stft" else 1)
        if self.expand_dims:
            last = self.data_format == "channels_last"
            return (batch, count, bins, channels) if last else (batch, channels, count, bins)
        joint = None if channels is None else channels * bins
        return (batch, count, joint) if self.data_format == "channels_last" else (batch, joint, count)

    def get_config(self) -> dict[str, Any]:
        plain = self.window is None or isinstance(self.window, str)
        return {
            **super().get_config(),
            "mode": self.mode,
            "frame_length": self.frame_length,
            "frame_step": self.frame_step,
            "fft_length": self.fft_length,
            "window": self.window if plain else np.asarray(self.window).tolist(),
            "periodic": self.periodic,
            "scaling": self.scaling,
            "padding": self.padding,
            "data_format": self.data_format,
            "expand_dims": self.expand_dims,
        }
