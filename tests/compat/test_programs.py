"""Programs as they are found in tutorials run unchanged, and print what they print with TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RECORDED = json.loads((HERE.parent / "recorded" / "programs.json").read_text())


@pytest.fixture(scope="module")
def results():
    done = subprocess.run([sys.executable, str(HERE / "run_programs.py")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", sorted(path.stem for path in (HERE / "programs").glob("*.py")))
def test_program(results, name):
    result = results[name]
    assert result["code"] == 0, result["err"]
    printed = result["out"].splitlines()
    assert [line for line in RECORDED[name] if line not in printed] == []
