"""What all convolutional layers have in common: windows, weights, a bias and an activation."""

from __future__ import annotations

from typing import Any, ClassVar

from schuss import activations, constraints, initializers, ops, regularizers
from schuss.config import checked_data_format
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.layers._windows import (
    Sizes,
    checked_padding,
    joined_shape,
    numbers,
    positions,
    reaches,
    split_shape,
)

_KINDS = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}


class Convolutional(Layer):
    """``y = f(windows of x, contracted with kernels, + b)``.

    Subclasses say how many spatial axes there are (`dimensions`), which paddings they take, whose initializers,
    regularizers and constraints their arguments are (`parts`), make the weights in `build`, and contract in
    `convolved`.
    """

    dimensions: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    parts: ClassVar[tuple[str, ...]] = ("kernel", "bias")
    bias: Any

    def __init__(
        self,
        of_parts: dict[str, tuple[Any, Any, Any]],
        /,
        *,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        activity_regularizer: Any,
        **kwargs: Any,
    ):
        owner = type(self).__name__
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.kernel_size = numbers(owner, "kernel_size", kernel_size, self.dimensions)
        self.strides = numbers(owner, "strides", strides, self.dimensions)
        self.dilation_rate = numbers(owner, "dilation_rate", dilation_rate, self.dimensions)
        self.padding = checked_padding(owner, padding, self.paddings)
        self.data_format = checked_data_format(owner, data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        for part, given in of_parts.items():
            for (kind, module), one in zip(_KINDS.items(), given, strict=True):
                setattr(self, f"{part}_{kind}", module.get(one))
        self.input_spec = InputSpec(min_ndim=self.dimensions + 2)

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return self.dimensions

    @property
    def _label(self) -> str:
        return f'Layer "{self.name}" ({type(self).__name__})'

    def _refuse_gaps_between_gaps(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{type(self).__name__}: `strides` above 1 and a `dilation_rate` above 1 exclude each other; got "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}."
            )

    # Weights ---

    def _input_channels(self, input_shape: Any) -> int:
        """The number of channels, for which the weights are made, and which each later input must have."""
        shape = tuple(input_shape)
        _, channels = split_shape(self._label, shape, self.dimensions, self.data_format)
        if not channels:
            raise ValueError(
                f"{self._label}: the number of channels, axis {self._channel_axis} of the input, must be known and "
                f"not be 0; the input's shape is {shape}."
            )
        self.input_spec = InputSpec(min_ndim=self.dimensions + 2, axes={self._channel_axis: channels})
        self.compute_output_shape(shape)  # an error if no window fits
        return channels

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _weight(self, name: str, part: str, shape: tuple[int, ...]) -> Any:
        return self.add_weight(
            name=name, shape=shape, **{kind: getattr(self, f"{part}_{kind}") for kind in _KINDS}
        )

    def _bias(self, size: int) -> Any:
        return self._weight("bias", "bias", (size,)) if self.use_bias else None

    # Calls ---

    def convolved(self, inputs: Any) -> Any:
        """Windows contracted with kernels, before bias and activation."""
        raise NotImplementedError

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)  # an error if no window fits
        y = self.convolved(inputs)
        bias = self.bias
        if bias is not None:
            if self.data_format == "channels_first":
                bias = ops.reshape(bias, (-1, *(1,) * self.dimensions))
            y = ops.add(y, bias)
        return self.activation(y)

    def _output_channels(self, channels: int | None) -> int | None:
        raise NotImplementedError

    def _output_sizes(self, spatial: Sizes) -> Sizes:
        reach = reaches(self.kernel_size, self.dilation_rate)
        return positions(spatial, reach, self.strides, self.padding)

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = tuple(input_shape)
        spatial, channels = split_shape(self._label, shape, self.dimensions, self.data_format)
        sizes = self._output_sizes(spatial)
        if any(n is not None and n <= 0 for n in sizes):
            reach = reaches(self.kernel_size, self.dilation_rate)
            raise ValueError(
                f"{self._label}: the output would have the spatial sizes {sizes}, but none may be below 1. A window "
                f"reaches over {reach} elements (kernel_size {self.kernel_size}, dilation_rate {self.dilation_rate}), "
                f"the input's shape is {shape}. Use larger inputs, a smaller kernel, or padding='same'."
            )
        return joined_shape(shape[0], sizes, self._output_channels(channels), self.data_format)

    def get_config(self) -> dict[str, Any]:
        of_parts = {
            f"{part}_{kind}": module.serialize(getattr(self, f"{part}_{kind}"))
            for kind, module in _KINDS.items()
            for part in self.parts
        }
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **of_parts,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }


def checked_count(owner: str, argument: str, given: Any, of_what: str) -> int:
    """A positive integer; a ValueError for anything else."""
    if not is_integer(given) or given <= 0:
        raise ValueError(
            f"{owner}: `{argument}` must be a positive integer, the number of {of_what}; got {given!r}."
        )
    return int(given)
