"""The compiler's own text: machine code is kept under a name that depends on it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import schuss

_COMPILER = ("graph", "compiler", "backends")


@cache
def sources_digest() -> str:
    """A hash of the modules that make machine code of a graph, and of the version (for builds without sources).

    A compiler that was changed thus finds none of the code that it made before.
    """
    digest = hashlib.sha256(schuss.__version__.encode())
    root = Path(schuss.__file__).parent
    for room in _COMPILER:
        for path in sorted((root / room).rglob("*.py")):
            digest.update(f"{path.relative_to(root)}:{path.stat().st_size}:".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
