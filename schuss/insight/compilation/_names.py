"""What buffers and loops are called in explanations."""

from __future__ import annotations

import itertools

from schuss.compiler import HostCall, Kernel, Plan
from schuss.compiler._expr import Buffer
from schuss.compiler._index import Dim

_OUTER, _INNER, _SCANNED = "ijlmno", "kpqr", "su"


class BufferNames:
    """Names of a plan's buffers: what kernel 3 makes is ``t3`` (``t3a``, ``t3b`` if there are several);
    variables are called by their paths, the model's own name left out.

    Args:
        plan: the plan. inputs: names of the batch inputs and arguments. outputs: names of the outputs.
        prefix: the model's name.
    """

    def __init__(self, plan: Plan, inputs: list[str], outputs: list[str], prefix: str = ""):
        self._names: dict[Buffer, str] = {}
        given = [*plan.batch_inputs, *plan.arguments]
        self._names.update(zip(given, inputs))
        self._names.update(zip(plan.outputs, outputs))
        for buffer in plan.buffers:
            if buffer.kind == "variable":
                self._names[buffer] = short_path(buffer.name, prefix)
        for number, step in enumerate(plan.leaves, 1):
            made = [b for b in written(step) if b.kind == "temporary" and b not in self._names]
            for buffer, letter in zip(made, _letters(len(made))):
                self._names[buffer] = f"t{number}{letter}"
            if isinstance(step, Kernel) and step.partial is not None:
                self._names[step.partial] = f"sums{number}"

        self.words = {name.split("[")[0] for name in self._names.values()}

    def __getitem__(self, buffer: Buffer) -> str:
        return self._names.get(buffer, buffer.name)


def short_path(path: str, prefix: str) -> str:
    """``"sequential/dense/kernel"`` → ``"dense.kernel"``; ``"adam/sequential_dense_kernel_momentum"`` →
    ``"adam.dense_kernel_momentum"``."""
    parts = path.split("/")
    if prefix and len(parts) > 1:
        parts = [part.removeprefix(f"{prefix}_") for part in (parts[1:] if parts[0] == prefix else parts)]
    return ".".join(parts)


def written(step: Kernel | HostCall) -> list[Buffer]:
    """The buffers a step writes, in order, once each."""
    if isinstance(step, HostCall):
        return list(dict.fromkeys(step.outputs))
    return list(dict.fromkeys(store.buffer for store in step.stores))


def _letters(count: int) -> list[str]:
    if count < 2:
        return [""] * count
    return [chr(ord("a") + n) if count <= 26 else f".{n}" for n in range(count)]


def loop_names(kernel: Kernel, taken: set[str]) -> dict[Dim, str]:
    """Letters for a kernel's loops that are no names of arrays: i, j, … over results; k, … over what is reduced; s for
    a scan."""
    reduced = kernel.reduction.dims if kernel.reduction is not None else ()
    scanned = () if kernel.scan is None else (kernel.scan.dim,)
    names = {dim: dim.name for dim in kernel.given}
    for dims, letters in ((kernel.dims, _OUTER), (reduced, _INNER), (scanned, _SCANNED)):
        numbered = (f"{letters[0]}{n}" for n in itertools.count(1))
        free = (letter for letter in itertools.chain(letters, numbered) if letter not in taken)
        names.update(zip(dims, free))
    return names
