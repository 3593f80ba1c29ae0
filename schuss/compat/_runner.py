"""Running a program file as ``python program.py`` would, with our modules in place of keras and
tensorflow."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from schuss.compat._finder import install


def run_program(path: str, arguments: Sequence[str] = ()) -> None:
    """Run the Python program at `path` as ``__main__``, with ``sys.argv`` and ``sys.path`` as Python would
    set them.

    Raises:
        FileNotFoundError: there is no such file.
    """
    program = Path(path)
    if not program.is_file():
        raise FileNotFoundError(f"There is no program {path!r} (looked in {Path.cwd()}).")
    install()
    sys.argv = [path, *arguments]
    sys.path.insert(0, str(program.resolve().parent))
    runpy.run_path(path, run_name="__main__")
