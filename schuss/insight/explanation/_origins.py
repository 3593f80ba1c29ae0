"""Where a number came from: an element of a tensor as an expression in elements of tensors that have a name.

The graph knows for each tensor by which primitive it was made from which others. `origin_of` follows that back, for many
elements at once, until it meets tensors that are shown themselves: ``z[i, j] = Σ_k x[i, k] · W[k, j] + b[j]``, whose
terms are then numbers. One rule for each primitive says at which elements of the operands an element of the result looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.graph import Tensor

Values = dict[int, np.ndarray]

MOST_TERMS = 10
"""Of a sum so many terms are shown, those of the largest magnitude."""
_MOST_LOOKED_AT = 1 << 22  # products that are made to find these
_MOST_OPERATIONS = 18  # in one expression
MOVES = (
    "broadcast_in_dim", "reshape", "transpose", "slice", "reverse", "windows", "pad", "gather", "iota", "convert",
    "move in a loop", "identity", "stop_gradient", "materialize", "recompute",
)  # fmt: skip
_MOST_NESTED = 2  # sums within each other
LETTERS = "ijklmnpqrstuvw"


@dataclass
class Index:
    """Where on an axis: a number for each element (and for each term of a sum), and how that is written."""

    at: np.ndarray
    text: str

    def __add__(self, number: int) -> Index:
        if not number:
            return self
        if self.text == "0":
            return Index(self.at + number, str(number).replace("-", "−"))
        return Index(self.at + number, f"{self.text}{'+' if number > 0 else '−'}{abs(number)}")

    def times(self, number: int) -> Index:
        return (
            self
            if number == 1 or self.text == "0"
            else Index(self.at * number, f"{number}{_enclosed(self.text)}")
        )


@dataclass
class Origin:
    """A piece of an expression.

    Attributes:
        kind: ``"leaf"`` an element of a named tensor; ``"constant"``; ``"apply"`` an operation on `parts`; ``"sum"``,
            ``"max"``, ``"min"``, ``"product"`` over the terms that its one part is for each of them; ``"made"`` an
            element of a tensor without a name.
        op: the operation's name. tensor: whose element. index: at which place.
        values: the numbers, with an axis for the elements and one for each sum around it.
        count: of a sum: its terms. total: its value. variables: the letters of what it goes over.
    """

    kind: str
    op: str = ""
    tensor: Tensor | None = None
    index: tuple[Index, ...] = ()
    values: Any = None
    parts: list[Origin] = field(default_factory=list)
    count: int = 0
    variables: str = ""


class _Walk:
    """One walk back from a tensor."""

    def __init__(self, values: Values, names: dict[int, str]):
        self.values, self.names = values, names
        self.operations, self.letters = 0, 0
        self.loops = getattr(values, "loops", {})

    def value(self, tensor: Tensor, index: tuple[Index, ...]) -> np.ndarray:
        return np.asarray(self.values[tensor.id][tuple(i.at for i in index)])

    def letter(self) -> str:
        self.letters += 1
        return LETTERS[(self.letters - 1) % len(LETTERS)]

    def follow(self, tensor: Tensor, index: tuple[Index, ...], within: int, root: bool = False) -> Origin:
        """The expression of these elements; `within` sums."""
        if tensor.array is not None and tensor.id not in self.names:
            return Origin("constant", tensor=tensor, index=index, values=self.value(tensor, index))
        if tensor.id in self.names and not root:
            return Origin("leaf", tensor=tensor, index=index, values=self.value(tensor, index))
        node = tensor.node
        if tensor.id in self.loops:
            return self._out_of_a_loop(tensor, index, within)
        rule = None if node is None else RULES.get(node.primitive.name)
        if node is None or rule is None:
            return self._made(tensor, index)
        computes = node.primitive.name not in MOVES
        self.operations += computes
        if computes and self.operations > _MOST_OPERATIONS and not root:
            return self._made(tensor, index)
        return rule(self, node, index, within) or self._made(tensor, index)

    def _out_of_a_loop(self, tensor: Tensor, index: tuple[Index, ...], within: int) -> Origin:
        """A loop's results: the states after the last turn, and what each turn gave."""
        loop = self.loops[tensor.id]
        inside = loop.results[tensor.index]
        if tensor.index < len(loop.starts):
            last = 0 if loop.backwards else loop.length - 1
            at = np.full_like(index[0].at, last) if index else np.full((1,) * (within + 1), last)
            index = (Index(at, str(last)), *index)
        if inside.id not in loop.within:
            return self._made(tensor, index if tensor.index >= len(loop.starts) else index[1:])
        return self.follow(loop.within[inside.id], index, within)

    def _made(self, tensor: Tensor, index: tuple[Index, ...]) -> Origin:
        name = tensor.node.primitive.name if tensor.node is not None else "input"
        return Origin("made", name, tensor, index, self.value(tensor, index))


Rule = Callable[[_Walk, Any, tuple[Index, ...], int], "Origin | None"]


def origin_of(tensor: Tensor, elements: np.ndarray, values: Values, names: dict[int, str]) -> Origin | None:
    """Where elements of a tensor came from.

    Args:
        tensor: of a graph. elements: flat numbers of elements, integers [M].
        values: of each tensor of the graph, by its id. names: of tensors at which to stop, by their ids.

    Returns:
        The expression, or None if the tensor was not computed (data, weights) or its operation has no simple one.
    """
    if tensor.node is None or tensor.node.primitive.name not in (*RULES, "scan"):
        return None
    places = np.unravel_index(elements, tensor.shape) if tensor.shape else ()
    walk = _Walk(values, names)
    index = tuple(Index(np.asarray(at), walk.letter()) for at in places)
    made = walk.follow(tensor, index, 0, root=True)
    return None if made.kind == "made" else made


class _Turn:
    """A walk within a loop, at turns that are given: what stands for the body's tensors outside."""

    def __init__(self, walk: _Walk, loop: Any, turn: Index):
        self.walk, self.loop, self.turn = walk, loop, turn
        self.names, self.values = walk.names, walk.values
        self.letter = walk.letter

    def _outside(
        self, tensor: Tensor, index: tuple[Index, ...], within: int
    ) -> tuple[Tensor, tuple[Index, ...]]:
        depth = max((np.ndim(i.at) for i in index), default=within + 1)
        turn = Index(
            self.turn.at.reshape(self.turn.at.shape + (1,) * (depth - self.turn.at.ndim)), self.turn.text
        )
        if tensor.id in self.loop.within:
            return self.loop.within[tensor.id], (turn, *index)
        outer, is_slice = self.loop.outer[tensor.id]
        return outer, (turn, *index) if is_slice else index

    def value(self, tensor: Tensor, index: tuple[Index, ...]) -> np.ndarray:
        if tensor.array is not None:
            return np.asarray(tensor.array[tuple(i.at for i in index)])
        return self.walk.value(*self._outside(tensor, index, 0))

    def follow(self, tensor: Tensor, index: tuple[Index, ...], within: int, root: bool = False) -> Origin:
        if tensor.array is not None:
            return Origin("constant", values=self.value(tensor, index))
        outer, places = self._outside(tensor, index, within)
        return self.walk.follow(outer, places, within, root)


def _in_a_loop(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin | None:
    rule = RULES.get(node.inner.primitive.name)
    if rule is None or node.inner.primitive.name == "scatter_add":
        return None
    inside: Any = _Turn(walk, node.loop, index[0])
    return rule(inside, node.inner, index[1:], within)


def _state(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin | None:
    """A loop's state in a turn: what the turn before made, at first what it began with."""
    loop, turn, rest = node.loop, index[0], index[1:]
    made, start = loop.results[node.state], loop.starts[node.state]
    first = turn.at == (loop.length - 1 if loop.backwards else 0)
    if np.all(first):
        return walk.follow(start, rest, within)
    if made.id not in loop.within:
        return None
    before = turn + (1 if loop.backwards else -1)
    clipped = Index(np.clip(before.at, 0, loop.length - 1), before.text)
    earlier = walk.follow(loop.within[made.id], (clipped, *rest), within)
    if not np.any(first):
        return earlier
    later = Origin("constant", f"{turn.text} is not the first step", values=~first)
    return Origin("apply", "select", parts=[later, earlier, walk.follow(start, rest, within)])


def _enclosed(text: str) -> str:
    return text if len(text) <= 1 or text.isalnum() else f"({text})"


def terms_of(origin: Origin, depth: int) -> int:
    """How many terms a sum's body stands for, at so many axes around it."""
    own = (
        np.shape(origin.values)[depth]
        if origin.kind in ("leaf", "made", "constant") and np.ndim(origin.values) > depth
        else 1
    )
    indexed = max((np.shape(i.at)[depth] for i in origin.index if np.ndim(i.at) > depth), default=1)
    return max(own, indexed, max((terms_of(p, depth) for p in origin.parts), default=1))


# Elementwise ---

_UNARY = (
    "negative", "abs", "sign", "floor", "ceil", "round_nearest_even", "exponential", "exponential_minus_one",
    "log", "log_plus_one", "logistic", "tanh", "sqrt", "rsqrt", "sine", "cosine", "tan", "erf", "erf_inv",
    "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "lgamma", "digamma", "not",
    "is_finite",
)  # fmt: skip
_BINARY = (
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "remainder", "atan2", "and",
    "or", "xor",
)  # fmt: skip
_COMPARISONS = {"EQ": "=", "NE": "≠", "LT": "<", "LE": "≤", "GT": ">", "GE": "≥"}


def _elementwise(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    op = node.primitive.name
    if op == "compare":
        op = _COMPARISONS[node.params["direction"]]
    if op == "multiply" and node.inputs[0] is node.inputs[1]:
        return Origin("apply", "square", parts=[walk.follow(node.inputs[0], index, within)])
    return Origin("apply", op, parts=[walk.follow(t, index, within) for t in node.inputs])


def _passed_on(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    return walk.follow(node.inputs[0], index, within)


def _converted(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    made = walk.follow(node.inputs[0], index, within)
    rounds = node.inputs[0].dtype.kind == "f" and node.outputs[0].dtype.kind != "f"
    return Origin("apply", node.outputs[0].dtype.name, parts=[made]) if rounds else made


def _own_gradient(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin | None:
    return walk.follow(node.inputs[node.params["n"]], index, within) if len(node.outputs) == 1 else None


# Where else ---


def _broadcast(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    x = node.inputs[0]
    return walk.follow(x, _of_broadcast(x.shape, node.params["dims"], index), within)


def _of_broadcast(shape: Any, dims: Any, index: tuple[Index, ...]) -> tuple[Index, ...]:
    return tuple(
        index[d] if n > 1 else Index(np.zeros_like(index[d].at), "0")
        for n, d in zip(shape, dims, strict=True)
    )


def _reshape(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    return walk.follow(node.inputs[0], _reshaped(node.outputs[0].shape, node.inputs[0].shape, index), within)


def _reshaped(shape: Any, other: Any, index: tuple[Index, ...]) -> tuple[Index, ...]:
    """The places in the other shape. Runs of axes whose sizes multiply to the same are one merged or divided axis."""
    if 0 in shape:
        return tuple(Index(np.zeros(0, int), "0") for _ in other)
    made: list[Index] = []
    left, right = list(range(len(shape))), list(range(len(other)))
    while left or right:
        ours, theirs = _group(shape, left, other, right)
        flat = _merged([index[a] for a in ours], [shape[a] for a in ours], index)
        made += _divided(flat, [other[a] for a in theirs])
    return tuple(made)


def _group(shape: Any, left: list[int], other: Any, right: list[int]) -> tuple[list[int], list[int]]:
    """The next axes on both sides with the same number of elements."""
    ours: list[int] = [left.pop(0)] if left else []
    theirs: list[int] = [right.pop(0)] if right else []
    mine, its = (shape[ours[0]] if ours else 1), (other[theirs[0]] if theirs else 1)
    while mine != its:
        if mine < its:
            ours.append(left.pop(0))
            mine *= shape[ours[-1]]
        else:
            theirs.append(right.pop(0))
            its *= other[theirs[-1]]
    return ours, theirs


def _merged(parts: list[Index], sizes: list[int], index: tuple[Index, ...]) -> Index:
    total = Index(np.zeros_like(index[0].at) if index else np.zeros((), int), "0")
    for part, size in zip(parts, sizes):
        if total.text == "0":
            total = Index(total.at * size + part.at, part.text if size > 1 else "0")
        elif size > 1:
            total = Index(total.at * size + part.at, f"{size}{_enclosed(total.text)}+{part.text}")
    return total


def _divided(flat: Index, sizes: list[int]) -> list[Index]:
    wide = [n for n in sizes if n > 1]
    made, rest = [], 1
    for size in reversed(sizes):
        if size == 1:
            made.append(Index(np.zeros_like(flat.at), "0"))
            continue
        text = flat.text if len(wide) == 1 else f"{_enclosed(flat.text)}÷{rest} mod {size}"
        made.append(Index(flat.at // rest % size, text))
        rest *= size
    return made[::-1]


def _transpose(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    permutation = node.params["permutation"]
    moved = tuple(index[permutation.index(a)] for a in range(len(permutation)))
    return walk.follow(node.inputs[0], moved, within)


def _slice(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    start, strides = node.params["start"], node.params["strides"]
    moved = tuple(i.times(s) + b for i, b, s in zip(index, start, strides, strict=True))
    return walk.follow(node.inputs[0], moved, within)


def _reverse(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    shape = node.inputs[0].shape
    moved = [
        Index(shape[a] - 1 - i.at, f"{shape[a] - 1}−{_enclosed(i.text)}") if a in node.params["axes"] else i
        for a, i in enumerate(index)
    ]
    return walk.follow(node.inputs[0], tuple(moved), within)


def _windows(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    x, p = node.inputs[0], node.params
    moved = list(index[: len(x.shape)])
    for n, axis in enumerate(p["axes"]):
        position, place = moved[axis].times(p["strides"][n]), index[len(x.shape) + n].times(p["dilations"][n])
        moved[axis] = Index(position.at + place.at, f"{position.text}+{place.text}")
    return walk.follow(x, tuple(moved), within)


def _pad(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    x, p = node.inputs[0], node.params
    moved: list[Index] = []
    inside: Any = True
    for i, low, interior, size in zip(index, p["low"], p["interior"], x.shape, strict=True):
        step = interior + 1
        at = (i.at - low) // step
        inside = inside & ((i.at - low) % step == 0) & (at >= 0) & (at < size)
        text = (i + -low).text if step == 1 else f"({(i + -low).text})÷{step}"
        moved.append(Index(np.clip(at, 0, max(size - 1, 0)), text))
    if 0 in x.shape or not np.any(inside):
        return Origin("constant", values=walk.value(node.outputs[0], index))
    made = walk.follow(x, tuple(moved), within)
    if np.all(inside):
        return made
    value = walk.value(node.outputs[0], index)
    return Origin(
        "apply", "inside", parts=[Origin("constant", values=np.asarray(inside)), made], values=value
    )


def _gather(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin | None:
    x, *which = node.inputs
    if len(which) > 2:
        return None
    moved = []
    for axis, t in enumerate(which):
        text = _place_text(walk, walk.follow(t, index, within))
        moved.append(Index(np.clip(walk.value(t, index), 0, x.shape[axis] - 1).astype(int), text))
    return walk.follow(x, tuple(moved), within)


def _place_text(walk: _Walk, origin: Origin) -> str:
    """How an index that was computed is written: ``x[i, j]`` where it was read, a letter where it counts."""
    if origin.kind == "constant" and (origin.op or np.size(origin.values) == 1):
        return origin.op or str(int(np.reshape(origin.values, ())))
    if origin.kind == "leaf" and origin.tensor is not None:
        return f"{walk.names[origin.tensor.id]}[{', '.join(i.text for i in origin.index)}]"
    if origin.kind == "apply" and origin.op == "select":
        return _place_text(walk, origin.parts[2])  # places below 0 count from the end
    if origin.kind == "apply" and len(origin.parts) == 1:
        return _place_text(walk, origin.parts[0])
    return "index"


def _iota(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin:
    place = index[node.params["axis"]]
    return Origin("constant", place.text, values=place.at)


# Sums ---


def _reduced(kind: str) -> Rule:
    def rule(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin | None:
        x, axes = node.inputs[0], node.params["axes"]
        if within >= _MOST_NESTED:
            return None
        if within and _count(index) * x.size > _MOST_LOOKED_AT:
            return None
        over = _places(walk, [x.shape[a] for a in axes], within)
        rest = iter(_deeper(index))
        inner = tuple(over[axes.index(a)] if a in axes else next(rest) for a in range(len(x.shape)))
        shown = _shown(walk.value(x, inner)) if kind != "max" else _shown(walk.value(x, inner), largest=True)
        return _terms(walk, kind, [(x, inner)], over, shown, within)

    return rule


def _dot_general(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin | None:
    x, y = node.inputs
    (cx, cy), (bx, by) = node.params["contract"], node.params["batch"]
    if within >= _MOST_NESTED:
        return None
    over = _places(walk, [x.shape[a] for a in cx], within)
    outer = _deeper(index)
    nowhere = Index(np.zeros((), int), "0")
    of_x, of_y = [nowhere] * len(x.shape), [nowhere] * len(y.shape)
    position = 0
    for a, b in zip(bx, by):
        of_x[a] = of_y[b] = outer[position]
        position += 1
    for places, fixed in ((of_x, (*bx, *cx)), (of_y, (*by, *cy))):
        for a in range(len(places)):
            if a not in fixed:
                places[a] = outer[position]
                position += 1
    for number, (a, b) in enumerate(zip(cx, cy)):
        of_x[a] = of_y[b] = over[number]
    operands = [(x, tuple(of_x)), (y, tuple(of_y))]
    size = np.broadcast(*(i.at for i in (*of_x, *of_y))).size if over or outer else 1
    if size > _MOST_LOOKED_AT:
        products = np.broadcast_to(
            np.arange(over[0].at.shape[-1], 0, -1), (len(index[0].at), over[0].at.shape[-1])
        )
    else:
        products = walk.value(*operands[0]) * walk.value(*operands[1])
    return _terms(walk, "sum", operands, over, _shown(products), within)


def _count(index: tuple[Index, ...]) -> int:
    return int(np.broadcast(*(i.at for i in index)).size) if index else 1


def _places(walk: _Walk, sizes: list[int], within: int) -> list[Index]:
    """All places in axes of these sizes, as one more axis of numbers."""
    count = int(np.prod(sizes, dtype=int))
    found = np.unravel_index(np.arange(count), sizes) if sizes else ()
    return [Index(at.reshape(*(1,) * (within + 1), count), walk.letter()) for at in found]


def _deeper(index: tuple[Index, ...]) -> list[Index]:
    return [Index(np.asarray(i.at)[..., None], i.text) for i in index]


def _shown(terms: np.ndarray, largest: bool = False) -> np.ndarray:
    """Which terms are shown: the places of the largest ones, in their order."""
    terms = np.atleast_2d(terms)
    count = min(MOST_TERMS, terms.shape[-1])
    size = np.where(np.isnan(terms), np.inf, terms if largest else np.abs(terms.astype(float)))
    if count < terms.shape[-1]:
        return np.sort(np.argpartition(-size, count - 1, axis=-1)[..., :count], axis=-1)
    return np.broadcast_to(np.arange(count), (*terms.shape[:-1], count))


def _terms(
    walk: _Walk,
    kind: str,
    operands: list[tuple[Tensor, tuple[Index, ...]]],
    over: list[Index],
    shown: np.ndarray,
    within: int,
) -> Origin:
    count = over[0].at.shape[-1] if over else 1
    letters = "".join(i.text for i in over)

    def chosen(i: Index) -> Index:
        if i.at.shape[-1] == 1 and count != 1:
            return Index(np.broadcast_to(i.at, (*i.at.shape[:-1], shown.shape[-1])), i.text)
        return Index(np.take_along_axis(np.broadcast_to(i.at, (*shown.shape[:-1], count)), shown, -1), i.text)

    parts = [walk.follow(t, tuple(map(chosen, index)), within + 1) for t, index in operands]
    body = parts[0] if len(parts) == 1 else Origin("apply", "multiply", parts=parts)
    return Origin(kind, parts=[body], count=count, variables=letters)


def _scatter_add(walk: _Walk, node: Any, index: tuple[Index, ...], within: int) -> Origin | None:
    """x plus the updates that were added at this place: of a table's rows the gradient by its elements."""
    x, updates, *which = node.inputs
    if within >= 1 or len(which) != len(x.shape):
        return None
    sources = [walk.values[t.id].reshape(-1) for t in which]
    hits = np.ones((len(np.atleast_1d(index[0].at)), sources[0].size), bool)
    if hits.size > _MOST_LOOKED_AT:
        return None
    for i, source in zip(index, sources, strict=True):
        hits &= np.reshape(i.at, (-1, 1)) == source
    places = np.unravel_index(np.arange(sources[0].size), updates.shape)
    shown = np.argsort(~hits, axis=-1, kind="stable")[:, :MOST_TERMS]
    there = np.take_along_axis(hits, shown, -1)
    letters = [walk.letter() for _ in places]
    at = tuple(Index(p[shown], letter) for p, letter in zip(places, letters))
    body = walk.follow(updates, at, within + 1)
    return Origin(
        "sum", "where", parts=[body], count=sources[0].size, variables="".join(letters), values=there
    )


RULES: dict[str, Rule] = {
    **dict.fromkeys((*_UNARY, *_BINARY, "compare", "select"), _elementwise),
    **dict.fromkeys(("identity", "stop_gradient", "materialize", "recompute"), _passed_on),
    "convert": _converted,
    "custom_gradient": _own_gradient,
    "broadcast_in_dim": _broadcast,
    "reshape": _reshape,
    "transpose": _transpose,
    "slice": _slice,
    "reverse": _reverse,
    "windows": _windows,
    "pad": _pad,
    "gather": _gather,
    "iota": _iota,
    "reduce_sum": _reduced("sum"),
    "reduce_prod": _reduced("product"),
    "reduce_max": _reduced("max"),
    "reduce_min": _reduced("min"),
    "dot_general": _dot_general,
    "scatter_add": _scatter_add,
    "in a loop": _in_a_loop,
    "move in a loop": _in_a_loop,
    "state": _state,
}
"""How an element is made, by the primitive's name. What is not here is shown as made by that operation."""
