"""A short stress of whole trainings; ``benchmarks/stress.py`` is the long one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "stress.py"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sends signals, forks, and reads /proc")
@pytest.mark.parametrize("threads", [1, 3])
def test_disturbed_trainings_keep_their_bits(threads: int) -> None:
    environment = {**os.environ, "SCHUSS_BACKEND": "cpu", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(PROGRAM), "--minutes", "0", "--threads", str(threads), "--seed", "1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{threads} threads: 18 turns" in done.stdout
