"""Intermediate values: what the origins of shown numbers lead to and has no name yet gets one, so that no trail ends."""

from __future__ import annotations

import numpy as np

from schuss.graph import Node, Tensor
from schuss.insight.explanation._explanation import Quantity, Step
from schuss.insight.explanation._formula import as_text
from schuss.insight.explanation._forward import LayerStep
from schuss.insight.explanation._origins import Origin, origin_of
from schuss.insight.explanation._record import Recorded
from schuss.insight.explanation._symbols import Symbols, raised

_MOST_OF_A_STEP = 12
_MOST = 240
_WORDS = {
    "reduce_max": "largest along an axis",
    "reduce_min": "smallest along an axis",
    "reduce_sum": "sum along an axis",
    "dot_general": "product",
    "scan": "result of a loop over steps",
    "select": "chosen by a condition",
    "exponential": "exponential",
    "divide": "quotient",
    "multiply": "product, element by element",
    "add": "sum",
    "subtract": "difference",
    "in a loop": "within the loop over steps",
    "state": "state before each step",
    "random_bits": "random bits",
    "concatenate": "parts side by side",
    "gather": "looked up",
    "compare": "comparison",
}


def name_inner_values(step: Recorded, symbols: Symbols, steps: list[Step]) -> None:
    """Add intermediate values to the steps (not those of updates, whose formulas say all)."""
    for one in steps:
        if isinstance(one, LayerStep) and one.call is not None:
            nodes = [step.nodes[n] for n in one.call.own_nodes()]
            _name_softmax(step, symbols, one, nodes)
            _name_states(step, symbols, one, nodes)
    naming = _Naming(step, symbols)
    for one in steps:
        waiting = [q for q in (*one.quantities, *one.inner) if q.tensor is not None]
        while waiting and naming.count < _MOST:
            for tensor in naming.ends(waiting.pop(0))[: _MOST_OF_A_STEP - len(one.inner)]:
                made = naming.add(tensor)
                one.inner.append(made)
                waiting.append(made)


def _name_softmax(step: Recorded, symbols: Symbols, layer: LayerStep, nodes: list[Node]) -> None:
    """e^z / Σ e^z, within a layer, is one thing to people, and called A, as in attention."""
    for node in nodes:
        tensor = node.outputs[0]
        if node.primitive.name != "divide" or tensor.id in symbols.by_tensor or tensor.id not in step.values:
            continue
        above, below = node.inputs
        if _maker(above) != "exponential" or _sum_of(below) is not above:
            continue
        number = layer.layer_number
        made = symbols.add(tensor, f"A{number}", raised("A", number), "weights by softmax, of sum 1")
        layer.quantities.append(made)


def _name_states(step: Recorded, symbols: Symbols, layer: LayerStep, nodes: list[Node]) -> None:
    """h, a loop's states: what each step is given, and what it makes of them."""
    loops = [step.values.loops[n.outputs[0].id] for n in nodes if n.outputs[0].id in step.values.loops]
    number = layer.layer_number
    for loop in loops:
        for n, (before, after) in enumerate(loop.states(), 1):
            key = letter = ("h", "c")[n - 1] if len(loop.starts) <= 2 else f"h{n}"
            letter = letter if len(letter) == 1 else f'"{letter}"'
            for tensor, name, symbol, what in (
                (after, f"{key}({number})", raised(letter, number), "state after each step"),
                (
                    before,
                    f"{key}before({number})",
                    f'"before "{raised(letter, number)}',
                    "state before each step",
                ),
            ):
                if tensor is not None and tensor.id not in symbols.by_tensor:
                    layer.inner.append(symbols.add(tensor, name, symbol, what))


def _sum_of(tensor: Tensor) -> Tensor | None:
    """What a tensor is the sum of, along some axes."""
    while tensor.node is not None and tensor.node.primitive.name in ("broadcast_in_dim", "reshape"):
        tensor = tensor.node.inputs[0]
    return tensor.node.inputs[0] if tensor.node is not None and _maker(tensor) == "reduce_sum" else None


def _maker(tensor: Tensor) -> str:
    return tensor.node.primitive.name if tensor.node is not None else "input"


class _Naming:
    """Names for what has none, counted through all steps."""

    def __init__(self, step: Recorded, symbols: Symbols):
        self.step, self.symbols, self.count = step, symbols, 0
        self.names = {number: as_text(q.symbol) for number, q in symbols.by_tensor.items()}

    def add(self, tensor: Tensor) -> Quantity:
        self.count += 1
        name = f"t{self.count}"
        self.names[tensor.id] = name
        what = _WORDS.get(_maker(tensor), _maker(tensor).replace("_", " "))
        return self.symbols.add(tensor, name, f'"{name}"', what)

    def ends(self, quantity: Quantity) -> list[Tensor]:
        """The tensors without a name at which the origin of a quantity ends."""
        if quantity.tensor is None or not quantity.array.size:
            return []
        origin = origin_of(quantity.tensor, np.array([0]), self.step.values, self.names)
        found: dict[int, Tensor] = {}
        if origin is not None:
            _collect(origin, found)
        return [t for t in found.values() if t.id in self.step.values and t.node is not None]


def _collect(origin: Origin, found: dict[int, Tensor]) -> None:
    if origin.kind == "made" and origin.tensor is not None:
        found[origin.tensor.id] = origin.tensor
    for part in origin.parts:
        _collect(part, found)
