"""A program in several modules: compiled at the same time, linked, kept on disk and found again, with the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from schuss import ops
from schuss.backends.cpu import _machine
from schuss.backends.cpu._machine import Machine
from schuss.backends.cpu._module import emit_modules
from schuss.backends.cpu._objects import objects_of
from schuss.backends.cpu._program import CpuProgram
from schuss.compiler import plan, structure_of_plan
from schuss.graph import Spec, trace

X = np.linspace(-1, 1, 60, dtype="float32").reshape(6, 10)
GRAPH = trace(
    lambda x: [ops.softmax(x), ops.sum(ops.sin(x), axis=0), ops.matmul(x, ops.transpose(x)), ops.erf(x)],
    Spec(X.shape, X.dtype),
)


@pytest.fixture(params=["1", "2", "5"])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_NUM_THREADS", request.param)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_CACHE", str(tmp_path))


def test_many_modules_are_one_program(threads: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = plan(GRAPH, 0, ())
    assert len(list(emit_modules(made, most=1))) > 3
    whole = CpuProgram(made, Machine(lambda: emit_modules(made, most=None)))(X)
    parts = CpuProgram(made, Machine(lambda: emit_modules(made, most=1), structure_of_plan(made)))(X)
    monkeypatch.setattr(_machine, "_modules", None)
    again = CpuProgram(made, Machine("", structure_of_plan(made)))(X)
    for one, other, found in zip(whole, parts, again, strict=True):
        assert one.tobytes() == other.tobytes() == found.tobytes()


def test_objects_come_in_order(threads: None) -> None:
    assemblies = [f"define i64 @f{n}() {{\n  ret i64 {n}\n}}\n" for n in range(9)]
    objects = objects_of(assemblies)
    assert all(f"f{n}".encode() in code for n, code in enumerate(objects))


def test_what_cannot_be_compiled_is_said(threads: None) -> None:
    with pytest.raises(RuntimeError, match="parsing error"):
        objects_of(["define i64 @f() {\n  ret i64 1\n}\n", "define nothing"])


def test_an_error_of_who_writes_is_passed_on(threads: None) -> None:
    def assemblies() -> Iterator[str]:
        yield "define i64 @f() {\n  ret i64 1\n}\n"
        raise KeyError("written")

    with pytest.raises(KeyError, match="written"):
        objects_of(assemblies())
