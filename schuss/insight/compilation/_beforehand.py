"""What a kernel's machine code does before an element is needed: copies operands together, asks for memory, reads once
what is needed several times; in words."""

from __future__ import annotations

from schuss.backends._description import Ahead, KernelCode
from schuss.compiler import Kernel
from schuss.insight.compilation._formulas import Formulas
from schuss.insight.compilation._names import BufferNames


def copied(kernel: Kernel, names: BufferNames, code: KernelCode | None) -> list[str]:
    """The panels: ``"out.kernel[j, k], transposed, 10 k × 48 j at a time, for all i"``.

    Args:
        kernel: the kernel. names: of the buffers. code: what the machine makes of it; None if that is not known.
    """
    if code is None or kernel.reduction is None or code.vector is None:
        return []
    formulas = Formulas(kernel, names)
    letters = [formulas.loops[dim] for dim in kernel.reduction.dims]
    inside = letters[0] if len(letters) == 1 else f"({', '.join(letters)})"
    found = []
    for panel in code.panels:
        turned = ", transposed" if panel.transposed else ""
        size = f"{panel.turns} {inside} × {panel.width} {formulas.loops[code.vector]}"
        shared = ", ".join(formulas.loops[dim] for dim in panel.shared)
        found.append(f"{formulas.text(panel.factor)}{turned}, {size} at a time, for all {shared}")
    return found


def fetched(kernel: Kernel, names: BufferNames, code: KernelCode | None) -> list[str]:
    """What is asked for: ``"rows of x, 8 i ahead"``, ``"t1[k, i], 16 k ahead"``,
    ``"hidden.kernel[i, j], while total is made"``, ``"t1[i, j], a block ahead"``.

    Args:
        kernel: the kernel. names: of the buffers. code: what the machine makes of it; None if that is not known.
    """
    if code is None:
        return []
    formulas = Formulas(kernel, names)
    return list(dict.fromkeys(_asked(ahead, formulas, names) for ahead in code.ahead))


def read_once(kernel: Kernel, names: BufferNames, code: KernelCode | None) -> list[str]:
    """What a tile reads once for several turns: ``"t1[i, j + k], for 3 k, 16 apart, at once"``.

    Args:
        kernel: the kernel. names: of the buffers. code: what the machine makes of it; None if that is not known.
    """
    if code is None or code.shared is None:
        return []
    formulas, shared = Formulas(kernel, names), code.shared
    apart = f", {shared.apart} apart" if shared.apart != 1 else ""
    return [f"{formulas.text(shared.load)}, for {shared.turns} {formulas.loops[shared.dim]}{apart}, at once"]


def _asked(ahead: Ahead, formulas: Formulas, names: BufferNames) -> str:
    if ahead.block:
        return f"{formulas.text(ahead.load)}, a block ahead"
    if ahead.dim is None:
        return f"{formulas.text(ahead.load)}, while total is made"
    name = formulas.loops.get(ahead.dim, ahead.dim.name)
    what = (
        f"rows of {names[ahead.load.buffer]}"
        if ahead.load.buffer.kind == "batch"
        else formulas.text(ahead.load)
    )
    return f"{what}, {ahead.turns} {name} ahead"
