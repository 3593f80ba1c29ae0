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


def _interrupted(program: str, backend: str) -> str:
    """What a program says after a Ctrl-C that comes when it has said "started"."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "SCHUSS_BACKEND": backend}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "started\n"
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    return out


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c(backend: str) -> None:
    assert _interrupted(PROGRAM, backend) == "usable\n"


LONG_STEP = """
import numpy as np, schuss, threading, time
from schuss import layers
x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
slow = threading.Event()
def rate():
    if slow.is_set():
        print("started", flush=True)
        time.sleep(60)
    return 0.01
model = schuss.Sequential([schuss.Input((4,)), layers.Dense(1)])
model.compile(schuss.optimizers.SGD(rate), "mse")
model.fit(x, x[:, :1], verbose=0)
before = model.get_weights()
slow.set()
try:
    model.fit(x, x[:, :1], verbose=0, batch_size=64)
except KeyboardInterrupt:
    slow.clear()
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    model.fit(x, x[:, :1], verbose=0)
    print("usable", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_in_a_long_step(backend: str) -> None:
    """Its effects are left aside."""
    assert _interrupted(LONG_STEP, backend) == "usable\n"
