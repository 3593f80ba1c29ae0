"""Where Schuss keeps files between runs."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where downloads and machine code are kept: ``SCHUSS_CACHE``, else ``XDG_CACHE_HOME/schuss``, else
    ``~/.cache/schuss``."""
    named = os.environ.get("SCHUSS_CACHE")
    if named:
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "schuss"
