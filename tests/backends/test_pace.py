"""How many threads are tried, and which number is kept, on machines that are only imagined."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from schuss.backends.cpu._pace import Pace

Machine = Callable[
    [int, float], tuple[float, int]
]  # threads, now → seconds of a step, long waits of a second


def quiet(size: int, now: float) -> tuple[float, int]:
    return 1e-4 / size, 0


def crowded(size: int, now: float) -> tuple[float, int]:
    return 1e-4 * size, 0 if size == 1 else 500


def uneven(size: int, now: float) -> tuple[float, int]:
    """Threads wait for each other in each step, and yet they are faster."""
    return 1e-4 / size, 10_000


def sizes(pace: Pace, machine: Machine, begin: float, end: float) -> list[int]:
    """The number of threads after each look."""
    now, found = begin, []
    while now < end:
        seconds = 0.005 if pace.trying else 0.05
        now += seconds
        size = pace.size
        time, late = machine(size, now)
        found.append(pace.note(size, round(seconds / time), seconds, round(seconds * late), now))
    return found


def test_on_a_quiet_machine_nothing_is_tried() -> None:
    assert set(sizes(Pace(8), quiet, 0.0, 5.0)) == {8}


@pytest.mark.parametrize("most", [2, 5, 16])
def test_fewer_threads_where_others_use_the_cores(most: int) -> None:
    found = sizes(Pace(most), crowded, 0.0, 10.0)
    assert found[len(found) // 10 :].count(1) > 0.7 * len(found)


def test_as_many_as_before_when_the_others_have_gone() -> None:
    pace = Pace(8)
    sizes(pace, crowded, 0.0, 10.0)
    assert sizes(pace, quiet, 10.0, 13.0)[-1] == 8


def test_at_first_as_many_as_there_are_cores() -> None:
    assert (Pace(16, 2).size, Pace(2, 16).size) == (2, 2)
    assert sizes(Pace(16, 2), quiet, 0.0, 5.0)[-1] == 16


def test_waits_alone_are_no_reason() -> None:
    found = sizes(Pace(2), uneven, 0.0, 10.0)
    assert found.count(2) > 0.8 * len(found)


def test_steps_of_another_number_of_threads_say_nothing() -> None:
    pace = Pace(4)
    assert pace.note(2, 10, 1.0, 100, 1.0) == 4
    assert not pace.trying


def long_steps(size: int, now: float) -> tuple[float, int]:
    """Steps of a tenth of a second, with waits in each."""
    return 0.1 / size, 100


def test_long_steps_in_which_threads_wait_are_tried_on_fewer_once() -> None:
    pace, found, now = Pace(2), [], 0.0
    for _ in range(300):
        time, late = long_steps(pace.size, now)
        now += time
        found.append(pace.note(pace.size, 1, time, round(late * time), now))
    assert found.count(1) == 1
    assert found[-1] == 2
