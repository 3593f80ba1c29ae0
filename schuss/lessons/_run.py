"""A page's programs, run as the reader would run them. In: a program and the names that there are. Out: what it prints."""

from __future__ import annotations

import contextlib
import io
import linecache
from typing import Any

from schuss.lessons._pages import Code, Lesson


def run(program: Code, of: Lesson, names: dict[str, Any]) -> str:
    """Run one program of a page.

    Args:
        program: what to run. of: the page that it stands on.
        names: the names of the programs before it; those that it makes are added.

    Returns:
        All that it has printed.

    Example:

        >>> from schuss.lessons import lesson, run
        >>> page, names = lesson(1), {}
        >>> said = [run(program, page, names) for program in page.programs]
        >>> said[0].startswith("z = ")
        True
    """
    name = f"<lesson {of.number}, line {program.line}>"
    lines = program.source.splitlines(keepends=True)
    linecache.cache[name] = (len(program.source), None, lines, name)  # so that tracebacks show them
    names.setdefault("__name__", "__main__")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(program.source, name, "exec"), names)
    return said.getvalue()
