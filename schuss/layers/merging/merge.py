"""Add, Subtract, Multiply, Average, Maximum, Minimum: several arrays into one, element by element; one
mechanism."""

from __future__ import annotations

from functools import reduce
from typing import Any

from schuss import ops
from schuss.layers._layer import Layer


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
        shapes = checked_shapes(self, input_shape)
        ndim = max(len(shape) for shape in shapes)
        for axis, sizes in enumerate(zip(*(_padded(shape, ndim) for shape in shapes))):
            known = {size for size in sizes if size not in (1, None)}
            if len(known) > 1:
                raise ValueError(
                    f'Layer "{self.name}" ({type(self).__name__}): inputs have incompatible shapes '
                    f"{', '.join(map(str, shapes))}: axis {axis} has the sizes {sorted(known)}."
                )

    def call(self, inputs: Any) -> Any:
        ndim = max(len(x.shape) for x in inputs)
        return self.merged(
            [x if len(x.shape) == ndim else ops.reshape(x, _padded(tuple(x.shape), ndim)) for x in inputs]
        )

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """True where the mask of any input is; None if an input has none."""
        masks = list(previous_mask or [])
        return reduce(ops.logical_or, masks) if masks and all(mask is not None for mask in masks) else None


def checked_shapes(layer: Layer, input_shape: Any) -> list[tuple[Any, ...]]:
    """The inputs' shapes; a ValueError if they are not at least two."""
    several = isinstance(input_shape, (list, tuple)) and all(
        isinstance(s, (list, tuple)) for s in input_shape
    )
    if not several or len(input_shape) < 1:
        raise ValueError(
            f'Layer "{layer.name}" ({type(layer).__name__}) must be called on a list of inputs; got one of shape '
            f"{input_shape}."
        )
    if len(input_shape) < 2:
        raise ValueError(
            f'Layer "{layer.name}" ({type(layer).__name__}) must be called on at least 2 inputs, got {len(input_shape)}.'
        )
    return [tuple(shape) for shape in input_shape]


def _padded(shape: tuple[Any, ...], ndim: int) -> tuple[Any, ...]:
    return (*shape[:1], *(1,) * (ndim - len(shape)), *shape[1:])


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
    """The product of the inputs, element by element."""

    def merged(self, values: list[Any]) -> Any:
        return reduce(ops.multiply, values)


class Average(Merge):
    """The mean of the inputs."""

    def merged(self, values: list[Any]) -> Any:
        return ops.divide(reduce(ops.add, values), len(values))


class Maximum(Merge):
    """The largest of the inputs, element by element."""

    def merged(self, values: list[Any]) -> Any:
        return reduce(ops.maximum, values)


class Minimum(Merge):
    """The smallest of the inputs, element by element."""

    def merged(self, values: list[Any]) -> Any:
        return reduce(ops.minimum, values)


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
