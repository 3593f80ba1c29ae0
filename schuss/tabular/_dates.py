"""Dates and times as people write them: recognized, read, and taken apart."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import numpy as np

_TIME = r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?$"
_MONTHS = {
    word: number
    for number, words in enumerate(
        [
            "jan january januar", "feb february februar", "mar march mär märz", "apr april", "may mai", "jun june juni",
            "jul july juli", "aug august", "sep sept september", "oct october okt oktober", "nov november",
            "dec december dez dezember",
        ],
        start=1,
    )
    for word in words.split()
}  # fmt: skip


def _pattern(date: str) -> re.Pattern[str]:
    return re.compile(r"^(?:[A-Za-z]{2,9}\.?,?\s+)?" + date + _TIME)


_YMD = _pattern(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DMY = _pattern(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_D_NAME_Y = _pattern(r"(\d{1,2})\.?[ -]+([A-Za-zäé]{3,9})\.?,?[ -]+(\d{4})")
_NAME_D_Y = re.compile(
    r"^(?:[A-Za-z]{2,9},\s+)?([A-Za-zäé]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})" + _TIME
)
_Y_M = re.compile(r"^(\d{4})[-/](\d{1,2})$")
_CHINESE = re.compile(r"^(\d{4})年(\d{1,2})月(\d{1,2})日" + _TIME)
_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?$")


def _year(text: str) -> int:
    """Two digits: the years 1970 to 2069, as POSIX has it (69 there)."""
    return int(text) if len(text) == 4 else int(text) + (1900 if int(text) >= 70 else 2000)


def _clock(match: re.Match[str], first: int) -> int:
    """Seconds since midnight; −1 if there is no such time."""
    hour, minute, second, half = match.groups()[first : first + 4]
    if hour is None:
        return 0
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    if half:
        hours = hours % 12 + (12 if half[0] in "pP" else 0)
    return hours * 3600 + minutes * 60 + seconds if hours < 24 and minutes < 60 and seconds < 61 else -1


def _seconds(year: int, month: int, day: int, clock: int) -> float:
    if clock < 0:
        return math.nan
    try:
        return datetime(year, month, day, tzinfo=UTC).timestamp() + clock
    except ValueError:
        return math.nan


def _iso(text: str) -> float:
    match = _YMD.match(text)
    return _seconds(int(match[1]), int(match[2]), int(match[3]), _clock(match, 3)) if match else math.nan


def _day_first(text: str) -> float:
    match = _DMY.match(text)
    return _seconds(_year(match[3]), int(match[2]), int(match[1]), _clock(match, 3)) if match else math.nan


def _month_first(text: str) -> float:
    match = _DMY.match(text)
    return _seconds(_year(match[3]), int(match[1]), int(match[2]), _clock(match, 3)) if match else math.nan


def _compact(text: str) -> float:
    match = _COMPACT.match(text)
    if not match or not 1900 <= int(match[1]) <= 2100:
        return math.nan
    return _seconds(int(match[1]), int(match[2]), int(match[3]), 0)


def _named_month(text: str) -> float:
    match = _D_NAME_Y.match(text)
    if match:
        month = _MONTHS.get(match[2].lower())
        return _seconds(int(match[3]), month, int(match[1]), _clock(match, 3)) if month else math.nan
    match = _NAME_D_Y.match(text)
    month = _MONTHS.get(match[1].lower()) if match else None
    return _seconds(int(match[3]), month, int(match[2]), _clock(match, 3)) if match and month else math.nan


def _year_month(text: str) -> float:
    match = _Y_M.match(text)
    return (
        _seconds(int(match[1]), int(match[2]), 1, 0) if match and 1800 <= int(match[1]) <= 2200 else math.nan
    )


def _chinese(text: str) -> float:
    match = _CHINESE.match(text)
    return _seconds(int(match[1]), int(match[2]), int(match[3]), _clock(match, 3)) if match else math.nan


def _clock_only(text: str) -> float:
    match = _CLOCK.match(text)
    clock = _clock(match, 0) if match else -1
    return float(clock) if clock >= 0 else math.nan


FORMATS: dict[str, Callable[[str], float]] = {
    "year-month-day": _iso,
    "month/day/year": _month_first,
    "day.month.year": _day_first,
    "named month": _named_month,
    "年月日": _chinese,
    "year-month": _year_month,
    "hour:minute": _clock_only,
    "yearmonthday": _compact,
}
"""How dates are written → what reads one as seconds since 1970 (or midnight), by the clock on the wall; NaN: is none."""

_TOGETHER = ("year-month-day", "month/day/year", "day.month.year", "named month", "年月日")
"""Formats that may occur in one column."""

_EITHER = {"month/day/year", "day.month.year"}


def found_format(values: Iterable[str]) -> tuple[str, float] | None:
    """The format by which most of these are dates, and the share that is; None for fewer than nine in ten.

    Where day and month could be either, American dates (month first) are assumed for slashes only.
    """
    texts = list(values)
    if not texts:
        return None
    best: tuple[str, float] | None = None
    for name, read in FORMATS.items():
        share = sum(not math.isnan(read(text)) for text in texts) / len(texts)
        ahead = best is None or share > best[1] + 1e-9
        tied_dots = best and best[0] == "month/day/year" and name == "day.month.year" and share >= best[1]
        if share >= 0.9 and (ahead or (tied_dots and not any("/" in text for text in texts))):
            best = name, share
    return best or _found_formats(texts)


def _found_formats(texts: list[str]) -> tuple[str, float] | None:
    """Two or three formats by which most of these are dates, each of a part: ``"year-month-day or day.month.year"``; never
    both day first and month first."""
    rest, chosen = texts, []
    while len(chosen) < 3 and len(rest) > 0.1 * len(texts):
        left = {
            name: [t for t in rest if math.isnan(FORMATS[name](t))]
            for name in _TOGETHER
            if name not in chosen
        }
        name = min(left, key=lambda name: len(left[name]))
        if len(rest) - len(left[name]) < 0.05 * len(texts) or {*chosen, name} >= _EITHER:
            return None
        rest, chosen = left[name], [*chosen, name]
    return (" or ".join(chosen), 1 - len(rest) / len(texts)) if len(rest) <= 0.1 * len(texts) else None


def reader(form: str) -> Callable[[str], float]:
    """What reads a date that is written in this way, or, where several are named with "or", in the first of them that fits.

    Raises:
        KeyError: there is no such format.
    """
    readers = [FORMATS[name] for name in form.split(" or ")]
    if len(readers) == 1:
        return readers[0]
    return lambda text: next((value for read in readers if not math.isnan(value := read(text))), math.nan)


def seconds(texts: Iterable[str], form: str) -> np.ndarray:
    """Texts as seconds since 1970, float64; NaN for what is no date."""
    read, known = reader(form), {}
    values = []
    for text in texts:
        value = known.get(text)
        if value is None:
            value = known[text] = read(text)
            if len(known) > 200_000:
                known.clear()
        values.append(value)
    return np.array(values, "float64")


_DAY = 86400.0
SIZES = {"elapsed": 1, "year": 1, "season": 4, "month": 12, "weekday": 7, "day": 1, "hour": 4}
"""What a date is taken apart into → how many numbers that is."""


def parts(values: np.ndarray, names: Sequence[str], origin: float, scale: float) -> np.ndarray:
    """Dates taken apart, float32 ``[n, numbers + 1]``: those of `names`, then whether the date is missing.

    Args:
        values: seconds since 1970, NaN where there is no date (all its numbers are 0 then).
        names: of `SIZES`. elapsed: ``(t − origin) / scale``, within ±5; year: years since that of origin, by ten; season:
            sine and cosine of the angle in the year, and of twice that; month, weekday: ones and zeros (January and Monday
            first); day: −1 … 1; hour: as season, in the day.
        origin, scale: in seconds.
    """
    known = np.isfinite(values)
    when = np.where(known, values, origin)
    days = np.floor(when / _DAY)
    dates = days.astype("int64").astype("datetime64[D]")
    months, years = dates.astype("datetime64[M]"), dates.astype("datetime64[Y]")
    columns: list[np.ndarray] = []
    for name in names:
        if name == "elapsed":
            columns.append(np.clip((when - origin) / scale, -5, 5)[:, None])
        elif name == "year":
            first = int(np.datetime64(int(origin // _DAY), "D").astype("datetime64[Y]").astype("int64"))
            columns.append((years.astype("int64") - first)[:, None] / 10.0)
        elif name == "season":
            columns.append(_circle((dates - years).astype("int64") / 365.25))
        elif name == "month":
            columns.append(np.eye(12)[(months - years).astype("int64")])
        elif name == "weekday":
            columns.append(np.eye(7)[(days.astype("int64") + 3) % 7])  # 1970 began on a Thursday
        elif name == "day":
            columns.append(((dates - months).astype("int64")[:, None] - 15) / 15.0)
        elif name == "hour":
            columns.append(_circle((when - days * _DAY) / _DAY))
    found = np.where(known[:, None], np.concatenate(columns, axis=1), 0.0)
    return np.concatenate([found, ~known[:, None]], axis=1).astype("float32")


def _circle(turns: np.ndarray) -> np.ndarray:
    angles = 2 * np.pi * turns[:, None] * np.array([1.0, 2.0])
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def varying_parts(values: np.ndarray, form: str) -> list[str]:
    """Which parts say something: those that differ among the dates."""
    values = values[np.isfinite(values)]
    if form == "hour:minute":
        return ["hour"]
    days = np.floor(values / _DAY).astype("int64")
    dates = days.astype("datetime64[D]")
    months, years = dates.astype("datetime64[M]"), dates.astype("datetime64[Y]")
    several = {
        "elapsed": len(np.unique(values)) > 1,
        "year": len(np.unique(years)) > 1,
        "season": len(np.unique(months - years)) > 1,
        "month": len(np.unique(months - years)) > 2,
        "weekday": len(np.unique(days % 7)) > 1,
        "day": len(np.unique(dates - months)) > 1,
        "hour": bool(np.any(values % _DAY)),
    }
    return [name for name in SIZES if several[name]]
