"""Processes forked at a bad moment."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest

import schuss
from schuss import ops

X = np.ones((8, 8), "float32")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_processes_compile_although_others_did_at_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_OBJECT_CACHE", "0")
    monkeypatch.setenv("SCHUSS_BACKEND", "cpu")
    schuss.jit(lambda x: ops.matmul(x, x))(X)
    over = threading.Event()

    def compile_again_and_again() -> None:
        while not over.is_set():
            schuss.jit(lambda x: ops.tanh(ops.matmul(x, x)) + ops.sum(x))(X)

    thread = threading.Thread(target=compile_again_and_again)
    thread.start()
    try:
        for _ in range(20):
            time.sleep(0.01)
            child = os.fork()
            if child == 0:
                try:
                    os._exit(int(schuss.jit(lambda x: ops.sum(ops.matmul(x, x)))(X) != 512))
                finally:
                    os._exit(2)
            deadline = time.monotonic() + 10
            while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
                if time.monotonic() > deadline:
                    os.kill(child, 9)
                    os.waitpid(child, 0)
                    pytest.fail("The forked process does not come to an end.")
                time.sleep(0.01)
            assert ended[1] == 0
    finally:
        over.set()
        thread.join()
