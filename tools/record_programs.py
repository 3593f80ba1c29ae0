"""Run the programs of ``tests/compat/programs`` with the real TensorFlow, and record the lines they print that do
not depend on random numbers.

Needs TensorFlow: ``python tools/record_programs.py``
"""

import json
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
VARYING = ("loss", "Loss", "Epoch", "step", "│", "┃", "━", "─", "Model:", " params:")


def lines_of(output: str) -> list[str]:
    """The lines without figures of the training and without tables."""
    lines = output.splitlines()
    return [line for line in lines if line.startswith("[") or not any(text in line for text in VARYING)]


if __name__ == "__main__":
    recorded = {}
    for path in sorted((TESTS / "compat" / "programs").glob("*.py")):
        done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
        recorded[path.stem] = [line for line in lines_of(done.stdout) if "\x1b" not in line and line.strip()]
    (TESTS / "recorded" / "programs.json").write_text(json.dumps(recorded, indent=1) + "\n")
