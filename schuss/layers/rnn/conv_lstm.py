"""ConvLSTM1D, 2D, 3D: LSTMs whose state is an image, and whose products are convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from schuss import ops
from schuss.config import checked_data_format
from schuss.layers._windows import checked_padding, joined_shape, numbers, positions, reaches, split_shape
from schuss.layers.rnn._cell import RecurrentCell, product
from schuss.layers.rnn._cell_layer import CellLayer
from schuss.layers.rnn._settings import given
from schuss.layers.rnn.lstm import forget_bias, gated_memory


class ConvLSTMCell(RecurrentCell):
    """One step of a `ConvLSTM2D`, or one with 1 or 3 spatial axes; the output is h'.

    Args:
        rank: the number of spatial axes. All others: as for `ConvLSTM2D`.

    Call arguments:
        inputs: images. states: ``[h, c]``, images with `filters` channels. training: bool.
    """

    gates, states, size_name = 4, 2, "filters"
    dropout_mask_count = 4
    rank: int
    filters: int
    unit_forget_bias: bool

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(given(locals()))
        owner = type(self).__name__
        self.kernel_size = numbers(owner, "kernel_size", kernel_size, rank)
        self.strides = numbers(owner, "strides", strides, rank)
        self.dilation_rate = numbers(owner, "dilation_rate", dilation_rate, rank)
        self.padding = checked_padding(owner, padding)
        self.data_format = checked_data_format(owner, data_format)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{owner}: `strides` above 1 and a `dilation_rate` above 1 exclude each other; got "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}."
            )

    def build(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, inputs_shape: Any, states_shape: Any = None
    ) -> None:
        spatial, channels = split_shape(self._label, tuple(inputs_shape), self.rank, self.data_format)
        if None in spatial or channels is None:
            raise ValueError(
                f"{self._label}: the sizes of images and the number of channels must be known, but the shape of a time "
                f"step's input is {tuple(inputs_shape)}."
            )
        self._image = self.state_shape(inputs_shape)[1:]
        n = self.filters
        self._make_weights(
            (*self.kernel_size, channels, 4 * n),
            (*self.kernel_size, n, 4 * n),
            (4 * n,),
            forget_bias(self.bias_initializer, n) if self.unit_forget_bias else None,
        )

    @property
    def _label(self) -> str:
        return f'Cell "{self.name}" ({type(self).__name__})'

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else -1 - self.rank

    def state_shape(self, inputs_shape: Any) -> tuple[Any, ...]:
        """The shape of the state, and of the output, for a time step's inputs."""
        shape = tuple(inputs_shape)
        spatial, _ = split_shape(self._label, shape, self.rank, self.data_format)
        sizes = positions(spatial, reaches(self.kernel_size, self.dilation_rate), self.strides, self.padding)
        if any(size is not None and size <= 0 for size in sizes):
            raise ValueError(
                f"{self._label}: the state would have the spatial sizes {sizes}, but none may be below 1. The shape of a "
                f"time step's input is {shape}, kernel_size is {self.kernel_size}. Use larger inputs, a smaller kernel, "
                "or padding='same'."
            )
        return joined_shape(shape[0], sizes, self.filters, self.data_format)

    def compute_output_shape(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, inputs_shape: Any, states_shape: Any = None
    ) -> Any:
        shape = self.state_shape(inputs_shape)
        return shape, [shape, shape]

    def state_shapes(self, batch_size: Any) -> list[tuple[Any, ...]]:
        return [(batch_size, *self._image)] * 2

    def project(self, inputs: Any, masks: Any) -> Any:
        x = product(inputs, self.kernel, masks, self._input_conv, self._channel_axis)
        if self.bias is None:
            return x
        spatial = () if self.data_format == "channels_last" else (1,) * self.rank
        return ops.add(x, ops.reshape(self.bias, (-1, *spatial)))

    def _input_conv(self, x: Any, kernel: Any) -> Any:
        """The convolution of images with any number of leading axes."""
        axes = self.rank + 1
        lead = tuple(x.shape[:-axes])
        y = ops.conv(
            ops.reshape(x, (-1, *x.shape[-axes:])),
            kernel,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return ops.reshape(y, (*lead, *y.shape[1:]))

    def step(self, projected: Any, states: Sequence[Any], masks: Any) -> list[Any]:
        h, c = states
        z = product(h, self.recurrent_kernel, masks, self._recurrent_conv, self._channel_axis)
        z = ops.add(projected, z)
        return list(gated_memory(z, c, self.activation, self.recurrent_activation, self._channel_axis))

    def _recurrent_conv(self, x: Any, kernel: Any) -> Any:
        return ops.conv(x, kernel, padding="same", data_format=self.data_format)


class _ConvLSTM(CellLayer):
    """An LSTM over images with `dimensions` spatial axes."""

    dimensions: ClassVar[int]
    cell_class, cell_name = ConvLSTMCell, "conv_lstm_cell"

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ):
        super().__init__({**given(locals()), "rank": self.dimensions})

    @property
    def _axes(self) -> int:
        return self.dimensions + 3

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, time = sequences_shape[:2]
        state = self.cell.state_shape((batch, *sequences_shape[2:]))
        return self._output_shapes(batch, time, state[1:], [state, state])

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["rank"]
        return config


class ConvLSTM1D(_ConvLSTM):
    """`ConvLSTM2D` for sequences of sequences: ``(batch, time, places, channels)``.

    Args: as for `ConvLSTM2D`, where pairs are single numbers.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.ConvLSTM1D(4, 3)(np.zeros((2, 5, 8, 1))).shape
        (2, 6, 4)
    """

    dimensions = 1


class ConvLSTM2D(_ConvLSTM):
    """An LSTM over sequences of images. With ``*`` a convolution, σ the `recurrent_activation` and φ the `activation`::

        i, f, o = σ(x * W + h * U + b), each with its own filters; g = φ(x * W + h * U + b) with its own
        c' = f·c + i·g
        h' = o·φ(c')

    The convolution of x has the `strides`, `padding` and `dilation_rate`; that of h leaves its size as it is.

    Args:
        filters: number of channels of h and c. Positive integer.
        kernel_size, strides, dilation_rate: an int for both axes, or a pair (rows, columns). Strides and dilations
            above 1 exclude each other. Default of the latter 1.
        padding: ``"valid"`` (default) or ``"same"``.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        activation: φ. Default ``"tanh"``. recurrent_activation: σ. Default ``"sigmoid"``.
        use_bias, kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint: as for `LSTM`.
        dropout, recurrent_dropout: shares of x and of h that are dropped in training, for each gate others. Default 0.
        seed: integer, for repeatable dropout. Default None.
        return_sequences, return_state, go_backwards, stateful: as for `RNN`. Default False.
        **kwargs: ``unroll``, ``zero_output_for_mask`` as for `RNN`; ``name``, ``dtype``, ``trainable``.

    Input shape: ``(batch, time, rows, columns, channels)``, for ``"channels_first"``
    ``(batch, time, channels, rows, columns)``; all but the first two must be known. Output shape:
    ``(batch, rows', columns', filters)``, with `return_sequences` time second.

    Weights: ``kernel`` W, ``(*kernel_size, channels, 4·filters)``; ``recurrent_kernel`` U,
    ``(*kernel_size, filters, 4·filters)``; ``bias`` b, ``(4·filters,)``.

    Source: Shi et al., Convolutional LSTM Network (2015).

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True)
        >>> layer(np.zeros((2, 5, 8, 8, 1))).shape
        (2, 5, 8, 8, 4)
    """

    dimensions = 2


class ConvLSTM3D(_ConvLSTM):
    """`ConvLSTM2D` for sequences of volumes: ``(batch, time, depth, rows, columns, channels)``.

    Args: as for `ConvLSTM2D`, where pairs are three numbers.
    """

    dimensions = 3
