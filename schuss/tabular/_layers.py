"""Layers for what tables have and networks do not take: gaps, and dates."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Reading, Text, as_text
from schuss.layers import Layer
from schuss.layers._symbolic import KerasTensor
from schuss.tabular import _dates


class FillMissing(Layer):
    """Numbers without gaps: ``y = x`` where there is a number, `fill` where x is NaN; behind them, for some of the
    columns, 1 where it was missing and 0 elsewhere.

    Args:
        fill: for each of the n columns what takes the place of NaN, such as the median.
        indicate: the places of the columns that get an indicator; default all.

    Input: floats ``[batch, n]``. Output: float64 ``[batch, n + len(indicate)]``.

    Raises:
        ValueError: places that are no columns; an input of another width.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.tabular.FillMissing(fill=[5.0, 7.0], indicate=[1])
        >>> np.asarray(layer(np.array([[1.0, 2.0], [np.nan, np.nan]]))).tolist()
        [[1.0, 2.0, 0.0], [5.0, 7.0, 1.0]]
    """

    def __init__(self, fill: Any, indicate: Any = None, **kwargs: Any):
        super().__init__(**{"dtype": "float64", **kwargs})
        self.fill = [float(value) for value in fill]
        self.indicate = (
            list(range(len(self.fill))) if indicate is None else [int(place) for place in indicate]
        )
        if any(not 0 <= place < len(self.fill) for place in self.indicate):
            raise ValueError(
                f"FillMissing: `indicate` must be places of {len(self.fill)} columns, got {self.indicate}."
            )

    def call(self, inputs: Any) -> Any:
        if inputs.shape[-1] != len(self.fill):
            raise ValueError(
                f'Layer "{self.name}" (FillMissing) was made for {len(self.fill)} columns, but received {inputs.shape[-1]}.'
            )
        missing = ops.isnan(inputs)
        filled = ops.where(missing, np.array(self.fill, "float64"), inputs)
        if not self.indicate:
            return filled
        flags = ops.cast(missing, "float64")
        chosen = flags if len(self.indicate) == len(self.fill) else ops.take(flags, self.indicate, axis=-1)
        return ops.concatenate([filled, chosen], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], len(self.fill) + len(self.indicate))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fill": self.fill, "indicate": self.indicate}


class WholeNumbers(Layer):
    """Floats as int64, NaN as `missing`: what `IntegerLookup` takes.

    Args:
        missing: default −2³¹ + 1.

    Input: floats of any shape. Output: int64 of that shape.

    Example:
        >>> import numpy as np, schuss
        >>> np.asarray(schuss.tabular.WholeNumbers(missing=-1)(np.array([[3.0], [np.nan]]))).tolist()
        [[3], [-1]]
    """

    def __init__(self, missing: int = -(2**31) + 1, **kwargs: Any):
        super().__init__(**{"dtype": "float64", **kwargs})
        self.missing = int(missing)

    def call(self, inputs: Any) -> Any:
        limited = ops.clip(inputs, -(2.0**31) + 2, 2.0**31 - 1)
        return ops.cast(ops.where(ops.isnan(inputs), float(self.missing), limited), "int64")

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(inputs.shape, "int64")

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "missing": self.missing}


class DateParts(Layer):
    """Dates, as they are written, as numbers: time that has passed, year, season, month, weekday, day, hour.

    Args:
        format: one of ``"year-month-day"``, ``"month/day/year"``, ``"day.month.year"``, ``"named month"``, ``"年月日"``,
            ``"year-month"``, ``"hour:minute"``, ``"yearmonthday"``; or several of them with ``" or "`` between: the first
            that fits is taken. A time may follow a date.
        parts: which; default all. ``"elapsed"`` 1 number: ``(t − origin) / scale``; ``"year"`` 1: years since that of
            origin, by ten; ``"season"`` 4: sine and cosine of the angle in the year and of twice that; ``"month"`` 12 and
            ``"weekday"`` 7: ones and zeros; ``"day"`` 1: −1 … 1 in the month; ``"hour"`` 4: as season, in the day.
        origin, scale: in seconds since 1970, and seconds. Default 2000-01-01 and a year.

    Input: strings ``[batch, 1]``. Output: float32 ``[batch, numbers + 1]``; the last is 1 where there is no date (or none
    that can be read), and the others 0.

    Raises:
        ValueError: unknown format or parts. TypeError: the input is no text.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.tabular.DateParts("year-month-day", parts=["year", "day"])
        >>> np.asarray(layer(np.array([["2010-03-31"], [""]]))).tolist()
        [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    takes_text = True

    def __init__(
        self,
        format: str = "year-month-day",
        parts: Any = None,
        origin: float = 946684800.0,
        scale: float = 365.25 * 86400,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.autocast = False
        try:
            _dates.reader(format)
        except KeyError:
            raise ValueError(
                f"DateParts: `format` must be one of {list(_dates.FORMATS)}, or several with ' or ' between them, got "
                f"{format!r}."
            ) from None
        self.format, self.origin, self.scale = format, float(origin), float(scale)
        self.parts = list(_dates.SIZES if parts is None else parts)
        unknown = [part for part in self.parts if part not in _dates.SIZES]
        if unknown or not self.parts:
            raise ValueError(f"DateParts: `parts` must be of {list(_dates.SIZES)}, got {self.parts}.")
        self._size = sum(_dates.SIZES[part] for part in self.parts) + 1
        self._reading = Reading(
            f'layer "{self.name}"', self._numbers, lambda shape: (shape[0], self._size), "float32"
        )

    @property
    def input_dtype(self) -> str:
        return "string"

    def _numbers(self, strings: np.ndarray) -> np.ndarray:
        texts = [text.decode() if isinstance(text, bytes) else text for text in strings.reshape(-1).tolist()]
        values = _dates.seconds((text.strip() for text in texts), self.format)
        return _dates.parts(values, self.parts, self.origin, self.scale)

    def call(self, inputs: Any) -> Any:
        if isinstance(inputs, Text):
            return inputs.numbers(self._reading)
        strings = as_text(inputs)
        if strings is None:
            raise TypeError(
                f'Layer "{self.name}" (DateParts) reads strings, but received {type(inputs).__name__}.'
            )
        return ops.cast(self._numbers(strings), "float32")

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor((inputs.shape[0], self._size), "float32")

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self._size)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "format": self.format,
            "parts": self.parts,
            "origin": self.origin,
            "scale": self.scale,
        }
