"""Trainer: the verbs of training. `Model` inherits them."""

from __future__ import annotations

import functools
import heapq
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from schuss import ops, optimizers
from schuss.callbacks import CallbackList, History, ProgbarLogger
from schuss.graph import Variable, _tree, active_trace, untraced
from schuss.optimizers._checks import no_rate_yet
from schuss.training._arguments import evaluation_data, is_due, on_batch_piece, prediction_data, training_data
from schuss.training._arrays import names_of
from schuss.training._batches import unpack_x_y_sample_weight
from schuss.training._checks import DataCheck, TokenCheck, optional_positive_integer, positive_integer
from schuss.training._compile import Compiled, OutputMetrics
from schuss.training._data import ArrayData, Counted, Piece
from schuss.training._observers import Observers
from schuss.training._rate import seek_rate
from schuss.training._run import predict_all, results_of, test_epoch, train_epoch
from schuss.training._steps import PREDICT, TEST, TRAIN, Steps
from schuss.training._traces import at_once, measured
from schuss.utils._progress import Progress, progress_for

if TYPE_CHECKING:
    from schuss.layers import Layer as _Layer
else:
    _Layer = object  # `Model` is a Trainer and a Layer


class Trainer(_Layer):
    """What a model can do besides being called: learn, be measured, predict.

    Attributes:
        optimizer: the optimizer, None before `compile`. loss: as given to `compile`. compiled: bool.
        stop_training: callbacks set it to True to end `fit` after the batch or epoch under way.
        history: the `History` of the last `fit`.
        run_eagerly: evaluate one primitive at a time with NumPy, on the reference evaluator: slow, but every
            value can be looked at.
    """

    def __init__(self) -> None:
        self.optimizer: Any = None
        self.loss: Any = None
        self.compiled = self.run_eagerly = False
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self.steps_per_execution = 1
        self.jit_compile: Any = "auto"
        self.history: History | None = None
        self._initial_epoch: int | None = None
        self._compiled: Compiled | None = None
        self._steps = Steps()

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is to learn.

        Args:
            optimizer: a name (``"sgd"``, ``"adam"``), an `Optimizer`, or a config. Default ``"rmsprop"``.
            loss: a name (``"mse"``), a `Loss`, or a function ``(y_true, y_pred) -> loss of each sample``. For
                several outputs one for all, a list in their order, or a dict by their names.
                ``"crossentropy"`` is binary, sparse or categorical, as the shapes of labels and predictions
                say.
            loss_weights: numbers by which the outputs' losses are multiplied; a list or dict. Default 1.
            metrics: list of names, `Metric`s or functions; for several outputs a list with an entry (or list)
                for each, or a dict by their names. ``"accuracy"`` is binary, sparse or categorical by the
                shapes.
            weighted_metrics: as `metrics`; these count with the sample weights.
            run_eagerly: see the attribute. Default False.
            steps_per_execution: int, 1: how often batch hooks of callbacks are called: after so many steps.
            jit_compile, auto_scale_loss: taken for Keras's sake; steps are always compiled.

        Raises:
            ValueError: an unknown name (the nearest ones are named), or something that is none of these.

        Example:
            >>> import schuss
            >>> model = schuss.Sequential([schuss.Input((4,)), schuss.layers.Dense(3, activation="softmax")])
            >>> model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
            >>> model.compiled
            True
        """
        optimizer = optimizers.get(optimizer)
        steps_per_execution = positive_integer("steps_per_execution", steps_per_execution)
        arguments = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }
        with untraced():
            self._compiled = Compiled(self, loss, loss_weights, metrics, weighted_metrics, arguments)
        self.optimizer, self.loss = optimizer, loss
        self.run_eagerly, self.steps_per_execution, self.jit_compile = (
            run_eagerly,
            steps_per_execution,
            jit_compile,
        )
        self.stop_training, self.compiled = False, True
        self._steps = Steps()

    # Learning ---

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> History:
        """Train for a number of epochs: gradient descent on the loss, batch by batch.

        Args:
            x: inputs: an array [samples, …] (NumPy, memory map, list, data frame); a list or dict of them for
                several inputs; or something that gives batches ``(x, y)`` or ``(x, y, sample_weight)``: a
                generator, a `schuss.utils.PyDataset`, a loader of another library.
            y: labels, likewise; not with batches.
            batch_size: int ≥ 1; default 32, or, with `steps_per_epoch`, what makes so many batches.
            epochs: int: the number of the last epoch.
            verbose: 0: say nothing; 1: a progress line; 2: one line for each epoch; ``"auto"``: 1.
            callbacks: list of `schuss.callbacks.Callback`.
            validation_split: in [0, 1): this fraction of the rows, the last ones before shuffling, is only
                evaluated.
            validation_data: ``(x, y)`` or ``(x, y, sample_weight)``, or batches, evaluated after each epoch.
            shuffle: whether rows come in a new random order in each epoch; ``"batch"``: batches do.
            class_weight: dict: class → factor of the loss of its samples.
            sample_weight: factor of the loss of each sample, [samples] (or for each output).
            initial_epoch: int, 0: where the count begins, to go on with training.
            steps_per_epoch: int or None: batches in an epoch; None: until the data is through.
            validation_steps: int or None: batches of validation data used.
            validation_batch_size: default: `batch_size`.
            validation_freq: int: validate in every so many epochs; or a list of epochs (from 1).

        Returns:
            The `History`: ``history.history["loss"]`` is the list of the epochs' mean losses.

        Raises:
            ValueError: data and model do not fit, or bad arguments. Nothing has been changed then.
            NonFiniteLossError: the loss became NaN or infinite; the model is as it was before that step.
            KeyboardInterrupt: on Ctrl-C, after a whole step; the model can be used.

        Example:
            >>> import numpy as np, schuss
            >>> x = np.linspace(-1, 1, 64, dtype="float32").reshape(-1, 1)
            >>> model = schuss.Sequential([schuss.Input((1,)), schuss.layers.Dense(1)])
            >>> model.compile(optimizer=schuss.optimizers.SGD(0.5), loss="mse")
            >>> history = model.fit(x, 2 * x + 1, epochs=50, verbose=0)
            >>> history.history["loss"][-1] < 1e-4
            True
        """
        self._require_compiled("fit", needs_optimizer=True)
        epochs = positive_integer("epochs", epochs, least=0)
        initial_epoch = positive_integer("initial_epoch", initial_epoch, least=0)
        steps_per_epoch = optional_positive_integer("steps_per_epoch", steps_per_epoch)
        validation_steps = optional_positive_integer("validation_steps", validation_steps)
        data, validation = training_data(
            self,
            x,
            y,
            batch_size,
            validation_split,
            validation_data,
            shuffle,
            class_weight,
            sample_weight,
            steps_per_epoch,
            validation_steps,
            validation_batch_size,
        )
        if validation is not None:
            is_due(0, validation_freq)  # an error now, and not after an epoch, if it is no frequency
        self.stop_training = False
        self._steps.look_at(self)
        steps = steps_per_epoch or data.steps
        progress = progress_for(verbose, epochs, self._learning_rate_now)
        called = self._callback_list(callbacks, history=True, epochs=epochs, steps=steps, verbose=verbose)
        check = DataCheck(self, data, once=True)
        validation_check = DataCheck(self, validation, "Validation data: ")
        for kind, given, looks in ((TRAIN, data, check), (TEST, validation, validation_check)):
            if isinstance(given, ArrayData):  # bad data are found before anything changes
                first = given.first_piece()
                each_loss = kind == TRAIN and bool(Observers(called))
                looks(self._steps.get(self, kind, first, each_loss), first)
        if getattr(self.optimizer, "seeks_rate", False) and epochs > initial_epoch:
            seek_rate(self, data, epochs - initial_epoch, steps_per_epoch, verbose)
        self._initial_epoch = None
        called.on_train_begin()
        initial_epoch = self._initial_epoch or initial_epoch  # a callback took up an interrupted training
        logs: dict[str, Any] = {}
        try:
            for epoch in range(initial_epoch, epochs):
                self.reset_metrics()
                called.on_epoch_begin(epoch)
                progress.begin(steps, epoch)
                data.begin_epoch()
                counted = Counted(data.pieces(steps_per_epoch))
                logs = train_epoch(self, counted, called, progress, epoch, check)
                data.end_epoch()
                if counted.steps == 0:
                    break
                if validation is not None and is_due(epoch, validation_freq):
                    found = self._evaluate(validation, validation_steps, called, Progress(), validation_check)
                    found = {f"val_{name}": value for name, value in found.items()}
                    logs = {name: {**logs, **found}[name] for name in heapq.merge(logs, sorted(found))}
                progress.end(counted.steps, logs)
                called.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
        finally:
            progress.close()
            data.restart()
            if validation is not None:
                validation.restart()
        if self.optimizer is not None and self.optimizer.built and epochs > initial_epoch:
            self.optimizer.finalize_variable_values(self.trainable_variables)
        called.on_train_end(logs)
        return called.history or History()

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and the metrics on data, in inference mode.

        Args:
            x, y, batch_size, verbose, sample_weight, callbacks: as for `fit`.
            steps: int or None: batches used; None: all.
            return_dict: return a dict by names. Default False.

        Returns:
            The loss, a float, if there are no metrics; else a list: the loss, the outputs' losses, the
            metrics in their order (``metrics_names`` and ``return_dict`` tell which is which).
        """
        if kwargs:
            raise ValueError(f"evaluate: unknown argument {next(iter(kwargs))!r}.")
        self._require_compiled("evaluate")
        steps = optional_positive_integer("steps", steps)
        data = evaluation_data(self, x, y, batch_size, sample_weight, steps)
        self._steps.look_at(self)
        progress = progress_for(verbose)
        called = self._callback_list(callbacks, steps=steps or data.steps, epochs=1, verbose=verbose)
        try:
            logs = self._evaluate(data, steps, called, progress, DataCheck(self, data))
        finally:
            progress.close()
            data.restart()
        return logs if return_dict else self._in_order(logs)

    def _evaluate(
        self, data: Any, steps: int | None, callbacks: CallbackList, progress: Progress, check: DataCheck
    ) -> dict[str, Any]:
        self.stop_evaluating = False
        self.reset_metrics()
        callbacks.on_test_begin()
        progress.begin(steps or data.steps)
        data.restart()
        data.begin_epoch()
        counted = Counted(data.pieces(steps))
        logs = test_epoch(self, counted, callbacks, progress, check)
        data.end_epoch()
        progress.end(counted.steps, logs)
        callbacks.on_test_end(logs)
        return logs

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The model's outputs for data, in inference mode.

        Args:
            x: inputs, as for `fit`; of batches ``(x, y)`` only `x` is used.
            batch_size: default 32. verbose, callbacks: as for `fit`. steps: int or None: batches used; None:
                all.

        Returns:
            NumPy arrays [samples, …] in the structure of the model's outputs.
        """
        if callbacks is None and steps is None and type(verbose) is int and verbose == 0:
            predictor = self._steps.predictors.find(self, x, batch_size)
            if predictor is not None:
                return predictor(x)
        steps = optional_positive_integer("steps", steps)
        data = prediction_data(self, x, batch_size, steps)
        self._steps.look_at(self)
        self.stop_predicting = False
        progress = progress_for(verbose)
        called = self._callback_list(callbacks, steps=steps or data.steps, epochs=1, verbose=verbose)
        called.on_predict_begin()
        progress.begin(steps or data.steps)
        counted = Counted(data.pieces(steps))
        try:
            outputs = predict_all(self, counted, called, progress, TokenCheck(self))
            progress.end(counted.steps, {})
        finally:
            progress.close()
            data.restart()
        called.on_predict_end()
        if isinstance(data, ArrayData) and data.steps == 1:
            self._remember(x, data.first_piece())
        return outputs

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """One step of training on one batch.

        Args:
            x, y, sample_weight, class_weight: as for `fit`, of one batch. return_dict: as for `evaluate`.

        Returns:
            The batch's loss and metrics, as `evaluate` returns them.
        """
        self._require_compiled("train_on_batch", needs_optimizer=True)
        if getattr(self.optimizer, "seeks_rate", False):
            raise ValueError(no_rate_yet(self.optimizer))
        return self._on_batch(TRAIN, on_batch_piece(self, x, y, sample_weight, class_weight), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss and metrics on one batch, as `evaluate` returns them."""
        self._require_compiled("test_on_batch")
        return self._on_batch(TEST, on_batch_piece(self, x, y, sample_weight, None), return_dict)

    def _on_batch(self, kind: str, piece: Any, return_dict: bool) -> Any:
        self._steps.look_at(self)
        self.reset_metrics()
        nobody = CallbackList()
        if kind == TRAIN:
            logs = train_epoch(self, [piece], nobody, Progress(), 0, DataCheck(self))
        else:
            logs = test_epoch(self, [piece], nobody, Progress(), DataCheck(self))
        return logs if return_dict else self._in_order(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, in inference mode."""
        predictor = self._steps.predictors.find(self, x, sys.maxsize)
        if predictor is not None:
            return predictor(x)
        self._steps.look_at(self)
        piece = on_batch_piece(self, x, None, None, None)
        outputs = predict_all(self, [piece], CallbackList(), Progress(), TokenCheck(self))
        self._remember(x, piece)
        return outputs

    def _remember(self, x: Any, piece: Piece) -> None:
        """The next prediction for data like `x`, which was one batch, shall be short."""
        step, tokens = self._steps.get(self, PREDICT, piece), TokenCheck(self)
        names = names_of(piece.structure)
        check = functools.partial(tokens.look, step, names=names) if tokens.tables(step) else None
        self._steps.predictors.remember(self, x, step, _tree.leaves(piece.structure[0]), check)

    # What a step computes

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training: forward, loss, backpropagation, update, metrics. May be overridden; it is
        traced and compiled with all that it calls, so it has to be written in `schuss.ops`, with
        `schuss.autodiff.gradients` or, in programs for TensorFlow, with ``tf.GradientTape``.

        Args:
            data: a batch as it comes from the data: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``.
                `schuss.utils.unpack_x_y_sample_weight` takes it apart.

        Returns:
            Name → value: what is reported of the step; of an epoch the last step's. The metrics in
            `metrics` are reset at the start of each epoch. A ``"loss"`` among them must stay finite.

        Example:
            >>> import numpy as np, schuss
            >>> class Absolute(schuss.Sequential):
            ...     def train_step(self, data):
            ...         x, y = data
            ...         loss = schuss.ops.mean(schuss.ops.abs(self(x, training=True) - y))
            ...         weights = self.trainable_variables
            ...         self.optimizer.apply(schuss.autodiff.gradients(loss, weights), weights)
            ...         return {"mae": loss}
            >>> model = Absolute([schuss.Input((1,)), schuss.layers.Dense(1)])
            >>> model.compile(optimizer="sgd")
            >>> x = np.ones((8, 1), "float32")
            >>> list(model.fit(x, 2 * x, verbose=0).history)
            ['mae']
        """
        if active_trace() is None:
            return at_once(functools.partial(Trainer.train_step, self), data)
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        _, y_pred = measured(self, x, y, sample_weight, training=True)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation: forward, loss, metrics. May be overridden, as `train_step`, whose argument
        and result it shares."""
        if active_trace() is None:
            return at_once(functools.partial(Trainer.test_step, self), data)
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        _, y_pred = measured(self, x, y, sample_weight, training=False)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The predictions for one batch, in inference mode. May be overridden; it is traced."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    def _has_own(self, method: str) -> bool:
        """Whether a subclass has overridden what belongs to a step."""
        return getattr(type(self), method) is not getattr(Trainer, method)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The number that training makes small: the compiled losses and what layers and regularizers add. May
        be overridden; it is traced, so it has to be written in `schuss.ops`.

        Args:
            x, y, sample_weight: a batch. y_pred: the model's outputs for `x`. training: whether this is for a
                training step.

        Returns:
            A scalar.
        """
        total = None
        compiled = self._compiled
        if compiled is not None and compiled.losses is not None:
            total = compiled.losses(compiled.outputs(y, y_pred, sample_weight))
        for loss in self.losses:
            value = ops.sum(ops.convert_to_tensor(loss))
            total = value if total is None else ops.add(total, ops.cast(value, total.dtype))
        if total is None:
            raise ValueError("No loss to compute. Provide a `loss` argument in `compile()`.")
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the metrics with a batch, and return their results by name. May be overridden; it is
        traced."""
        self._update_metrics(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        compiled = self._compiled
        if compiled is not None and compiled.metrics is not None:
            compiled.metrics.update_state(y, y_pred, sample_weight)

    def get_metrics_result(self) -> dict[str, Any]:
        """The present results of all metrics, by name."""
        return results_of(self.metrics)

    def _results_reader(self) -> Callable[[], dict[str, Any]]:
        """What gives the metrics' results, many times: without looking for the metrics each time, unless the
        user has an own `get_metrics_result`."""
        if self._has_own("get_metrics_result"):
            return self.get_metrics_result
        return functools.partial(results_of, self.metrics)

    def reset_metrics(self) -> None:
        """Forget what the metrics have seen."""
        for metric in self.metrics:
            metric.reset_state()

    @property
    def metrics(self) -> list[Any]:
        """All metrics: the mean loss, those of `compile`, the outputs' losses, and those of the model and its
        layers."""
        own = super().metrics
        compiled = self._compiled
        if compiled is None:
            return own
        given = [] if compiled.metrics is None else [compiled.metrics]
        losses = [] if compiled.losses is None else compiled.losses.metrics
        return [compiled.tracker, *given, *losses, *own]

    @property
    def metrics_names(self) -> list[str]:
        return [metric.name for metric in self.metrics]

    def _in_order(self, logs: dict[str, Any]) -> Any:
        """Logs as a list: in the order of `metrics`, those of `compile` as they were given; the rest by
        name."""
        names: list[str] = []
        for metric in self.metrics:
            inner = [m.name for m in metric.flat] if isinstance(metric, OutputMetrics) else [metric.name]
            names += [name for name in inner if name in logs and name not in names]
        names += [name for name in logs if name not in names]
        values = [logs[name] for name in names]
        return values[0] if len(values) == 1 else values

    # Helpers ---

    def _require_compiled(self, method: str, needs_optimizer: bool = False) -> None:
        if not self.compiled:
            raise ValueError(
                f"You must call `compile()` before `{method}()`: model.compile(optimizer=…, loss=…) says how "
                "the model learns."
            )
        if needs_optimizer and self.optimizer is None and not self._has_own("train_step"):
            raise ValueError(f"The model was compiled with optimizer=None; `{method}` needs one.")

    def _learning_rate_now(self) -> float | None:
        rates = getattr(self.optimizer, "learning_rate_sources", ())
        if len(rates) != 1 or not (isinstance(rates[0], Variable) or hasattr(rates[0], "get_config")):
            return None
        return float(np.asarray(self.optimizer.learning_rate))

    def _callback_list(self, callbacks: Any, history: bool = False, **params: Any) -> CallbackList:
        if isinstance(callbacks, CallbackList):
            if history and callbacks.history is None:
                callbacks.history = History()
                callbacks.append(callbacks.history)
        else:
            callbacks = CallbackList(callbacks, add_history=history, model=self, **params)
        for callback in callbacks:
            if isinstance(callback, ProgbarLogger):
                callback.is_shown = False  # there is a line of progress already
        return callbacks

    # Keeping ---

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was given, as plain values; None before."""
        from schuss.saving import serialize_keras_object

        if self._compiled is None:
            return None
        return {name: serialize_keras_object(value) for name, value in self._compiled.arguments.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """`compile` with what `get_compile_config` returned, or Keras's models say.

        Args:
            config: dict of arguments; an unknown optimizer or loss is an error.
        """
        from schuss.saving import deserialize_keras_object

        self.compile(**{name: deserialize_keras_object(value) for name, value in config.items()})
        if self.built and self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
