"""The processor's limits: what is measured has the right order, and arithmetic is not optimised away."""

from __future__ import annotations

from pathlib import Path

import pytest

from schuss.backends.cpu import _limits
from schuss.backends.cpu._limits import _cache_size, measure_limits
from schuss.backends.cpu._target import host


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_limits, "_SECONDS", 1e-3)
    monkeypatch.setattr(_limits, "_REPEATS", 3)


def test_limits_have_the_right_order() -> None:
    found = measure_limits(1)
    assert found.threads == 1
    most = 2 * 4 * host().lanes(4) * 1e10  # four multiply-adds of a whole vector in a cycle, at 10 GHz
    assert 1e7 < found.one_flops < most
    assert 1e7 < found.all_flops < most
    assert 1e6 < found.memory < 1e13
    assert found.cache_bytes < found.memory_bytes


def test_a_multiply_add_of_every_chain_is_made() -> None:
    code = _limits._MultiplyAdd()._machine.assembly()
    assert code.count("fmadd") + code.count("fmla") >= host().registers * 3 // 4 or not host().fma


def test_cache_sizes_are_read_where_the_system_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, (kind, level, size) in {
        "index0": ("Instruction", 1, "64K"),
        "index1": ("Unified", 2, "1M"),
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        for file, text in (("type", kind), ("level", level), ("size", size)):
            (folder / file).write_text(f"{text}\n")
    monkeypatch.setattr(_limits, "_CACHES", tmp_path)
    assert _cache_size(2) == 1 << 20
    assert _cache_size(1) is None
