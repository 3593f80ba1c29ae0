"""CSVLogger: the logs of all epochs in a file."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from schuss.callbacks.callback import Callback, Logs


class CSVLogger(Callback):
    """Writes a line for every epoch: its number, then its logs by name.

    The columns are those of the first epoch, with ``val_…`` for each if the first epoch was not validated;
    what is missing later is written as NA.

    Args:
        filename: str or path.
        separator: str, ",".
        append: bool, False. True: go on with an existing file.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False):
        super().__init__()
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.keys: list[str] | None = None
        self._file: TextIO | None = None
        self._header = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        path = Path(self.filename)
        self._header = not (self.append and path.exists() and path.stat().st_size > 0)
        if self.append and not self._header:
            with open(path, newline="") as file:
                columns = next(csv.reader(file, delimiter=self.sep))
            self.keys = columns[1:] if columns[:1] == ["epoch"] else None
        else:
            self.keys = None
        self._file = open(path, "a" if self.append else "w", newline="")  # noqa: SIM115 (open until on_train_end)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._file is None:
            raise RuntimeError("CSVLogger: on_train_begin must come before on_epoch_end.")
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(name.startswith("val_") for name in self.keys):
                self.keys += [f"val_{name}" for name in self.keys]
        writer = csv.writer(self._file, delimiter=self.sep)
        if self._header:
            writer.writerow(["epoch", *self.keys])
            self._header = False
        writer.writerow([epoch, *(_text(logs.get(name, "NA")) for name in self.keys)])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _text(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value
    if isinstance(value, Iterable):
        return f'"[{", ".join(map(str, value))}]"'
    return value
