"""Pages as data. In: a Markdown file. Out: its sections, each a list of prose, formulas, programs and answers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LANGUAGES = ("en", "zh")

_FENCE = re.compile(r"^```(\w*)(?: (?:±(\d+)%|(for example)))?\s*$")
_LINKS = re.compile(r"^(\[[^\]]*\]\([^)]*\)( · )?)+$")  # between the pages: a terminal has commands for that
_OPENS, _CLOSES = re.compile(r"^<details>.*$"), "</details>"


@dataclass(frozen=True)
class Prose:
    """Markdown without programs."""

    markdown: str


@dataclass(frozen=True)
class Formula:
    """A formula that stands alone, in LaTeX."""

    latex: str


@dataclass(frozen=True)
class Code:
    """A program.

    Attributes:
        source: of which lines it is. line: the first one's number in the file.
        output: what the page says that it prints; None if the page does not say.
        tolerance: by what part of them the numbers in it may differ, for they depend on the processor's rounding
            (``±5%`` behind the fence); infinite where it is but an example (``for example``).
    """

    source: str
    line: int
    output: str | None = None
    tolerance: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What solves the exercise before it."""

    parts: tuple[Prose | Formula | Code, ...]

    @property
    def programs(self) -> list[Code]:
        return [part for part in self.parts if isinstance(part, Code)]


Part = Prose | Formula | Code | Answer


@dataclass
class Section:
    """What stands under one heading. The first section of a page has the heading of the page."""

    title: str
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Lesson:
    """A page.

    Attributes:
        number: from 1. title: its heading, without the number. language: ``"en"`` or ``"zh"``. path: where it was read.
        sections: in their order.
    """

    number: int
    title: str
    language: str
    path: Path
    sections: tuple[Section, ...]

    @property
    def programs(self) -> list[Code]:
        """All programs in their order, those of answers too. They share one namespace."""
        parts = [part for section in self.sections for part in section.parts]
        inside = [part.programs if isinstance(part, Answer) else [part] for part in parts]
        return [part for some in inside for part in some if isinstance(part, Code)]


def lessons(language: str = "en") -> list[Lesson]:
    """All pages in a language.

    Args:
        language: ``"en"`` or ``"zh"``.

    Example:

        >>> from schuss.lessons import lessons
        >>> lessons("en")[0].title
        'A neuron'
    """
    return [_read(path, language) for path in _paths(language)]


def lesson(number: int, language: str = "en") -> Lesson:
    """One page.

    Args:
        number: from 1. language: ``"en"`` or ``"zh"``.

    Raises:
        ValueError: there is no such lesson or language.
    """
    paths = {_number(path): path for path in _paths(language)}
    if number not in paths:
        raise ValueError(f"There is no lesson {number}; they go from {min(paths)} to {max(paths)}.")
    return _read(paths[number], language)


def _paths(language: str) -> list[Path]:
    if language not in LANGUAGES:
        raise ValueError(f"Lessons are in {' and '.join(LANGUAGES)}, not in {language!r}.")
    folder = _folder() if language == "en" else _folder() / language
    return sorted(folder.glob("[0-9]*.md"), key=_number)


def _folder() -> Path:
    """The pages' folder: beside this file where the package is installed, else in the repository."""
    installed = Path(__file__).parent / "pages"
    folder = installed if installed.is_dir() else Path(__file__).parents[2] / "docs" / "lessons"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"The lessons' pages are not there: neither {installed} nor {folder} is a folder."
        )
    return folder


def _number(path: Path) -> int:
    return int(path.name.partition("-")[0])


def _read(path: Path, language: str) -> Lesson:
    sections = _sections(path.read_text(encoding="utf-8").splitlines())
    return Lesson(_number(path), sections[0].title.partition(". ")[2], language, path, tuple(sections))


def _sections(lines: list[str]) -> list[Section]:
    sections: list[Section] = []
    answer: list[Part] | None = None
    for number, kind, text, tolerance in _blocks(lines):
        parts = answer if answer is not None else sections[-1].parts if sections else []
        if kind == "heading":
            sections.append(Section(text))
        elif kind == "opens":
            answer = []
        elif kind == "closes":
            sections[-1].parts.append(Answer(tuple(answer or ())))  # type: ignore[arg-type]  (of what an answer may have)
            answer = None
        elif kind == "python":
            parts.append(Code(text, number))
        elif kind == "math":
            parts.append(Formula(text))
        elif kind == "text" and parts and isinstance(parts[-1], Code) and parts[-1].output is None:
            parts[-1] = Code(parts[-1].source, parts[-1].line, text, tolerance)
        else:
            parts.append(Prose(text if kind == "prose" else f"```{kind}\n{text}```"))
    return sections


def _blocks(lines: list[str]) -> Iterator[tuple[int, str, str, float]]:
    """Line number (from 1), kind, text and tolerance of each block: a heading, a fence's content, or prose between them."""
    prose: list[str] = []
    fence: tuple[int, str, list[str], float] | None = None
    for number, line in enumerate([*lines, "# "], 1):
        mark = _FENCE.match(line)
        if fence:
            if mark:
                yield fence[0], fence[1], "".join(f"{part}\n" for part in fence[2]), fence[3]
                fence = None
            else:
                fence[2].append(line)
            continue
        kind, text = _special(line)
        if not (mark or kind):
            prose.append(line)
            continue
        if any(part.strip() for part in prose):
            yield number, "prose", "\n".join(prose).strip(), 0.0
        prose = []
        if mark:
            fence = number + 1, mark[1] or "text", [], math.inf if mark[3] else int(mark[2] or 0) / 100
        elif kind != "links" and line != "# ":
            yield number, kind, text, 0.0


def _special(line: str) -> tuple[str, str]:
    if line.startswith(("# ", "## ")):
        return "heading", line.lstrip("# ")
    if _OPENS.match(line):
        return "opens", ""
    if line.strip() == _CLOSES:
        return "closes", ""
    if _LINKS.match(line):
        return "links", ""
    return "", ""
