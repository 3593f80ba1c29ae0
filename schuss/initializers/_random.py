"""Initializers that draw: from a fixed distribution, or from one as wide as the layer's fan asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss import ops
from schuss import random as distributions
from schuss.graph import floatx
from schuss.initializers._initializer import Initializer
from schuss.random import SeedGenerator, draw_seed

_STD_OF_TRUNCATED = 0.87962566103423978  # of a standard normal cut at ±2


class RandomInitializer(Initializer):
    """An initializer with a seed.

    Args:
        seed: an integer or None: the same values at every call (None: a seed is drawn when the initializer is
            made); a `SeedGenerator`: new values at every call.
    """

    def __init__(self, seed: Any = None):
        self._given = seed
        if isinstance(seed, dict):
            self._given = seed = SeedGenerator.from_config(seed["config"])
        if seed is None:
            seed = draw_seed()
        if not isinstance(seed, (int, np.integer, SeedGenerator)) or isinstance(seed, bool):
            raise ValueError(
                "`seed` argument should be an instance of `schuss.random.SeedGenerator()` or an integer. "
                f"Received: seed={seed!r}"
            )
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        seed = self._given
        if isinstance(seed, SeedGenerator):
            seed = {
                "module": "keras.random",
                "class_name": "SeedGenerator",
                "config": seed.get_config(),
                "registered_name": None,
            }
        elif seed is not None:
            seed = int(seed)
        return {"seed": seed}


class RandomNormal(RandomInitializer):
    """Normal.

    Args:
        mean: default 0. stddev: default 0.05.
        seed: integer, `SeedGenerator` or None, see `Initializer`'s subclasses: an integer gives the same
            values at every call.

    Example:
        >>> from schuss import initializers
        >>> w = initializers.RandomNormal(stddev=1.0, seed=0)((200, 50))
        >>> abs(float(w.mean())) < 0.05, abs(float(w.std()) - 1) < 0.05
        (True, True)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        return distributions.normal(shape, self.mean, self.stddev, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Normal, with values more than two standard deviations from the mean drawn again.

    Args:
        mean: default 0. stddev: before truncation; default 0.05. seed: as for `RandomNormal`.
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        return distributions.truncated_normal(shape, self.mean, self.stddev, dtype=dtype, seed=self.seed)


class RandomUniform(RandomInitializer):
    """Uniform in ``[minval, maxval)``.

    Args:
        minval: default −0.05. maxval: default 0.05. seed: as for `RandomNormal`.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None):
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        return distributions.uniform(shape, self.minval, self.maxval, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class VarianceScaling(RandomInitializer):
    """Random with variance ``scale / n``, where n is the fan in, the fan out, or their mean.

    Args:
        scale: positive; default 1.
        mode: ``"fan_in"``, ``"fan_out"`` or ``"fan_avg"``.
        distribution: ``"truncated_normal"`` (also ``"normal"``), ``"untruncated_normal"``, or ``"uniform"``
            in ±√(3·scale/n).
        seed: as for `RandomNormal`.
        input_axes, output_axes: axes of the shape whose sizes make up the fan in and the fan out; only both
            together. Default: the last but one and the last, each times the size of all axes before them
            (the receptive field).

    Raises:
        ValueError: `scale` is not positive; unknown mode or distribution.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ):
        if scale <= 0.0:
            raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(
                f"Invalid `mode` argument: {mode!r}. Please use one of 'fan_in', 'fan_out', 'fan_avg'."
            )
        distribution = distribution.lower()
        if distribution == "normal":
            distribution = "truncated_normal"
        if distribution not in ("truncated_normal", "untruncated_normal", "uniform"):
            raise ValueError(
                f"Invalid `distribution` argument: {distribution!r}. Please use one of 'truncated_normal', "
                "'untruncated_normal', 'uniform'."
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "truncated_normal":
            stddev = math.sqrt(variance) / _STD_OF_TRUNCATED
            return distributions.truncated_normal(shape, 0.0, stddev, dtype=dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return distributions.normal(shape, 0.0, math.sqrt(variance), dtype=dtype, seed=self.seed)
        limit = math.sqrt(3.0 * variance)
        return distributions.uniform(shape, -limit, limit, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _FixedScaling(VarianceScaling):
    """A `VarianceScaling` known by its author's name: only the seed and the axes are left to choose."""

    fixed: tuple[float, str, str]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ):
        scale, mode, distribution = self.fixed
        super().__init__(scale, mode, distribution, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


class GlorotUniform(_FixedScaling):
    """Uniform in ±√(6/(fan_in + fan_out)). Glorot and Bengio (2010).

    Args:
        seed, input_axes, output_axes: as for `VarianceScaling`.
    """

    fixed = (1.0, "fan_avg", "uniform")


class GlorotNormal(_FixedScaling):
    """Truncated normal, σ = √(2/(fan_in + fan_out)). Glorot and Bengio (2010).

    Args:
        seed, input_axes, output_axes: as for `VarianceScaling`.
    """

    fixed = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_FixedScaling):
    """Uniform in ±√(6/fan_in). He et al. (2015).

    Args:
        seed, input_axes, output_axes: as for `VarianceScaling`.
    """

    fixed = (2.0, "fan_in", "uniform")


class HeNormal(_FixedScaling):
    """Truncated normal, σ = √(2/fan_in). He et al. (2015).

    Args:
        seed, input_axes, output_axes: as for `VarianceScaling`.
    """

    fixed = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_FixedScaling):
    """Uniform in ±√(3/fan_in). LeCun et al. (1998).

    Args:
        seed, input_axes, output_axes: as for `VarianceScaling`.
    """

    fixed = (1.0, "fan_in", "uniform")


class LecunNormal(_FixedScaling):
    """Truncated normal, σ = √(1/fan_in). LeCun et al. (1998).

    Args:
        seed, input_axes, output_axes: as for `VarianceScaling`.
    """

    fixed = (1.0, "fan_in", "truncated_normal")


class Orthogonal(RandomInitializer):
    """`gain` times a random orthogonal matrix (rows or columns orthonormal, whichever are fewer).

    Shapes of more than two axes are seen as a matrix with the last axis as columns. Saxe et al. (2013); the
    signs of R's diagonal make the distribution uniform (Mezzadri 2007).

    Args:
        gain: default 1. seed: as for `RandomNormal`.

    Raises:
        ValueError: at the call, if the shape has fewer than two axes.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None):
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        if len(shape) < 2:
            raise ValueError(
                "The tensor to initialize must be at least two-dimensional. "
                f"Received: shape={tuple(shape)} of rank {len(shape)}."
            )
        dtype = dtype or floatx()
        rows, columns = math.prod(shape[:-1]), shape[-1]
        work = "float64" if str(dtype) == "float64" else "float32"
        a = distributions.normal((max(rows, columns), min(rows, columns)), dtype=work, seed=self.seed)
        q, r = ops.qr(a)
        q = ops.multiply(q, ops.where(ops.less(ops.diagonal(r), 0.0), -1.0, 1.0))
        if rows < columns:
            q = ops.transpose(q)
        return ops.cast(ops.multiply(ops.reshape(q, tuple(shape)), self.gain), dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """Numbers of inputs and outputs of a unit whose weights have this shape.

    Args:
        shape: (inputs, outputs), or (kernel…, inputs, outputs): then both are multiplied by the kernel's
            size. A vector has as many inputs as outputs, a scalar one of each.
        input_axes, output_axes: which axes count as inputs and outputs, and no others; only both together.

    Example:
        >>> from schuss.initializers import compute_fans
        >>> compute_fans((784, 64)), compute_fans((3, 3, 16, 32))
        ((784, 64), (144, 288))
    """
    shape = tuple(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[i] for i in input_axes), math.prod(shape[i] for i in output_axes)
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]
