"""Flatten, Reshape, Permute, RepeatVector: the same numbers in another shape."""

from __future__ import annotations

import math
from typing import Any

from schuss import ops
from schuss.config import checked_data_format
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.layers._symbolic import KerasTensor


class _Rearrangement(Layer):
    """A layer whose outputs are its inputs' numbers, in the inputs' type, whatever that is."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.built = True

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)


class Flatten(_Rearrangement):
    """All axes but the batch axis made one: ``(batch, a, b, …)`` → ``(batch, a·b·…)``; ``(batch,)`` →
    ``(batch, 1)``.

    Args:
        data_format: ``"channels_last"`` (default) or ``"channels_first"``, in which case the channels are
            moved last first, so that both give the same order.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Flatten()(np.zeros((32, 28, 28))).shape
        (32, 784)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format = checked_data_format("Flatten", data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        if self.data_format == "channels_first" and len(inputs.shape) > 2:
            inputs = ops.moveaxis(inputs, 1, -1)
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(_Rearrangement):
    """Each example in another shape: ``(batch, …)`` → ``(batch, *target_shape)``.

    Args:
        target_shape: tuple of ints, without the batch axis; one may be -1, which takes what is left.

    Raises:
        ValueError: the input's numbers do not fit the target shape.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Reshape((3, -1))(np.zeros((2, 12))).shape
        (2, 3, 4)
    """

    def __init__(self, target_shape: Any, **kwargs: Any):
        super().__init__(**kwargs)
        shape = tuple(target_shape)
        if not all(is_integer(n) and n >= -1 for n in shape) or shape.count(-1) > 1:
            raise ValueError(
                f"Reshape: `target_shape` must consist of sizes, at most one of them -1; got {shape}."
            )
        self.target_shape = tuple(int(n) for n in shape)

    def call(self, inputs: Any) -> Any:
        return ops.reshape(inputs, (inputs.shape[0], *self._resolved(tuple(inputs.shape[1:]))))

    def _resolved(self, given: tuple[int, ...]) -> tuple[int, ...]:
        size, fixed = math.prod(given), math.prod(n for n in self.target_shape if n != -1)
        fits = size % fixed == 0 if -1 in self.target_shape and fixed else size == fixed
        if not fits:
            raise ValueError(
                f'Layer "{self.name}" (Reshape) cannot turn examples of shape {given} ({size} numbers) into shape '
                f"{self.target_shape} ({fixed} numbers{' or a multiple' if -1 in self.target_shape else ''})."
            )
        return tuple(size // fixed if n == -1 else n for n in self.target_shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        given = tuple(input_shape[1:])
        if None in given:
            return (input_shape[0], *(None if n == -1 else n for n in self.target_shape))
        return (input_shape[0], *self._resolved(given))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(_Rearrangement):
    """The axes of each example in another order.

    Args:
        dims: tuple with the numbers of the axes, from 1 on (the batch axis, 0, stays): ``(2, 1)`` exchanges
            two.

    Raises:
        ValueError: `dims` is not an order of 1, 2, …; the input has another number of axes.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Permute((2, 1))(np.zeros((8, 3, 5))).shape
        (8, 5, 3)
    """

    def __init__(self, dims: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Permute: `dims` must hold each of the numbers 1 to {len(self.dims)} once (0, the batch "
                "axis, is left "
                f"out); got {self.dims}."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """Each example n times over: ``(batch, features)`` → ``(batch, n, features)``.

    Args:
        n: how often. Positive integer.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RepeatVector(3)(np.zeros((2, 5))).shape
        (2, 3, 5)
    """

    def __init__(self, n: int, **kwargs: Any):
        super().__init__(**kwargs)
        if not is_integer(n):
            raise TypeError(f"RepeatVector: expected an integer value for `n`, got {n!r}.")
        if n <= 0:
            raise ValueError(f"RepeatVector: argument `n` must be a positive integer, got {n!r}.")
        self.n = int(n)
        self.input_spec = InputSpec(ndim=2)
        self.built = True

    def call(self, inputs: Any) -> Any:
        batch, features = inputs.shape
        return ops.broadcast_to(ops.expand_dims(inputs, 1), (batch, self.n, features))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
