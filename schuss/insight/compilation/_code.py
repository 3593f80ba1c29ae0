"""Kernels as loops that a learner can read: Python, but for what `float32(…)`, `exp(…)` and `rows` stand for."""

from __future__ import annotations

from collections.abc import Sequence

from schuss.backends._description import KernelCode
from schuss.compiler import Kernel
from schuss.compiler._expr import Apply, Load, walk
from schuss.compiler._index import Dim, Dynamic
from schuss.compiler._kernel import Store
from schuss.compiler._order import row_of
from schuss.insight.compilation._beforehand import copied, fetched, read_once
from schuss.insight.compilation._formulas import Formulas
from schuss.insight.compilation._names import BufferNames

_START = {"sum": "0", "prod": "1", "max": "-inf", "min": "inf"}
_STEP = {
    "sum": "total += {}",
    "prod": "total *= {}",
    "max": "total = max(total, {})",
    "min": "total = min(total, {})",
}
_COMMENT = 44  # the column at which comments begin, if the code leaves room


def code_of(kernel: Kernel, names: BufferNames, code: KernelCode | None, turns: Sequence[Dim] = ()) -> str:
    """The kernel as nested loops.

    Args:
        kernel: the kernel. names: of the buffers. code: what the machine makes of it; None if that is not known.
        turns: the variables of the loops around it.
    """
    formulas = Formulas(kernel, names)
    lines = [f"# panel: {text}" for text in copied(kernel, names, code)]
    lines += [f"# ahead: {text}" for text in fetched(kernel, names, code)]
    lines += [f"# once: {text}" for text in read_once(kernel, names, code)]
    depth = 0

    def loop(dim: Dim, comment: str) -> None:
        nonlocal depth
        name = formulas.loops.get(dim, dim.name)
        lines.append(_with_comment(f"{'    ' * depth}for {name} in range({dim.size}):", comment))
        depth += 1

    for turn in turns:
        loop(turn, "in order; a turn is all kernels of the loop")
    for dim in kernel.dims:
        loop(dim, _loop_comment(kernel, dim, code))
    if kernel.scan is not None:
        kind = kernel.scan.kind
        lines.append(f"{'    ' * depth}total = {_START[kind]}")
        loop(kernel.scan.dim, "in order")
        lines.append("    " * depth + _STEP[kind].format(formulas.text(kernel.scan.body)))
    elif kernel.reduction is not None:
        lines += _reduction(kernel, formulas, code, depth)
        formulas.forget()
    return "\n".join([*lines, *("    " * depth + line for line in _stores(kernel.stores, formulas))])


def _reduction(kernel: Kernel, formulas: Formulas, code: KernelCode | None, depth: int) -> list[str]:
    reduction = kernel.reduction
    assert reduction is not None
    indent = "    " * depth
    if reduction.kind not in _START:  # argmax, argmin
        (dim,) = reduction.dims
        over = f"{formulas.loops[dim]} in range({dim.size})"
        return [f"{indent}total = {reduction.kind}({formulas.text(reduction.body)} for {over})"]
    lines = [f"{indent}total = {_START[reduction.kind]}"]
    for dim in reduction.dims:
        comment = _loop_comment(kernel, dim, code)
        turns = f"{dim.size}"
        if kernel.block and dim is reduction.dims[0]:
            begin = f"{formulas.loops[kernel.dims[0]]} * {kernel.block}"
            turns = f"{begin}, min({begin} + {kernel.block}, {dim.size})"
        lines.append(_with_comment(f"{indent}for {formulas.loops[dim]} in range({turns}):", comment))
        indent += "    "
    lines += [indent + line for line in formulas.values([reduction.body])]
    return [*lines, indent + _STEP[reduction.kind].format(formulas.text(reduction.body))]


def stores_of(kernel: Kernel, names: BufferNames) -> list[str]:
    """The lines in which a kernel writes, with those that compute what they share."""
    return _stores(kernel.stores, Formulas(kernel, names))


def reduction_of(kernel: Kernel, names: BufferNames) -> list[str]:
    """What a kernel reduces: ``sum over k of …``, before it what that shares; nothing for other kernels."""
    formulas = Formulas(kernel, names)
    if kernel.scan is not None:
        scan = kernel.scan
        return [*formulas.values([scan.body]), f"{scan.kind} so far, over s, of {formulas.text(scan.body)}"]
    if kernel.reduction is None:
        return []
    body, kind = kernel.reduction.body, kernel.reduction.kind
    over = ", ".join(formulas.loops[dim] for dim in kernel.reduction.dims)
    return [*formulas.values([body]), f"{kind}{f' over {over}' if over else ''} of {formulas.text(body)}"]


def _stores(stores: list[Store], formulas: Formulas) -> list[str]:
    """Everything is computed before anything is written: what a formula reads that another line overwrites
    is the old value."""
    indices = [atom.expr for s in stores for i in s.index for atom, _ in i.terms if isinstance(atom, Dynamic)]
    lines = formulas.values([*indices, *(store.expr for store in stores)])
    for store in stores:
        replaced = {other.buffer for other in stores if other is not store}
        reads = {e.buffer for e in walk(store.expr) if isinstance(e, Load)}
        if reads & replaced and isinstance(store.expr, Apply) and not formulas.has_name(store.expr):
            lines.append(formulas.name(store.expr))
    for store in stores:
        lines.append(_assignment(store, formulas))
    return lines


def _assignment(store: Store, formulas: Formulas) -> str:
    target, expr = formulas.element(store.buffer, store.index, not store.accumulate), store.expr
    if store.accumulate:
        return f"{target} += {formulas.text(expr)}"
    if isinstance(expr, Apply) and expr.name in ("add", "subtract") and not formulas.has_name(expr):
        first, second = expr.args
        if isinstance(first, Load) and first.buffer is store.buffer and first.index == store.index:
            return f"{target} {'+' if expr.name == 'add' else '-'}= {formulas.text(second)}"
    return f"{target} = {formulas.text(expr)}"


def _loop_comment(kernel: Kernel, dim: Dim, code: KernelCode | None) -> str:
    """What happens to a loop: threads, registers, vectors."""
    parts = []
    if kernel.dims and dim is kernel.dims[0] and kernel.chunks > 1:
        parts.append(f"{kernel.chunks} chunks of {kernel.grain}, each on one thread")
    if kernel.strip and dim is row_of(kernel):
        parts.append(f"strips of {kernel.strip} through several kernels")
    if code is None:
        return "; ".join(parts)
    together = dict(code.tile).get(dim, 1)
    if dim is code.vector and code.lanes > 1:
        vectors = together // code.lanes
        parts.append(
            f"{vectors} vectors of {code.lanes} at once" if vectors > 1 else f"vectors of {code.lanes}"
        )
    elif together > 1:
        parts.append(f"{together} at once")
    reduced = () if kernel.reduction is None else kernel.reduction.dims
    for divided, size in zip(reduced, code.block):
        if dim is divided:
            parts.append(f"blocks of {size}: one block for all tiles, then the next")
    return "; ".join(parts)


def _with_comment(line: str, comment: str) -> str:
    return f"{line:<{_COMMENT - 2}}  # {comment}" if comment else line
