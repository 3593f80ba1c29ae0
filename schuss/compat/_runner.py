"""Running a program file as ``python program.py`` would, with our modules in place of keras and
tensorflow."""

from __future__ import annotations

import importlib.machinery
import multiprocessing.spawn
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from schuss.compat import _finder
from schuss.compat._finder import install


def run_program(path: str, arguments: Sequence[str] = ()) -> int:
    """Run the Python program at `path` as ``__main__``, with ``sys.argv`` and ``sys.path`` as Python sets them.

    An exception that the program does not catch is shown as Python would show it, from the program's first line
    on.

    Args:
        path: a file, or ``"-"`` for a program from standard input.
        arguments: ``sys.argv`` after the program's name.

    Returns:
        The exit code: 0, 1 after an uncaught exception, 130 after Ctrl-C.

    Raises:
        FileNotFoundError: there is no such file.
        SystemExit: the program calls ``sys.exit``.
    """
    from_stdin = path == "-"
    if not from_stdin and not Path(path).is_file():
        what = "is a folder, not a program" if Path(path).is_dir() else "does not exist"
        raise FileNotFoundError(f"There is no program {path!r}: it {what} (looked in {Path.cwd()}).")
    install()
    _install_in_children()
    name = "<stdin>" if from_stdin else os.path.abspath(path)
    sys.argv = [path, *arguments]
    if not sys.flags.safe_path:
        sys.path[:1] = ["" if from_stdin else os.path.dirname(os.path.realpath(path))]
    main = _main_module(name, from_stdin)
    return _guarded(lambda: _execute(main, name, from_stdin), name)


def _main_module(name: str, from_stdin: bool) -> ModuleType:
    """An empty ``__main__``, which stays to the end of the process: threads, pickles and exit functions use it."""
    main = ModuleType("__main__")
    main.__builtins__ = sys.modules["builtins"]  # type: ignore[attr-defined]
    main.__annotations__ = {}
    if not from_stdin:
        main.__file__, main.__cached__ = name, None  # type: ignore[attr-defined]
        main.__loader__ = importlib.machinery.SourceFileLoader("__main__", name)
    sys.modules["__main__"] = main
    return main


def _execute(main: ModuleType, name: str, from_stdin: bool) -> None:
    source = sys.stdin.buffer.read() if from_stdin else Path(name).read_bytes()
    code: CodeType = compile(source, name, "exec", dont_inherit=True)
    exec(code, vars(main))


def _guarded(run: Callable[[], None], name: str) -> int:
    try:
        run()
    except SystemExit:
        raise
    except BaseException as error:
        trace = users_part(error.__traceback__, name)
        error.__traceback__ = trace
        sys.stdout.flush()
        sys.excepthook(type(error), error, trace)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def users_part(trace: TracebackType | None, name: str) -> TracebackType | None:
    """A traceback from the program's first frame on (None if it has none: a syntax error), without the frames of
    the import machinery at its end."""
    while trace is not None and trace.tb_frame.f_code.co_filename != name:
        trace = trace.tb_next
    kept = []
    while trace is not None:
        kept.append(trace)
        trace = trace.tb_next
    while kept and _finder.is_machinery(kept[-1].tb_frame.f_code.co_filename):
        kept.pop()
    result = None
    for part in reversed(kept):
        result = TracebackType(result, part.tb_frame, part.tb_lasti, part.tb_lineno)
    return result


class _Installed:
    """Unpickling it installs the stand-ins."""

    def __reduce__(self) -> Any:
        return install, ()


def _install_in_children() -> None:
    """Processes that multiprocessing starts run the program's imports again: they get the stand-ins too."""
    prepare = multiprocessing.spawn.get_preparation_data
    if getattr(prepare, "installs_stand_ins", False):
        return

    def preparation_data(name: str) -> dict[str, Any]:
        return {"schuss": _Installed(), **prepare(name)}

    preparation_data.installs_stand_ins = True  # type: ignore[attr-defined]
    multiprocessing.spawn.get_preparation_data = preparation_data
