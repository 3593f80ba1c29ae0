"""Cropping and zero padding: the borders of sequences, images and volumes taken away or added."""

from __future__ import annotations

from typing import Any, ClassVar

from schuss import ops
from schuss.config import checked_data_format
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer


def _borders(owner: str, argument: str, given: Any, dimensions: int) -> tuple[tuple[int, int], ...]:
    """For each spatial axis how much at its start and end; from one number, one for each axis, or pairs."""
    if is_integer(given):
        given = (given,) * dimensions
    elif dimensions == 1:
        given = (given,)
    if isinstance(given, (list, tuple)) and len(given) == dimensions:
        pairs = [(n, n) if is_integer(n) else n for n in given]
        if all(isinstance(p, (list, tuple)) and len(p) == 2 for p in pairs) and all(
            is_integer(n) and n >= 0 for pair in pairs for n in pair
        ):
            return tuple((int(a), int(b)) for a, b in pairs)
    several = "" if dimensions == 1 else f", {dimensions} integers or {dimensions} pairs"
    raise ValueError(
        f"{owner}: `{argument}` must be an integer ≥ 0{several or ' or a pair (start, end)'}; got {given!r}."
    )


class _Border(Layer):
    """A layer that changes the sizes of its spatial axes, of which there are `dimensions`.

    Subclasses say the name of the argument and whether it adds (+1) or takes away (−1).
    """

    dimensions: ClassVar[int]
    argument: ClassVar[str]
    sign: ClassVar[int]

    def __init__(self, amounts: Any, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.data_format = checked_data_format(owner, data_format)
        self._amounts = _borders(owner, self.argument, amounts, self.dimensions)
        self.input_spec = InputSpec(ndim=self.dimensions + 2)
        self.built = True

    @property
    def _given(self) -> Any:
        return self._amounts[0] if self.dimensions == 1 else self._amounts

    @property
    def _all_axes(self) -> tuple[tuple[int, int], ...]:
        """How much at the start and end of each axis of the input."""
        none = ((0, 0),)
        last = self.data_format == "channels_last"
        return none + self._amounts + none if last else none + none + self._amounts

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = tuple(
            None if n is None else n + self.sign * (a + b)
            for n, (a, b) in zip(input_shape, self._all_axes, strict=True)
        )
        if any(n is not None and n <= 0 < a + b for n, (a, b) in zip(sizes, self._all_axes, strict=True)):
            raise ValueError(
                f'Layer "{self.name}": `{self.argument}` {self._given} must be smaller than the sizes of the input, '
                f"which has the shape {tuple(input_shape)}."
            )
        return sizes

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), self.argument: self._given, "data_format": self.data_format}


class _Cropping(_Border):
    argument, sign = "cropping", -1

    @property
    def cropping(self) -> Any:
        """How much is taken away at the start and end of each spatial axis."""
        return self._given

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)  # an error if nothing would be left
        return inputs[tuple(slice(a, n - b) for n, (a, b) in zip(inputs.shape, self._all_axes, strict=True))]


class _ZeroPadding(_Border):
    argument, sign = "padding", 1

    @property
    def padding(self) -> Any:
        """How many zeros are added at the start and end of each spatial axis."""
        return self._given

    def call(self, inputs: Any) -> Any:
        return ops.pad(inputs, self._all_axes)


class Cropping1D(_Cropping):
    """Time steps taken away: ``(batch, time, features)`` → ``(batch, time − start − end, features)``.

    Args:
        cropping: how many at the start and at the end: an int for both, or a pair.

    Raises:
        ValueError: nothing would be left.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Cropping1D((0, 1))(np.array([[[1.0], [2.0], [3.0]]])).tolist()
        [[[1.0], [2.0]]]
    """

    dimensions = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any):
        super().__init__(cropping, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["data_format"]
        return config


class Cropping2D(_Cropping):
    """The borders of images taken away.

    Args:
        cropping: an int for all four sides, a pair (top and bottom, left and right), or pairs
            ``((top, bottom), (left, right))``.
        data_format: ``"channels_last"`` (default): ``(batch, height, width, channels)``; or
            ``"channels_first"``.
    """

    dimensions = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any):
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping):
    """The borders of volumes taken away.

    Args:
        cropping: an int, three ints, or three pairs. data_format: as in `Cropping2D`.
    """

    dimensions = 3

    def __init__(
        self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ):
        super().__init__(cropping, data_format, **kwargs)


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after a sequence: ``(batch, time, features)`` → ``(batch, start + time + end, features)``.

    Args:
        padding: how many at the start and at the end: an int for both, or a pair.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.ZeroPadding1D((0, 1))(np.array([[[1.0], [2.0]]])).tolist()
        [[[1.0], [2.0], [0.0]]]
    """

    dimensions = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding2D(_ZeroPadding):
    """Zeros around images.

    Args:
        padding: an int for all four sides, a pair (top and bottom, left and right), or pairs
            ``((top, bottom), (left, right))``.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
    """

    dimensions = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes.

    Args:
        padding: an int, three ints, or three pairs. data_format: as in `ZeroPadding2D`.
    """

    dimensions = 3

    def __init__(
        self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ):
        super().__init__(padding, data_format, **kwargs)
