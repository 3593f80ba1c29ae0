"""The programs in ``benchmarks/`` at least begin: they use what is private to the library, which may move."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
PROGRAMS = sorted(path.name for path in FOLDER.glob("*.py") if path.name != "learning_rate_problems.py")


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_says_how_it_is_used(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / name), "--help"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()
