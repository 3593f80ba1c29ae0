"""Worker threads. Each runs compiled code through ctypes, which lets go of Python's lock meanwhile."""

from __future__ import annotations

import functools
import math
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path

_MOST = 4096  # no machine has more cores; a larger number is a slip
_CONTROL, _GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def num_threads() -> int:
    """How many threads a program uses at most: ``SCHUSS_NUM_THREADS``, else one for each core that this process may
    use (a container's may be fewer than the machine's).

    Raises:
        ValueError: ``SCHUSS_NUM_THREADS`` is no integer from 1 to 4096.
    """
    wanted = os.environ.get("SCHUSS_NUM_THREADS", "").strip()
    if wanted:
        if not wanted.isdecimal() or not 1 <= int(wanted) <= _MOST:
            raise ValueError(f"SCHUSS_NUM_THREADS must be a positive integer up to {_MOST}, got {wanted!r}.")
        return int(wanted)
    return num_cores()


def num_cores() -> int:
    """How many cores this process may use, by its affinity and by the quota of its control group."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, quota_of(_CONTROL, _GROUP)))


@functools.cache
def quota_of(control: Path, group: Path) -> int:
    """How many cores a process's control group lets it use, rounded up; very many if there is no limit.

    Args:
        control: where control groups are shown. group: the file that says in which the process is.
    """
    try:
        lines = [line.split(":", 2) for line in group.read_text().splitlines()]
    except OSError:
        return _MOST
    least = float(_MOST)
    for _, controllers, path in (line for line in lines if len(line) == 3):
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = control / controllers if controllers else control
        here = root / path.strip("/")
        while True:  # a group's parents may have limits, too; in a container the root is its own
            least = min(least, _cores_of(here))
            if here == root or root not in here.parents:
                break
            here = here.parent
    return max(1, math.ceil(least))


def _cores_of(group: Path) -> float:
    """The quota of one control group, of the second or the first version, in cores."""
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return float(quota) / float(period) if quota.strip() not in ("max", "-1") else math.inf
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf


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
