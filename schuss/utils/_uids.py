"""Automatic names: the first Dense is ``dense``, the next ``dense_1``, …, counted per process."""

from __future__ import annotations

from collections import Counter

from schuss.utils._names import to_snake_case

_counts: Counter[str] = Counter()


def auto_name(prefix: str) -> str:
    """``"Dense"`` → ``"dense"``, then ``"dense_1"``, ``"dense_2"``, …"""
    prefix = to_snake_case(prefix)
    count = _counts[prefix]
    _counts[prefix] += 1
    return prefix if count == 0 else f"{prefix}_{count}"


def get_uid(prefix: str = "") -> int:
    """How often this was asked of `prefix`, and automatic names were made with it, this time included."""
    _counts[prefix] += 1
    return _counts[prefix]


def unique_name(name: str, taken: set[str]) -> str:
    """`name`, with the first free ``_1``, ``_2``, … if it is taken already; the result is added to
    `taken`."""
    candidate, count = name, 0
    while candidate in taken:
        count += 1
        candidate = f"{name}_{count}"
    taken.add(candidate)
    return candidate


def reset_uids() -> None:
    """Start counting from the beginning again."""
    _counts.clear()


def clear_session(free_memory: bool = True) -> None:
    """Forget the process-wide state: automatic names start from the beginning again.

    Args:
        free_memory: also run Python's garbage collector.

    Example:
        >>> import schuss
        >>> schuss.utils.clear_session()
        >>> schuss.layers.Dense(3).name, schuss.layers.Dense(3).name
        ('dense', 'dense_1')
    """
    reset_uids()
    if free_memory:
        import gc

        gc.collect()
