"""Progress bars for the steps of training on a table."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

Progress = Callable[[str, float, str], None]
"""What is done, how far (0 … 1, NaN if not known), and a remark."""


_EVERY = 1.0  # seconds


@contextlib.contextmanager
def now_and_then(tell: Callable[[], None]) -> Iterator[None]:
    """Within: `tell` is called every second, by another thread."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(_EVERY):
            tell()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def bars(console: Console | None = None) -> Iterator[Progress]:
    """Within: a function of what is done, how far (NaN if not known), and a remark, which draws a bar for each.

    Args:
        console: default: of the error stream, so that results can be read from the output.
    """
    console = console or Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description:9}"),
        BarColumn(24),
        TimeElapsedColumn(),
        TextColumn("{task.fields[remark]}"),
    )
    with Bars(*columns, console=console) as shown:
        tasks: dict[str, TaskID] = {}

        def tell(what: str, share: float, remark: str) -> None:
            if what not in tasks:
                for task in shown.tasks:
                    shown.update(task.id, total=1.0, completed=1.0)
                    shown.stop_task(task.id)
                tasks[what] = shown.add_task(what, total=None, remark=remark)
            task = tasks[what]
            if math.isnan(share):
                shown.update(task, remark=remark)
            else:
                shown.update(task, total=1.0, completed=share, remark=remark)

        yield tell
