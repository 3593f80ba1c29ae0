"""What is imported when: nothing before its use, and what brings much only where it is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

TRAINING = """
import numpy as np
from schuss import datasets, layers, models, optimizers
(x, y), _ = datasets.mnist.load_data()
model = models.Sequential([layers.Flatten(), layers.Dense(3, activation="softmax")])
model.compile(optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, batch_size=4, verbose=0)
"""


def modules_after(program: str, **environment: str) -> set[str]:
    """What a process that runs the program has imported."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_import_schuss_brings_nothing() -> None:
    found = modules_after("import schuss")
    assert not {"numpy", "llvmlite", "rich", "h5py", "click"} & found
    assert [name for name in found if name.startswith("schuss")] == ["schuss"]


@pytest.mark.parametrize(
    "name",
    ["layers", "losses", "metrics", "optimizers", "callbacks", "initializers", "models", "ops", "datasets"],
)
def test_no_room_brings_a_machine_or_the_network(name: str) -> None:
    found = modules_after(f"import schuss.{name}")
    assert not {"llvmlite", "rich", "h5py", "click", "narwhals", "urllib.request", "logging"} & found


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """A small file of digits, and a cache of its own."""
    x, y = np.zeros((4, 28, 28), np.uint8), np.array([0, 1, 2, 0], np.uint8)
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    return {"SCHUSS_DATASETS": str(tmp_path), "SCHUSS_CACHE": str(tmp_path / "cache")}


def test_training_on_arrays_needs_no_files_of_weights_tables_colours_or_network(
    folders: dict[str, str],
) -> None:
    found = modules_after(TRAINING, **folders)
    assert not {"rich", "h5py", "click", "narwhals", "ssl", "urllib.request", "logging", "socket"} & found


def test_a_program_compiled_before_needs_none_of_what_emits_code(folders: dict[str, str]) -> None:
    emits = {f"schuss.backends.cpu.{name}" for name in ("_module", "nests", "_emit", "_scalars", "vecmath")}
    assert emits <= modules_after(TRAINING, **folders)
    assert not emits & modules_after(TRAINING, **folders)
