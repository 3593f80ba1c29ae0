"""What kind of column each one is, and what is done with it: decided from what was seen of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from schuss.tabular._cells import are_truths, numbers
from schuss.tabular._dates import SIZES, found_format, seconds, varying_parts
from schuss.tabular._scan import Scanned

MOST_CATEGORIES = 10_000
_FEW = 12  # whole numbers that are also looked up: at most so many different ones
_STRAY = 0.05  # of a column of numbers may be no numbers
_ID = re.compile(
    r"(^|[_\s.\-])(id|ids|uuid|guid|idx|index|rowid|key)$|^(id|rowid|rownum|unnamed)([_\s:.\-]|$)|[a-z](Id|ID)$",
    re.I,
)


@dataclass
class Column:
    """A column of a table, and what is done with it. Plain values only: a model keeps them.

    Attributes:
        name: as in the table.
        kind: ``"number"``; ``"whole"``: integers of few values, taken as numbers and as categories; ``"category"``,
            ``"truth"``; ``"date"``; ``"text"``; ``"dropped"``.
        what: in words, for people.
        missing: how many cells were empty. stray: how many were not what the others are.
        settings: of the kind. number, whole: fill, mean, deviation, and for long tails: median, spread. whole, category,
            truth: values. date: format, parts, origin, scale. text: words, length, split.
        warnings: what one should know.
    """

    name: str
    kind: str
    what: str
    missing: int = 0
    stray: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def column_of(seen: Scanned, decimal: str, rows: int) -> Column:
    """The kind of a column, and how it becomes numbers.

    Args:
        seen: what was seen of it. decimal: what stands before fractions. rows: of the table.
    """
    if not seen.filled:
        return Column(seen.name, "dropped", "empty", seen.missing)
    if seen.distinct == 1 and not seen.missing:
        return Column(seen.name, "dropped", f"the same in every row: {_shown(next(iter(seen.counts)))}")
    if seen.numeric and seen.bad_count <= _STRAY * seen.filled:
        return _of_numbers(seen, decimal)
    return _of_texts(seen, rows)


# Numbers ---


def _of_numbers(seen: Scanned, decimal: str) -> Column:
    sample, _ = numbers(seen.sample, decimal)
    sample = sample[np.isfinite(sample)]
    if not len(sample):
        return Column(seen.name, "dropped", "empty in nearly every row", seen.missing)
    unique = len(np.unique(sample)) == len(sample)
    if (
        seen.whole
        and unique
        and not seen.missing
        and (seen.steady or _ID.search(seen.name))
        and seen.rows > 2
    ):
        why = "counts the rows" if seen.steady else "another number in every row"
        return Column(seen.name, "dropped", f"an id: {why}", seen.missing)
    if seen.whole and seen.least >= 19000101 and seen.most <= 21001231:
        found = found_format(seen.sampled())
        if found and found[0] == "yearmonthday" and found[1] > 0.99:
            return _of_dates(seen, "yearmonthday")
    column = Column(seen.name, "number", _range(seen), seen.missing, seen.bad_count, _scaling(sample))
    if seen.bad:
        place, cell = seen.bad[0]
        more = f", and {seen.bad_count - 1} more" if seen.bad_count > 1 else ""
        column.warnings.append(f"{place}: {_shown(cell)} is no number; taken as missing{more}")
    if "median" in column.settings:
        column.what += ", long tails"
    if seen.whole and 3 <= seen.distinct <= _FEW and seen.rows >= 10 * seen.distinct:
        column.kind = "whole"
        values = {int(value): times for value, times in _whole_counts(seen, decimal)}
        column.settings["values"] = _frequent(values, 1)
        column.what = f"integers of {seen.distinct} values, {_range(seen)}"
    return column


def _whole_counts(seen: Scanned, decimal: str) -> Iterable[tuple[float, int]]:
    texts = list(seen.counts)
    values, _ = numbers(texts, decimal)
    return [(value, seen.counts[text]) for value, text in zip(values.tolist(), texts) if value == value]


def _range(seen: Scanned) -> str:
    kind = "" if not seen.whole else "integers "
    return f"{kind}{seen.least:.6g} … {seen.most:.6g}"


def _scaling(sample: np.ndarray) -> dict[str, Any]:
    """Median for gaps, mean and deviation; of columns with long tails, median and spread of the stretch to be squeezed.

    Long tails: some of the numbers are more than 12 deviations of a normal distribution with these quartiles away.
    """
    low, median, high = np.quantile(sample, [0.25, 0.5, 0.75])
    spread = (high - low) / 1.349
    settings = {"fill": float(median)}
    far = np.abs(sample - median).max()
    if spread > 0 and far > 12 * spread:
        settings |= {"median": float(median), "spread": float(spread)}
        sample = np.arcsinh((sample - median) / spread)
    return settings | {"mean": float(sample.mean()), "deviation": float(sample.std()) or 1.0}


# Texts ---


def _of_texts(seen: Scanned, rows: int) -> Column:
    if not seen.too_many and are_truths(seen.counts):
        settings = {"values": _frequent(seen.counts, 1)}
        return Column(seen.name, "truth", "yes or no", seen.missing, settings=settings)
    sample = seen.sampled()
    found = found_format(sample[:2000]) if seen.distinct > 2 else None
    if found:
        return _of_dates(seen, found[0])
    words = sum(len(cell.split()) for cell in sample) / max(1, len(sample))
    letters = sum(map(len, sample)) / max(1, len(sample))
    variety = len(set(sample)) / max(1, len(sample)) if seen.too_many else seen.distinct / seen.filled
    wordless = words < 2 and letters > 12 and _without_spaces(sample)
    if variety > 0.3 and (words >= 4 or wordless) and len(sample) >= 20:
        return _of_prose(seen, sample, wordless, words)
    if variety > 0.9 and seen.filled >= 20:
        if words >= 2:
            return _of_prose(seen, sample, False, words)
        return Column(seen.name, "dropped", "an id: another value in nearly every row", seen.missing)
    return _of_categories(seen, rows)


def _of_categories(seen: Scanned, rows: int) -> Column:
    least = 1 if seen.distinct <= 20 else 2 if rows < 100_000 else 10
    values = _frequent(seen.counts, least)
    if not values:
        return Column(seen.name, "dropped", "no value occurs twice", seen.missing)
    rare = seen.distinct - len(values)
    what = f"{len(values):,} categories" + (f" (and {rare:,} rare ones, taken as one)" if rare else "")
    return Column(seen.name, "category", what, seen.missing, settings={"values": values})


def _of_dates(seen: Scanned, form: str) -> Column:
    values = seconds(seen.sampled(), form)
    known = values[np.isfinite(values)]
    parts = varying_parts(known, form)
    if not parts:
        return Column(seen.name, "dropped", "the same date in every row", seen.missing)
    settings = {
        "format": form,
        "parts": parts,
        "origin": float(known.mean()),
        "scale": float(known.std()) or 1.0,
    }
    unread = len(values) - len(known)
    shown = ", ".join(part for part in SIZES if part in parts)
    column = Column(seen.name, "date", f"dates ({form}): {shown}", seen.missing, unread, settings)
    if unread:
        odd = next(cell for cell, value in zip(seen.sampled(), values) if value != value)
        column.warnings.append(f"{_shown(odd)} and such are no dates ({form}); taken as missing")
    return column


def _of_prose(seen: Scanned, sample: list[str], wordless: bool, words: float) -> Column:
    split = "character" if wordless else "whitespace"
    sizes = [len(cell) if wordless else len(cell.split()) for cell in sample]
    length = int(np.clip(np.quantile(sizes, 0.95), 4, 256))
    vocabulary = _words(sample, split)
    if not vocabulary:
        return Column(seen.name, "dropped", "texts without a word in common", seen.missing)
    what = f"free text, {len(vocabulary):,} {'letters' if wordless else 'words'}, {words:.0f} in a row"
    return Column(
        seen.name,
        "text",
        what,
        seen.missing,
        settings={"words": vocabulary, "length": length, "split": split},
    )


def _words(sample: list[str], split: str) -> list[str]:
    from schuss.layers import TextVectorization

    layer = TextVectorization(split=split)
    layer.adapt(np.array(sample, object))
    tokens = layer.get_vocabulary()[2:]
    numbered = np.asarray(layer(np.array(sample, object)))
    times = np.bincount(numbered.ravel(), minlength=len(tokens) + 2)[2:]
    least = 2 if len(sample) < 2000 else 4
    return [token for token, n in zip(tokens, times.tolist()) if n >= least][:20_000]


def _without_spaces(sample: list[str]) -> bool:
    """Whether these are words of a language that puts no spaces between them."""
    letters = "".join(sample[:500])
    return bool(letters) and sum(
        "\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in letters
    ) > 0.5 * len(letters)


def _frequent(counts: Any, least: int) -> list[Any]:
    """Values that occur so often, most frequent ones first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return [value for value, times in ordered[:MOST_CATEGORIES] if times >= least]


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 30 else cell[:29] + "…")
