"""Ctrl-C: training stops soon, after a whole step, and the model can be used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import numpy as np, schuss, sys
from schuss import layers
x = np.random.default_rng(0).normal(size=(4000, 50)).astype("float32")
model = schuss.Sequential([schuss.Input((50,)), layers.Dense(64, "relu"), layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, x[:, :1], epochs=1, verbose=0)
try:
    print("started", flush=True)
    model.fit(x, x[:, :1], epochs=1_000_000, verbose=0)
except KeyboardInterrupt:
    before = int(model.optimizer.iterations.numpy())
    assert all(np.isfinite(w).all() for w in model.get_weights())
    model.fit(x[:64], x[:64, :1], verbose=0)
    assert int(model.optimizer.iterations.numpy()) == before + 2
    print("usable", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c(backend: str) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "SCHUSS_BACKEND": backend}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "started\n"
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert out == "usable\n"
    assert process.returncode == 0
