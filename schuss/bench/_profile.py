"""Where the time of a model's step goes: `profile`, and how the answer is printed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.backends import backend_name
from schuss.backends.cpu._limits import Limits, measure_limits
from schuss.backends.cpu._profile import BarrierProfile, KernelProfile, Profiler, ProgramProfile
from schuss.bench._workloads import chosen
from schuss.bench.contenders._data import data_of
from schuss.bench.contenders.with_keras import compiled_model
from schuss.training._arguments import evaluation_data
from schuss.training._data import Piece
from schuss.training._steps import PREDICT, TEST, TRAIN

_RUN_SECONDS = 0.02  # of a run that is measured: so long that its beginning does not matter
_MOST_STEPS = 100_000
_MOST_OUTPUT = 64 << 20  # bytes of predictions in a run
_WIDTH = 140  # of the text, where there is no terminal


def profile(
    model: Any,
    x: Any,
    y: Any = None,
    batch_size: int | None = None,
    sample_weight: Any = None,
    what: str = TRAIN,
    seconds: float = 1.0,
    threads: int | None = None,
) -> Profile:
    """Measure, kernel by kernel, where the time of a model's step goes.

    A second build of the compiled step reads the processor's clock around each kernel and each barrier. Beside the times
    stand the floating-point operations (a multiply-add is two, every other operation one) and the distinct bytes that a
    kernel reads and writes, and what the processor could do at most, measured at the same time. Weights, the optimizer's
    state and metrics are afterwards what they were before.

    Args:
        model: with `compile` called, unless `what` is ``"predict"``.
        x, y, batch_size, sample_weight: as for `fit`. Of data in batches the first one is used.
        what: the step of ``"train"`` (default), ``"test"`` or ``"predict"``.
        seconds: for how long to measure. Default 1.
        threads: on how many. Default: as many as the step would run on.

    Returns:
        A `Profile`; ``print`` shows it.

    Raises:
        ValueError: no such `what`; the model is not compiled, or runs on the reference evaluator, which has no
            kernels; the loss is not finite.
        NotImplementedError: a processor that is neither x86 nor ARM.

    Example:
        >>> import numpy as np, schuss
        >>> model = schuss.Sequential([schuss.Input((4,)), schuss.layers.Dense(3)])
        >>> model.compile(optimizer="sgd", loss="mse")
        >>> found = schuss.profile(model, np.ones((64, 4)), np.ones((64, 3)), batch_size=32, seconds=0.1)
        >>> found.flops >= 2 * 2 * 32 * 4 * 3  # x W, and the gradient by W
        True
        >>> print(found)  # doctest: +ELLIPSIS
        train step of 32 rows on ...
    """
    if what not in (TRAIN, TEST, PREDICT):
        raise ValueError(f"profile: `what` must be 'train', 'test' or 'predict', got {what!r}.")
    if what != PREDICT:
        model._require_compiled("profile", needs_optimizer=what == TRAIN)
    if model.run_eagerly or backend_name() != "cpu":
        raise ValueError(
            "profile: this model runs on the reference evaluator, one primitive at a time, so that there are no kernels. "
            "Compile it without run_eagerly, and with SCHUSS_BACKEND=cpu."
        )
    piece = next(iter(evaluation_data(model, x, y, batch_size, sample_weight, None).pieces()))
    model._steps.look_at(model)
    step = model._steps.get(model, what, piece)
    if what == PREDICT:
        piece = Piece(piece.structure[0], piece.rows, piece.batch, piece.steps)
    profiler = Profiler(step.program, threads)
    piece = _long_enough(profiler, step, piece)
    found = profiler.profile(
        piece.arrays, piece.rows, piece.steps, outputs=_outputs(step, piece), seconds=seconds
    )
    return Profile(found, measure_limits(found.threads), what, piece.batch, model.name)


def profile_workload(name: str, seconds: float = 1.0) -> Profile:
    """Profile a workload's training step, or its prediction.

    Args:
        name: of `WORKLOADS`. seconds: for how long to measure.

    Raises:
        ValueError: there is no such workload.
    """
    import schuss

    (workload,) = chosen([name])
    given = workload.as_dict()
    x, y = data_of(given)
    model = compiled_model(given, schuss)
    return profile(model, x, y, workload.batch, what=workload.kind, seconds=seconds)


def _outputs(step: Any, piece: Piece) -> list[np.ndarray]:
    return [
        np.zeros((piece.steps * piece.batch, *spec.shape[1:]) if by_rows else spec.shape, spec.dtype)
        for spec, by_rows in zip(step.outputs, step.by_rows, strict=True)
    ]


def _long_enough(profiler: Profiler, step: Any, piece: Piece) -> Piece:
    """The piece's steps, in random order, so often that a run takes some time."""
    once = Piece(piece.structure, np.ascontiguousarray(piece.rows[: piece.batch]), piece.batch, 1)
    taken = profiler.seconds(once.arrays, once.rows, 1, outputs=_outputs(step, once))
    steps = min(int(_RUN_SECONDS / taken) + 1, _MOST_STEPS)
    size = sum(
        spec.dtype.itemsize * int(np.prod(spec.shape))
        for spec, by_rows in zip(step.outputs, step.by_rows, strict=True)
        if by_rows
    )
    steps = max(1, min(steps, _MOST_OUTPUT // max(size, 1)))
    rows = np.random.default_rng(0).permutation(piece.rows)
    return Piece(piece.structure, np.resize(rows, steps * piece.batch), piece.batch, steps)


@dataclass(frozen=True)
class Row:
    """A kernel's line of a profile.

    Attributes:
        kernel: what was measured; see its own attributes.
        share: of the time of all threads, from 0 to 1.
        flops_per_second, bytes_per_second: in the time of the thread that took longest.
        share_of_peak: of the operations that all threads could do in that time, from 0 to 1.
    """

    kernel: KernelProfile
    share: float
    flops_per_second: float
    bytes_per_second: float
    share_of_peak: float


@dataclass(frozen=True)
class Profile:
    """Where the time of a model's step goes; see `profile`.

    Attributes:
        program: the kernels and barriers as measured. limits: what the processor does at most.
        what: ``"train"``, ``"test"`` or ``"predict"``. batch: rows in the step. model: its name.
    """

    program: ProgramProfile
    limits: Limits
    what: str
    batch: int
    model: str

    @property
    def rows(self) -> list[Row]:
        """A line for each kernel, in the order in which they run."""
        program = self.program
        whole = program.threads * program.timed_seconds
        found = []
        for kernel in program.kernels:
            seconds = max(kernel.seconds, 1e-12)
            rate = kernel.flops / seconds
            moved = (kernel.read + kernel.written) / seconds
            found.append(
                Row(kernel, kernel.thread_seconds / whole, rate, moved, rate / self.limits.all_flops)
            )
        return found

    @property
    def flops(self) -> int:
        """Floating-point operations in a step."""
        return sum(kernel.flops for kernel in self.program.kernels)

    @property
    def share_of_peak(self) -> float:
        """The step's operations against what all threads could do in its time (without clocks), from 0 to 1."""
        return self.flops / self.program.seconds / self.limits.all_flops

    @property
    def waiting(self) -> float:
        """The share of the threads' time that they wait for each other at barriers, from 0 to 1."""
        program = self.program
        waited = sum(barrier.thread_seconds for barrier in program.barriers)
        return waited / (program.threads * program.timed_seconds)

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(file=io.StringIO(), width=_WIDTH, color_system=None)
        with console.capture() as captured:
            console.print(self)
        return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())

    def __repr__(self) -> str:
        return f"<Profile of a {self.what} step: {len(self.program.kernels)} kernels; print shows it>"

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        yield self._title()
        yield self._table()
        yield from limit_lines(self.limits)

    def _title(self) -> str:
        program = self.program
        rows = "1 row" if self.batch == 1 else f"{self.batch} rows"
        return (
            f"{self.what} step of {rows} on {_threads(program.threads)}: {microseconds(program.seconds)} µs "
            f"({microseconds(program.timed_seconds)} with the clocks)\n"
            f"{self.flops / program.seconds / 1e9:.1f} GFLOP/s, {self.share_of_peak:.0%} of peak; "
            f"{self.waiting:.0%} of the threads' time is waiting"
        )

    def _table(self) -> Any:
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
        table.add_column("kernel", overflow="fold", min_width=30)
        table.add_column("loops", overflow="fold", min_width=14)
        for title in ("chunks", "calls", "µs", "all threads", "share", "GFLOP/s", "of peak", "GB/s"):
            table.add_column(title, justify="right", no_wrap=True)
        rows = self.rows
        for barrier in self.program.barriers:
            for row in rows:
                if row.kernel.phase == barrier.phase:
                    table.add_row(*_cells(row, self.model))
            table.add_row(*_barrier_cells(barrier, self.program), style="dim")
        return table


def limit_lines(limits: Limits) -> list[str]:
    """What the processor does at most, for people."""
    return [
        f"peak       {limits.all_flops / 1e9:.0f} GFLOP/s on {_threads(limits.threads)}, "
        f"{limits.one_flops / 1e9:.0f} on one (float32 multiply-adds in registers)",
        f"copying    {limits.memory / 1e9:.0f} GB/s between arrays of {limits.memory_bytes >> 20} MiB, "
        f"{limits.cache / 1e9:.0f} GB/s within {limits.cache_bytes >> 10} KiB for each thread (read + written)",
    ]


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def microseconds(seconds: float) -> str:
    """``"41.3"``, ``"0.52"``, ``"7540"``."""
    value = seconds * 1e6
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def _cells(row: Row, model: str) -> list[str]:
    kernel = row.kernel
    return [
        " ".join(kernel.label.split()).replace(f"{model}/", ""),
        kernel.loops,
        str(kernel.chunks),
        f"{kernel.calls:g}",
        microseconds(kernel.seconds),
        microseconds(kernel.thread_seconds),
        f"{row.share:.1%}",
        f"{row.flops_per_second / 1e9:.1f}" if kernel.flops else "",
        f"{row.share_of_peak:.0%}" if kernel.flops else "",
        f"{row.bytes_per_second / 1e9:.1f}",
    ]


def _barrier_cells(barrier: BarrierProfile, program: ProgramProfile) -> list[str]:
    share = barrier.thread_seconds / (program.threads * program.timed_seconds)
    last = barrier is program.barriers[-1]
    return [
        "─ the step's end ─" if last else "─ barrier ─",
        "waiting",
        "",
        "",
        microseconds(barrier.seconds),
        microseconds(barrier.thread_seconds),
        f"{share:.1%}",
    ]
