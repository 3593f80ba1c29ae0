"""Depthwise and separable convolutions: a window of each channel by itself; then, if separable, a mixture of
channels."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.layers.convolutional._base import Convolutional, checked_count


class DepthwiseConvolution(Convolutional):
    """A convolution of each channel by itself over `dimensions` spatial axes."""

    parts = ("depthwise", "bias")

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            {
                "depthwise": (depthwise_initializer, depthwise_regularizer, depthwise_constraint),
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
        self.depth_multiplier = checked_count(
            type(self).__name__, "depth_multiplier", depth_multiplier, "outputs of each channel"
        )

    def build(self, input_shape: Any) -> None:
        channels = self._input_channels(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self._weight("kernel", "depthwise", shape)
        self.bias = self._bias(channels * self.depth_multiplier)

    def convolved(self, inputs: Any) -> Any:
        return ops.depthwise_conv(
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )

    def _output_channels(self, channels: int | None) -> int | None:
        return None if channels is None else channels * self.depth_multiplier

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


class SeparableConvolution(Convolutional):
    """A depthwise convolution over `dimensions` spatial axes, then a mixture of channels."""

    parts = ("depthwise", "pointwise", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        owner = type(self).__name__
        super().__init__(
            {
                "depthwise": (depthwise_initializer, depthwise_regularizer, depthwise_constraint),
                "pointwise": (pointwise_initializer, pointwise_regularizer, pointwise_constraint),
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
        self.depth_multiplier = checked_count(
            owner, "depth_multiplier", depth_multiplier, "outputs of each channel"
        )

    def build(self, input_shape: Any) -> None:
        channels = self._input_channels(input_shape)
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        pointwise = (*(1,) * self.dimensions, channels * self.depth_multiplier, self.filters)
        self.depthwise_kernel = self._weight("depthwise_kernel", "depthwise", depthwise)
        self.pointwise_kernel = self._weight("pointwise_kernel", "pointwise", pointwise)
        self.bias = self._bias(self.filters)

    def convolved(self, inputs: Any) -> Any:
        return ops.separable_conv(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )

    def _output_channels(self, channels: int | None) -> int | None:
        return self.filters

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "filters": self.filters, "depth_multiplier": self.depth_multiplier}


class DepthwiseConv1D(DepthwiseConvolution):
    """Convolution of each channel by itself over time: ``y[t, c·m + j] = f(Σ_k x[t·stride + k·dilation, c] w[k, c, j] +
    b[c·m + j])``.

    Args:
        kernel_size: length of the windows. Positive integer (or a tuple of one).
        strides: from one window to the next. Default 1.
        padding: ``"valid"`` (default) or ``"same"``, as in `Conv1D`.
        depth_multiplier: m, how many outputs each channel has. Default 1.
        data_format: ``"channels_last"`` (default): ``(batch, time, channels)``; or ``"channels_first"``.
        dilation_rate: distance of the elements in a window. Default 1.
        activation: f. Default None, the identity.
        use_bias: whether there is a b. Default True.
        depthwise_initializer, bias_initializer: ``"glorot_uniform"``, ``"zeros"``.
        depthwise_regularizer, bias_regularizer, activity_regularizer: penalties on w, b, y. Default None.
        depthwise_constraint, bias_constraint: applied to w and b after each update. Default None.

    Weights: ``kernel`` w, shape ``(kernel_size, channels, m)``; ``bias`` b, shape ``(channels·m,)``.

    Raises:
        ValueError: an argument out of range; an input with another number of axes or channels, or shorter than a
            window.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.DepthwiseConv1D(3, depth_multiplier=2)(np.zeros((8, 10, 4))).shape
        (8, 8, 8)
    """

    dimensions = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """Convolution of each channel of images by itself.

    Args:
        kernel_size, strides, dilation_rate: an int for both axes, or a pair (rows, columns).
        All others as in `DepthwiseConv1D`.

    Weights: ``kernel``, shape ``(*kernel_size, channels, depth_multiplier)``; ``bias``, shape
    ``(channels·depth_multiplier,)``.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.DepthwiseConv2D(3, padding="same")(np.zeros((8, 10, 10, 4))).shape
        (8, 10, 10, 4)
    """

    dimensions = 2


class SeparableConv1D(SeparableConvolution):
    """`DepthwiseConv1D` without bias and activation, then a mixture of channels at each time: ``y[t, o] = f(Σ_c z[t, c]
    v[c, o] + b[o])``.

    Args:
        filters: the output's channels. Positive integer.
        kernel_size, strides, padding, data_format, dilation_rate, depth_multiplier: of the depthwise convolution.
        activation, use_bias: as in `Conv1D`.
        depthwise_initializer, pointwise_initializer, bias_initializer: ``"glorot_uniform"``, ``"glorot_uniform"``,
            ``"zeros"``.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer: default None.
        depthwise_constraint, pointwise_constraint, bias_constraint: default None.

    Weights: ``depthwise_kernel``, shape ``(kernel_size, channels, depth_multiplier)``; ``pointwise_kernel`` v, shape
    ``(1, channels·depth_multiplier, filters)``; ``bias`` b, shape ``(filters,)``.

    Raises:
        ValueError: as in `DepthwiseConv1D`.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.SeparableConv1D(6, 3)(np.zeros((8, 10, 4))).shape
        (8, 8, 6)
    """

    dimensions = 1


class SeparableConv2D(SeparableConvolution):
    """`DepthwiseConv2D` without bias and activation, then a mixture of channels at each place.

    Args:
        kernel_size, strides, dilation_rate: an int for both axes, or a pair (rows, columns).
        All others as in `SeparableConv1D`.

    Weights: ``depthwise_kernel``, shape ``(*kernel_size, channels, depth_multiplier)``; ``pointwise_kernel``, shape ``(1,
    1, channels·depth_multiplier, filters)``; ``bias``, shape ``(filters,)``.
    """

    dimensions = 2
