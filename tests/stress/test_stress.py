"""A short stress of whole trainings; ``benchmarks/stress.py`` is the long one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "stress.py"


def program() -> Any:
    """The long one as a module."""
    spec = spec_from_file_location("stress", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


stress = program()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sends signals, forks, and reads /proc")
@pytest.mark.parametrize("threads", [1, 3])
def test_disturbed_trainings_keep_their_bits(threads: int) -> None:
    environment = {**os.environ, "SCHUSS_BACKEND": "cpu", "PYTHONWARNINGS": "ignore"}
    options = ["--minutes", "0", "--threads", str(threads), "--seed", "1", "--fits", "200"]
    command = [sys.executable, str(PROGRAM), *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{threads} threads: 20 turns" in done.stdout
    assert "200 fits of a batch" in done.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sends signals, and forks")
def test_a_process_that_hangs_is_killed_and_shows_where_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    hanging = "import faulthandler, os, time; faulthandler.enable(); os.fork(); time.sleep(1000)"
    begun = time.monotonic()
    assert stress.run_within(1.0, [sys.executable, "-c", hanging], dict(os.environ)) != 0
    assert time.monotonic() - begun < 60
    errors = capfd.readouterr().err
    assert "has not ended within 1 s" in errors
    assert 'File "<string>", line 1' in errors


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks")
def test_a_forked_process_that_hangs_is_killed() -> None:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGABRT, signal.SIG_IGN)
        time.sleep(1000)
        os._exit(0)
    assert stress._status_within(child, 0.1) == signal.SIGKILL
