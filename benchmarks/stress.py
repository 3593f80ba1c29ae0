"""Training that is disturbed all the time, on 1, 2, 4 and 16 threads: does it stay correct, and does nothing leak or hang?

``python benchmarks/stress.py --minutes 1 --threads 1 2 4 16``. Each number of threads is a process of its own, in which
turns follow each other at random: a Ctrl-C at a random moment, an exception or `stop_training` in a callback, several
models trained at once, processes forked and spawned meanwhile, `predict` and `evaluate` in between, more threads than cores
from the first step on. Whatever happened, the weights must be, to the bit, those after a whole number of steps, and a
training that came to its end must be the same as an undisturbed one. Then a model is fitted to one batch, ``--fits`` times.
Ends with an error at the first difference, at a hang (the process is killed, and shows the stacks of all its threads), and
if memory, threads or open files have grown.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import schuss
from schuss import layers

_PATIENCE = 60  # seconds after which a turn hangs
_BATCH, _EPOCHS = 64, 3
_GROWN_MB, _GROWN_FILES = 24, 4
_GROWN_BY_FITS_MB = 4
_ROWS = np.random.default_rng(0)
X = _ROWS.normal(size=(64 * 40 + 10, 96)).astype("float32")
LABELS = _ROWS.integers(0, 10, len(X))


class Oops(Exception):
    """What callbacks raise here."""


class Disturber(schuss.callbacks.Callback):
    """Does something at one of the moments when callbacks are called.

    Args:
        moments: names of the hooks. when: at which of their calls. what: does it, given the model.
    """

    def __init__(self, moments: list[str], when: int, what: Callable[[Any], None]):
        super().__init__()
        self._left, self._what = when, what
        for name in moments:
            setattr(self, name, self._called)

    def _called(self, *args: Any, **kwargs: Any) -> None:
        self._left -= 1
        if self._left == 0:
            self._what(self.model)


def new_model(seed: int) -> Any:
    """A network with all that a step may hold: dropout, an optimizer with memory, metrics."""
    schuss.utils.set_random_seed(seed)
    model = schuss.Sequential(
        [
            schuss.Input((96,)),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def state_of(model: Any) -> bytes:
    """All weights and the optimizer's memory, as bytes."""
    return b"".join(np.asarray(v).tobytes() for v in [*model.weights, *model.optimizer.variables])


class Reference:
    """What an undisturbed training gives, on one thread, after each of its steps."""

    def __init__(self) -> None:
        self.states: list[bytes] = []
        kept = os.environ.get("SCHUSS_NUM_THREADS")
        os.environ["SCHUSS_NUM_THREADS"] = "1"
        model = new_model(5)
        note = schuss.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: self.states.append(state_of(model))
        )
        self._fit(model, [note])
        if kept is not None:
            os.environ["SCHUSS_NUM_THREADS"] = kept

    @staticmethod
    def _fit(model: Any, callbacks: list[Any]) -> None:
        model.fit(X, LABELS, batch_size=_BATCH, epochs=_EPOCHS, shuffle=False, verbose=0, callbacks=callbacks)

    def check(self, model: Any, ended: bool) -> None:
        """The model is where an undisturbed one has been; at its end, if it came to its end."""
        steps = int(np.asarray(model.optimizer.iterations))
        if ended and steps != len(self.states):
            raise AssertionError(f"{steps} steps were made instead of {len(self.states)}.")
        if steps and state_of(model) != self.states[steps - 1]:
            raise AssertionError(f"The weights after {steps} steps are not those of so many steps.")

    def train(self, callbacks: list[Any]) -> bool:
        """A disturbed training, checked; whether it came to its end."""
        model, ended = new_model(5), False
        try:
            self._fit(model, callbacks)
            ended = not model.stop_training
        except (KeyboardInterrupt, Oops):
            pass
        self.check(model, ended)
        return ended


_MOMENTS = [
    "on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_epoch_end", "on_train_end",
]  # fmt: skip


class Turns:
    """What may happen in a turn; each method is one kind.

    Args:
        seed: of the order of turns and of the moments.
    """

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.reference = Reference()
        self._other = new_model(7)
        self._predicted = self._other.predict(X, verbose=0)
        self._evaluated = self._other.evaluate(X, LABELS, verbose=0)

    def kinds(self) -> list[Callable[[], None]]:
        return [
            self.undisturbed,
            self.interrupted,
            self.interrupted_by_batches,
            self.failing,
            self.stopped,
            self.together,
            self.forked,
            self.spawning,
            self.used,
            self.crowded,
        ]

    def undisturbed(self) -> None:
        assert self.reference.train([])

    def interrupted(self) -> None:
        """Ctrl-C while whole epochs run."""
        self._interrupt([])

    def interrupted_by_batches(self) -> None:
        """Ctrl-C while each batch is a run of its own."""
        self._interrupt([Disturber(["on_train_batch_end"], -1, lambda model: None)])

    def _interrupt(self, callbacks: list[Any]) -> None:
        main = threading.main_thread().ident
        assert main is not None
        pause = self.random.uniform(0.0, 0.06)
        over = threading.Event()

        def send() -> None:
            if not over.wait(pause):
                signal.pthread_kill(main, signal.SIGINT)

        sender = threading.Thread(target=send)
        try:
            sender.start()
            self.reference.train(callbacks)
            over.set()
            sender.join()
        except KeyboardInterrupt:  # it came when the training was not under way
            pass
        finally:
            sender.join()

    def failing(self) -> None:
        """An exception at some moment."""

        def fail(model: Any) -> None:
            raise Oops

        self.reference.train([self._disturber(fail)])

    def stopped(self) -> None:
        """`stop_training` at some moment."""
        self.reference.train([self._disturber(lambda model: setattr(model, "stop_training", True))])

    def _disturber(self, what: Callable[[Any], None]) -> Disturber:
        return Disturber([self.random.choice(_MOMENTS)], self.random.randint(1, 60), what)

    def together(self) -> None:
        """Several models at once, on threads of Python's, each of which must come out as if alone."""
        models = [new_model(5) for _ in range(self.random.randint(2, 4))]
        failures: list[BaseException] = []

        def train(model: Any) -> None:
            try:
                for _ in range(2):
                    model.fit(X, LABELS, batch_size=_BATCH, shuffle=False, verbose=0)
                    model.predict(X, verbose=0)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=train, args=[model]) for model in models]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        if len({state_of(model) for model in models}) != 1:
            raise AssertionError("Models that were trained at once differ.")

    def forked(self) -> None:
        """A process forked while another thread trains, which then predicts and trains itself."""
        trainer = threading.Thread(target=self._train_other)
        trainer.start()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                same = np.array_equal(self._other.predict(X, verbose=0), self._predicted)
                code = 0 if same and self.reference.train([]) else 1
            finally:
                os._exit(code)
        status = _status_within(child, _PATIENCE / 2)
        trainer.join()
        if status:
            raise AssertionError(f"The forked process ended with {status}.")

    def _train_other(self) -> None:
        model = schuss.Sequential([schuss.Input((96,)), layers.Dense(64, "relu"), layers.Dense(10)])
        model.compile("sgd", "mse")
        model.fit(X, np.eye(10, dtype="float32")[LABELS], batch_size=_BATCH, epochs=3, verbose=0)

    def spawning(self) -> None:
        """A process started in a callback."""

        def spawn(model: Any) -> None:
            subprocess.run([sys.executable, "-c", "pass"], check=True)

        assert self.reference.train([self._disturber(spawn)])

    def used(self) -> None:
        """`predict` and `evaluate` of a model while another is trained by callbacks, and after it."""

        def use(model: Any) -> None:
            if not np.array_equal(self._other.predict(X, verbose=0), self._predicted):
                raise AssertionError("A prediction has changed.")
            if self._other.evaluate(X, LABELS, verbose=0) != self._evaluated:
                raise AssertionError("An evaluation has changed.")

        assert self.reference.train([self._disturber(use)])
        use(None)

    def crowded(self) -> None:
        """All threads make the first step, though the cores are fewer."""
        with mock.patch("schuss.backends.cpu._program.num_cores", return_value=4096):
            assert self.reference.train([])


def _status_within(child: int, seconds: float) -> int:
    """How a process ends; one that does not end in time has to show its stacks, and is killed."""
    for sent in (signal.SIGABRT, signal.SIGKILL, None):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline or sent is None:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status
            time.sleep(0.01)
        if sent is not None:
            os.kill(child, sent)  # faulthandler shows the stacks at the first
        seconds = 5.0
    raise AssertionError("not reached")


def resources() -> tuple[float, int, int]:
    """Resident memory in MB, threads of Python's, open files."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return (
        pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        threading.active_count(),
        len(os.listdir("/proc/self/fd")),
    )


def stress(seconds: float, seed: int, say: Callable[[str], Any] = print) -> int:
    """Turns for so long, each kind at least once; how many. AssertionError where something is wrong."""
    turns = Turns(seed)
    kinds = turns.kinds()
    begun, count, before = time.monotonic(), 0, None
    while time.monotonic() - begun < seconds or count < 2 * len(kinds):
        _watched(kinds[count] if count < len(kinds) else turns.random.choice(kinds))
        count += 1
        if before is None and count >= len(kinds) and time.monotonic() - begun > seconds / 2:
            before = resources()  # by now all has been used that is kept for later
    before, after = before or resources(), resources()
    threads = int(os.environ.get("SCHUSS_NUM_THREADS") or os.cpu_count() or 1)
    say(
        f"{threads} threads: {count} turns; memory {before[0]:.0f} → {after[0]:.0f} MB, threads {before[1]} → "
        f"{after[1]}, open files {before[2]} → {after[2]}"
    )
    if after[0] > before[0] + _GROWN_MB:
        raise AssertionError("Memory has grown.")
    if (
        after[1] > before[1] + 5 * threads + 1
    ):  # a fork forgets those of the parent, five runs may go on at once
        raise AssertionError("Threads have been left.")
    if after[2] > before[2] + _GROWN_FILES:
        raise AssertionError("Files have been left open.")
    return count


def fit_often(fits: int, say: Callable[[str], Any] = print) -> None:
    """A model fitted to one batch so many times. AssertionError if memory grows after the first tenth."""
    model = new_model(5)
    before = 0.0
    for done in range(fits):
        if done % 1000 == 0:
            faulthandler.dump_traceback_later(_PATIENCE, exit=True)
        if done == fits // 10:
            before = resources()[0]
        model.fit(X[:_BATCH], LABELS[:_BATCH], batch_size=_BATCH, verbose=0)
    faulthandler.cancel_dump_traceback_later()
    after = resources()[0]
    say(f"{fits} fits of a batch: memory {before:.1f} → {after:.1f} MB")
    if after > before + _GROWN_BY_FITS_MB:
        raise AssertionError("Memory has grown.")


def _watched(turn: Callable[[], None]) -> None:
    """A turn; if it hangs, the process ends with the stacks of all threads."""
    faulthandler.dump_traceback_later(_PATIENCE, exit=True)
    try:
        turn()
    except BaseException:
        print(f"In the turn {turn.__name__!r}:", file=sys.stderr)
        raise
    finally:
        faulthandler.cancel_dump_traceback_later()


def run_within(seconds: float, command: list[str], environment: dict[str, str]) -> int:
    """The exit status of a command. If it does not end in time, it has to show its stacks; then it and the processes that it
    has forked are killed."""
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"Killed, as it has not ended within {seconds:.0f} s.", file=sys.stderr, flush=True)
        process.send_signal(signal.SIGABRT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        return 1
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:  # nobody is left
            pass
        process.wait()


def main() -> None:
    """Run the processes one after the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="for each number of threads")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2, 4, 16])
    parser.add_argument("--fits", type=int, default=10_000, help="of one batch")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        faulthandler.enable()
        stress(60 * arguments.minutes, arguments.seed)
        fit_often(arguments.fits)
        return
    failed = []
    for threads in arguments.threads:
        options = {"minutes": arguments.minutes, "fits": arguments.fits, "seed": arguments.seed}
        command = [
            sys.executable,
            __file__,
            "--here",
            *(f"--{name}={value}" for name, value in options.items()),
        ]
        limit = 60 * arguments.minutes + 0.02 * arguments.fits + 2 * _PATIENCE
        done = run_within(limit, command, {**os.environ, "SCHUSS_NUM_THREADS": str(threads)})
        if done:
            failed.append(threads)
    if failed:
        sys.exit(f"Failed on {failed} threads (seed {arguments.seed}).")


if __name__ == "__main__":
    main()
