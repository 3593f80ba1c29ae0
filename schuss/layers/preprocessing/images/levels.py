"""Values of pixels replaced by others: inverted, cut to fewer levels, solarized, spread over the whole range."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops, random
from schuss.graph.primitives import scatter_add_p
from schuss.layers._shapes import is_integer
from schuss.layers.preprocessing.images._image_layer import (
    ImageLayer,
    factor_range,
    per_image,
    rescaled,
    some,
    value_range_of,
)
from schuss.layers.preprocessing.images.colors import ColorLayer, FactorLayer

BYTES = (0, 255)


class RandomPosterization(FactorLayer):
    """In training each image is left with the highest bits of its pixels' bytes, as many as are drawn for it.

    Args:
        factor: how many bits, from 1 to 8: one number n for fewer than n (at least 1), or two: (from, below).
        value_range: (black, white). Default (0, 255).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        seed: integer, for repeatable choices. Default None.

    Raises:
        ValueError: a factor out of range, or a value range that is none.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandomPosterization((2, 2))(np.array([[[[255.0, 100.0, 50.0]]]])).ravel().tolist()
        [192.0, 64.0, 0.0]
    """

    bounds = (1, 8)

    def drawn(self, images: Any, seed: Any) -> Any:
        low, high = (int(f) for f in self.factor)
        kept = random.randint((images.shape[0],), low, max(high, low + 1), "uint8", seed=seed)
        return {"shift_factor": ops.subtract(np.uint8(8), kept)}

    def transformed(self, images: Any, transformation: Any) -> Any:
        shift = per_image(transformation["shift_factor"])
        levels = ops.cast(ops.clip(rescaled(images, self.value_range, BYTES), *BYTES), "uint8")
        levels = ops.bitwise_left_shift(ops.bitwise_right_shift(levels, shift), shift)
        return rescaled(ops.cast(levels, images.dtype), BYTES, self.value_range)


class RandomInvert(ColorLayer):
    """In training images become negatives, ``white − x``, each with a probability.

    Args:
        factor: the probability, or the range from which it is drawn for each image, in [0, 1]. Default 1: drawn from
            [0, 1].
        value_range: (black, white). Default (0, 255).
        seed: integer, for repeatable choices. Default None.

    Raises:
        ValueError: a factor out of range, or a value range that is none.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandomInvert((1.0, 1.0))(np.array([[[[255.0, 100.0, 0.0]]]])).ravel().tolist()
        [0.0, 155.0, 255.0]
    """

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_range("RandomInvert", factor, (0, 1))

    def drawn(self, images: Any, seed: Any) -> Any:
        return {"apply_inversion": some(images.shape[0], self.factor, seed)}

    def transformed(self, images: Any, transformation: Any) -> Any:
        negative = ops.subtract(float(self.value_range[1]), images)
        return ops.where(per_image(transformation["apply_inversion"]), negative, images)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


class Solarization(ColorLayer):
    """In training ``y = x + a`` where that is below a threshold t, else ``white − (x + a)``; a and t are drawn for each
    image.

    Args:
        addition_factor: range of a, as a part of the value range, in [0, 1]; one number u for (0, u). Default 0.
        threshold_factor: the same for t. Default 0: all is inverted.
        value_range: (black, white). Default (0, 255).
        seed: integer, for repeatable choices. Default None.

    Raises:
        ValueError: a factor out of range, or a value range that is none.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Solarization()(np.array([[[[255.0, 100.0, 0.0]]]])).ravel().tolist()
        [0.0, 155.0, 255.0]
    """

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: Any = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, seed=seed, **kwargs)
        self.addition_factor = _part("addition_factor", addition_factor)
        self.threshold_factor = _part("threshold_factor", threshold_factor)

    def drawn(self, images: Any, seed: Any) -> Any:
        shape = (images.shape[0], 1, 1, 1)
        parts = (("additions", self.addition_factor), ("thresholds", self.threshold_factor))
        return {name: random.uniform(shape, low, high * 255, seed=seed) for name, (low, high) in parts}

    def transformed(self, images: Any, transformation: Any) -> Any:
        added = ops.add(rescaled(images, self.value_range, BYTES), transformation["additions"])
        added = ops.clip(added, *BYTES)
        below = ops.less(added, transformation["thresholds"])
        return rescaled(ops.where(below, added, ops.subtract(255.0, added)), BYTES, self.value_range)

    def get_config(self) -> dict[str, Any]:
        own = {"addition_factor": self.addition_factor, "threshold_factor": self.threshold_factor}
        return {**super().get_config(), **own}


def _part(name: str, factor: Any) -> tuple[float, float]:
    several = isinstance(factor, (tuple, list))
    numbers = list(factor) if several else [0, factor]
    if len(numbers) != 2 or not all(isinstance(n, (int, float)) and 0 <= n <= 1 for n in numbers):
        raise ValueError(
            "Solarization: the `addition_factor` and `threshold_factor` arguments should be a number (or a list of two "
            f"numbers) in the range [0, 1]. Received: {name}={factor!r}"
        )
    lower, upper = sorted(numbers)
    return lower, upper


class _Leveled(ImageLayer):
    """A layer without chance that knows what black and white are."""

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any):
        super().__init__(**kwargs)
        self.value_range = value_range_of(type(self).__name__, value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "value_range": self.value_range}


class AutoContrast(_Leveled):
    """The darkest pixel of each channel of each image becomes black, the brightest white, in and outside of training.

    Args:
        value_range: (black, white). Default (0, 255).

    Raises:
        ValueError: a value range that is none.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.AutoContrast()(np.array([100.0, 110.0, 120.0]).reshape(1, 1, 3, 1)).ravel().tolist()
        [0.0, 127.5, 255.0]
    """

    is_always_on = True

    def transformed(self, images: Any, transformation: Any) -> Any:
        x = rescaled(images, self.value_range, BYTES)
        low, high = (f(x, axis=self.spatial_axes, keepdims=True) for f in (ops.min, ops.max))
        span = ops.subtract(high, low)
        flat = ops.less_equal(span, 0)
        scale = ops.divide(255.0, ops.where(flat, 1.0, span))
        spread = ops.clip(ops.add(ops.multiply(x, scale), ops.multiply(ops.negative(low), scale)), *BYTES)
        return ops.where(flat, images, rescaled(spread, BYTES, self.value_range))


def _histogram(levels: Any, count: int) -> Any:
    """How often each of `count` levels occurs along the last axis, int32: […, count]."""
    shape = tuple(levels.shape[:-1])
    rows, places = int(np.prod(shape)), levels.shape[-1]
    flat = ops.reshape(levels, (rows, places))
    which = ops.broadcast_to(np.arange(rows, dtype="int32")[:, None], (rows, places))
    counts = scatter_add_p.bind(
        np.zeros((rows, count), "int32"), ops.ones((rows, places), "int32"), which, flat
    )
    return ops.reshape(counts, (*shape, count))


def _looked_up(tables: Any, levels: Any) -> Any:
    """``tables[row, level]``; tables [rows, levels], levels [rows, places]."""
    return ops.take_along_axis(tables, levels, axis=1)


class Equalization(_Leveled):
    """In training the pixels of each channel are spread evenly over the range: each is replaced by the share of pixels
    that are darker. Channels are looked at over the whole batch.

    Args:
        value_range: (black, white). Default (0, 255).
        bins: number of levels that are told apart. Default 256.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: a value range that is none, or bins that are no positive integer.

    Example:
        >>> import numpy as np, schuss
        >>> x = np.array([100.0, 101.0, 102.0]).reshape(1, 1, 3, 1)
        >>> schuss.layers.Equalization()(x, training=True).ravel().tolist()
        [0.0, 128.0, 255.0]
    """

    def __init__(
        self, value_range: Any = (0, 255), bins: int = 256, data_format: str | None = None, **kwargs: Any
    ):
        super().__init__(value_range, data_format=data_format, **kwargs)
        if not is_integer(bins) or bins < 1:
            raise ValueError(f"Equalization: `bins` must be a positive integer. Received: bins={bins!r}")
        self.bins = bins

    def transformed(self, images: Any, transformation: Any) -> Any:
        moved = ops.moveaxis(images, self.channel_axis, 0)
        x = rescaled(ops.reshape(moved, (moved.shape[0], -1)), self.value_range, BYTES)
        levels = ops.cast(
            ops.clip(ops.divide(ops.multiply(x, self.bins - 1), 255.0), 0, self.bins - 1), "int32"
        )
        counts = _histogram(levels, self.bins)
        below = ops.cast(ops.cumsum(counts, axis=1), "float32")
        first = ops.min(ops.where(ops.greater(below, 0), below, np.inf), axis=1, keepdims=True)
        rest = ops.subtract(below[:, -1:], first)
        table = ops.divide(ops.multiply(ops.subtract(below, first), 255.0), ops.maximum(rest, 1.0))
        spread = _looked_up(ops.clip(ops.round(table), *BYTES), levels)
        several = ops.greater(ops.sum(ops.cast(ops.greater(counts, 0), "int32"), axis=1, keepdims=True), 1)
        y = rescaled(ops.where(several, spread, x), BYTES, self.value_range)
        return ops.moveaxis(ops.reshape(y, moved.shape), 0, self.channel_axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bins": self.bins}


class ContrastLimitedAdaptiveHistogramEqualization(_Leveled):
    """CLAHE, in and outside of training: histograms equalized in each of the tiles of an image, which limits how much
    contrast grows; between the tiles' middles their results are mixed.

    Args:
        value_range: (black, white). Default (0, 255).
        clip_limit: how often, compared with an even histogram, a level may count; what is above is spread over all
            levels. 0 or less: no limit. Default 4.
        tile_grid_size: (tiles down, tiles across). Default (8, 8).
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Source: Zuiderveld, Contrast Limited Adaptive Histogram Equalization (1994).

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(2, 2))
        >>> layer(np.ones((1, 8, 8, 3))).shape
        (1, 8, 8, 3)
    """

    is_always_on = True

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(value_range, data_format=data_format, **kwargs)
        grid = tuple(tile_grid_size) if isinstance(tile_grid_size, (tuple, list)) else ()
        if len(grid) != 2 or not all(is_integer(n) and n > 0 for n in grid):
            raise ValueError(
                "ContrastLimitedAdaptiveHistogramEqualization: `tile_grid_size` must be two positive integers. "
                f"Received: tile_grid_size={tile_grid_size!r}"
            )
        self.clip_limit, self.tile_grid_size = clip_limit, grid

    def transformed(self, images: Any, transformation: Any) -> Any:
        """In planes, [n·c, h, w]."""
        first = images if self.data_format == "channels_first" else ops.transpose(images, (0, 3, 1, 2))
        n, channels, height, width = first.shape
        planes = rescaled(ops.reshape(first, (n * channels, height, width)), self.value_range, BYTES)
        tile = [-(-size // tiles) for size, tiles in zip((height, width), self.tile_grid_size, strict=True)]
        missing = [t * g - n for t, g, n in zip(tile, self.tile_grid_size, (height, width), strict=True)]
        levels = ops.cast(ops.clip(planes, *BYTES), "int32")
        wide = ops.pad(levels, ((0, 0), *((0, m) for m in missing)), mode="symmetric")
        mixed = _mixed(self._tables(wide, tile), levels, tile)
        y = rescaled(ops.reshape(mixed, first.shape), BYTES, self.value_range)
        return y if self.data_format == "channels_first" else ops.transpose(y, (0, 2, 3, 1))

    def _tables(self, levels: Any, tile: list[int]) -> Any:
        """[planes, tiles down, tiles across, 256]: what each level becomes in each tile."""
        (down, across), pixels = self.tile_grid_size, tile[0] * tile[1]
        tiles = ops.reshape(levels, (-1, down, tile[0], across, tile[1]))
        tiles = ops.reshape(ops.transpose(tiles, (0, 1, 3, 2, 4)), (-1, down, across, pixels))
        counts = ops.cast(_histogram(tiles, 256), "float32")
        if self.clip_limit > 0:
            kept = ops.minimum(counts, self.clip_limit * pixels / 256.0)
            excess = ops.sum(ops.subtract(counts, kept), axis=-1, keepdims=True)
            counts = ops.add(kept, ops.divide(excess, 256.0))
        below = ops.cumsum(counts, axis=-1)
        first = ops.min(below, axis=-1, keepdims=True)
        rest = ops.subtract(float(pixels), first)
        rest = ops.where(ops.equal(rest, 0), 1.0, rest)
        return ops.clip(ops.divide(ops.multiply(ops.subtract(below, first), 255.0), rest), *BYTES)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "clip_limit": self.clip_limit, "tile_grid_size": self.tile_grid_size}


def _mixed(tables: Any, levels: Any, tile: list[int]) -> Any:
    """Each pixel by the tables of the four tiles whose middles surround it, by its distance from them."""
    planes, down, across, _ = tables.shape
    rows, columns = (
        _neighbours(size, t, tiles)
        for size, t, tiles in zip(levels.shape[1:], tile, (down, across), strict=True)
    )
    flat = ops.reshape(tables, (planes, down * across * 256))
    total: Any = 0.0
    for row, row_weight in rows:
        for column, column_weight in columns:
            start = ((row[:, None] * across + column[None]) * 256).astype("int32")
            places = ops.reshape(ops.add(levels, start), (planes, -1))
            y = ops.reshape(_looked_up(flat, places), levels.shape)
            total = ops.add(
                total, ops.multiply(y, (row_weight[:, None] * column_weight[None]).astype("float32"))
            )
    return total


def _neighbours(size: int, tile: int, tiles: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Along one axis: the tile before each pixel and the one after it, and their weights."""
    place = (np.arange(size) - tile / 2) / tile
    before = np.floor(place)
    pairs = ((before, 1 - (place - before)), (before + 1, place - before))
    return [(np.clip(index, 0, tiles - 1).astype("int64"), weight) for index, weight in pairs]
