"""``schuss lesson``: lists the lessons, shows one, runs its programs, asks and compares answers."""

from __future__ import annotations

import io
import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from schuss.cli import main
from schuss.lessons import Answer, Code, Lesson, Prose, Section, _pages, lesson, show
from schuss.lessons._markdown import breaks
from schuss.lessons._notation import display, inline

ROOT = Path(__file__).parents[2]


def said(*arguments: str, typed: str | None = None, env: dict[str, str] | None = None) -> str:
    result = CliRunner(env={"COLUMNS": "80", **(env or {})}).invoke(main, ["lesson", *arguments], input=typed)
    assert result.exit_code == 0, result.output
    return result.output


def test_it_lists_all_lessons_in_both_languages() -> None:
    english, chinese = said("--language", "en"), said("--language", "zh")
    assert [line.split()[0] for line in english.splitlines() if line.startswith("  ")] == list("12345678")
    assert "5  Gradient descent and its rate" in english
    assert "1  神经元" in chinese


def test_the_language_is_the_terminals() -> None:
    assert "神经元" in said(env={"LC_ALL": "zh_CN.UTF-8"})
    assert "A neuron" in said(env={"LC_ALL": "de_DE.UTF-8", "LANG": "zh_CN.UTF-8"})
    assert "A neuron" in said("--language", "en", env={"LC_ALL": "zh_CN.UTF-8"})


def test_a_page_is_shown_with_what_its_programs_print() -> None:
    shown = said("1", "--language", "en")
    assert shown.startswith("1. A neuron")
    assert "z = w₁x₁ + w₂x₂ + b = Σ wᵢxᵢ + b" in shown
    assert shown.index('print("z =", z)') < shown.index("│ z = 0.5") < shown.index("Check it")
    assert "50240" in shown
    assert "Next: schuss lesson 2 (Loss)" in shown
    assert "$" not in shown
    assert "```" not in shown
    assert "README.md" not in shown


def test_it_waits_between_sections_and_can_be_left() -> None:
    shown = said("1", "--pause", "--language", "en", typed="\nq\n")
    assert "By hand" in shown
    assert "Activation functions" not in shown
    assert "Next:" not in shown


def test_input_that_ends_is_no_error() -> None:
    assert "By hand" in said("1", "--pause", "--language", "en", typed="\n")


@pytest.mark.parametrize("number", ["0", "9", "x"])
def test_a_lesson_that_is_not_there_is_an_error(number: str) -> None:
    result = CliRunner().invoke(main, ["lesson", number])
    assert result.exit_code == 2
    assert number in result.output


def page(*parts: Prose | Code | Answer, language: str = "en") -> Lesson:
    return Lesson(1, "A page", language, Path("1-a-page.md"), (Section("1. A page", list(parts)),))


def shown(made: Lesson, typed: str | None = None) -> str:
    console = Console(record=True, width=60, file=io.StringIO())
    show(made, console, None if typed is None else lambda _: typed)
    return console.export_text()


@pytest.mark.parametrize(
    ("typed", "verdict"),
    [
        ("0.25", "Right."),
        ("it is 0.25!", "Right."),
        (".26", "Not quite"),
        ("", "Answer:"),
        ("no idea", "Answer:"),
    ],
)
def test_an_answer_is_compared_with_what_the_program_prints(typed: str, verdict: str) -> None:
    made = page(Prose("What is a half of a half?"), Answer((Code("print(0.5 * 0.5)\n", 3, "0.25\n"),)))
    assert verdict in shown(made, typed)
    assert "│ 0.25" in shown(made, typed)


def test_two_numbers_are_compared_in_their_order() -> None:
    made = page(Answer((Code("print([-0.75, -1.5])\n", 1),)))
    assert "Right." in shown(made, "−0.75 and −1.5")
    assert "Not quite" in shown(made, "-1.5, -0.75")


def test_programs_of_a_page_share_names_and_tracebacks_show_their_lines() -> None:
    assert "│ 7" in shown(page(Code("a = 3\n", 1), Code("print(a + 4)\n", 5)))
    with pytest.raises(ZeroDivisionError) as error:
        shown(page(Code("1 / 0\n", 12)))
    assert any("<lesson 1, line 12>" in str(entry.path) for entry in error.traceback)


def test_chinese_breaks_between_characters_but_not_before_commas() -> None:
    assert breaks("神经元接收若干个数，给每个数乘上权重", 18) == [8, 17]
    assert breaks("一二三（四五）", 8) == [3]
    assert breaks("no spaces", 40) == []


def test_formulas_in_one_line_and_in_several() -> None:
    assert inline(r"\frac{1}{2n} \sum_{i=1}^{n} (\hat y_i - y_i)^2") == "1/(2n) Σᵢ₌₁ⁿ (ŷᵢ − yᵢ)²"
    assert inline(r"\alpha < \frac{2}{\lambda_{\max}}") == "α < 2/λₘₐₓ"
    assert display(r"\begin{bmatrix} 1 & -2 \\ 0.5 & 3 \end{bmatrix}").splitlines() == [
        "⎡  1  −2⎤",
        "⎣0.5   3⎦",
    ]
    assert display(r"\left( \frac{1}{4} \right)^2").splitlines() == ["⎛1⎞", "⎜─⎟²", "⎝4⎠"]
    assert display(r"\sum_{i=1}^{n} x_i").splitlines() == [" n", " Σ  xᵢ", "i=1"]


@pytest.mark.parametrize(
    ("latex", "why"),
    [
        (r"\foo", "not known"),
        ("{a", "not closed"),
        ("a}", "nothing that opens"),
        (r"\begin{bmatrix} 1", "not closed"),
    ],
)
def test_a_formula_that_cannot_be_set_is_an_error(latex: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        display(latex)


def test_the_wheel_has_all_pages(tmp_path: Path) -> None:
    wheels = pytest.importorskip("hatchling.builders.wheel", reason="hatchling builds wheels")
    (wheel,) = wheels.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = zipfile.ZipFile(wheel).namelist()
    for path in (ROOT / "docs/lessons").rglob("*.md"):
        assert f"schuss/lessons/pages/{path.relative_to(ROOT / 'docs/lessons')}" in names


def test_an_installed_package_reads_its_own_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    assert folder["force-include"] == {"docs/lessons": "schuss/lessons/pages"}
    shutil.copytree(ROOT / "docs/lessons", tmp_path / "schuss/lessons/pages")
    monkeypatch.setattr(_pages, "__file__", str(tmp_path / "schuss/lessons/_pages.py"))
    assert lesson(8, "zh").path == tmp_path / "schuss/lessons/pages/zh/8-machine-code.md"
    shutil.rmtree(tmp_path / "schuss/lessons/pages")
    with pytest.raises(FileNotFoundError, match="pages are not there"):
        lesson(1)
