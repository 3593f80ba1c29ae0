"""Machine code on disk: found again, never trusted when damaged, bounded, and never in the way."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from schuss import ops
from schuss.backends.cpu import _machine, _module, _object_cache, _objects, _plans, compile_graph
from schuss.backends.cpu._target import host
from schuss.cli import main
from schuss.compiler import _fuse
from schuss.graph import Spec, Variable, trace

GRAPH = trace(lambda x: ops.tanh(x) + 1, Spec((7,), np.dtype("float32")))
X = np.linspace(-1, 1, 7, dtype="float32")
Y = np.tanh(X) + 1


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("SCHUSS_CACHE", str(tmp_path))
    return tmp_path / "objects"


def right() -> None:
    np.testing.assert_allclose(compile_graph(GRAPH)(X)[0], Y, rtol=1e-6)


def test_a_program_compiled_before_is_not_compiled_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right()
    assert len(list(folder.iterdir())) == 1

    def compiled(assembly: str, machine: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(_objects, "_optimised", compiled)
    right()


def test_code_found_on_disk_is_not_even_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    right()

    def emitted(plan: object) -> str:
        raise AssertionError("emitted again")

    monkeypatch.setattr(_module, "emit_modules", emitted)
    right()


def test_a_changed_compiler_finds_nothing_of_what_it_made_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right()
    monkeypatch.setattr(_machine, "sources_digest", lambda: "others")
    right()
    assert len(list(folder.iterdir())) == 2


def test_another_processor_finds_nothing_of_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right()
    fewer = dataclasses.replace(host(), features=host().features + ",-rdrnd")
    monkeypatch.setattr(_machine, "host", lambda: fewer)
    right()
    assert len(list(folder.iterdir())) == 2


def deep(x: Any) -> Any:
    for _ in range(30):
        x = ops.tanh(x * 2)
    return x


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows whenever something is planned."""
    calls: list[int] = []
    original = _plans.plan

    def plan(*args: Any) -> Any:
        calls.append(1)
        return original(*args)

    monkeypatch.setattr(_plans, "plan", plan)
    return calls


def test_a_program_planned_before_is_not_planned_again(folder: Path, planned: list[int]) -> None:
    weight = Variable(np.ones(7, "float32"), name="w")

    def step(x: Any) -> Any:
        weight.assign(weight + deep(x))
        return weight.value * 2

    spec = Spec((7,), np.dtype("float32"))
    first, second = (compile_graph(trace(step, spec)) for _ in range(2))
    assert len(planned) == 1
    assert sorted(path.suffix for path in folder.iterdir()) == [".o", ".plan"]
    assert str(second.plan) == str(first.plan)
    before = first(X)[0]
    np.testing.assert_allclose(second(X)[0], before + 2 * (before / 2 - 1), rtol=1e-6)


def test_what_was_planned_otherwise_is_planned_again(
    planned: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = trace(deep, Spec((7,), np.dtype("float32")))
    compile_graph(graph)
    compile_graph(graph, check=0)
    compile_graph(trace(deep, Spec((8,), np.dtype("float32"))))
    compile_graph(trace(deep, Spec((7,), np.dtype("float64"))))
    monkeypatch.setattr(_fuse, "_SHARED_COST", 7)
    compile_graph(graph)
    monkeypatch.setattr(_plans, "sources_digest", lambda: "others")
    compile_graph(graph)
    assert len(planned) == 6
    compile_graph(graph)
    assert len(planned) == 6


def test_functions_and_large_constants_are_not_kept(folder: Path, planned: list[int]) -> None:
    table = np.arange(2**19, dtype="float32")
    spec = Spec((2**19,), np.dtype("float32"))
    for function in (lambda x: deep(x + table), lambda x: ops.sort(deep(x))):
        for _ in range(2):
            compile_graph(trace(function, spec))
    assert len(planned) == 4
    assert not list(folder.glob("*.plan"))


def test_what_the_code_was_made_from_is_its_name() -> None:
    names = {_object_cache.key_of(parts) for parts in (("a", "b"), ("ab", ""), ("a", "c"), ("a", "b", ""))}
    assert len(names) == 4


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "other"])
def test_a_damaged_file_is_ignored_and_made_anew(folder: Path, damage: str) -> None:
    right()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "empty": b"",
            "cut": whole[:-1],
            "flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "other": b"\x7fELF" * 100,
        }[damage]
    )
    right()
    assert path.read_bytes() == whole


def test_off_by_an_environment_variable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_OBJECT_CACHE", "0")
    right()
    assert not folder.exists()


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("SCHUSS_CACHE", str(file))
    right()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of POSIX")
def test_a_folder_that_others_can_write_is_not_used(folder: Path) -> None:
    right()
    folder.chmod(0o777)
    (path,) = folder.iterdir()
    path.write_bytes(b"")
    right()
    assert path.read_bytes() == b""  # neither read nor mended


def test_of_too_many_the_longest_unused_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_object_cache, "_LIMIT", 5000)
    for number in range(8):
        _object_cache.store(f"{number}", bytes(1000))
        os.utime(folder / f"{number}.o", (number, number))
        if number == 3:
            assert _object_cache.load("0") == bytes(1000)  # used just now
    assert _object_cache.load("0") is not None
    assert _object_cache.load("7") is not None
    assert _object_cache.load("1") is None
    assert _object_cache.info().size <= 5000


def test_several_processes_at_once(folder: Path, tmp_path: Path) -> None:
    program = (
        "import numpy as np, schuss\n"
        "f = schuss.jit(lambda x: schuss.ops.sum(schuss.ops.exp(x)))\n"
        "print(float(f(np.zeros(100, 'float32'))))\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [p.communicate()[0] for p in processes] == ["100.0\n"] * 3
    assert [p.suffix for p in folder.iterdir()] == [".o"]


def test_the_commands(folder: Path) -> None:
    right()
    said = CliRunner().invoke(main, ["cache", "info"]).output
    assert str(folder) in said
    assert "programs  1" in said
    assert CliRunner().invoke(main, ["cache", "clear"]).output == "Removed 1 programs.\n"
    assert list(folder.iterdir()) == []
    assert CliRunner().invoke(main, ["cache", "clear"]).output == "Removed 0 programs.\n"
