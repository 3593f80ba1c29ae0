"""Concatenate and Dot: inputs side by side, and inputs multiplied along axes."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.layers.merging.merge import checked_shapes


class Concatenate(Layer):
    """The inputs one after the other along an axis.

    Args:
        axis: default -1.

    Raises:
        ValueError: shapes that differ elsewhere than in `axis`.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Concatenate()([np.zeros((2, 3)), np.zeros((2, 4))]).shape
        (2, 7)
    """

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shapes = checked_shapes(self, input_shape)
        ndim = len(shapes[0])
        agree = all(len(shape) == ndim for shape in shapes) and -ndim <= self.axis < ndim
        if agree:
            for axis in set(range(ndim)) - {self.axis % ndim}:
                agree = agree and len({shape[axis] for shape in shapes} - {None}) <= 1
        if not agree:
            raise ValueError(
                f'Layer "{self.name}": a Concatenate layer requires inputs with matching shapes except for the '
                f"concatenation axis {self.axis}. Received: {', '.join(map(str, shapes))}."
            )

    def call(self, inputs: Any) -> Any:
        return ops.concatenate(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        checked_shapes(self, input_shape)
        sizes = [shape[self.axis] for shape in input_shape]
        joined = [next((n for n in column if n is not None), None) for column in zip(*input_shape)]
        joined[self.axis] = None if None in sizes else sum(sizes)
        return tuple(joined)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        if not previous_mask or all(mask is None for mask in previous_mask):
            return None
        masks = []
        for x, mask in zip(inputs, previous_mask):
            if mask is None:
                masks.append(ops.ones(x.shape, dtype="bool"))
            else:
                missing = len(x.shape) - len(mask.shape)
                masks.append(ops.broadcast_to(ops.reshape(mask, (*mask.shape, *(1,) * missing)), x.shape))
        return ops.any(ops.concatenate(masks, axis=self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Dot(Layer):
    """The product of two inputs summed along an axis of each, example by example.

    Args:
        axes: the axis of both, or a pair: of the first, of the second. The batch axis, 0, cannot be one.
        normalize: scale both to length 1 along the axes first: cosine similarity. Default False.

    Input shapes ``(batch, a…, k)`` and ``(batch, k, b…)`` with ``axes=(-1, 1)`` give ``(batch, a…, b…)``;
    where nothing but the batch axis is left, ``(batch, 1)``.
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        if not is_integer(axes) and not isinstance(axes, (list, tuple)):
            raise TypeError(f"Dot: `axes` must be an integer or a pair of integers, got {axes!r}.")
        pair: tuple[Any, ...] = tuple(axes) if isinstance(axes, (list, tuple)) else (axes, axes)
        if len(pair) != 2 or not all(is_integer(axis) for axis in pair):
            raise ValueError(f"Dot: `axes` must be an integer or a pair of integers, got {axes!r}.")
        self.axes, self.normalize = axes, normalize
        self._pair = pair
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shapes = checked_shapes(self, input_shape)
        if len(shapes) != 2:
            raise ValueError(
                f'Layer "{self.name}" (Dot) must be called on exactly 2 inputs, got {len(shapes)}.'
            )
        for axis, shape in zip(self._pair, shapes):
            if not -len(shape) < axis < len(shape) or axis % len(shape) == 0:
                raise ValueError(
                    f'Layer "{self.name}" (Dot): axis {axis} is not an axis of examples in shape {shape}.'
                )
        sizes = [shape[axis] for axis, shape in zip(self._pair, shapes)]
        if None not in sizes and sizes[0] != sizes[1]:
            raise ValueError(
                f'Layer "{self.name}" (Dot): dimension incompatibility: inputs of shapes {shapes[0]} and {shapes[1]} '
                f"have the sizes {sizes[0]} and {sizes[1]} along the axes {self._pair}."
            )

    def call(self, inputs: Any) -> Any:
        x, y = inputs
        i, j = self._pair[0] % len(x.shape), self._pair[1] % len(y.shape)
        if self.normalize:
            x, y = ops.normalize(x, axis=i), ops.normalize(y, axis=j)
        letters = "abcdefghijklmnopqrstuvwxyz"
        left = ["a", *letters[1 : len(x.shape)]]
        right = ["a", *letters[len(x.shape) : len(x.shape) + len(y.shape) - 1]]
        right[j] = left[i]
        rest = [c for c in left if c != left[i]] + [c for c in right[1:] if c != left[i]]
        product = ops.einsum(f"{''.join(left)},{''.join(right)}->{''.join(rest)}", x, y)
        return ops.expand_dims(product, -1) if len(rest) == 1 else product

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the summed axes are gone."""
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """``Concatenate(axis, **kwargs)(inputs)``."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """``Dot(axes, **kwargs)(inputs)``."""
    return Dot(axes=axes, **kwargs)(inputs)
