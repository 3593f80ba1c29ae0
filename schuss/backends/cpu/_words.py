"""The table of words through which a run and its machine code know each other."""

from __future__ import annotations

from enum import IntEnum


class Word(IntEnum):
    """Where things lie in the context, in words of 8 bytes. What threads write is on cache lines of its
    own."""

    THREADS = 0
    STEPS = 1
    ROWS = 2
    ARENA = 3
    HOST = 4
    STOP = 8
    DONE = 16
    FAILED = 24
    ARRIVED = 32
    GENERATION = 40
    HALT = 48  # two words: odd and even steps
    BUFFERS = 56
