"""Work ahead of its use: threads that make the next elements while the last ones are in use."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

_PATIENCE = 1.0  # seconds that an end waits for the elements which are being made


def cores() -> int:
    """How many threads make elements where nothing else is asked for: one for each core."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ahead(source: Iterator[Any], function: Callable[[Any], Any], workers: int, limit: int) -> Iterator[Any]:
    """``function(element)`` for the elements of `source`, in their order, made by threads ahead of their use.

    What comes out does not depend on the number of threads. An error of `source` or `function` is raised
    where its element would have come. The threads end with the elements, and when the iterator is closed or
    forgotten, as it is after ``break`` or an interrupt.

    Args:
        source: asked by one thread at a time.
        function: called by several threads at once.
        workers: how many threads. limit: how many elements may be made and not yet be taken.
    """
    crew = _Crew(source, function, max(1, limit))
    try:
        crew.start(workers)
        while crew.has_more():
            yield crew.take()
    finally:
        crew.stop()


class _Crew:
    """Threads, and what they have made: ``made[n]`` is the outcome for element n, until it is taken."""

    def __init__(self, source: Iterator[Any], function: Callable[[Any], Any], limit: int):
        self._source, self._function, self._limit = source, function, limit
        self._asking = threading.Lock()  # held by the thread that asks the source
        self._changed = threading.Condition()
        self._made: dict[int, tuple[Any, BaseException | None]] = {}
        self._begun = self._taken = 0
        self._ended = self._stopped = False
        self._threads: list[threading.Thread] = []
        self._at_work = 0

    def start(self, workers: int) -> None:
        self._at_work = workers
        for number in range(workers):
            thread = threading.Thread(target=self._work, name=f"schuss-data-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    # The side of the user ---

    def has_more(self) -> bool:
        """Whether there is a next element; waits until that is known."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken in self._made or self._is_through())
            return self._taken in self._made

    def take(self) -> Any:
        """The next element."""
        with self._changed:
            value, error = self._made.pop(self._taken)
            self._taken += 1
            self._changed.notify_all()
        if error is not None:
            raise error
        return value

    def stop(self) -> None:
        """End the threads; each finishes the element that it is at."""
        with self._changed:
            self._stopped = True
            self._made.clear()
            self._changed.notify_all()
        until = time.monotonic() + _PATIENCE
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))

    def _is_through(self) -> bool:
        return self._stopped or (self._ended and self._taken == self._begun)

    # The side of the threads ---

    def _work(self) -> None:
        try:
            while (next_one := self._next()) is not None:
                number, element = next_one
                try:
                    outcome = self._function(element), None
                except BaseException as error:
                    outcome = None, error
                self._put(number, outcome)
                del element, outcome, next_one
        finally:
            self._leave()

    def _next(self) -> tuple[int, Any] | None:
        """The next element's number and the element, once there is room for it; None at the end."""
        with self._asking:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._begun < self._taken + self._limit)
                if self._stopped or self._ended:
                    return None
            try:
                element = next(self._source)
            except StopIteration:
                self._end()
                return None
            except BaseException as error:
                self._put(self._begun, (None, error))
                self._begun += 1
                self._end()
                return None
            self._begun += 1
            return self._begun - 1, element

    def _put(self, number: int, outcome: tuple[Any, BaseException | None]) -> None:
        with self._changed:
            if not self._stopped:
                self._made[number] = outcome
            self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _leave(self) -> None:
        """The last thread closes the source, so that threads behind it end as well."""
        with self._changed:
            self._at_work -= 1
            last = self._at_work == 0
        close = getattr(self._source, "close", None)
        if last and close is not None:
            close()
