"""The table of words through which a run and its machine code know each other."""

from __future__ import annotations

from enum import IntEnum


class Word(IntEnum):
    """Where things lie in the context, in words of 8 bytes. What threads write is on cache lines of its
    own."""

    LIMIT = 0  # threads that should make a step
    STEPS = 1
    ROWS = 2
    ARENA = 3
    HOST = 4
    PATIENCE = 5  # pauses for which the first thread waits for the others before it begins alone
    STOP = 8
    DONE = 16
    FAILED = 24
    ARRIVED = 32
    GENERATION = 40
    NEXT = 48  # threads of the next step, 0: the run is over; two words: after even and odd steps
    JOINED = 56  # threads that came to help, those included that wait to be let in
    ADMITTED = 64  # who may come in, and at which step: threads · 2⁴⁸ + step; negative: the run is over
    LATE = 72  # how often a thread had to wait for long
    SLEEPING = 73  # threads that sleep at a barrier
    BUFFERS = 80
