"""Elastic deformation: pixels moved by smooth noise."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from schuss import ops
from schuss.config import checked_data_format
from schuss.graph import Tensor
from schuss.ops.image._formats import as_batch, as_given, one_of
from schuss.ops.image.warping import FILL_MODES, INTERPOLATIONS, sampled_at


def elastic_transform(
    images: Any,
    alpha: Any = 20.0,
    sigma: Any = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Any:
    """``y[p] = images[p + α G(σ ε)]`` with normal noise ε and a Gaussian blur G of standard deviation σ.

    Args:
        images: [h, w, c] or [n, h, w, c]; each image gets its own noise.
        alpha: α, how far pixels are moved. sigma: σ, how smoothly.
        interpolation, fill_mode, fill_value: as in `affine_transform`; here the edge is reflected by default.
        seed: as for `schuss.random.normal`.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: an unknown interpolation or fill mode, or images of a wrong rank.

    Source: Simard, Steinkraus, Platt, Best Practices for Convolutional Neural Networks Applied to Visual Document
    Analysis (2003).

    Example:
        >>> from schuss import ops
        >>> ops.image.elastic_transform(ops.ones((2, 8, 8, 3)), seed=1).shape
        (2, 8, 8, 3)
    """
    data_format = checked_data_format("elastic_transform", data_format)
    one_of("elastic_transform", "interpolation", interpolation, INTERPOLATIONS)
    one_of("elastic_transform", "fill_mode", fill_mode, FILL_MODES)
    images = ops.convert_to_tensor(images)
    batch = as_batch("elastic_transform", images, data_format)
    n, height, width, _ = batch.shape
    random = importlib.import_module("schuss.random")  # by name: it is written in ops
    noise = ops.multiply(random.normal((2, n, height, width), dtype="float32", seed=seed), sigma)
    down, across = _blur_matrix(height, sigma), _blur_matrix(width, sigma)
    moves = ops.multiply(ops.matmul(ops.matmul(down, noise), across), alpha)
    row = ops.add(np.arange(height, dtype="float32").reshape(1, height, 1), moves[0])
    column = ops.add(np.arange(width, dtype="float32").reshape(1, 1, width), moves[1])
    y = sampled_at(batch, row, column, interpolation, fill_mode, fill_value)
    return as_given(y, images, data_format)


def _blur_matrix(size: int, sigma: Any) -> Any:
    """[size, size], symmetric: the Gaussian of 6⌊σ⌋ + 1 pixels, with zeros around the image. A matrix, since σ, and
    with it the number of pixels, may be a tensor of a trace."""
    known = not isinstance(sigma, Tensor)
    whole = math.floor(float(sigma)) if known else ops.floor(sigma)
    reach = 3 * whole if known else 3 * size
    distance = np.subtract.outer(np.arange(size), np.arange(size)).astype("float32")
    kernel = _gaussian(np.arange(-reach, reach + 1, dtype="float32"), sigma, whole)
    return ops.divide(_gaussian(distance, sigma, whole), ops.sum(kernel))


def _gaussian(distance: np.ndarray, sigma: Any, whole: Any) -> Any:
    near = ops.less_equal(np.abs(distance), ops.multiply(ops.cast(whole, "float32"), 3.0))
    width = ops.maximum(ops.cast(sigma, "float32"), 1e-6)
    return ops.where(near, ops.exp(ops.multiply(ops.square(ops.divide(distance, width)), -0.5)), 0.0)
