"""Input: where a model begins."""

from __future__ import annotations

from typing import Any

from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer, is_shape
from schuss.layers._symbolic import KerasTensor, Node


class InputLayer(Layer):
    """The place of a model's input: says its shape and dtype. `Input` makes one.

    Args:
        shape: tuple of one example's sizes, without the batch axis; None for a size that varies.
        batch_size: fixed batch size, default None.
        dtype: default floatx.
        batch_shape: shape with the batch axis, instead of `shape` and `batch_size`.
        input_tensor: a `KerasTensor` to use.
        optional: whether None may be given for it.
        name: default ``"input_layer"``, ``"input_layer_1"``, …
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: Any = None,
        ragged: Any = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ):
        if sparse or ragged:
            raise ValueError(
                "Input: sparse and ragged inputs are not supported. Convert the data to a dense array."
            )
        shape = kwargs.pop("input_shape", shape)
        super().__init__(name=name, **kwargs)
        if input_tensor is not None:
            if not isinstance(input_tensor, KerasTensor):
                raise ValueError(
                    f"Input: `tensor` must be a symbolic tensor, got {type(input_tensor).__name__}."
                )
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        elif batch_shape is None:
            if shape is None:
                raise ValueError(
                    "Input: give `shape`, the shape of one example, for instance Input(shape=(784,))."
                )
            if is_integer(shape):
                raise ValueError(
                    f"Input: `shape` must be a tuple, got {shape!r}. Did you mean Input(shape=({shape},))?"
                )
            batch_shape = (batch_size, *shape)
        if not is_shape(batch_shape):
            raise ValueError(f"Input: a shape consists of integers and None, got {batch_shape!r}.")
        self.batch_shape = tuple(batch_shape)
        self._dtype = self.dtype_policy.compute_dtype if dtype is None else dtype
        self.optional = optional
        self.built = True
        tensor = (
            KerasTensor(self.batch_shape, self._dtype, name=self.name)
            if input_tensor is None
            else input_tensor
        )
        self._dtype = tensor.dtype
        Node(self, (), {}, tensor)

    @property
    def dtype(self) -> str:
        return self._dtype

    def call(self) -> Any:
        raise TypeError(
            f'Layer "{self.name}": an InputLayer marks where a model begins; it cannot be called.'
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": self.batch_shape,
            "dtype": self._dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: Any = None,
    ragged: Any = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> Any:
    """A symbolic input, on which layers can be called to build a `Model`.

    Args:
        shape: tuple of one example's sizes, without the batch axis; None for a size that varies.
        batch_size: fixed batch size; default None, any.
        dtype: default floatx.
        batch_shape: shape with the batch axis, instead of `shape` and `batch_size`.
        name: default ``"input_layer"``, … Dict inputs are matched by it.
        tensor: a `KerasTensor` to use.
        optional: whether None may be given for it.

    Returns:
        A `KerasTensor` of shape ``(batch_size, *shape)``.

    Example:
        >>> import schuss
        >>> x = schuss.Input(shape=(784,))
        >>> model = schuss.Model(x, schuss.layers.Dense(10)(x))
        >>> model.output_shape
        (None, 10)
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        name=name,
        input_tensor=tensor,
        optional=optional,
    )
    return layer.output
