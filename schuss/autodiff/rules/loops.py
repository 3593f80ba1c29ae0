"""The gradient of a scan: a scan the other way.

On the way back a turn needs values of the same turn on the way there. The first scan is asked to give them, too, stacked
along the turns; what is cheap is computed again instead. Gradients of carries are carried. Gradients of constants are sums
over the turns; where these are sums of products they are not added up turn by turn: their factors are stacked, and one
product after the loop sums over the turns as well. So the gradient of a recurrent kernel, ``dU = Σ_t h_tᵀ dz_t``, is one
contraction, into which an optimizer's update can be fused.
"""

from __future__ import annotations

from typing import Any

from schuss.autodiff.rules._residuals import remembered
from schuss.autodiff.rules._totals import After, is_zero, total_of
from schuss.graph import (
    Body,
    Node,
    Spec,
    Tensor,
    Trace,
    active_trace,
    closed,
    divided,
    gradient_rules,
    is_float,
    tracing,
    transplanted,
)
from schuss.graph import primitives as p
from schuss.ops._operands import filled


def _scan(
    dys: list[Any],
    operands: list[Any],
    ys: list[Tensor],
    body: Body,
    counts: tuple[int, int],
    length: int,
    reverse: bool,
) -> list[Any]:
    way = _Way(body, counts, [dy is not None for dy in dys])
    node = ys[0].trace.own(ys[0]).node  # where it is computed again, that one
    assert node is not None
    stacks = way.ask(node)
    given = divided(operands, counts)
    stacks.update((x.id, operand) for x, operand in zip(way.xs, given[2], strict=True))

    starts = [
        filled(t.shape, 0, t.dtype) if dy is None else dy for t, dy in zip(way.results, dys, strict=True)
    ]
    start = [starts[n] for n, t in enumerate(way.carries) if is_float(t.dtype)]
    start += [filled(t.shape, 0, t.dtype) for t in way.carried]
    through = [*given[2], *(stacks[t.id] for t in way.stored)]
    through += [dys[n] for n in range(counts[1], len(dys)) if way.arriving[n] is not None]
    back, more = way.back()
    results: list[Any] = []
    if back.graph.outputs:
        results = p.scan_p.bind(
            *more, *given[0], *start, *through, body=back, counts=(len(more) + counts[0], len(start)),
            length=length, reverse=not reverse,
        )  # fmt: skip

    found = dict(zip((key for key in way.keys), results, strict=True))
    stacks.update((t.id, found["stack", t.id]) for t in way.made)
    after = After(
        lambda t: stacks[t.id],
        lambda t: found["total", t.id],
        lambda t: _outside(t, way.consts, given[0]),
    )
    d_consts = [None if total is None else total.value(after) for total in way.totals]
    return [
        *d_consts,
        *(found.get(("carry", t.id)) for t in way.carries),
        *(found.get(("x", t.id)) for t in way.xs),
    ]


class _Way:
    """A body with its way back, in one trace.

    Attributes:
        consts, carries, xs: its inputs. results: its outputs. arriving: for each of them its gradient, an input, or None.
        totals: of each constant the gradient, or None. carried: terms of these that are added up turn by turn.
        stored: what has to be stacked on the way there. made: what has to be stacked on the way back.
    """

    def __init__(self, body: Body, counts: tuple[int, int], arrives: list[bool]):
        from schuss.autodiff._backward import backward  # which needs the rules

        self.carry_count = counts[1]
        with tracing() as self.trace:
            self.inputs = [self.trace.input(t.spec, t.name) for t in body.graph.inputs]
            table: dict[int, Any] = {t.id: new for t, new in zip(body.graph.inputs, self.inputs, strict=True)}
            self.results = transplanted(self.trace, body.graph.outputs, table)
            there = list(self.trace.nodes)
            self.arriving = [
                self.trace.input(y.spec) if is_float(y.dtype) and (n < counts[1] or arrives[n]) else None
                for n, y in enumerate(self.results)
            ]
            wanted = [x for x in self.inputs if is_float(x.dtype)]
            dxs = backward(self.results, self.arriving, wanted, there)
        self.consts, self.carries, self.xs = divided(self.inputs, counts)
        self.gradients = {x.id: dx for x, dx in zip(wanted, dxs, strict=True)}
        fixed = _fixed(self.trace, self.consts)
        self.totals = [self._total(x, fixed) for x in self.consts]
        totals = [total for total in self.totals if total is not None]
        self.carried = list(dict.fromkeys(t for total in totals for t in total.carried))
        stacked = list(dict.fromkeys(t for total in totals for t in total.stacked))
        forward = {t.id for node in there for t in node.outputs} | {x.id for x in self.inputs}
        self.made = [t for t in stacked if t.id not in forward]
        needed = [t for _, t in self._wanted()] + self.carried + self.made
        self.stored = remembered(
            there,
            [*self.consts, *self.xs],
            self.carries,
            [t for t in _reached(needed, forward) if t.id in forward],
            [t for t in stacked if t.id in forward],
        )

    def _total(self, x: Tensor, fixed: set[int]) -> Any:
        d = self.gradients.get(x.id)
        return None if d is None or is_zero(d) else total_of(d, fixed)

    def _wanted(self) -> list[tuple[Any, Tensor]]:
        """The gradients of carries and of what the loop goes through."""
        of_carries = [(("carry", x.id), self.gradients[x.id]) for x in self.carries if x.id in self.gradients]
        of_xs = [(("x", x.id), self.gradients[x.id]) for x in self.xs if x.id in self.gradients]
        return of_carries + [(key, d) for key, d in of_xs if not is_zero(d)]

    def ask(self, node: Node) -> dict[int, Tensor]:
        """Make the scan on the way there give what is stored: by ids of tensors here, its results."""
        trace, length = node.outputs[0].trace, node.params["length"]
        places = {t.id: n for n, t in enumerate(self.results) if n >= self.carry_count}
        new = [t for t in self.stored if t.id not in places]
        if new:
            outputs = [*self.results, *new]
            larger, more, _ = closed(self.trace, self.inputs, outputs)
            assert not more
            node.params = {**node.params, "body": larger}
            for t in new:
                places[t.id] = len(node.outputs)
                node.outputs.append(trace.result(node, Spec((length, *t.shape), t.dtype)))
        return {t.id: node.outputs[places[t.id]] for t in self.stored}

    def back(self) -> tuple[Body, list[Any]]:
        """The body of the way back, and what it reads from outside beside the operands."""
        wanted = self._wanted()
        sums = [self.trace.input(t.spec) for t in self.carried]
        added = [self.trace.record(p.add_p, [s, t], {}) for s, t in zip(sums, self.carried, strict=True)]
        carries = [self.arriving[n] for n, t in enumerate(self.carries) if is_float(t.dtype)]
        arriving = [t for t in self.arriving[self.carry_count :] if t is not None]
        inputs = [*self.consts, *carries, *sums, *self.xs, *self.stored, *arriving]
        of_carries, of_xs = wanted[: len(carries)], wanted[len(carries) :]
        self.keys = [key for key, _ in of_carries]
        self.keys += [("total", t.id) for t in self.carried]
        self.keys += [key for key, _ in of_xs] + [("stack", t.id) for t in self.made]
        outputs = [*(t for _, t in of_carries), *added, *(t for _, t in of_xs), *self.made]
        body, more, _ = closed(self.trace, [t for t in inputs if t is not None], outputs)
        return body, more


def _fixed(trace: Trace, consts: list[Tensor]) -> set[int]:
    """The ids of tensors that are the same in every turn."""
    fixed = {t.id for t in consts}
    for node in trace.nodes:
        if all(t.id in fixed or t.array is not None for t in node.inputs):
            fixed.update(t.id for t in node.outputs)
    return fixed


def _reached(results: list[Tensor], stops: set[int]) -> list[Tensor]:
    """What computing `results` meets, down to `stops`."""
    seen: dict[int, Tensor] = {}
    stack = list(results)
    while stack:
        t = stack.pop()
        if t.id in seen:
            continue
        seen[t.id] = t
        if t.id not in stops and t.node is not None:
            stack.extend(t.node.inputs)
    return list(seen.values())


def _outside(tensor: Tensor, consts: list[Tensor], operands: list[Any]) -> Any:
    """A tensor that is the same in every turn, computed outside of the loop."""
    trace = active_trace()
    assert trace is not None
    return transplanted(trace, [tensor], {t.id: x for t, x in zip(consts, operands, strict=True)})[0]


gradient_rules[p.scan_p] = _scan
