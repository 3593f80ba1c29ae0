"""TensorBoard: logs as curves, weights as histograms and the model as a graph in TensorBoard."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from schuss.callbacks._events import EventFile
from schuss.callbacks.callback import Callback, Logs
from schuss.graph import Spec, _tree, trace


class TensorBoard(Callback):
    """Writes loss, metrics and learning rate of every epoch to files that TensorBoard shows
    (``tensorboard --logdir logs``): those of training to ``log_dir/train``, of validation to
    ``log_dir/validation``.

    Args:
        log_dir: str or path. Default ``"logs"``.
        write_steps_per_second: bool, False: write the pace, too.
        update_freq: ``"epoch"`` (default); ``"batch"`` or an int: write the logs of every batch, or of every
            so many, as well.
        histogram_freq: int, 0. n: write the distributions of all weights after every n-th epoch.
        write_graph: bool, True: write the graph of what the model predicts, its operations grouped by layers.
        write_images, embeddings_freq, embeddings_metadata, profile_batch: of Keras; they have no effect, and a warning
            says so. (For profiles there is ``schuss bench --profile``.)

    Example:
        >>> import schuss
        >>> callback = schuss.callbacks.TensorBoard("logs/first")  # model.fit(x, y, callbacks=[callback])
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ):
        super().__init__()
        asked = {
            "write_images": write_images,
            "profile_batch": profile_batch,
            "embeddings_freq": embeddings_freq,
        }
        unwritten = [name for name, value in asked.items() if value]
        if unwritten:
            warnings.warn(
                f"TensorBoard: numbers, histograms and graphs are written; {', '.join(unwritten)} has no effect.",
                stacklevel=2,
            )
        self.log_dir = str(log_dir)
        self.histogram_freq, self.write_graph, self.write_images = histogram_freq, write_graph, write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        if self.update_freq != "epoch" and not (isinstance(self.update_freq, int) and self.update_freq > 0):
            raise ValueError(
                f"TensorBoard: `update_freq` must be 'epoch', 'batch' or a positive integer, got {update_freq!r}."
            )
        self._files: dict[str, EventFile] = {}
        self._drawn: list[Any] = []
        self._batches = 0
        self._begun: tuple[float, int] = (0.0, 0)

    def wants(self, hook: str) -> bool:
        """Batches only where they are written, so that whole epochs can run in compiled code."""
        if hook == "on_train_batch_end":
            return self.update_freq != "epoch"
        return super().wants(hook)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._batches = 0
        if self.write_graph and self.model not in self._drawn:
            self._drawn.append(self.model)
            self._write_model()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._begun = time.perf_counter(), self._steps_done()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        if self.update_freq != "epoch" and self._batches % self.update_freq == 0:
            self._write(
                "train", {f"batch_{name}": value for name, value in (logs or {}).items()}, self._batches
            )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        trained = {name: value for name, value in logs.items() if not name.startswith("val_")}
        rate = getattr(self.model.optimizer, "learning_rate", None)
        if rate is not None:
            trained["learning_rate"] = float(np.asarray(rate))
        if self.write_steps_per_second:
            start, steps = self._begun
            trained["steps_per_second"] = (self._steps_done() - steps) / (time.perf_counter() - start)
        validated = {name[4:]: value for name, value in logs.items() if name.startswith("val_")}
        for where, values in (("train", trained), ("validation", validated)):
            self._write(where, {f"epoch_{name}": value for name, value in values.items()}, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for weight in self.model.weights:
                self._file("train").histogram(f"{weight.path}/histogram", weight.numpy(), epoch)
            self._file("train").flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}

    def _steps_done(self) -> int:
        return int(np.asarray(getattr(self.model.optimizer, "iterations", 0)))

    def _write(self, where: str, values: dict[str, Any], step: int) -> None:
        numbers = {name: float(value) for name, value in values.items() if np.size(value) == 1}
        if not numbers:
            return
        file = self._file(where)
        for name, value in numbers.items():
            file.scalar(name, value, step)
        file.flush()

    def _file(self, where: str) -> EventFile:
        if where not in self._files:
            self._files[where] = EventFile(Path(self.log_dir) / where)
        return self._files[where]

    def _write_model(self) -> None:
        """The graph of what the model predicts for one sample, if its inputs are known."""
        inputs = getattr(self.model, "inputs", None)
        if not inputs or any(x.dtype == "string" for x in inputs):
            return
        specs = _tree.map_structure(
            lambda x: Spec(tuple(1 if n is None else n for n in x.shape), x.dtype), self.model.input
        )
        try:
            graph = trace(lambda x: self.model(x, training=False), specs)
        except (TypeError, ValueError) as error:  # lengths of 1 may be too short for it
            warnings.warn(f"TensorBoard: the model's graph is not written: {error}", stacklevel=2)
            return
        for tensor, x in zip(graph.inputs, inputs, strict=True):
            tensor.name = x.name
        self._file("train").graph(graph)
        self._file("train").flush()
