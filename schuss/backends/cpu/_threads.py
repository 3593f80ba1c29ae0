"""Worker threads. Each runs compiled code through ctypes, which lets go of Python's lock meanwhile."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

_MOST = 4096  # no machine has more cores; a larger number is a slip


def num_threads() -> int:
    """How many threads a program uses: ``SCHUSS_NUM_THREADS``, else one for each core this process may
    use."""
    wanted = os.environ.get("SCHUSS_NUM_THREADS", "").strip()
    if wanted:
        if not wanted.isdecimal() or not 1 <= int(wanted) <= _MOST:
            raise ValueError(f"SCHUSS_NUM_THREADS must be a positive integer up to {_MOST}, got {wanted!r}.")
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


class _Worker:
    def __init__(self) -> None:
        self.tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="schuss", daemon=True).start()

    def _work(self) -> None:
        while True:
            task = self.tasks.get()
            task()
            del task
            _idle.append(self)


_idle: list[_Worker] = []


def _forget() -> None:
    _idle.clear()  # threads do not survive a fork


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def start(task: Callable[[], None]) -> None:
    """Run `task` on a worker thread."""
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
    worker.tasks.put(task)


def run_together(task: Callable[[int], None], count: int) -> threading.Event:
    """Run ``task(0) … task(count - 1)`` on as many threads at once; the event is set when all have
    returned."""
    finished = threading.Event()
    left = [count]
    lock = threading.Lock()

    def part(index: int) -> None:
        try:
            task(index)
        finally:
            with lock:
                left[0] -= 1
                last = left[0] == 0
            if last:
                finished.set()

    for index in range(count):
        start(lambda index=index: part(index))
    return finished
