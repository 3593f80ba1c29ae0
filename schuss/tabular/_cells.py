"""Cells: what a piece of text in a table means: nothing, a number, a truth value."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable

import numpy as np

MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "?", ".", "missing", "#null!", "nat", "<na>")
)  # fmt: skip
"""What people and programs write where there is nothing, in small letters."""

_WORDS_FOR_MISSING = frozenset(
    "".join(letters)
    for word in MISSING - {""}
    for letters in itertools.product(*({letter, letter.upper()} for letter in word))
)

_TRUE = frozenset(("true", "yes", "y", "t", "on", "ja", "oui", "si", "wahr", "是"))
_FALSE = frozenset(("false", "no", "n", "f", "off", "nein", "non", "falsch", "否"))

_SIGNS = re.compile(r"^[$€£¥₹]\s*|\s*(?:[$€£¥₹%]|EUR|USD|GBP)$")
_GROUPS = re.compile(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$")
_GROUPS_COMMA = re.compile(r"^[+-]?\d{1,3}(?:[. '\u00a0\u202f]\d{3})+(?:,\d+)?$")
_WITH_COMMA = re.compile(r"^[+-]?\d+,\d+(?:[eE][+-]?\d+)?$")
_SPACED = re.compile(r"(?<=\d)[ '\u00a0\u202f](?=\d{3}(?!\d))")


def is_missing(text: str) -> bool:
    return text.strip().lower() in MISSING


def cleaned(texts: Iterable[str]) -> list[str]:
    """Cells without spaces around them; what means nothing is ``""``."""
    stripped = list(map(str.strip, texts))
    if _WORDS_FOR_MISSING.isdisjoint(stripped):
        return stripped
    return ["" if text in _WORDS_FOR_MISSING else text for text in stripped]


def number(text: str, decimal: str) -> float:
    """The number that a text is; NaN if it is none.

    Beside Python's own numbers: groups of thousands, a currency before or behind, a percent sign behind.

    Args:
        decimal: what stands before the fraction, ``"."`` or ``","``.
    """
    text = text.strip()
    if _SIGNS.search(text):
        text = _SIGNS.sub("", text)
    if decimal == "," and ("," in text or _GROUPS_COMMA.match(text)):
        if _WITH_COMMA.match(text):
            text = text.replace(",", ".")
        elif _GROUPS_COMMA.match(text):
            text = re.sub(r"[. '\u00a0\u202f]", "", text).replace(",", ".")
    elif decimal == "." and _GROUPS.match(text):
        text = text.replace(",", "")
    elif _SPACED.search(text):
        text = _SPACED.sub("", text)
    try:
        return float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan


def numbers(cells: list[str], decimal: str) -> tuple[np.ndarray, list[int]]:
    """Cleaned cells as float64, NaN for those that are empty or no numbers; and where the latter are.

    Infinity is no number here: nothing can be learned from it, and it spoils what is computed of a column.
    """
    filled = [cell or "nan" for cell in cells] if "" in cells else cells
    try:
        values = np.fromiter(map(float, filled), "float64", len(filled))
    except ValueError:
        values = np.array([number(cell, decimal) for cell in filled], "float64")
    odd = ~np.isfinite(values)
    bad = [int(row) for row in np.flatnonzero(odd) if cells[row]] if odd.any() else []
    values[odd] = math.nan
    return values, bad


def decimal_sign(cells: Iterable[str], delimiter: str) -> str:
    """``","`` where fractions are written with a comma, as in much of Europe; else ``"."``."""
    if delimiter == ",":
        return "."
    commas = points = 0
    for cell in cells:
        if "," in cell and (_WITH_COMMA.match(cell) or _GROUPS_COMMA.match(cell)):
            commas += 1
        elif "." in cell and not math.isnan(number(cell, ".")):
            points += 1
    return "," if commas > points else "."


def are_truths(values: Iterable[str]) -> bool:
    """Whether these two (or fewer) values are words for true and false."""
    words = {value.strip().lower() for value in values}
    return bool(words) and len(words) <= 2 and words <= _TRUE | _FALSE and len(words & _TRUE) < 2


def tidy_label(value: str) -> str:
    """A class's name: whole numbers without a fraction, others as they are."""
    try:
        as_number = float(value)
    except ValueError:
        return value
    return str(int(as_number)) if as_number.is_integer() and abs(as_number) < 2**53 else value
