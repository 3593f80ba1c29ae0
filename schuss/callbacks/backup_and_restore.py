"""BackupAndRestore: training that goes on where it was interrupted."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from schuss.callbacks.callback import Callback, Logs

_WEIGHTS, _METADATA, _PREVIOUS = "latest.weights.h5", "training_metadata.json", ".bkp"


class BackupAndRestore(Callback):
    """Keeps the state of training in a folder while `fit` runs, and takes it up again in the next `fit`.

    The state is the model's weights, the optimizer's variables and the number of the epoch. If the program
    dies within `fit`, run it again with the same arguments: training begins with the epoch that was not
    finished. When `fit` is done, the folder is deleted.

    Args:
        backup_dir: path of a folder that is used for nothing else; it is made if need be.
        save_freq: "epoch", or a number of batches ≥ 1.
        double_checkpoint: bool, False. True: also keep the state before the last one, for the case that the
            last one cannot be read.
        delete_checkpoint: bool, True: delete the folder at the end.

    Raises:
        ValueError: no folder, another `save_freq`; in `fit`, a model that is not built.

    Example:
        >>> import schuss
        >>> callback = schuss.callbacks.BackupAndRestore("backup")  # model.fit(…, callbacks=[callback])
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        super().__init__()
        if not backup_dir:
            raise ValueError("BackupAndRestore: `backup_dir` must name a folder, got nothing.")
        whole = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq >= 1
        if save_freq != "epoch" and not whole:
            raise ValueError(
                f"BackupAndRestore: `save_freq` must be 'epoch' or an integer >= 1, got {save_freq!r}."
            )
        self.backup_dir, self.save_freq = os.fspath(backup_dir), save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._files = [Path(self.backup_dir) / name for name in (_WEIGHTS, _METADATA)]
        self._epoch = self._last_batch = self._batches = 0

    def wants(self, hook: str) -> bool:
        own = type(self).on_train_batch_end is not BackupAndRestore.on_train_batch_end
        if hook == "on_train_batch_end" and not own:
            return self.save_freq != "epoch"
        return super().wants(hook)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if not self.model.built:
            raise ValueError(
                f"BackupAndRestore: the model {self.model.name!r} must be built before `fit`: call it on data, "
                "or build(input_shape) it."
            )
        self._last_batch = self._batches = 0
        try:
            self._restore()
        except (OSError, ValueError):
            if not _previous(self._files[0]).exists():
                raise
            for path in self._files:
                path.unlink(missing_ok=True)
                if _previous(path).exists():
                    shutil.copy(_previous(path), path)
            self._restore()

    def _restore(self) -> None:
        weights, metadata = self._files
        if weights.exists():
            optimizer = self.model.optimizer
            if optimizer is not None and not optimizer.built:
                optimizer.build(self.model.trainable_variables)
            self.model.load_weights(str(weights))
        if metadata.exists():
            self._epoch = int(json.loads(metadata.read_text())["epoch"])
            self.model._initial_epoch = self._epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch, self._last_batch = epoch + 1, 0
        if self.save_freq == "epoch":
            self._save()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches += batch - self._last_batch if batch > self._last_batch else batch + 1
        self._last_batch = batch
        if self._batches >= int(self.save_freq):
            self._batches = 0
            self._save()

    def _save(self) -> None:
        weights, metadata = self._files
        weights.parent.mkdir(parents=True, exist_ok=True)
        for path in self._files:
            if self.double_checkpoint and path.exists():
                shutil.copy(path, _previous(path))
        self.model.save_weights(str(weights), overwrite=True)
        new = metadata.with_suffix(".new")
        new.write_text(json.dumps({"epoch": self._epoch, "batch": self._last_batch}))
        new.replace(metadata)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            shutil.rmtree(self.backup_dir, ignore_errors=True)


def _previous(path: Path) -> Path:
    """Where the state before the last one is kept."""
    return path.with_name(path.name + _PREVIOUS)
