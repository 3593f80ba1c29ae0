"""Add, Subtract, Multiply, Average, Maximum, Minimum: several arrays into one, element by element; one
mechanism."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from schuss import ops
from schuss.layers._layer import Layer
from schuss.layers._masks import get_mask


class Merge(Layer):
    """A function of a list of inputs, element by element. Sizes of 1 stretch; inputs with fewer axes are
    given axes of size 1 after the batch axis.

    Subclasses say in ``merged(values)`` what is computed.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def merged(self, values: list[Any]) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define `merged`.")

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = checked_shapes(self, input_shape)
        ndim = max(len(shape) for shape in shapes)
        columns = list(zip(*(_padded(shape, ndim) for shape in shapes), strict=True))
        for axis, sizes in enumerate(columns):
            known = {size for size in sizes if size is not None and (size != 1 or axis == 0)}
            if len(known) > 1:
                raise ValueError(
                    f'Layer "{self.name}" ({type(self).__name__}): inputs have incompatible shapes '
                    f"{', '.join(map(str, shapes))}: axis {axis} has the sizes {sorted(known)}."
                    + ("" if axis else " Batches of different sizes cannot be merged.")
                )
        return tuple(_stretched(sizes) for sizes in columns)

    def call(self, inputs: Any) -> Any:
        ndim = max(len(x.shape) for x in inputs)
        return self.merged(
            [x if len(x.shape) == ndim else ops.reshape(x, _padded(tuple(x.shape), ndim)) for x in inputs]
        )

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """True where the mask of any input is; None if an input has none."""
        masks = list(previous_mask or [])
        return reduce(ops.logical_or, masks) if masks and all(mask is not None for mask in masks) else None


def _stretched(sizes: tuple[int | None, ...]) -> int | None:
    """The common size of an axis: the one that is not 1; unknown if it may be."""
    known = [size for size in sizes if size not in (1, None)]
    return known[0] if known else None if None in sizes else 1


def checked_shapes(layer: Layer, input_shape: Any) -> list[tuple[Any, ...]]:
    """The inputs' shapes; a ValueError if they are not those of a list of inputs."""
    several = isinstance(input_shape, (list, tuple)) and all(
        isinstance(s, (list, tuple)) for s in input_shape
    )
    if not several or len(input_shape) < 1:
        raise ValueError(
            f'Layer "{layer.name}" ({type(layer).__name__}) must be called on a list of inputs; got one of shape '
            f"{input_shape}."
        )
    return [tuple(shape) for shape in input_shape]


def _padded(shape: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    return (*shape[:1], *(1,) * (ndim - len(shape)), *shape[1:])


def _mask_like(x: Any) -> Any:
    """The mask of `x` in the shape of x; None if it has none."""
    mask = get_mask(x)
    if mask is None:
        return None
    spread = (*mask.shape, *(1,) * (len(x.shape) - len(mask.shape)))
    return ops.broadcast_to(ops.reshape(mask, spread), x.shape)


def _of_unmasked(function: Callable[[Any, Any], Any], values: list[Any]) -> Any:
    """``function`` of the values one after the other; where one is masked the others alone count."""
    y, kept = values[0], _mask_like(values[0])
    for x in values[1:]:
        mask = _mask_like(x)
        if mask is not None:
            x = ops.where(mask, x, y)
        if kept is not None:
            y = ops.where(kept, y, x)
        kept = None if kept is None or mask is None else ops.logical_or(kept, mask)
        y = function(y, x)
    return y


class Add(Merge):
    """The sum of the inputs.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Add()([np.ones((1, 2)), np.ones((1, 2))]).tolist()
        [[2.0, 2.0]]
    """

    def merged(self, values: list[Any]) -> Any:
        return reduce(ops.add, values)


class Subtract(Merge):
    """The first input minus the second."""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if len(input_shape) != 2:
            raise ValueError(
                f'Layer "{self.name}" (Subtract) must be called on exactly 2 inputs, got {len(input_shape)}.'
            )

    def merged(self, values: list[Any]) -> Any:
        return ops.subtract(*values)


class Multiply(Merge):
    """The product of the inputs, element by element; masked elements count as 1, and as 0 where all are
    masked."""

    def merged(self, values: list[Any]) -> Any:
        masks = [_mask_like(x) for x in values]
        pairs = zip(values, masks, strict=True)
        factors = [x if mask is None else ops.where(mask, x, ops.ones_like(x)) for x, mask in pairs]
        product = reduce(ops.multiply, factors)
        if any(mask is None for mask in masks):
            return product
        return ops.where(reduce(ops.logical_or, masks), product, ops.zeros_like(product))


class Average(Merge):
    """The mean of the inputs."""

    def merged(self, values: list[Any]) -> Any:
        return ops.divide(reduce(ops.add, values), len(values))


class Maximum(Merge):
    """The largest of the inputs, element by element; masked elements do not count."""

    def merged(self, values: list[Any]) -> Any:
        return _of_unmasked(ops.maximum, values)


class Minimum(Merge):
    """The smallest of the inputs, element by element; masked elements do not count."""

    def merged(self, values: list[Any]) -> Any:
        return _of_unmasked(ops.minimum, values)


def add(inputs: Any, **kwargs: Any) -> Any:
    """``Add(**kwargs)(inputs)``."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """``Subtract(**kwargs)(inputs)``."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """``Multiply(**kwargs)(inputs)``."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """``Average(**kwargs)(inputs)``."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """``Maximum(**kwargs)(inputs)``."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """``Minimum(**kwargs)(inputs)``."""
    return Minimum(**kwargs)(inputs)
