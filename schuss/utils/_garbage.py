"""Python's collector of cyclic garbage, asked to wait."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collections() -> Iterator[None]:
    """No search for garbage meanwhile, nor after it if there was none before.

    For work that makes very many objects which all stay to its end: looking through them again and again finds nothing.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
