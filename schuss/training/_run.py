"""Runs: steps go through compiled code while the main thread watches them, shows progress, calls callbacks,
and may stop."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.callbacks import CallbackList, TerminateOnNaN
from schuss.graph import Tensor, _tree
from schuss.training._data import Piece
from schuss.training._interrupts import held_back
from schuss.training._nonfinite import Guard, detach
from schuss.training._observers import Observers
from schuss.training._steps import PREDICT, TEST, TRAIN, Step
from schuss.utils._progress import Progress

_BATCH_HOOKS = {
    TRAIN: ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    TEST: ("on_test_batch_begin", "on_test_batch_end"),
    PREDICT: ("on_predict_batch_begin", "on_predict_batch_end"),
}
_TICK = 0.05  # seconds between two looks at a run
_LONG = 0.05  # seconds of a step from which on it is a run of its own
_PATIENCE = 0.1  # seconds that an interrupt waits for the step under way


@dataclass
class Hooks:
    """The callbacks' hooks for the batches of one kind of run."""

    begin: Callable[..., None]
    end: Callable[..., None]

    @staticmethod
    def of(callbacks: CallbackList, kind: str) -> Hooks | None:
        """None if nobody wants to be called for batches: then a whole epoch can be one run."""
        names = _BATCH_HOOKS[kind]
        if kind == TRAIN:  # the engine itself watches the loss, so TerminateOnNaN need not see every batch
            asked = [c for c in callbacks.callbacks if type(c) is not TerminateOnNaN]
        else:
            asked = callbacks.callbacks
        wanted = any(c.wants(n) if hasattr(c, "wants") else hasattr(c, n) for c in asked for n in names)
        return Hooks(getattr(callbacks, names[0]), getattr(callbacks, names[1])) if wanted else None


class Executions:
    """Calls the hooks before and after every `size` steps, also where these come in several runs.

    Args:
        hooks: None if nobody wants to be called. size: the model's `steps_per_execution`.
    """

    def __init__(self, hooks: Hooks | None, size: int):
        self.hooks, self.size = hooks, size
        self._first: int | None = None

    @property
    def idle(self) -> bool:
        """Whether no execution is under way."""
        return self._first is None

    def parts(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """What is run at once: whole pieces, or, where callbacks want batches, so much that no part goes
        over the end of an execution."""
        filled = 0
        for piece in pieces:
            if self.hooks is None:
                yield piece
                continue
            for part in piece.split(self.size, self.size - filled):
                filled = (filled + part.steps) % self.size
                yield part

    def begin(self, done: int) -> None:
        """A run begins; `done` steps were made before."""
        if self.hooks and self._first is None:
            self._first = done
            self.hooks.begin(done)

    def end(self, done: int, logs: Callable[[], dict[str, Any]], last: bool = False) -> None:
        """A run is over, or (`last`) all are; `done` steps have been made. Logs are made if need be."""
        if self.hooks and self._first is not None and (last or done - self._first >= self.size):
            self._first = None
            self.hooks.end(done - 1, logs=logs())


def train_epoch(
    model: Any,
    pieces: Iterable[Piece],
    callbacks: CallbackList,
    progress: Progress,
    epoch: int,
    check: Callable[[Step, Piece], None],
) -> dict[str, Any]:
    """One epoch of training. Returns its logs."""
    executions = Executions(Hooks.of(callbacks, TRAIN), model.steps_per_execution)
    observers = Observers(callbacks)
    done, said, logs = 0, None, Logs(model)
    for step, piece in _parts(model, TRAIN, observers.parts(pieces), executions, check, bool(observers)):
        executions.begin(done)
        observers.begin(done, piece)
        guard = Guard(model, step, piece, epoch, done)
        outputs = step.room(piece.steps)
        tick = functools.partial(_show, progress, done, logs, step)
        run = _finished(step, piece, outputs, tick, guard)
        said = step.said(outputs)
        done += run.steps_done
        failed = guard.failed_step(run)
        observers.end(done, step.losses(outputs, run.steps_done), failed is not None)
        if failed is not None:
            return _stopped_at(
                guard, failed, callbacks, executions.hooks, {**logs(), "loss": _bad(outputs[0])}
            )
        guard.let_go()
        executions.end(done, lambda: logs.of_batch(said))  # noqa: B023
        if model.stop_training:
            break
    executions.end(done, lambda: logs.of_batch(said), last=True)
    return logs(said)


def _stopped_at(
    guard: Guard, failed: int, callbacks: CallbackList, hooks: Hooks | None, logs: dict[str, Any]
) -> dict[str, Any]:
    """After a loss that is no number: an error, or, if a callback is there for that, the end of training."""
    terminating = [c for c in callbacks.callbacks if isinstance(c, TerminateOnNaN)]
    if not terminating:
        raise guard.error(failed)
    number = guard.restore_before(failed)
    ends = [hooks.end] if hooks else [callback.on_train_batch_end for callback in terminating]
    for end in ends:
        end(guard.first + number, logs)
    guard.model.stop_training = True
    return logs


def _bad(loss: np.ndarray) -> float:
    """The loss that was not finite; NaN if it was the weights that were not."""
    return float("nan") if np.isfinite(loss) else float(loss)


def test_epoch(
    model: Any,
    pieces: Iterable[Piece],
    callbacks: CallbackList,
    progress: Progress,
    check: Callable[[Step, Piece], None],
) -> dict[str, Any]:
    """One pass of evaluation. Returns its logs."""
    executions = Executions(Hooks.of(callbacks, TEST), model.steps_per_execution)
    done, said, logs = 0, None, Logs(model)
    for step, piece in _parts(model, TEST, pieces, executions, check):
        executions.begin(done)
        outputs = step.room(piece.steps)
        _finished(step, piece, outputs, functools.partial(_show, progress, done, logs, step))
        said = step.said(outputs)
        done += piece.steps
        executions.end(done, lambda: logs.of_batch(said))  # noqa: B023
        if model.stop_evaluating:
            break
    executions.end(done, lambda: logs.of_batch(said), last=True)
    return logs(said)


def _show(progress: Progress, done: int, logs: Logs, step: Step, more: int) -> None:
    """Show that so many steps are done, and `more` of the run under way."""
    progress.update(done + more, lambda: logs.meanwhile(step))


def predict_all(
    model: Any,
    pieces: Iterable[Piece],
    callbacks: CallbackList,
    progress: Progress,
    check: Callable[[Step, Piece], None],
) -> Any:
    """The model's outputs for all rows, in the structure of its outputs."""
    executions = Executions(Hooks.of(callbacks, PREDICT), model.steps_per_execution)
    done, told, found, tree = 0, 0, [], None

    def logs() -> dict[str, Any]:
        return {"outputs": _joined(found[told:], tree)}

    for step, piece in _parts(model, PREDICT, pieces, executions, check):
        executions.begin(done)
        by_rows, tree = step.by_rows, step.details.tree
        for part in piece.split(None if all(by_rows) else 1):
            outputs = [
                np.empty((part.steps * part.batch, *spec.shape[1:]) if is_row else spec.shape, spec.dtype)
                for spec, is_row in zip(step.outputs, by_rows, strict=True)
            ]
            _finished(step, part, outputs, lambda n: progress.update(done + n, dict))  # noqa: B023
            found.append([np.atleast_1d(array) for array in outputs])
            done += part.steps
        executions.end(done, logs)
        if executions.idle:
            told = len(found)
        if model.stop_predicting:
            break
    executions.end(done, logs, last=True)
    if not found:
        raise ValueError("predict: the data has no batches.")
    return _joined(found, tree)


def _joined(found: list[list[np.ndarray]], tree: Any) -> Any:
    """The outputs of several runs, one after the other, in the structure of the model's outputs."""
    columns = zip(*found, strict=True)
    return _tree.unflatten(tree, [c[0] if len(c) == 1 else np.concatenate(c) for c in columns])


def _parts(
    model: Any,
    kind: str,
    pieces: Iterable[Piece],
    executions: Executions,
    check: Callable[[Step, Piece], None],
    each_loss: bool = False,
) -> Iterator[tuple[Step, Piece]]:
    """What is run at once, with the step that runs it."""
    for piece in executions.parts(pieces):
        step = model._steps.get(model, kind, piece, each_loss)
        check(step, piece)
        if kind == PREDICT:
            piece = Piece(piece.structure[0], piece.rows, piece.batch, piece.steps)
        for part in _paced(step, piece):
            yield step, part


def _paced(step: Step, piece: Piece) -> Iterator[Piece]:
    """The piece as a whole; but one by one steps that take so long that an interrupt cannot wait for their
    end. How long they take, the first one tells."""
    done = 0
    while done < piece.steps:
        quick = step.seconds is not None and step.seconds < _LONG
        part = next(piece.split(piece.steps if quick else 1, start=done))
        yield part
        done += part.steps


def _finished(
    step: Step,
    piece: Piece,
    outputs: list[np.ndarray],
    tick: Callable[[int], None],
    guard: Guard | None = None,
) -> Any:
    """The run of a piece, when it has ended. An interrupt (or error) stops it after a whole step, and goes on
    from here.

    After an error within a step (in a function of the user's that is called on the host), `guard` brings the
    model back to before that step.
    """
    call = step.take_call() if piece.steps == 1 else None
    if call is not None:
        return _called(call, step, piece, outputs, tick, guard)
    program = step.program
    begun, run = time.perf_counter(), None
    try:
        with held_back():  # a run that has begun must be known here
            run = program.start(piece.arrays, piece.rows, piece.steps, (), outputs)
        while not run.wait(_TICK):
            tick(run.steps_done)
        first, step.seconds = step.seconds is None, (time.perf_counter() - begun) / piece.steps
        if not first:  # which came right after compiling, so that the pace says nothing yet
            tick(run.steps_done)
    except BaseException:
        if run is not None:
            _leave(run, step, guard)
            if run.error is not None and guard is not None:
                guard.replay(run.error_step)
        raise
    return run


@dataclass
class _Called:
    """What there is to know of a run that was one call."""

    failed_step: int | None
    steps_done: int = 1


def _called(
    call: Any,
    step: Step,
    piece: Piece,
    outputs: list[np.ndarray],
    tick: Callable[[int], None],
    guard: Guard | None,
) -> _Called:
    """The run of a piece of one short step, made at once by this thread."""
    for kept, array in zip(call.inputs, piece.arrays, strict=True):
        np.take(array, piece.rows, axis=0, out=kept, mode="clip")
    begun = time.perf_counter()
    try:
        call()
    except BaseException:
        if call.error is not None and guard is not None:
            guard.replay(0)
        raise
    first, step.seconds = step.seconds is None, time.perf_counter() - begun
    for kept, array in zip(call.outputs, outputs, strict=True):
        array[...] = kept
    run = _Called(0 if call.failed else None)
    step.give_call(call)
    if not first:
        tick(1)
    return run


def _leave(run: Any, step: Step, guard: Guard | None) -> None:
    """Stop a run after the step under way; but if that takes long, leave it alone with its memory."""
    with held_back():
        run.stop()
        if not _ends_soon(run):
            detach(guard.before if guard else [(v, v.array.copy()) for v in step.variables])


def _ends_soon(run: Any) -> bool:
    """Wait for the end of the step under way; but not long for the only step of a run, whose effects can be
    left aside."""
    until = time.perf_counter() + _PATIENCE
    try:
        while not run.wait(_TICK):
            if run.steps_done == 0 and time.perf_counter() > until:
                return False
    except Exception:
        pass  # the run's own error has ended it
    return True


class Logs:
    """The metrics' present results as Python floats, by name in alphabetical order, as in Keras. What an own
    step returned has its order already.

    Which metrics there are is looked up once, at the first call, when the first step has been traced.

    Args:
        model: the model.
    """

    def __init__(self, model: Any):
        self._model = model
        self._results: Callable[[], dict[str, Any]] | None = None

    def __call__(self, said: dict[str, Any] | None = None) -> dict[str, Any]:
        """The logs of an epoch. `said` is what the user's own step returned last, and counts, unless its
        names are just those of the metrics; None where there is no own step."""
        results = self._read()
        if said is None:
            return _sorted(results)
        source = results if set(said) == set(results) else said
        return _numbers({name: source[name] for name in said})

    def of_batch(self, said: dict[str, Any] | None) -> dict[str, Any]:
        """The logs after a batch."""
        return _sorted(self._read()) if said is None else _numbers(said)

    def meanwhile(self, step: Step) -> dict[str, Any]:
        """The logs while the step runs many times: what the metrics say of that which it will return."""
        names = step.details.names
        return _sorted({k: v for k, v in self._read().items() if names is None or k in names})

    def _read(self) -> dict[str, Any]:
        self._results = read = self._results or self._model._results_reader()
        return read()


def _sorted(results: dict[str, Any]) -> dict[str, Any]:
    return _numbers({name: results[name] for name in sorted(results)})


def _numbers(results: dict[str, Any]) -> dict[str, Any]:
    return {name: as_number(value) for name, value in results.items()}


def results_of(metrics: list[Any]) -> dict[str, Any]:
    """The results of metrics by name: floats, or tensors in a trace."""
    results: dict[str, Any] = {}
    for metric in metrics:
        value = metric.result()
        results.update(value if isinstance(value, dict) else {metric.name: value})
    return {name: v if isinstance(v, Tensor) else as_number(v) for name, v in results.items()}


def as_number(value: Any) -> Any:
    """A Python float, where the value is one number."""
    array = np.asarray(value)
    return float(array.reshape(())) if array.size == 1 else array
