"""Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: each input element adds its filters to a window of the output."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.layers._windows import Sizes, numbers, reaches
from schuss.layers.convolutional._base import Convolutional, checked_count


class TransposedConvolution(Convolutional):
    """A transposed convolution over `dimensions` spatial axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        self.output_padding: tuple[int, ...] | None = None
        if output_padding is not None:
            self.output_padding = numbers(owner, "output_padding", output_padding, self.dimensions, least=0)
            if any(more >= stride for more, stride in zip(self.output_padding, self.strides, strict=True)):
                raise ValueError(
                    f"{owner}: `output_padding` must be smaller than `strides` along each axis; got "
                    f"output_padding={self.output_padding} and strides={self.strides}."
                )
        self._refuse_gaps_between_gaps()

    def build(self, input_shape: Any) -> None:
        channels = self._input_channels(input_shape)
        self.kernel = self._weight("kernel", "kernel", (*self.kernel_size, self.filters, channels))
        self.bias = self._bias(self.filters)

    def convolved(self, inputs: Any) -> Any:
        return ops.conv_transpose(
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )

    def _output_channels(self, channels: int | None) -> int | None:
        return self.filters

    def _output_sizes(self, spatial: Sizes) -> Sizes:
        reach = reaches(self.kernel_size, self.dilation_rate)
        more = self.output_padding or (None,) * self.dimensions
        return tuple(
            None if n is None else (n - 1) * s + self._last_window(k, s, a)
            for n, k, s, a in zip(spatial, reach, self.strides, more, strict=True)
        )

    def _last_window(self, reach: int, stride: int, more: int | None) -> int:
        """How many elements the last input element adds to the output's size; the others add a stride each."""
        if self.padding == "valid":
            return max(reach, stride) if more is None else reach + more
        return stride if more is None else reach % 2 + more

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "output_padding": self.output_padding}


class Conv1DTranspose(TransposedConvolution):
    """The transpose of `Conv1D`: ``y[t·stride + k·dilation, o] += Σ_c x[t, c] w[k, o, c]``, then bias and activation.
    What it makes longer, a convolution of the same arguments makes shorter.

    Args:
        filters: how many there are: the output's channels. Positive integer.
        kernel_size: length of the windows. Positive integer (or a tuple of one).
        strides: from one window of the output to the next. Default 1.
        padding: ``"valid"`` (default): an output of ``(time − 1)·stride + max(reach, stride)``, where reach is
            ``(kernel_size − 1)·dilation + 1``; or ``"same"``: of ``time·stride``.
        output_padding: the output has ``(time − 1)·stride + reach + output_padding`` elements for ``"valid"``, ``(time
            − 1)·stride + reach mod 2 + output_padding`` for ``"same"``. Smaller than `strides`. Default None: as above.
        data_format: ``"channels_last"`` (default): ``(batch, time, channels)``; or ``"channels_first"``.
        dilation_rate: distance of the elements in a window. Default 1; above it, only with strides of 1.
        activation, use_bias and all others: as in `Conv1D`.

    Weights: ``kernel`` w, shape ``(kernel_size, filters, channels)``; ``bias``, shape ``(filters,)``.

    Raises:
        ValueError: an argument out of range; an input with another number of axes or channels.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.Conv1DTranspose(1, 2, strides=2, kernel_initializer="ones")
        >>> layer(np.array([[[1.0], [2.0]]])).ravel().tolist()
        [1.0, 1.0, 2.0, 2.0]
    """

    dimensions = 1


class Conv2DTranspose(TransposedConvolution):
    """The transpose of `Conv2D`, which makes images larger.

    Args:
        kernel_size, strides, output_padding, dilation_rate: an int for both axes, or a pair (rows, columns).
        All others as in `Conv1DTranspose`.

    Input shape: ``(batch, height, width, channels)``, or ``(batch, channels, height, width)`` for
    ``"channels_first"``.

    Weights: ``kernel``, shape ``(*kernel_size, filters, channels)``; ``bias``, shape ``(filters,)``.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Conv2DTranspose(16, 3, strides=2, padding="same")(np.zeros((8, 7, 7, 32))).shape
        (8, 14, 14, 16)
    """

    dimensions = 2


class Conv3DTranspose(TransposedConvolution):
    """The transpose of `Conv3D`, which makes volumes larger.

    Args:
        kernel_size, strides, output_padding, dilation_rate: an int for all axes, or three.
        All others as in `Conv1DTranspose` (`data_format` comes before `output_padding`).

    Weights: ``kernel``, shape ``(*kernel_size, filters, channels)``; ``bias``, shape ``(filters,)``.
    """

    dimensions = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: Any = None,
        dilation_rate: Any = 1,
        *args: Any,
        **kwargs: Any,
    ):
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            *args,
            **kwargs,
        )
