"""Calls: a program's single step, prepared, so that making it costs little more than its machine code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from schuss.graph import structure

if TYPE_CHECKING:
    from schuss.backends.cpu._program import CpuProgram


class Call:
    """One step of a program, on the calling thread, with memory of its own: fill `inputs`, call it, read
    `outputs`.

    The addresses of all that it works on stay in place from one call to the next. One thread may use it at a time.

    Args:
        program: whose step it is.

    Attributes:
        inputs, outputs: arrays in the program's order.

    Raises:
        ValueError: when called, if a variable has changed its shape or dtype since the program was compiled.
    """

    def __init__(self, program: CpuProgram):
        plan = program.plan
        self._program = program
        self._batches = len(plan.batch_inputs)
        self.inputs = [np.zeros(b.shape, b.dtype) for b in plan.batch_inputs + plan.arguments]
        self.outputs = [np.zeros(b.shape, b.dtype) for b in plan.outputs]
        self._rows = np.arange(max(program.batch, 1), dtype=np.int64)
        self._run = program.run(self._arrays(), self._rows, 1)
        self._mark = structure.mark
        self._starts_anew = bool(program.host_calls) or plan.check is not None
        self._function, self._address = program.function, self._run.address

    def _arrays(self) -> dict:
        batches, arguments = self.inputs[: self._batches], self.inputs[self._batches :]
        return self._program.arrays_of(batches, self._rows, 1, arguments, self.outputs)

    def __call__(self) -> None:
        """Make the step. Raises what a host call in it raised."""
        run = self._run
        if self._mark is not structure.mark:  # a variable may have another array
            mark = structure.mark
            run.point_at(self._arrays())
            self._mark = mark
        if self._starts_anew:
            run.start_anew()
        self._function(self._address, 0)
        if run.error is not None:
            raise run.error

    @property
    def failed(self) -> bool:
        """Whether the last call's check was not finite."""
        return self._run.failed_step is not None

    @property
    def error(self) -> BaseException | None:
        """What a host call raised in the last call."""
        return self._run.error
