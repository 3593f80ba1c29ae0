"""Dropout and noise: disturbances of the activations during training. Outside of it, y = x."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from schuss import ops, random
from schuss.config import checked_data_format
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.random import SeedGenerator


class _Disturbance(Layer):
    """A layer that changes its input at random during training, and does nothing outside of it.

    Subclasses say what is done in ``disturbed(x)``, drawing from ``self.seed_generator``.
    """

    def __init__(self, seed: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = seed
        self.supports_masking = True
        self.built = True

    def _draw_if_active(self) -> None:
        """Make the source of randomness, unless the layer never draws: then it has no state."""
        if self._is_active:
            self.seed_generator = SeedGenerator(self.seed)

    @property
    def _is_active(self) -> bool:
        return True

    def disturbed(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define `disturbed`.")

    def call(self, inputs: Any, training: Any = False) -> Any:
        return self.disturbed(inputs) if training and self._is_active else inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class _Rate(_Disturbance):
    """A disturbance of a share of the elements."""

    def __init__(self, rate: float, seed: Any = None, **kwargs: Any):
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise ValueError(
                f"{type(self).__name__}: invalid value received for argument `rate`. Expected a number "
                "between 0 and "
                f"1, the share of elements to drop; got {rate!r}."
            )
        super().__init__(seed=seed, **kwargs)
        self.rate = rate
        self._draw_if_active()

    @property
    def _is_active(self) -> bool:
        return self.rate > 0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class Dropout(_Rate):
    """During training each element is set to 0 with probability `rate`; the others are divided by 1 − rate,
    so that sums keep their expectation. Outside of training, y = x.

    Args:
        rate: probability of dropping, between 0 and 1.
        noise_shape: shape of the mask, None for the input's size: ``(None, 1, None)`` drops whole columns.
        seed: integer, for repeatable masks. Default None.

    Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting (2014).

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.Dropout(0.5, seed=1)
        >>> layer(np.ones(4)).tolist(), sorted(set(layer(np.ones(1000), training=True).tolist()))
        ([1.0, 1.0, 1.0, 1.0], [0.0, 2.0])
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **kwargs: Any):
        super().__init__(rate, seed=seed, **kwargs)
        self.noise_shape = _checked_noise_shape(type(self).__name__, noise_shape)

    def disturbed(self, x: Any) -> Any:
        return random.dropout(x, self.rate, noise_shape=_mask_shape(self, x), seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "noise_shape": self.noise_shape}


class _SpatialDropout(Dropout):
    """Dropout of whole channels, of inputs with `dimensions` spatial axes."""

    dimensions: ClassVar[int]

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)
        self.data_format = checked_data_format(type(self).__name__, data_format)
        spatial = (1,) * self.dimensions
        last = self.data_format == "channels_last"
        self.noise_shape = (None, *spatial, None) if last else (None, None, *spatial)
        self.input_spec = InputSpec(ndim=self.dimensions + 2)

    def get_config(self) -> dict[str, Any]:
        own = {"name": self.name, "dtype": self.dtype, "data_format": self.data_format}
        return {"rate": self.rate, "seed": self.seed, **own}


class SpatialDropout1D(_SpatialDropout):
    """During training each channel of a sequence, ``(batch, time, channels)``, is set to 0 as a whole with
    probability `rate`; the others are divided by 1 − rate.

    Args:
        rate, seed: as in `Dropout`.

    Source: Tompson et al., Efficient Object Localization Using Convolutional Networks (2014).
    """

    dimensions = 1

    def __init__(
        self, rate: float, seed: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ):
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["data_format"]
        return config


class SpatialDropout2D(_SpatialDropout):
    """`SpatialDropout1D` for images, ``(batch, height, width, channels)``.

    Args:
        rate, seed: as in `Dropout`. data_format: ``"channels_last"`` (default) or ``"channels_first"``.
    """

    dimensions = 2


class SpatialDropout3D(_SpatialDropout):
    """`SpatialDropout1D` for volumes, ``(batch, depth, height, width, channels)``.

    Args:
        rate, seed: as in `Dropout`. data_format: ``"channels_last"`` (default) or ``"channels_first"``.
    """

    dimensions = 3


def _checked_noise_shape(owner: str, noise_shape: Any) -> tuple[int | None, ...] | None:
    if noise_shape is None:
        return None
    sizes = tuple(noise_shape) if isinstance(noise_shape, (list, tuple)) else ()
    if not sizes or not all(n is None or (is_integer(n) and n > 0) for n in sizes):
        raise ValueError(
            f"{owner}: invalid value received for argument `noise_shape`. Expected a tuple of positive "
            f"integers and Nones, such as (None, 1, None); got {noise_shape!r}."
        )
    return sizes


def _mask_shape(layer: Any, x: Any) -> tuple[int, ...] | None:
    if layer.noise_shape is None:
        return None
    if len(layer.noise_shape) != len(x.shape):
        raise ValueError(
            f'Layer "{layer.name}": `noise_shape` {layer.noise_shape} must have as many axes as the input, of shape '
            f"{tuple(x.shape)}."
        )
    return tuple(size if n is None else n for n, size in zip(layer.noise_shape, x.shape, strict=True))


class GaussianDropout(_Rate):
    """During training ``y = x·ε`` with ε normal, mean 1, standard deviation √(rate / (1 − rate)).

    Args:
        rate: as in `Dropout`. seed: integer, for repeatable noise.
    """

    def disturbed(self, x: Any) -> Any:
        deviation = math.sqrt(self.rate / (1 - self.rate))
        noise = random.normal(x.shape, mean=1.0, stddev=deviation, dtype=x.dtype, seed=self.seed_generator)
        return ops.multiply(x, noise)


class GaussianNoise(_Disturbance):
    """During training ``y = x + ε`` with ε normal, mean 0.

    Args:
        stddev: standard deviation of the noise, between 0 and 1. seed: integer, for repeatable noise.
    """

    def __init__(self, stddev: float, seed: Any = None, **kwargs: Any):
        if isinstance(stddev, bool) or not isinstance(stddev, (int, float)) or not 0 <= stddev <= 1:
            raise ValueError(
                "GaussianNoise: invalid value received for argument `stddev`. Expected a number between 0 "
                f"and 1, got {stddev!r}."
            )
        super().__init__(seed=seed, **kwargs)
        self.stddev = stddev
        self._draw_if_active()

    @property
    def _is_active(self) -> bool:
        return self.stddev > 0

    def disturbed(self, x: Any) -> Any:
        noise = random.normal(x.shape, mean=0.0, stddev=self.stddev, dtype=x.dtype, seed=self.seed_generator)
        return ops.add(x, noise)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class AlphaDropout(_Rate):
    """Dropout for SELU networks: dropped elements get SELU's lower limit −λα, and the result is scaled so
    that mean and variance stay 0 and 1.

    Args:
        rate, noise_shape, seed: as in `Dropout`.

    Source: Klambauer et al., Self-Normalizing Neural Networks (2017).
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **kwargs: Any):
        super().__init__(rate, seed=seed, **kwargs)
        self.noise_shape = _checked_noise_shape(type(self).__name__, noise_shape)

    def disturbed(self, x: Any) -> Any:
        low = -1.6732632423543772 * 1.0507009873554805  # −α·λ
        shape = _mask_shape(self, x) or x.shape
        kept = ops.greater_equal(random.uniform(shape, seed=self.seed_generator), self.rate)
        scale = ((1 - self.rate) * (1 + self.rate * low**2)) ** -0.5
        shift = -scale * low * self.rate
        return ops.add(ops.multiply(ops.where(kept, x, ops.cast(low, x.dtype)), scale), shift)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "noise_shape": self.noise_shape}
