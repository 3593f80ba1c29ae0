"""``schuss bench``: turns are taken, failures are said, and the report has what was measured."""

from __future__ import annotations

import dataclasses
import json
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from schuss.backends.cpu import _limits
from schuss.backends.cpu._limits import Limits
from schuss.bench import WORKLOADS, Report, run_bench
from schuss.bench._plot import write_plot
from schuss.bench._report import Result, duration
from schuss.bench._run import Turn, turns
from schuss.bench._workloads import Wanted
from schuss.bench.contenders.with_keras import MODELS
from schuss.cli import main

LIMITS = Limits(2, 100e9, 200e9, 30e9, 128 << 20, 100e9, 512 << 10)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_limits, "_SECONDS", 1e-4)
    monkeypatch.setattr(_limits, "_REPEATS", 2)
    monkeypatch.setattr(_limits, "_MOST_COPIED", 1 << 20)


def python_that(tmp_path: Path, has: str, says: str) -> str:
    """A Python in which `has` is installed, and which runs `says` as a contender."""
    python = tmp_path / f"python-{has}"
    python.write_text(f'#!/bin/sh\nif [ "$1" = -c ]; then echo {has}; else {says}; fi\n')
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return str(python)


def quiet(line: str) -> None:
    pass


# Taking turns ---


def test_schuss_is_always_there() -> None:
    assert turns()[0] == Turn("schuss", sys.executable)


def test_a_workload_is_measured_and_stands_in_the_tables() -> None:
    said: list[str] = []
    report = run_bench(["linreg"], peers=["torch"], rounds=1, seconds=0.01, say=said.append)
    assert 0 < report.results[0].median("schuss") < 1e6
    assert said[-1].startswith("linreg: schuss ")
    assert "| linreg | **" in report.markdown()
    assert "linreg     Schuss" in str(report)


def test_a_peer_in_another_python_takes_part(tmp_path: Path) -> None:
    answer = """echo '{"times": [10.0, 30.0, 20.0], "versions": {"torch": "9.9"}}'"""
    report = run_bench(
        ["linreg"], [python_that(tmp_path, "torch", answer)], ["torch"], rounds=2, seconds=0.01, say=quiet
    )
    assert report.results[0].rounds["torch"] == [20.0, 20.0]
    assert "20 µs (" in report.markdown()
    assert "torch 9.9" in report.markdown()


def test_a_peer_that_fails_is_named_and_left_out(tmp_path: Path) -> None:
    said: list[str] = []
    python = python_that(tmp_path, "jax", 'echo "no such thing" >&2; exit 1')
    report = run_bench(["linreg"], [python], ["jax", "jax scan"], rounds=2, seconds=0.01, say=said.append)
    assert said.count("linreg: jax failed: no such thing") == 1
    assert list(report.results[0].rounds) == ["schuss"]
    assert report.results[0].failed == {"jax": "no such thing", "jax scan": "no such thing"}
    assert "no such thing" in str(report)


def test_a_peer_that_is_unable_is_left_out_in_silence(tmp_path: Path) -> None:
    said: list[str] = []
    python = python_that(tmp_path, "torch", """echo '{"unable": "no such networks"}'""")
    report = run_bench(["linreg"], [python], ["torch"], rounds=1, seconds=0.01, say=said.append)
    assert list(report.results[0].rounds) == ["schuss"]
    assert not report.results[0].failed
    assert len(said) == 1


def test_unknown_workloads_and_broken_pythons_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no workload 'lineg'; there are seed_mlp, linreg"):
        run_bench(["lineg"])
    with pytest.raises(ValueError, match="does not run"):
        run_bench(["linreg"], [python_that(tmp_path, "nothing; exit 3", "exit 3")])
    with pytest.raises(ValueError, match="no contender 'pytorch'; there are schuss, keras tensorflow"):
        run_bench(["linreg"], peers=["pytorch"])


# What is wanted ---


def test_operations_of_a_step() -> None:
    assert WORKLOADS["linreg"].flops == 2 * (2 * 32 * 30)  # forward, and by the weights
    assert WORKLOADS["predict_1"].flops == 2 * (784 * 64 + 64 * 10)
    assert WORKLOADS["seed_mlp"].flops == 2 * (2 * 32 * 784 * 64) + 3 * (2 * 32 * 64 * 10)


def test_every_workload_can_be_told_to_another_process() -> None:
    for workload in WORKLOADS.values():
        told = json.loads(json.dumps(workload.as_dict()))
        assert told["model"] in MODELS
        assert workload.summary
        assert workload.wanted


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (Wanted(1 / 6, ("torch", "torch compile")), "≤ 1/6 of torch / torch compile"),
        (Wanted(0.55), "≤ 0.55 of the best"),
        (Wanted(1.0), "≤ the best"),
        (Wanted(share_of_peak=0.65), "≥ 65% of peak"),
    ],
)
def test_what_is_wanted_in_words(wanted: Wanted, text: str) -> None:
    assert str(wanted) == text


def result() -> Result:
    wanted = (Wanted(0.5), Wanted(1 / 40, ("jax",)), Wanted(1.0, ("torch",)), Wanted(share_of_peak=0.5))
    workload = dataclasses.replace(WORKLOADS["linreg"], wanted=wanted, flops=300_000)
    rounds = {"schuss": [2.0, 1.0, 4.0], "jax": [100.0, 30.0, 110.0], "sklearn": [9.0, 8.0, 9.0]}
    return Result(workload, rounds)


def test_ratios_are_of_the_same_round() -> None:
    assert result().ratio("jax") == pytest.approx(1 / 30)
    assert result().median("jax") == 100


def test_whether_what_is_wanted_is_reached() -> None:
    found = result()
    assert found.best() == "sklearn"
    reached = [found.reached(wanted, LIMITS) for wanted in found.workload.wanted]
    assert reached == [True, False, None, True]  # torch took no part


# The report ---


def report() -> Report:
    return Report(
        [result()], LIMITS, {"schuss": "0.1.0", "jax": "9.9"}, 3, "2026-01-01", "A processor, 2 cores"
    )


def test_the_table_for_documents() -> None:
    lines = report().markdown().splitlines()
    assert lines[0].startswith(
        "A processor, 2 cores, 2026-01-01, 3 rounds; schuss 0.1.0, jax 9.9. Peak 200 GFLOP/s on"
    )
    assert lines[-3] == "| workload | Schuss (range) | GFLOP/s | of peak | jax | sklearn | wanted |"
    assert lines[-1] == (
        "| linreg | **2 µs** (1 µs–4 µs) | 150.0 | 75% | 100 µs (30) | **9 µs (4.5)** | "
        "✓ ≤ 1/2 of the best; ✗ ≤ 1/40 of jax; ≤ torch; ✓ ≥ 50% of peak |"
    )


def test_the_table_for_a_terminal() -> None:
    text = str(report())
    assert "peak       200 GFLOP/s on 2 threads, 100 on one" in text
    assert "✗ ≤ 1/40 of jax" in text
    assert text.index("sklearn") < text.index("jax  ")  # the quickest first
    assert max(map(len, text.splitlines())) <= 140


def test_everything_as_json() -> None:
    found = json.loads(report().json())
    (workload,) = found["results"]
    assert workload["times"]["jax"] == {"median": 100.0, "rounds": [100.0, 30.0, 110.0]}
    assert [w["reached"] for w in workload["wanted"]] == [True, False, None, True]
    assert workload["best_peer"] == "sklearn"
    assert found["limits"]["all_flops"] == 200e9


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_picture(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / f"speed.{ending}"
    write_plot(report(), path)
    assert path.stat().st_size > 1000


def test_durations() -> None:
    assert [duration(x) for x in (0.271, 41.23, 999.7, 7540.0)] == ["0.271 µs", "41.2 µs", "1 ms", "7.54 ms"]


# The command ---


def invoked(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["bench", *arguments])
    return f"{done.exit_code} {done.output}"


def test_the_workloads_are_listed() -> None:
    text = invoked("--list")
    assert all(name in text for name in WORKLOADS)
    assert "784-64-10, batch 32, SGD" in text
    assert "predict of 1 row " in text


def test_the_command_writes_files(tmp_path: Path) -> None:
    numbers, table = tmp_path / "b.json", tmp_path / "b.md"
    text = invoked(
        "linreg", "--peer=torch", "--rounds=1", "--seconds=0", f"--json={numbers}", f"--markdown={table}"
    )
    assert text.startswith("0 ")
    assert json.loads(numbers.read_text())["rounds"] == 1
    assert table.read_text().count("\n| linreg |") == 1


def test_the_command_profiles() -> None:
    text = invoked("--profile", "predict_1", "--seconds=0")
    assert "predict step of 1 row on " in text
    assert "dot_general maximum" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lineg"], "no workload 'lineg'"),
        (["linreg", "--plot=speed.doc"], "must end in .svg, .png, .pdf; got 'speed.doc'"),
        (["linreg", "--profile", "--json=a.json"], "--profile prints only"),
    ],
)
def test_the_command_refuses_before_it_measures(arguments: list[str], message: str) -> None:
    assert message in invoked(*arguments)


def test_the_command_says_that_there_is_no_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'schuss[plot]'" in invoked("linreg", "--plot=speed.svg")
