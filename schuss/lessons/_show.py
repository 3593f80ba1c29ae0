"""Pages in a terminal. In: a page. Out: its text and programs, one after the other, with what these print now."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from schuss.lessons._markdown import Page
from schuss.lessons._notation import display, inline
from schuss.lessons._pages import Answer, Code, Formula, Lesson, Part, Prose
from schuss.lessons._run import run
from schuss.lessons._words import WORDS

_DOLLARS = re.compile(r"(?<![\w$`])\$([^$\n]+)\$(?![\w$])")
_NUMBER = re.compile(r"[-−+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_CLOSE = 0.006  # a number that is rounded to three digits is right


class Left(Exception):
    """The reader has had enough."""


def show(lesson: Lesson, console: Console, ask: Callable[[str], str] | None = None) -> bool:
    """Show a page, and run its programs.

    Args:
        lesson: the page.
        console: where to. It needs a file of its own (``Console(file=sys.stdout)``), since `sys.stdout` is taken from it
            while programs run.
        ask: says its argument and gives what the reader types, as `input` does; it is called between sections and for
            answers. None: nothing is asked.

    Returns:
        Whether the reader has stayed to the end.

    Raises:
        Exception: whatever a program raises.
    """
    return _Showing(lesson, console, ask).all()


class _Showing:
    def __init__(self, lesson: Lesson, console: Console, ask: Callable[[str], str] | None):
        self._lesson, self._console, self._ask = lesson, console, ask
        self._words = WORDS[lesson.language]
        self._names: dict[str, Any] = {}

    def all(self) -> bool:
        for number, section in enumerate(self._lesson.sections):
            try:
                if number:
                    self._pause(number)
            except Left:
                return False
            self._console.print(Page(f"{'##' if number else '#'} {section.title}"))
            self._console.print()
            for part in section.parts:
                self._part(part)
        return True

    def _pause(self, done: int) -> None:
        if self._ask is None:
            return
        typed = self._ask(f"── {done}/{len(self._lesson.sections)} · {self._words['go on']} ")
        if typed.strip().lower() in ("q", "quit", "exit"):
            raise Left
        self._console.print()

    def _part(self, part: Part) -> None:
        if isinstance(part, Code):
            self._code(part)
            self._said(self._run(part))
        elif isinstance(part, Answer):
            self._answer(part)
        else:
            self._text(part)

    def _text(self, part: Prose | Formula) -> None:
        if isinstance(part, Formula):
            self._console.print(Padding(Text(display(part.latex), no_wrap=True), (0, 0, 1, 4)))
            return
        self._console.print(Page(_DOLLARS.sub(lambda found: inline(found[1]), part.markdown)))
        self._console.print()

    def _run(self, code: Code) -> str:
        if not self._console.is_terminal:
            return run(code, self._lesson, self._names)
        with self._console.status(self._words["running"]):
            return run(code, self._lesson, self._names)

    def _code(self, code: Code) -> None:
        source = code.source.rstrip()
        syntax = Syntax(source, "python", theme="ansi_dark", background_color="default", word_wrap=True)
        self._console.print(Padding(syntax, (0, 0, 1, 2)))

    def _said(self, output: str) -> None:
        """Lines as they were printed; a terminal that is too narrow cuts them, for tables must not be folded."""
        if not output:
            return
        lines = [f"  │ {line}" for line in output.rstrip().expandtabs(8).splitlines()]
        text = Text("\n".join(lines), style="cyan")
        if self._console.is_terminal:
            self._console.print(text, no_wrap=True, overflow="ellipsis")
        else:
            self._console.print(text, soft_wrap=True)
        self._console.print()

    def _answer(self, answer: Answer) -> None:
        typed = self._ask(self._words["your answer"]).strip() if self._ask else ""
        outputs = {id(program): self._run(program) for program in answer.programs}
        wanted = _numbers("".join(outputs.values()))
        if typed and wanted and (given := _numbers(typed)):
            right = _agree(given, wanted)
            self._console.print(Text(self._words["right" if right else "other"], style="bold"))
        else:
            self._console.print(Text(f"{self._words['answer']}:", style="bold"))
        self._console.print()
        for part in answer.parts:
            if isinstance(part, Code):
                self._code(part)
                self._said(outputs[id(part)])
            else:
                self._text(part)


def _numbers(text: str) -> list[float]:
    return [float(found.replace("−", "-")) for found in _NUMBER.findall(text)]


def _agree(given: list[float], wanted: list[float]) -> bool:
    """Whether the reader's numbers are those that the answer's programs print last, to rounding."""
    if len(given) > len(wanted):
        return False
    pairs = zip(given, wanted[-len(given) :])
    return all(abs(mine - true) <= _CLOSE * max(abs(true), 1e-9) for mine, true in pairs)
