"""Formulas in LaTeX → characters for a terminal. In: the part of LaTeX's mathematics that the lessons use. Out: one line
(`inline`), or lines with fractions, sums and matrices set one above the other (`display`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from rich.cells import cell_len

from schuss.lessons._symbols import ACCENTS, LARGE, RELATIONS, SPACES, SUBSCRIPTS, SUPERSCRIPTS, SYMBOLS

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\s+|[0-9]+(?:\.[0-9]+)?|.", re.DOTALL)
_BRACKETS = {"bmatrix": "[]", "pmatrix": "()", "cases": "{ ", "aligned": "  "}
_OPEN = (" ", "(", "[", "{")
_CLOSE = (" ", ")", "]", "}", ",", ".")
_WIDE = {*LARGE, "\\frac", "\\begin"}  # a space stands beside them
_TALL = {"[": "⎡⎢⎣", "]": "⎤⎥⎦", "(": "⎛⎜⎝", ")": "⎞⎟⎠", "{": "⎧⎨⎩", "|": "│││", " ": "   "}


class Box:
    """Lines of one width, of which one is the formula's own: what stands beside it is aligned to that."""

    def __init__(self, lines: Sequence[str], base: int = 0):
        self.width = max((cell_len(line) for line in lines), default=0)
        self.lines = [line + " " * (self.width - cell_len(line)) for line in lines]
        self.base = base

    @property
    def below(self) -> int:
        """How many lines there are under the formula's own."""
        return len(self.lines) - 1 - self.base

    def line(self, offset: int) -> str:
        """The line that is `offset` below the formula's own; blank where there is none."""
        place = self.base + offset
        return self.lines[place] if 0 <= place < len(self.lines) else " " * self.width


def inline(latex: str) -> str:
    """A formula in one line, such as ``∂J/∂w = 1/n Σᵢ (ŷᵢ − yᵢ) xᵢ``.

    Args:
        latex: what stands between dollar signs.

    Raises:
        ValueError: it has a command that is not known, or braces that do not match.

    >>> from schuss.lessons._notation import inline
    >>> inline(r"\\frac{\\partial J}{\\partial w_1} = \\hat y - y^2")
    '∂J/∂w₁ = ŷ − y²'
    """
    return " ".join(line.strip() for line in _Reader(latex, flat=True).whole().lines).strip()


def display(latex: str) -> str:
    """A formula in lines, with fractions, limits of sums and matrices set one above the other.

    >>> from schuss.lessons._notation import display
    >>> print(display(r"\\frac{a + b}{2} = c"))
    a + b
    ───── = c
      2
    """
    return "\n".join(line.rstrip() for line in _Reader(latex, flat=False).whole().lines)


def beside(boxes: Sequence[Box]) -> Box:
    """Boxes from left to right, aligned to their own lines."""
    if not boxes:
        return Box([""])
    above, below = max(b.base for b in boxes), max(b.below for b in boxes)
    return Box(["".join(b.line(n) for b in boxes) for n in range(-above, below + 1)], above)


def above(boxes: Sequence[Box], own: int) -> Box:
    """Boxes from top to bottom, in the middle; `own` is the number of the one that is the formula's own."""
    width = max(b.width for b in boxes)
    lines = [_centred(line, width) for b in boxes for line in b.lines]
    return Box(lines, sum(len(b.lines) for b in boxes[:own]) + boxes[own].base)


class _Reader:
    """Reads a formula from left to right, and sets it as it goes."""

    def __init__(self, latex: str, flat: bool):
        self._latex = latex.strip()
        self._tokens = _TOKEN.findall(self._latex)
        self._flat = flat
        self._groups: dict[str, Callable[[], Box]] = {
            "\\frac": self._fraction,
            "\\sqrt": self._root,
            "\\text": self._words,
            "\\mathrm": self._words,
            "\\operatorname": self._words,
            "\\begin": self._table,
            "\\left": self._bracketed,
        }

    def whole(self) -> Box:
        box = self._row()
        if self._tokens:
            raise self._error(f"{self._tokens[0]!r} has nothing that opens it")
        return box

    def _row(self, ends: Sequence[str] = ()) -> Box:
        """All up to one of `ends`, which stays."""
        boxes: list[Box] = []
        wide = False
        while self._tokens and self._tokens[0] not in ("}", *ends):
            token = self._tokens[0]
            box = self._scripted(bool(boxes) and not boxes[-1].line(0).endswith(_OPEN))
            if box is None:
                continue
            if boxes and (wide or token in _WIDE) and _touch(boxes[-1], box):
                boxes.append(Box([" "]))
            boxes.append(box)
            wide = token in _WIDE
        return beside(boxes)

    def _scripted(self, after_operand: bool) -> Box | None:
        """The next element with what stands below and above it."""
        token = self._tokens[0]
        base = self._element(after_operand)
        if base is None:
            return None
        scripts: dict[str, Box] = {}
        while self._next() in ("_", "^"):
            mark = self._take()
            scripts[mark] = self._script()
        large = token in LARGE and not self._flat
        return self._with(base, scripts.get("_"), scripts.get("^"), large)

    def _script(self) -> Box:
        flat, self._flat = self._flat, True
        box = self._argument()
        self._flat = flat
        return box

    def _with(self, base: Box, sub: Box | None, sup: Box | None, large: bool) -> Box:
        if large and (sub or sup):
            parts = [b for b in (sup, base, sub) if b is not None]
            parts = [b if b is base else Box([line.replace(" ", "") for line in b.lines]) for b in parts]
            return above(parts, parts.index(base))
        box = base
        for script, small, mark in ((sub, SUBSCRIPTS, "_"), (sup, SUPERSCRIPTS, "^")):
            if script is None:
                continue
            text = script.lines[script.base].strip()
            text = text.replace(" ", "") if all(c in small for c in text.replace(" ", "")) else text
            if all(c in small for c in text):
                text = "".join(small[c] for c in text)
            else:
                text = mark + (text if len(text) == 1 or text.isalpha() else f"({text})")
            box = beside([box, Box([text])])
        return box

    def _element(self, after_operand: bool) -> Box | None:
        token = self._take()
        if token.isspace():
            return None
        if token in self._groups:
            return self._groups[token]()
        if token in ACCENTS:
            letter = self._argument().lines[0]
            return Box([unicodedata.normalize("NFC", letter[0] + ACCENTS[token] + letter[1:])])
        if token == "{":
            self._tokens.insert(0, token)
            return self._argument()
        if token in SPACES:
            return Box([SPACES[token]])
        if token in RELATIONS:
            return Box([f" {RELATIONS[token]} "])
        if token in "+-":
            sign = "−" if token == "-" else token
            return Box([f" {sign} " if after_operand else sign])
        if token == ",":
            return Box([", "])
        if token in SYMBOLS:
            named = len(SYMBOLS[token]) > 1 and self._next().strip() not in ("(", "_", "^", "'", "")
            return Box([SYMBOLS[token] + " " * named])
        if token.startswith("\\"):
            raise self._error(f"{token} is not known")
        return Box([token])

    def _argument(self) -> Box:
        """What belongs to a command: a group in braces, or the next element."""
        while self._next().isspace():
            self._take()
        if self._next() != "{":
            return self._element(False) or Box([""])
        self._take()
        box = self._row()
        if self._next() != "}":
            raise self._error("a brace is not closed")
        self._take()
        return box

    def _fraction(self) -> Box:
        over, under = self._argument(), self._argument()
        if self._flat:
            top, bottom = (_in_brackets(b.lines[0].strip()) for b in (over, under))
            return Box([f"{top}/{bottom}"])
        bar = Box(["─" * max(over.width, under.width)])
        return above([over, bar, under], 1)

    def _root(self) -> Box:
        inner = self._argument()
        text = inner.lines[inner.base].strip()
        return beside([Box(["√"]), Box([text if len(text) == 1 else f"({text})"])])

    def _words(self) -> Box:
        """A group as it stands, with its spaces."""
        if self._take() != "{":
            raise self._error("words are not in braces")
        words = ""
        while self._next() not in ("}", ""):
            words += self._take()
        self._take()
        return Box([words])

    def _bracketed(self) -> Box:
        """What stands between \\left and \\right, in brackets of its height; a dot is none."""
        opening = self._take()
        inner = self._row(("\\right",))
        if self._take() != "\\right":
            raise self._error("\\left has no \\right")
        marks = (mark.replace(".", " ") for mark in (opening, self._take()))
        left, right = (_bracket(mark, inner) for mark in marks)
        return beside([left, inner, right])

    def _table(self) -> Box:
        kind = self._words().lines[0]
        if kind not in _BRACKETS:
            raise self._error(f"\\begin{{{kind}}} is not known")
        rows: list[list[Box]] = [[]]
        while True:
            rows[-1].append(self._row(("&", "\\\\", "\\end")))
            mark = self._take()
            if mark == "\\\\":
                rows.append([])
            elif mark == "\\end":
                break
            elif mark != "&":
                raise self._error(f"\\begin{{{kind}}} is not closed")
        self._words()
        rows = [row for row in rows if any(box.width for box in row)]
        return _flat_table(rows, kind) if self._flat else _tall_table(rows, kind)

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self) -> str:
        return self._tokens.pop(0) if self._tokens else ""

    def _error(self, what: str) -> ValueError:
        return ValueError(f"The formula {self._latex!r} cannot be set: {what}.")


def _touch(left: Box, right: Box) -> bool:
    return not all(line.endswith(_OPEN) for line in left.lines) and not all(
        line.startswith(_CLOSE) for line in right.lines
    )


def _flat_table(rows: list[list[Box]], kind: str) -> Box:
    opening, closing = _BRACKETS[kind]
    texts = ["  ".join(box.lines[box.base].strip() for box in row) for row in rows]
    return Box([f"{opening}{'; '.join(texts)}{closing}".strip()])


def _tall_table(rows: list[list[Box]], kind: str) -> Box:
    opening, closing = _BRACKETS[kind]
    columns = max(len(row) for row in rows)
    widths = [max(row[n].width for row in rows if n < len(row)) for n in range(columns)]
    gap = "" if kind == "aligned" else "  "
    tall = any(len(box.lines) > 1 for row in rows for box in row)
    lines: list[str] = []
    for row in rows:
        cells = [_padded(box, width, kind) for box, width in zip(row, widths)]
        spaced = [part for cell in cells for part in (Box([gap]), cell)][1:]
        lines += beside(spaced).lines
        if (kind == "aligned" or tall) and row is not rows[-1]:
            lines.append("")
    table = Box(lines, (len(lines) - 1) // 2)
    return beside([_bracket(opening, table), table, _bracket(closing, table)])


def _padded(box: Box, width: int, kind: str) -> Box:
    """A cell as wide as its column: numbers to the right, all else to the left."""
    space = " " * (width - box.width)
    left = kind in ("bmatrix", "pmatrix")
    return Box([space + line if left else line + space for line in box.lines], box.base)


def _bracket(mark: str, table: Box) -> Box:
    height = len(table.lines)
    if height == 1 or mark == " ":
        return Box([mark.strip()] * height, table.base)
    top, middle, bottom = _TALL[mark]
    return Box([top, *[middle] * (height - 2), bottom], table.base)


def _in_brackets(text: str) -> str:
    """Part of a fraction in one line: in brackets, where it would be read otherwise without."""
    together = " " not in text and not re.match(r"\d+[^\d.]", text)
    return text if together else f"({text})"


def _centred(line: str, width: int) -> str:
    left = (width - cell_len(line)) // 2
    return " " * left + line + " " * (width - cell_len(line) - left)
