"""Inputs as a page can show them: pictures, sounds to be played, texts, series, rows of a table."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.insight._html import escape, image_uri, number, sound_uri, wave_uri

KINDS = ("picture", "sound", "text", "series", "table")
_LEAST_SOUND = 2000
_MOST_CELLS = 12
_MOST_CHARACTERS = 600


@dataclass
class Drawer:
    """Draws one of a model's inputs.

    Attributes:
        name: of the input. kind: one of `KINDS`.
        values: all rows: arrays [rows, …]. names: of the columns of a table.
        rate: of sounds, samples in a second. shape: of pictures that come as a line of numbers. decode: from the
            integers of a row to text.
    """

    name: str
    kind: str
    values: np.ndarray
    names: Sequence[str] | None = None
    rate: int = 16000
    shape: tuple[int, ...] | None = None
    decode: Callable[[np.ndarray], str] | None = None
    _usual: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)

    def html(self, row: int) -> str:
        """The input of a row."""
        return getattr(self, f"_{self.kind}")(np.asarray(self.values[row]))

    @property
    def is_broad(self) -> bool:
        """Whether it needs room to be read."""
        return self.kind in ("text", "table", "sound", "series")

    def _picture(self, value: np.ndarray) -> str:
        return _image(image_uri(self._pixels(value)), self.name)

    def _pixels(self, value: np.ndarray) -> np.ndarray:
        if self.shape is not None:
            value = value.reshape(self.shape)
        elif value.ndim == 1:
            side = math.isqrt(value.size)
            value = value.reshape(side, side)
        while value.ndim > 3:
            value = value[len(value) // 2]  # of films and volumes the middle
        if value.ndim == 3 and value.shape[-1] > 4:
            value = np.moveaxis(value, 0, -1) if value.shape[0] <= 4 else value.mean(axis=-1)
        return value[..., :1] if value.ndim == 3 and value.shape[-1] == 2 else value

    def _sound(self, value: np.ndarray) -> str:
        drawn = _image(wave_uri(value), f"{self.name}: the sound's shape", "wave")
        player = f'<audio controls preload="none" src="{sound_uri(value, self.rate)}"></audio>'
        return drawn + player

    def _series(self, value: np.ndarray) -> str:
        lines = value.reshape(len(value), -1).T[:4]
        return "".join(_image(wave_uri(line), f"{self.name}: the series' shape", "wave") for line in lines)

    def _text(self, value: np.ndarray) -> str:
        if self.decode is not None:
            text = str(self.decode(value))
        elif value.dtype.kind in "OUS":
            text = " ".join(_decoded(part) for part in np.ravel(value))
        else:
            text = " ".join(str(v) for v in np.ravel(value)[:_MOST_CHARACTERS])
        text = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
        return f"<blockquote>{escape(text)}</blockquote>"

    def _table(self, value: np.ndarray) -> str:
        """The row's values; of many columns those that are farthest from what is usual."""
        flat = np.ravel(value)
        names = self.names if self.names is not None and len(self.names) == flat.size else None
        chosen, note = range(flat.size), ""
        if flat.size > _MOST_CELLS:
            mean, std = self._usual_values()
            unusual = np.argsort(-abs(np.nan_to_num((_numbers(flat) - mean) / std)), kind="stable")
            chosen = np.sort(unusual[:_MOST_CELLS])
            note = f'<p class="note">the {_MOST_CELLS} most unusual of {flat.size}</p>'
        cells = "".join(
            f"<tr><th>{escape(names[i] if names else f'column {i}')}</th>"
            f'<td class="right">{escape(_value(flat[i]))}</td></tr>'
            for i in chosen
        )
        return f"<table><tbody>{cells}</tbody></table>{note}"

    def _usual_values(self) -> tuple[np.ndarray, np.ndarray]:
        if self._usual is None:
            flat = _numbers(self.values.reshape(len(self.values), -1))
            with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # columns of NaN
                mean, std = np.nanmean(flat, axis=0), np.nanstd(flat, axis=0)
            self._usual = mean, np.where(std > 0, std, 1.0)
        return self._usual


def drawers(
    arrays: Sequence[np.ndarray],
    names: Sequence[str],
    show: str | Mapping[str, str] | None = None,
    columns: Sequence[str] | None = None,
    rate: int = 16000,
    shape: tuple[int, ...] | None = None,
    decode: Callable[[np.ndarray], str] | None = None,
) -> list[Drawer]:
    """How to draw each input: as `show` says, a kind for all or a dict by names; else by its shape and values. Inputs of one
    value in a row are columns of one table, if there are several."""
    made = []
    single = [math.prod(array.shape[1:]) == 1 for array in arrays]
    if show is None and decode is None and sum(single) > 1:
        cells = [array.reshape(-1, 1).astype(object) for array, one in zip(arrays, single) if one]
        named = [name for name, one in zip(names, single) if one]
        made.append(Drawer("inputs", "table", np.concatenate(cells, axis=1), named))
    else:
        single = [False] * len(arrays)
    for array, name, is_column in zip(arrays, names, single, strict=True):
        if is_column:
            continue
        asked = show.get(name) if isinstance(show, Mapping) else show
        if asked not in (None, "auto", *KINDS):
            raise ValueError(
                f"report: `show` must be one of {', '.join(KINDS)}, or a dict of them, got {asked!r}."
            )
        kind = asked if asked in KINDS else _kind_of(array, decode is not None)
        if kind == "picture":
            _check_picture(array, name, shape)
        of_words = decode if array.dtype.kind in "iu" else None
        made.append(Drawer(name, kind, array, columns, rate, shape if kind == "picture" else None, of_words))
    return made


def _numbers(values: np.ndarray) -> np.ndarray:
    """Values as float64; texts, and what is missing, as NaN."""
    if values.dtype.kind != "O":
        return values.astype("float64")
    flat = [
        value if isinstance(value, (int, float, np.number)) else math.nan for value in values.ravel().tolist()
    ]
    return np.array(flat, "float64").reshape(values.shape)


def _kind_of(array: np.ndarray, is_decoded: bool) -> str:
    shape = array.shape[1:]
    if array.dtype.kind in "OUS" or (is_decoded and array.dtype.kind in "iu" and len(shape) <= 1):
        return "text"
    if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1):
        return _kind_of_line(array.reshape(len(array), -1))
    if len(shape) == 2:
        return "series" if shape[1] <= 4 else "picture"
    return "picture" if len(shape) >= 3 and min(shape[:2]) > 1 else "table"


def _kind_of_line(array: np.ndarray) -> str:
    """Of rows that are lines of numbers: sounds are long, and go below and above 0; pictures are squares of bytes, or of
    numbers of which none is negative."""
    size = array.shape[1]
    side = math.isqrt(size)
    some = array[:64]
    if side >= 16 and side * side == size and (array.dtype == np.uint8 or (some.size and some.min() >= 0)):
        return "picture"
    if size >= _LEAST_SOUND and array.dtype.kind in "fi":
        return "sound"
    return "table"


def _check_picture(array: np.ndarray, name: str, shape: tuple[int, ...] | None) -> None:
    size = int(np.prod(array.shape[1:], dtype=np.int64))
    if shape is not None and int(np.prod(shape)) != size:
        raise ValueError(
            f"report: `image_shape` {shape} has {int(np.prod(shape))} numbers, but a row of {name!r} has {size}."
        )
    if shape is None and array.ndim == 2 and math.isqrt(size) ** 2 != size:
        raise ValueError(
            f"report: a row of {name!r} has {size} numbers, which are no square: pass `image_shape=(height, width)`."
        )


def _image(uri: str, alt: str, kind: str = "") -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<img{of_kind} alt="{escape(alt)}" src="{uri}">'


def _decoded(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _value(value: Any) -> str:
    return number(value) if isinstance(value, (int, float, np.number)) else _decoded(value)
