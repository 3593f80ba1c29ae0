"""Worker threads: how many, after a fork, and when a host call fails."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import ops
from schuss.backends.cpu import compile_graph
from schuss.backends.cpu._threads import num_threads, quota_of
from schuss.graph import Spec, trace
from schuss.graph import primitives as p

X = np.ones((300, 300), "float32")


@pytest.mark.parametrize("wanted", ["0", "-1", "two", "2.5", "1e3", "²", "99999999"])
def test_a_number_of_threads_that_is_none(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setenv("SCHUSS_NUM_THREADS", wanted)
    with pytest.raises(ValueError, match="SCHUSS_NUM_THREADS must be a positive integer up to 4096, got "):
        num_threads()


def test_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_NUM_THREADS", " 3 ")
    assert num_threads() == 3
    monkeypatch.setenv("SCHUSS_NUM_THREADS", "")
    assert num_threads() >= 1


@pytest.mark.parametrize(
    ("group", "files", "cores"),
    [
        ("0::/job", {"job/cpu.max": "150000 100000"}, 2),
        ("0::/job/a", {"job/cpu.max": "100000 100000", "job/a/cpu.max": "max 100000"}, 1),
        ("0::/elsewhere", {"cpu.max": "300000 100000"}, 3),
        ("0::/job", {"job/cpu.max": "max 100000"}, 4096),
        ("5:cpu:/x\n6:pids:/", {"cpu/x/cpu.cfs_quota_us": "50000", "cpu/x/cpu.cfs_period_us": "100000"}, 1),
        ("5:cpu:/x", {"cpu/x/cpu.cfs_quota_us": "-1", "cpu/x/cpu.cfs_period_us": "100000"}, 4096),
        ("5:cpu:/x", {"cpu/x/cpu.max": "nonsense"}, 4096),
        ("no such thing", {}, 4096),
    ],
)
def test_quotas_of_control_groups(tmp_path: Path, group: str, files: dict[str, str], cores: int) -> None:
    (tmp_path / "own").write_text(group)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert quota_of(tmp_path, tmp_path / "own") == cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_one_core_means_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCHUSS_NUM_THREADS", raising=False)
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert num_threads() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_computes_on_threads_of_its_own() -> None:
    f = schuss.jit(lambda x: ops.matmul(ops.matmul(x, x), x))
    f(X)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, f(X).tobytes()[:4])
        finally:
            os._exit(0)
    deadline = time.monotonic() + 30
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        assert time.monotonic() < deadline, "the forked process does not come to an end"
        time.sleep(0.01)
    assert np.frombuffer(os.read(read, 4), "float32")[0] == 90_000


@pytest.mark.parametrize(("rows", "columns", "threads"), [(32, 20, 1), (1024, 20, 2), (64, 2000, 2)])
def test_small_steps_have_one_thread(rows: int, columns: int, threads: int) -> None:
    """Rows count, too: they lie anywhere in memory."""
    spec = Spec((rows, columns), np.dtype("float32"))
    program = compile_graph(trace(lambda x: ops.sum(x * x, axis=1), spec), 1)
    assert program.threads(2) == threads


def test_one_program_called_from_many_threads() -> None:
    f = schuss.jit(lambda x, scale: ops.sum(ops.matmul(x, x)) * scale)
    f(X, 1.0)
    failures = []

    def call(scale: float) -> None:
        failures.extend(1 for _ in range(4) if f(X, scale) != 300**3 * scale)

    threads = [threading.Thread(target=call, args=(float(n),)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_host_call_that_fails_leaves_the_program_usable() -> None:
    broken = [True]

    def host(x: np.ndarray) -> np.ndarray:
        if broken:
            raise RuntimeError("out of ink")
        return x

    f = schuss.jit(lambda x: p.host_call_p.bind(x, function=host, specs=(Spec.of(x),))[0] + 1.0)
    with pytest.raises(RuntimeError, match="out of ink"):
        f(X)
    broken.clear()
    assert (f(X) == 2).all()
