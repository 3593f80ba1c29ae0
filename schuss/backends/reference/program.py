"""Graphs as programs of the reference evaluator: the interface of compiled programs, one NumPy call for each
primitive."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss.backends.reference._evaluate import evaluate
from schuss.graph import Graph


def compile_graph(
    graph: Graph, batch_inputs: int = 0, row_outputs: Sequence[bool] | None = None, check: int | None = None
) -> ReferenceProgram:
    """The graph as a program. See `schuss.backends.compile`."""
    return ReferenceProgram(graph, batch_inputs, row_outputs, check)


class ReferenceProgram:
    """A graph that the reference evaluator runs.

    Attributes:
        graph: the graph. batch: rows in a batch, 0 where there are no batch inputs.
        row_outputs: for each output, whether a run keeps all steps' rows.
    """

    def __init__(
        self,
        graph: Graph,
        batch_inputs: int = 0,
        row_outputs: Sequence[bool] | None = None,
        check: int | None = None,
    ):
        self.graph, self.batch_inputs, self.check = graph, batch_inputs, check
        self.row_outputs = tuple(row_outputs) if row_outputs is not None else (False,) * len(graph.outputs)
        if len(self.row_outputs) != len(graph.outputs):
            raise ValueError(
                f"row_outputs has {len(self.row_outputs)} entries for {len(graph.outputs)} outputs."
            )
        sizes = {tensor.shape[0] for tensor in graph.inputs[:batch_inputs]}
        if len(sizes) > 1:
            raise ValueError(f"Batch inputs must have one leading size, got {sorted(sizes)}.")
        self.batch = sizes.pop() if sizes else 0

    def __call__(self, *arrays: Any) -> list[np.ndarray]:
        """One step: the outputs for these inputs."""
        inputs = self.graph.inputs
        values = [np.asarray(a, t.dtype, order="C") for a, t in zip(arrays, inputs, strict=True)]
        outputs = [np.empty(tensor.shape, tensor.dtype) for tensor in self.graph.outputs]
        rows = np.arange(max(self.batch, 1))
        self.start(values[: self.batch_inputs], rows, 1, values[self.batch_inputs :], outputs).result()
        return outputs

    def start(
        self,
        data: Sequence[np.ndarray],
        rows: np.ndarray,
        steps: int,
        arguments: Sequence[np.ndarray] = (),
        outputs: Sequence[np.ndarray] = (),
        threads: int | None = None,
    ) -> ReferenceRun:
        """Begin `steps` steps on a worker thread. `threads` makes no difference here."""
        wanted = (self.batch_inputs, len(self.graph.inputs) - self.batch_inputs, len(self.graph.outputs))
        for what, arrays, count in zip(
            ("data set", "argument", "output"), (data, arguments, outputs), wanted, strict=True
        ):
            if len(arrays) != count:
                raise ValueError(f"Expected {count} {what} arrays, got {len(arrays)}.")
        for tensor, array, is_row in zip(self.graph.outputs, outputs, self.row_outputs, strict=True):
            shape = (len(array), *tensor.shape[1:]) if is_row else tensor.shape
            if (
                array.shape != shape
                or array.dtype != tensor.dtype
                or (is_row and len(array) < steps * self.batch)
            ):
                raise ValueError(
                    f"output: expected {tensor.dtype}{list(shape)}, with {steps} steps of {self.batch} rows; "
                    "got "
                    f"{array.dtype}{list(array.shape)}."
                )
        return ReferenceRun(self, list(data), rows, steps, list(arguments), list(outputs))

    def prepare(self) -> None:
        """Nothing: here a single step is not worth preparing."""
        return


class ReferenceRun:
    """A program under way on a thread of its own.

    Attributes:
        steps: how many it is to make. steps_done: how many it has made.
        failed_step: the step whose check was not finite, None if there was none.
        error, error_step: what a step raised, and which one.
    """

    def __init__(
        self,
        program: ReferenceProgram,
        data: list[np.ndarray],
        rows: np.ndarray,
        steps: int,
        arguments: list[np.ndarray],
        outputs: list[np.ndarray],
    ):
        self.program, self.steps = program, steps
        self.steps_done, self.failed_step = 0, None
        self.error: BaseException | None = None
        self.error_step = 0
        self._stopping = False
        self._finished = threading.Event()
        threading.Thread(
            target=self._work, args=(data, rows, arguments, outputs), name="schuss-reference", daemon=True
        ).start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most `timeout` seconds; whether the run has finished. Raises what a step raised."""
        if not self._finished.wait(timeout):
            return False
        if self.error is not None:
            raise self.error
        return True

    def result(self) -> None:
        """Wait until the end."""
        while not self.wait(0.1):
            pass

    def stop(self) -> None:
        """Let the run end after the step under way."""
        self._stopping = True

    def _work(
        self, data: list[np.ndarray], rows: np.ndarray, arguments: list[np.ndarray], outputs: list[np.ndarray]
    ) -> None:
        try:
            for step in range(self.steps):
                if self._stopping:
                    break
                self._step(step, data, rows, arguments, outputs)
                self.steps_done = step + 1
        except BaseException as error:
            self.error, self.error_step = error, self.steps_done
        finally:
            self._finished.set()

    def _step(
        self,
        step: int,
        data: list[np.ndarray],
        rows: np.ndarray,
        arguments: list[np.ndarray],
        outputs: list[np.ndarray],
    ) -> None:
        program = self.program
        place = slice(step * program.batch, (step + 1) * program.batch)
        held = {slot.variable: slot.variable.array for slot in program.graph.state}
        values, state = evaluate(program.graph, [*(d[rows[place]] for d in data), *arguments])
        if program.check is not None and not np.isfinite(values[program.check]).all():
            self.failed_step = step
            self._stopping = True
        for value, array, is_row in zip(values, outputs, program.row_outputs, strict=True):
            array[place if is_row else ...] = value
        for variable, array in state.items():  # last: outputs may be views of variables
            np.copyto(held[variable], array)
