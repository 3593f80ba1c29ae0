"""ModelCheckpoint: the model, or its weights, in a file."""

from __future__ import annotations

import os
import warnings
from typing import Any

from schuss.callbacks.callback import Logs
from schuss.callbacks.monitor import MonitorCallback


class ModelCheckpoint(MonitorCallback):
    """Saves the model or its weights after every epoch, or after every so many batches.

    Args:
        filepath: str or path that ends in ``.weights.h5`` or ``.safetensors`` (with `save_weights_only`), else in
            ``.keras`` or ``.h5``. It may have ``{epoch}`` (from 1), ``{batch}`` (with a number as `save_freq`) and the
            names of logs, with formats: ``"{epoch:02d}-{val_loss:.2f}.weights.h5"``.
        monitor: str, "val_loss": what is watched with `save_best_only`.
        verbose: 0 or 1: say what is saved.
        save_best_only: bool, False. Save only when `monitor` is better than ever.
        save_weights_only: bool, False.
        mode: "auto", "min" or "max".
        save_freq: "epoch" or a number of batches ≥ 1.
        initial_value_threshold: float or None: the first "best" value, with `save_best_only`.

    Raises:
        ValueError: another ending of the path, another `save_freq`.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(monitor, mode, best=initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose, self.save_best_only, self.save_weights_only = verbose, save_best_only, save_weights_only
        self.save_freq = save_freq
        endings = (".weights.h5", ".safetensors") if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: with save_weights_only={save_weights_only} `filepath` must end in "
                f"{' or '.join(endings)}, got {self.filepath!r}."
            )
        whole = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq >= 1
        if save_freq != "epoch" and not whole:
            raise ValueError(
                f"ModelCheckpoint: `save_freq` must be 'epoch' or an integer >= 1, got {save_freq!r}."
            )
        self._epoch = 0
        self._batches = 0  # since the last save
        self._last_batch = -1

    def wants(self, hook: str) -> bool:
        if (
            hook == "on_train_batch_end"
            and type(self).on_train_batch_end is ModelCheckpoint.on_train_batch_end
        ):
            return self.save_freq != "epoch"
        return super().wants(hook)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch, self._last_batch = epoch, -1

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches += batch - self._last_batch if batch > self._last_batch else batch + 1
        self._last_batch = batch
        if self._batches >= int(self.save_freq):
            self._batches = 0
            self._save(self._epoch, batch, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._path(epoch, batch, logs)
        if self.save_best_only and not self._is_best(epoch, logs, path):
            return
        if not self.save_best_only and self.verbose:
            print(f"\nEpoch {epoch + 1}: saving model to {path}")
        if os.path.isdir(path):
            raise OSError(f"ModelCheckpoint: {path!r} is a directory; `filepath` must name a file.")
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self._save_whole(path)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _save_whole(self, path: str) -> None:
        save = getattr(self.model, "save", None)
        if save is None:
            raise ValueError(
                f"ModelCheckpoint: a {type(self.model).__name__} cannot be saved as a whole. Use "
                "save_weights_only=True "
                "and a path that ends in .weights.h5."
            )
        save(path, overwrite=True)

    def _is_best(self, epoch: int, logs: Logs, path: str) -> bool:
        if self.monitor not in logs:
            warnings.warn(
                f"ModelCheckpoint: {self.monitor!r} is not available, so every epoch is saved. "
                f"Available: {', '.join(sorted(logs)) or 'nothing'}.",
                stacklevel=4,
            )
            return True
        value, best = logs[self.monitor], self.best
        if not self.is_improvement(value, best):
            if self.verbose:
                print(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {best:.5f}")
            return False
        if self.verbose:
            old = "None" if best is None else f"{best:.5f}"
            print(
                f"\nEpoch {epoch + 1}: {self.monitor} improved from {old} to {value:.5f}, saving model to "
                f"{path}"
            )
        self.best = value
        return True

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        names: dict[str, Any] = {**logs, "epoch": epoch + 1}
        if batch is not None:
            names["batch"] = batch + 1
        try:
            return self.filepath.format(**names)
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: the path {self.filepath!r} names {error}, which is not there. "
                f"Available: {', '.join(sorted(names))}."
            ) from error
