"""Cost: what a step, an epoch and the memory cost, told before it is paid, and measured."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from schuss.compiler._counts import bytes_of, flops_of
from schuss.compiler._kernel import counted
from schuss.insight.diagnosis._calibration import this_machine
from schuss.insight.diagnosis._prediction import KernelTime, program_times, step_seconds
from schuss.training._data import Piece
from schuss.training._steps import Step

if TYPE_CHECKING:
    from schuss.insight.diagnosis._case import Case

WATTS_PER_THREAD = 10.0
"""Assumed of a busy core with its share of memory: 5 (laptops) to 15 (servers)."""
_EPOCH = 2e-4  # seconds of Python between two epochs
_MEASURED_SECONDS = 0.3
_LAYERS_SHOWN = 5


@dataclass(frozen=True)
class Cost:
    """What training costs.

    Attributes:
        parameters, trainable: numbers in the weights. steps: in an epoch. threads: on which a step runs.
        flops: floating-point operations of a step, a multiply-add being two. bytes_moved: that its kernels read and write.
        predicted_step, predicted_epoch: seconds, told from the kernels' loops and a few figures of this machine.
        measured_step, measured_epoch: seconds, from some steps; None where none were run.
        weights_bytes, optimizer_bytes, temporary_bytes, data_bytes: memory of the weights, of the optimizer's state, of what
            lies between kernels, of the data.
        joules: of an epoch, an estimate: threads × `WATTS_PER_THREAD` × seconds.
        dominating: the layers, and their predicted shares of a step; the largest first.
        bound: ``"arithmetic"``, ``"memory"`` or ``"meetings"`` (of threads): what most of the time goes to.
    """

    parameters: int
    trainable: int
    steps: int
    threads: int
    flops: int
    bytes_moved: int
    predicted_step: float
    predicted_epoch: float
    measured_step: float | None
    measured_epoch: float | None
    weights_bytes: int
    optimizer_bytes: int
    temporary_bytes: int
    data_bytes: int
    joules: float
    dominating: tuple[tuple[str, float], ...]
    bound: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {**asdict(self), "dominating": [list(pair) for pair in self.dominating]}

    def rows(self) -> list[tuple[str, str]]:
        """The table: what, and how much."""
        measured = [] if self.measured_step is None else [f"measured {_time(self.measured_step)}"]
        epoch = [] if self.measured_epoch is None else [f"measured {_time(self.measured_epoch)}"]
        layers = ", ".join(f"{name} {share:.0%}" for name, share in self.dominating[:_LAYERS_SHOWN])
        memory = [
            f"weights {_bytes(self.weights_bytes)}",
            f"optimizer {_bytes(self.optimizer_bytes)}",
            f"between kernels {_bytes(self.temporary_bytes)}",
            f"data {_bytes(self.data_bytes)}",
        ]
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return [
            ("parameters", f"{self.parameters:,}, of which {self.trainable:,} are trained"),
            ("a step", f"{_count(self.flops)}FLOP, {_bytes(self.bytes_moved)} read and written"),
            ("time of a step", ", ".join([f"predicted {_time(self.predicted_step)}", *measured, threads])),
            (
                "time of an epoch",
                ", ".join([f"predicted {_time(self.predicted_epoch)}", *epoch, f"{self.steps:,} steps"]),
            ),
            ("memory", ", ".join(memory)),
            ("energy", f"about {self.joules:.2g} J an epoch (at {WATTS_PER_THREAD:g} W a thread)"),
            ("most of it", f"{layers}; bound by {self.bound}"),
        ]

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich import box
        from rich.table import Table

        table = Table(
            box=box.SIMPLE_HEAD, pad_edge=False, show_header=False, title="Cost", title_justify="left"
        )
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for row in self.rows():
            table.add_row(*row)
        yield table


def cost_of_training(case: Case) -> Cost | None:
    """What an epoch of a case costs; None where there is no row to train on.

    Raises:
        NotImplementedError: the model runs on the reference evaluator, which has no kernels.
    """
    if not len(case.good):
        return None
    step, piece = case.step, case.piece
    if not hasattr(step.program, "plan"):
        raise NotImplementedError("the model runs on the reference evaluator, one operation at a time.")
    steps = -(-case.data.size // case.batch)
    data_bytes = sum(array.nbytes for array in case.data.arrays)
    times, predicted = predicted_step(step, data_bytes)
    machine = this_machine()
    measured = measured_step(step, piece)
    model = case.model
    optimizer = sum(v.array.nbytes for v in getattr(model.optimizer, "variables", ()))
    seconds = predicted if measured is None else measured
    beside = case.data.size * machine.row + _EPOCH
    threads = step.program.threads()
    return Cost(
        model.count_params(),
        sum(w.size for w in model.trainable_variables),
        steps,
        threads,
        sum(turns * flops_of(kernel) for kernel, turns in counted(step.program.plan.steps)),
        sum(turns * sum(bytes_of(kernel)) for kernel, turns in counted(step.program.plan.steps)),
        predicted,
        steps * predicted + beside,
        measured,
        None if measured is None else steps * measured + beside,
        sum(w.array.nbytes for w in model.weights),
        optimizer,
        step.program.plan.arena_bytes,
        data_bytes,
        threads * WATTS_PER_THREAD * (steps * seconds + beside),
        tuple(_layers(times, model.name)),
        _bound(step, times, threads, predicted),
    )


def predicted_step(step: Step, data_bytes: int) -> tuple[list[KernelTime], float]:
    """The predicted times of a step's kernels, and seconds of the whole.

    Args:
        step: compiled natively. data_bytes: of the data set that it reads from.
    """
    machine = this_machine()
    times = program_times(step.program, machine, data_bytes)
    return times, step_seconds(step.program.plan, times, step.program.threads(), machine)


def measured_step(step: Step, piece: Piece) -> float | None:
    """Seconds of a step, from the quickest of some runs; whoever calls brings changed variables back. None if a run stops
    as the loss is no number."""
    once = _run(step, piece, 1)
    if once is None:
        return None
    count = max(1, min(int(0.02 / max(once, 1e-7)), 100_000))
    runs, until = [], time.perf_counter() + _MEASURED_SECONDS
    while len(runs) < 3 or time.perf_counter() < until:
        seconds = _run(step, piece, count)
        if seconds is None:
            return None
        runs.append(seconds)
        if seconds * count > _MEASURED_SECONDS:
            break
    return min(runs)


def _run(step: Step, piece: Piece, count: int) -> float | None:
    """Seconds of a step in a run of so many."""
    rows = np.resize(piece.rows, count * piece.batch).astype(np.int64)
    outputs = [np.zeros(spec.shape, spec.dtype) for spec in step.outputs]
    begun = time.perf_counter()
    run = step.program.start(piece.arrays, rows, count, (), outputs)
    run.result()
    taken = time.perf_counter() - begun
    return None if run.failed_step is not None else taken / count


def _layers(times: list[KernelTime], model: str) -> list[tuple[str, float]]:
    """Each layer's share of the predicted time, forward and backward and update; the largest first."""
    whole = sum(t.seconds for t in times) or 1.0
    found: dict[str, float] = {}
    for t in times:
        names = _scopes(t.label, model)
        for name in names:
            found[name] = found.get(name, 0.0) + t.seconds / len(names) / whole
    return sorted(found.items(), key=lambda pair: -pair[1])


def _scopes(label: str, model: str) -> list[str]:
    """``"dot_general (backward/net/hidden, adam)"`` → ``["hidden"]``: layers, or what there is where there are none."""
    inside = label[label.find("(") + 1 : label.rfind(")")] if "(" in label else ""
    parts = [part.strip().removeprefix("backward/") for part in inside.split(",") if part.strip()]
    layers = [part.removeprefix(f"{model}/") for part in parts if part.startswith(f"{model}/")]
    return list(dict.fromkeys(layers)) or list(dict.fromkeys(parts)) or ["other"]


def _bound(step: Step, times: list[KernelTime], threads: int, predicted: float) -> str:
    arithmetic, memory = sum(t.arithmetic for t in times), sum(t.memory for t in times)
    together = threads > 1 and predicted < sum(t.seconds for t in times)
    if together and step.program.plan.barriers * this_machine().barrier > predicted / 2:
        return "meetings"
    return "arithmetic" if arithmetic >= memory else "memory"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _bytes(size: float) -> str:
    for unit, least in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= least:
            return f"{size / least:.3g} {unit}"
    return f"{size:.0f} B"


def _count(count: float) -> str:
    for prefix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {prefix}"
    return f"{count:.0f} "
