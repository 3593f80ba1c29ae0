"""Conv1D, Conv2D, Conv3D: each filter looks at a window of all channels, at every place of the input."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.layers._low_rank import AdaptedWeight, LowRank
from schuss.layers.convolutional._base import Convolutional, checked_count


class Convolution(LowRank, Convolutional):
    """A convolution over `dimensions` spatial axes."""

    kernel = AdaptedWeight()

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        owner = type(self).__name__
        super().__init__(
            {
                "kernel": (kernel_initializer, kernel_regularizer, kernel_constraint),
                "bias": (bias_initializer, bias_regularizer, bias_constraint),
            },
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.filters = checked_count(owner, "filters", filters, "filters")
        self.groups = checked_count(owner, "groups", groups, "groups of channels")
        if self.filters % self.groups:
            raise ValueError(
                f"{owner}: `groups` must divide `filters`; got groups={groups} and filters={filters}."
            )
        self._refuse_gaps_between_gaps()

    def build(self, input_shape: Any) -> None:
        channels = self._input_channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{self._label}: `groups`, which is {self.groups}, must divide the number of input channels, which is "
                f"{channels}; the input's shape is {tuple(input_shape)}."
            )
        depth = channels // self.groups
        self.kernel = self._weight("kernel", "kernel", (*self.kernel_size, depth, self.filters))
        self.bias = self._bias(self.filters)

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """The convolution alone; what a subclass that does something with the kernel first may extend."""
        return ops.conv(
            inputs,
            kernel,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )

    def convolved(self, inputs: Any) -> Any:
        return self.convolution_op(inputs, self.kernel)

    def _output_channels(self, channels: int | None) -> int | None:
        return self.filters

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


class Conv1D(Convolution):
    """Convolution over time: ``y[t, o] = f(Σ_k Σ_c x[t·stride + k·dilation, c] w[k, c, o] + b[o])``.

    Args:
        filters: how many there are: the output's channels. Positive integer.
        kernel_size: length of the windows. Positive integer (or a tuple of one).
        strides: from one window to the next. Default 1.
        padding: ``"valid"`` (default): windows within the input; ``"same"``: zeros at both ends, so that there are
            ``⌈time / stride⌉`` windows; ``"causal"``: zeros before, so that ``y[t]`` sees nothing after t.
        data_format: ``"channels_last"`` (default): ``(batch, time, channels)``; or ``"channels_first"``.
        dilation_rate: distance of the elements in a window. Default 1; above it, only with strides of 1.
        groups: into how many groups the channels are divided, each with its own filters. A divisor of the
            channels and of `filters`. Default 1.
        activation: f: a name, function or None for the identity (default).
        use_bias: whether there is a b. Default True.
        kernel_initializer, bias_initializer: ``"glorot_uniform"``, ``"zeros"``.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties on w, b, y. Default None.
        kernel_constraint, bias_constraint: applied to w and b after each update. Default None.
        **kwargs: ``name``, ``dtype``, ``trainable``, ``input_shape`` as for every `Layer`.

    Input shape: ``(batch, time, channels)``. Output shape: ``(batch, windows, filters)``.

    Weights: ``kernel`` w, shape ``(kernel_size, channels / groups, filters)``; ``bias`` b, shape ``(filters,)``.

    Raises:
        ValueError: an argument out of range; an input with another number of axes or channels, or shorter than a
            window.

    Example:
        >>> import numpy as np, schuss
        >>> differences = schuss.layers.Conv1D(1, 2, weights=[np.array([[[-1.0]], [[1.0]]]), np.zeros(1)])
        >>> differences(np.array([[[1.0], [2.0], [4.0]]])).tolist()
        [[[1.0], [2.0]]]
    """

    dimensions = 1
    paddings = ("valid", "same", "causal")


class Conv2D(Convolution):
    """Convolution over images: ``y[i, o] = f(Σ_k Σ_c x[i·stride + k·dilation, c] w[k, c, o] + b[o])``, where i and k
    have a row and a column.

    Args:
        filters, padding (without ``"causal"``), groups and all others: as in `Conv1D`.
        kernel_size, strides, dilation_rate: an int for both axes, or a pair (rows, columns).
        data_format: ``"channels_last"`` (default): ``(batch, height, width, channels)``; or ``"channels_first"``.

    Input shape: ``(batch, height, width, channels)``. Output shape: ``(batch, rows, columns, filters)``.

    Weights: ``kernel`` w, shape ``(*kernel_size, channels / groups, filters)``; ``bias`` b, shape ``(filters,)``.

    Raises:
        ValueError: as in `Conv1D`.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(np.zeros((8, 28, 28, 1))).shape
        (8, 14, 14, 32)
    """

    dimensions = 2


class Conv3D(Convolution):
    """Convolution over volumes.

    Args:
        kernel_size, strides, dilation_rate: an int for all axes, or three. All others as in `Conv2D`.

    Input shape: ``(batch, depth, height, width, channels)``, or ``(batch, channels, depth, height, width)`` for
    ``"channels_first"``.

    Weights: ``kernel``, shape ``(*kernel_size, channels / groups, filters)``; ``bias``, shape ``(filters,)``.
    """

    dimensions = 3
