"""Every example in the docstrings and documents runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import schuss
from schuss.backends.cpu import _program
from schuss.backends.cpu._target import parts

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(schuss.__path__, "schuss.")
    if not found.name.endswith("__main__")
)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples write their files into an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """What documents say of divided sums is of machines with two cores or more."""
    monkeypatch.setattr(_program, "parts", lambda: max(2, parts()))


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if ".contenders." not in name or (error.name or "").startswith("schuss"):
            raise
        pytest.skip(f"needs {error.name}, which is compared with")
    failures = []
    for example in doctest.DocTestFinder(exclude_empty=True).find(module, globs={}):
        if not example.examples:
            continue
        runner = doctest.DocTestRunner(optionflags=OPTIONS)
        report: list[str] = []
        runner.run(example, out=report.append, clear_globs=True)
        failures += ["".join(report)] if runner.failures else []
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_examples_of_documents(path: Path) -> None:
    """A document's Python blocks run one after the other, in one namespace."""
    text = path.read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "__main__"}
    for found in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        code, line = found[1], text[: found.start()].count("\n") + 1
        if ">>>" in code:
            example = doctest.DocTestParser().get_doctest(code, names, f"{path.name}:{line}", path.name, line)
            runner = doctest.DocTestRunner(optionflags=OPTIONS)
            report: list[str] = []
            runner.run(example, out=report.append, clear_globs=False)
            names.update(example.globs)
            assert not runner.failures, "".join(report)
        else:
            exec(compile("\n" * line + code, str(path), "exec"), names)
