"""How many threads a program's runs go on, as the machine's other work allows.

Threads that make a step together wait for each other. When others use the cores, too, one of them is always waiting for
its turn, and the rest with it: then fewer are faster. As their number changes no bit of the results, it may be found by
trying: half of them where some had to wait for long, twice as many again later. Where steps take what they usually take,
waits are the program's own (work that cannot be divided evenly), and hardly anything is tried.
"""

from __future__ import annotations

import threading

GLANCE = 0.005  # seconds after which a trial that is slower is given up
_PERIOD = 0.03  # seconds of steps after which they are judged
_ENOUGH = 8  # steps, too: they are counted as whole ones
_LONGEST = 2.0  # seconds, whatever their number
_SLOWER = 1.25  # than usual: worth a trial
_FORGOTTEN = 1.001  # by so much the usual time grows at each look: the machine may be slower for good
_FASTER = 0.95  # of the time before: a trial is a success
_SOON, _LATEST = 0.1, 1.0  # seconds until the next trial: after a success; after many failures
_SELDOM = 30.0  # ... of fewer threads though steps take their usual time: others may have been here from the beginning


class Pace:
    """The number of threads for one program, found by trying.

    Args:
        most: threads there may be. size: how many there are at first; all of them by default.

    Attributes:
        size: threads that runs should have now.
    """

    def __init__(self, most: int, size: int | None = None):
        self.most = most
        self.size = min(size or most, most)
        self._lock = threading.Lock()
        self._steps, self._seconds, self._late = 0, 0.0, 0
        self._usual: dict[int, float] = {}
        self._before: tuple[int, float] | None = None
        self._pause, self._next, self._doubt = _SOON, 0.0, 0.0

    @property
    def trying(self) -> bool:
        """Whether another number of threads is being tried."""
        return self._before is not None

    def note(self, size: int, steps: int, seconds: float, late: int, now: float) -> int:
        """Take note of steps that were made.

        Args:
            size: threads that made them. steps, seconds: how many, in what time.
            late: how often a thread had to wait for long. now: a time in seconds, from any beginning.

        Returns:
            How many threads should go on.
        """
        with self._lock:
            if size == self.size:
                self._steps += steps
                self._seconds += seconds
                self._late += late
                if self._steps and (self._is_enough() or self._is_in_vain()):
                    self._judge(self._seconds / self._steps, now)
                    self._steps, self._seconds, self._late = 0, 0.0, 0
            return self.size

    def _is_enough(self) -> bool:
        return self._seconds >= _PERIOD and (self._steps >= _ENOUGH or self._seconds >= _LONGEST)

    def _is_in_vain(self) -> bool:
        """Whether a trial is so slow that it need not go on."""
        if self._before is None:
            return False
        return self._seconds >= max(GLANCE, self._steps * self._before[1])

    def _judge(self, time: float, now: float) -> None:
        """A step took so long: keep the number of threads, go back to the one before, or try another."""
        if self._before is not None:
            size, before = self._before
            self._before = None
            if time < _FASTER * before:
                self._pause = _SOON
                self._doubt = now if self.size < size else self._doubt  # even fewer may be better still
            else:
                self.size = size
                self._pause = min(2 * self._pause, _LATEST)
            self._next = now + self._pause
            return
        usual = self._usual[self.size] = min(time, _FORGOTTEN * self._usual.get(self.size, time))
        if now < self._next:
            return
        if self._late and self.size > 1 and (time > _SLOWER * usual or now >= self._doubt):
            self._doubt = now + _SELDOM
            self._try(self.size // 2, time)
        elif self.size < self.most:
            self._try(min(2 * self.size, self.most), time)

    def _try(self, size: int, time: float) -> None:
        self._before = self.size, time
        self.size = size
