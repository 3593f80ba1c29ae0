"""The lessons' pages: their programs run and print what the pages say, in both languages alike; formulas can be set."""

from __future__ import annotations

import ast
import doctest
import math
import re
from pathlib import Path
from typing import Any

import pytest

from schuss.backends.cpu import _program
from schuss.backends.cpu._target import parts
from schuss.lessons import LANGUAGES, Answer, Code, Formula, Lesson, Prose, lesson, lessons, run
from schuss.lessons._notation import display, inline

NUMBERS = [page.number for page in lessons()]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-+]\d+)?")
CHINESE = re.compile("[\u4e00-\u9fff\uff00-\uffef]")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        _program, "parts", lambda: max(2, parts())
    )  # as on all machines with two cores or more


def said(page: Lesson) -> list[str]:
    names: dict[str, Any] = {}
    return [run(program, page, names) for program in page.programs]


def differences(page: Lesson) -> list[str]:
    """Where programs do not print what the page says. Where it has an example only, it may be anything but nothing."""
    return [
        f"{page.path.name}:{program.line}\nexpected:\n{program.output or '(nothing)'}\ngot:\n{got}"
        for program, got in zip(page.programs, said(page))
        if not agrees(program, got)
    ]


def agrees(program: Code, got: str) -> bool:
    if program.output is None:
        return not got
    if math.isinf(program.tolerance):
        return bool(got.strip())
    if not program.tolerance:
        return doctest.OutputChecker().check_output(program.output, got, OPTIONS)
    if NUMBER.sub("#", program.output).split() != NUMBER.sub("#", got).split():
        return False
    pairs = zip(NUMBER.findall(program.output), NUMBER.findall(got))
    return all(
        abs(float(a) - float(b)) <= program.tolerance * abs(float(a)) + last_digit(a) for a, b in pairs
    )


def last_digit(number: str) -> float:
    """What rounding can do to a number as it is written."""
    digits, _, exponent = number.partition("e")
    return 1.01 * 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", NUMBERS)
def test_programs_print_what_the_page_says(number: int, language: str) -> None:
    wrong = differences(lesson(number, language))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("number", NUMBERS)
def test_both_languages_have_the_same_programs_and_numbers(number: int) -> None:
    english, chinese = lesson(number, "en"), lesson(number, "zh")
    assert len(english.programs) == len(chinese.programs)
    for ours, theirs in zip(english.programs, chinese.programs):
        (shape, words), (other, translated) = taken_apart(ours.source), taken_apart(theirs.source)
        assert shape == other, f"{chinese.path.name}:{theirs.line}"
        strange = [(a, b) for a, b in zip(words, translated, strict=True) if a != b and not CHINESE.search(b)]
        assert not strange, f"{chinese.path.name}:{theirs.line}"
        assert ours.tolerance == theirs.tolerance
        if not math.isinf(ours.tolerance):
            numbers, same = (NUMBER.findall(program.output or "") for program in (ours, theirs))
            assert numbers == same, f"{chinese.path.name}:{theirs.line}"


def taken_apart(source: str) -> tuple[str, list[str]]:
    """A program without the words in its strings, and these words."""
    words = _Words()
    return ast.dump(words.visit(ast.parse(source))), words.found


class _Words(ast.NodeTransformer):
    def __init__(self) -> None:
        self.found: list[str] = []

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if not isinstance(node.value, str):
            return node
        self.found.append(node.value)
        return ast.Constant("")

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
        self.found.append("".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)))
        values = [part for part in node.values if not isinstance(part, ast.Constant)]
        return ast.JoinedStr([self.visit(part) for part in values])


@pytest.mark.parametrize("number", NUMBERS)
def test_both_languages_have_the_same_sections_and_formulas(number: int) -> None:
    english, chinese = (lesson(number, language) for language in LANGUAGES)
    kinds = [
        [[type(part).__name__ for part in s.parts] for s in page.sections] for page in (english, chinese)
    ]
    assert kinds[0] == kinds[1]
    assert CHINESE.search(chinese.title)


@pytest.mark.parametrize("language", LANGUAGES)
def test_formulas_can_be_set(language: str) -> None:
    for page in lessons(language):
        for latex, alone in formulas(page):
            text = display(latex) if alone else inline(latex)
            assert not re.search(r"[\\{}$&]", text.replace("{ ", "")), latex
            assert max(map(len, text.splitlines())) <= 76, text
            assert "\n\n" not in latex, "it would run together on a page in the web"
            assert "\\operatorname" not in latex, "GitHub does not set it"


def formulas(page: Lesson) -> list[tuple[str, bool]]:
    """The page's formulas, and whether they stand alone."""
    found: list[tuple[str, bool]] = []
    for part in (part for section in page.sections for part in section.parts):
        for inner in part.parts if isinstance(part, Answer) else [part]:
            if isinstance(inner, Formula):
                found.append((inner.latex, True))
            elif isinstance(inner, Prose):
                found += [(latex, False) for latex in re.findall(r"\$([^$\n]+)\$", inner.markdown)]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_fit_a_terminal_and_have_exercises(language: str) -> None:
    for page in lessons(language):
        answers = [part for s in page.sections for part in s.parts if isinstance(part, Answer)]
        assert len(answers) >= 2, page.path
        assert all(answer.programs for answer in answers), page.path
        for program in page.programs:
            lines = program.source.splitlines()
            assert max(map(len, lines)) <= 76, f"{page.path}:{program.line}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_between_pages_lead_somewhere(language: str) -> None:
    for page in lessons(language):
        for target in re.findall(r"\]\(([^)#]+)", page.path.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.path.parent / target).exists(), f"{page.path}: {target}"


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match="no lesson 9; they go from 1 to"):
        lesson(9)
    with pytest.raises(ValueError, match="not in 'fr'"):
        lessons("fr")


def test_the_chinese_front_page_has_the_programs_of_the_english_one() -> None:
    root = Path(__file__).parents[2]
    english, chinese = ((root / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))
    assert blocks(english) == blocks(chinese)
    links = re.compile(r"\]\(([^)#]+)\)")
    for target in links.findall(chinese):
        assert target in links.findall(english) or (root / target).exists(), target


def blocks(text: str) -> list[str]:
    """The programs of a page, without their comments."""
    found = re.findall(r"^```\w+\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [re.sub(r" +# .*$", "", block, flags=re.MULTILINE) for block in found]
