"""Up-sampling: sequences, images and volumes made larger, by repetition or by interpolation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from schuss import ops
from schuss.config import checked_data_format
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer


class _UpSampling(Layer):
    """A layer that multiplies the sizes of its spatial axes, of which there are `dimensions`."""

    dimensions: ClassVar[int]

    def __init__(self, size: Any, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = checked_data_format(type(self).__name__, data_format)
        sizes = (size,) * self.dimensions if is_integer(size) else size
        valid = isinstance(sizes, (list, tuple)) and len(sizes) == self.dimensions
        if not valid or not all(is_integer(n) and n > 0 for n in sizes):
            raise ValueError(
                f"{type(self).__name__}: `size` must be a positive integer, or {self.dimensions} of them; "
                f"got {size!r}."
            )
        self._factors = tuple(int(n) for n in sizes)
        self.input_spec = InputSpec(ndim=self.dimensions + 2)
        self.built = True

    @property
    def size(self) -> Any:
        """By how much each spatial axis grows."""
        return self._factors

    @property
    def _by_axis(self) -> dict[int, int]:
        first = 1 if self.data_format == "channels_last" else 2
        return {first + i: factor for i, factor in enumerate(self._factors)}

    def call(self, inputs: Any) -> Any:
        for axis, factor in self._by_axis.items():
            inputs = ops.repeat(inputs, factor, axis=axis)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        factors = self._by_axis
        return tuple(None if n is None else n * factors.get(i, 1) for i, n in enumerate(input_shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


class UpSampling1D(_UpSampling):
    """Each time step `size` times: ``(batch, time, features)`` → ``(batch, time · size, features)``.

    Args:
        size: positive int. Default 2.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.UpSampling1D(2)(np.array([[[1.0], [2.0]]])).tolist()
        [[[1.0], [1.0], [2.0], [2.0]]]
    """

    dimensions = 1

    def __init__(self, size: int = 2, **kwargs: Any):
        if not is_integer(size):
            raise TypeError(f"UpSampling1D: expected an integer value for `size`, got {size!r}.")
        super().__init__(size, **kwargs)

    @property
    def size(self) -> int:
        return self._factors[0]

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["data_format"]
        return config


class UpSampling2D(_UpSampling):
    """Images made larger by whole factors.

    Args:
        size: of rows and columns: a positive int or two. Default 2.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        interpolation: ``"nearest"`` (default) repeats pixels; ``"bilinear"``, ``"bicubic"``, ``"lanczos3"``
            and ``"lanczos5"`` weigh those around each place.

    Example:
        >>> import numpy as np, schuss
        >>> image = np.array([1.0, 3.0]).reshape(1, 1, 2, 1)
        >>> schuss.layers.UpSampling2D((1, 2), interpolation="bilinear")(image)[0, 0, :, 0].tolist()
        [1.0, 1.5, 2.5, 3.0]
    """

    dimensions = 2

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ):
        super().__init__(size, data_format, **kwargs)
        self.interpolation = str(interpolation).lower()
        if self.interpolation not in ("nearest", *_KERNELS):
            raise ValueError(
                f"UpSampling2D: `interpolation` must be one of {['nearest', *_KERNELS]}, got {interpolation!r}."
            )

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            return super().call(inputs)
        for axis, factor in self._by_axis.items():
            weights = interpolation_weights(inputs.shape[axis], factor, self.interpolation)
            moved = ops.tensordot(inputs, ops.cast(weights, inputs.dtype), axes=((axis,), (1,)))
            inputs = ops.moveaxis(moved, -1, axis)
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "interpolation": self.interpolation}


class UpSampling3D(_UpSampling):
    """Volumes made larger by whole factors: each voxel is repeated.

    Args:
        size: a positive int or three. Default 2. data_format: as in `UpSampling2D`.
    """

    dimensions = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any):
        super().__init__(size, data_format, **kwargs)


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys's kernel with a = −1/2 (Keys, Cubic Convolution Interpolation, 1981)."""
    x = np.abs(x)
    near, far = (1.5 * x - 2.5) * x**2 + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos(radius: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.where(np.abs(x) < radius, np.sinc(x) * np.sinc(x / radius), 0.0)


_KERNELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "bilinear": lambda x: np.maximum(0.0, 1 - np.abs(x)),
    "bicubic": _cubic,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}


def interpolation_weights(size: int, factor: int, kernel: str) -> np.ndarray:
    """The matrix [size · factor, size] that interpolates along an axis: output i lies at (i + ½)/factor − ½,
    and weighs the inputs by the kernel of their distances; the weights of those that exist add up to 1."""
    places = (np.arange(size * factor) + 0.5) / factor - 0.5
    weights = _KERNELS[kernel](places[:, None] - np.arange(size)[None, :])
    return weights / weights.sum(axis=1, keepdims=True)
