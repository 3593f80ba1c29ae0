"""``schuss bench``: turns are taken, failures are said, the table has what was measured."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from schuss.bench import WORKLOADS, run_bench
from schuss.bench._run import Contender, Result, contenders, table


def test_schuss_is_always_there() -> None:
    assert contenders()[0] == Contender("schuss", sys.executable)


def test_a_workload_is_measured_and_stands_in_the_table() -> None:
    said: list[str] = []
    (result,) = run_bench(["linreg"], rounds=1, seconds=0.01, say=said.append)
    assert 0 < result.median("schuss") < 1e6
    assert said[-1].startswith("linreg: schuss ")
    assert "| linreg | **" in table([result])


def test_a_peer_in_another_python_takes_part(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nif [ "$1" = -c ]; then echo torch; else echo "[10.0, 30.0, 20.0]"; fi\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    (result,) = run_bench(["linreg"], [str(python)], rounds=2, seconds=0.01, say=lambda line: None)
    assert result.rounds["torch"] == [20.0, 20.0]
    assert "| 20 µs (" in table([result])


def test_a_peer_that_fails_is_named_and_left_out(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\nif [ "$1" = -c ]; then echo jax; else echo "no such thing" >&2; exit 1; fi\n'
    )
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    said: list[str] = []
    (result,) = run_bench(["linreg"], [str(python)], rounds=1, seconds=0.01, say=said.append)
    assert "linreg: jax failed: no such thing" in said
    assert list(result.rounds) == ["schuss"]


def test_unknown_workloads_are_refused() -> None:
    with pytest.raises(ValueError, match="no workload 'lineg'; there are seed_mlp, linreg"):
        run_bench(["lineg"])


def test_operations_of_a_step() -> None:
    assert WORKLOADS["linreg"].flops == 2 * (2 * 32 * 30)  # forward, and by the weights
    assert WORKLOADS["predict_1"].flops == 2 * (784 * 64 + 64 * 10)
    assert WORKLOADS["seed_mlp"].flops == 2 * (2 * 32 * 784 * 64) + 3 * (2 * 32 * 64 * 10)


def test_the_table_gives_ratios() -> None:
    result = Result(WORKLOADS["linreg"], {"schuss": [2.0, 1.0, 4.0], "jax": [100.0, 90.0, 110.0]})
    row = table([result]).splitlines()[-1]
    assert row.startswith("| linreg | **2 µs** (1 µs–4 µs) |")
    assert "100 µs (50.0)" in row
