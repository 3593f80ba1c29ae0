"""Graph → smaller graph that computes the same: no duplicates, no work on constants, no operations without effect. The
same bits, but for sums whose terms `_lookups` gathers in another order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.compiler._bodies import lies_with_loop, settled, without_unused
from schuss.compiler._context import is_made
from schuss.compiler._lookups import product_of_rows, sums_of_products
from schuss.compiler._values import counted, scalar_value
from schuss.graph import PRIMITIVES, Graph, Node, Primitive, Spec, StateSlot, Tensor, shape_rules

_FOLDED_SIZE = 4096
_LEAST_VECTOR = 8  # elements of a last axis that make vectors
_FOLDED_NEVER = ("random_bits", "host_call", "custom_gradient", "iota", "broadcast_in_dim", "scan")


Pieces = tuple[int, list[tuple[int, Tensor]]]
"""What lies side by side, with zeros between: the axis, and where each begins."""


class Rewriter:
    """A graph under rewriting. `emit` gives the result of a primitive, simplified, an equal node made before,
    or a new one."""

    def __init__(self, graph: Graph):
        self.nodes: list[Node] = []
        self.known: dict[Any, list[Tensor]] = {}
        self.pieces: dict[int, Pieces] = {}  # of sums of what lies side by side
        self.padded: dict[int, tuple[list[Tensor], dict[str, Any]]] = {}  # what was padded, by choices
        self.uses: dict[int, int] = {}  # how often a tensor is wanted
        self._next = 1 + max(
            [0] + [t.id for n in graph.nodes for t in n.outputs + n.inputs] + [t.id for t in graph.inputs]
        )

    def tensor(self, spec: Spec, **kwargs: Any) -> Tensor:
        self._next += 1
        return Tensor(None, spec, self._next, **kwargs)  # type: ignore[arg-type]

    def constant(self, array: np.ndarray) -> Tensor:
        array = np.asarray(array)
        key = ("constant", array.dtype.str, array.shape, array.tobytes())
        if key not in self.known:
            self.known[key] = [self.tensor(Spec.of(array), array=array)]
        return self.known[key][0]

    def repeated(self, value: Any, spec: Spec, scope: str) -> Tensor:
        """One number everywhere."""
        scalar = self.constant(np.asarray(value, spec.dtype))
        return self.emit("broadcast_in_dim", scalar, shape=spec.shape, dims=(), scope=scope)

    def emit(self, name: str, *inputs: Tensor, scope: str = "", **params: Any) -> Tensor:
        return self.emit_all(name, list(inputs), params, scope)[0]

    def emit_all(
        self,
        name: str,
        inputs: list[Tensor],
        params: dict[str, Any],
        scope: str,
        specs: list[Spec] | None = None,
        rules: bool = True,
    ) -> list[Tensor]:
        """The results of a primitive. `specs`: theirs, if they are known. `rules`: it may be simplified to others."""
        primitive = PRIMITIVES[name]
        key = _key(name, inputs, params)
        if specs is None:
            specs = (
                [t.spec for t in self.known[key]] if key in self.known else _specs(primitive, inputs, params)
            )
        if name not in _FOLDED_NEVER and all(spec.size == 0 for spec in specs):  # nothing to compute
            return [self.constant(np.empty(spec.shape, spec.dtype)) for spec in specs]
        rule = _RULES.get(name) if rules else None
        if rule is not None:
            replaced = rule(self, inputs, params, scope)
            if replaced is not None:
                return replaced if isinstance(replaced, list) else [replaced]
        if key in self.known:
            return self.known[key]
        if inputs and all(t.array is not None for t in inputs) and name not in _FOLDED_NEVER:
            arrays = [t.array for t in inputs]
            if sum(a.size for a in arrays if a is not None) <= _FOLDED_SIZE:
                values = primitive.bind(*arrays, **params)
                return [self.constant(v) for v in (values if primitive.several_results else [values])]
        node = Node(primitive, inputs, params, scope)
        for index, spec in enumerate(specs):
            node.outputs.append(self.tensor(spec, node=node, index=index))
        self.nodes.append(node)
        if key is not None:
            self.known[key] = node.outputs
        return node.outputs


def _specs(primitive: Primitive, inputs: list[Tensor], params: dict[str, Any]) -> list[Spec]:
    """Of what it gives."""
    specs = shape_rules[primitive](*[t.spec for t in inputs], **params)
    return specs if primitive.several_results else [specs]


def _key(name: str, inputs: list[Tensor], params: dict[str, Any]) -> Any:
    """Equal for nodes that compute the same; None if a parameter cannot be hashed: it is shared with no other."""
    key = (name, tuple(t.id for t in inputs), tuple(sorted(params.items())))
    try:
        hash(key)
    except TypeError:
        return None
    return key


Rule = Callable[[Rewriter, list[Tensor], dict[str, Any], str], Any]
_RULES: dict[str, Rule] = {}


def _rule(*names: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        for name in names:
            _RULES[name] = rule
        return rule

    return register


def _is(tensor: Tensor, value: float) -> bool:
    found = scalar_value(tensor)
    return found is not None and found == value and not (value == 0 and np.signbit(found))


@_rule("identity", "stop_gradient")
def _nothing(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    return inputs[0]


@_rule("custom_gradient")
def _forward_only(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    return inputs[params["n"] :]


@_rule("convert")
def _convert(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    return inputs[0] if inputs[0].dtype == params["dtype"] else None


@_rule("reshape", "broadcast_in_dim")
def _same_shape(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    x = inputs[0]
    if x.shape == tuple(params["shape"]) and params.get("dims", tuple(range(x.ndim))) == tuple(range(x.ndim)):
        return x
    if "dims" not in params and x.node is not None and x.node.primitive.name == "reshape":
        return rewriter.emit("reshape", x.node.inputs[0], shape=params["shape"], scope=scope)
    return None


@_rule("transpose")
def _transpose(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    (x,), permutation = inputs, params["permutation"]
    if tuple(permutation) == tuple(range(x.ndim)):
        return x
    if x.node is not None and x.node.primitive.name == "transpose":
        inner = x.node.params["permutation"]
        joined = tuple(inner[axis] for axis in permutation)
        return rewriter.emit("transpose", x.node.inputs[0], permutation=joined, scope=scope)
    return None


@_rule("pad")
def _pad(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    """Where whole vectors of the last axis are inside or outside, padding is a choice at each of its elements, which
    joins the loops of its users; otherwise it is written by kernels of its own."""
    x, value = inputs
    ends = params["low"], params["high"], params.get("interior") or (0,) * x.ndim
    if not any(n for numbers in ends for n in numbers):
        return x
    if x.ndim < 2 or any(numbers[-1] for numbers in ends) or not x.size or x.shape[-1] < _LEAST_VECTOR:
        return None
    spec = shape_rules[PRIMITIVES["pad"]](x.spec, value.spec, **params)
    count = Spec(spec.shape, np.dtype("int32"))

    def binary(name: str, a: Tensor, b: int, **more: Any) -> Tensor:
        return rewriter.emit(name, a, rewriter.repeated(b, count, scope), scope=scope, **more)

    places, inside = [], []
    for axis, (n, low, high, gap) in enumerate(zip(x.shape, *ends, strict=True)):
        place = rewriter.emit("iota", shape=spec.shape, dtype=count.dtype, axis=axis, scope=scope)
        if low:
            place = binary("subtract", place, low)
            inside.append(binary("compare", place, 0, direction="GE"))
        if high:
            inside.append(binary("compare", place, (n - 1) * (gap + 1), direction="LE"))
        if gap:
            inside.append(binary("compare", binary("remainder", place, gap + 1), 0, direction="EQ"))
            place = binary("divide", place, gap + 1)
        places.append(place)
    chosen = inside[0]
    for test in inside[1:]:
        chosen = rewriter.emit("and", chosen, test, scope=scope)
    around = rewriter.emit("broadcast_in_dim", value, shape=spec.shape, dims=(), scope=scope)
    padded = rewriter.emit(
        "select", chosen, rewriter.emit("gather", x, *places, scope=scope), around, scope=scope
    )
    rewriter.padded[padded.id] = inputs, params
    piece = _piece(x, value, params)
    if piece is not None:
        rewriter.pieces[padded.id] = piece
    return padded


@_rule("windows")
def _windows(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    """What is seen through windows is read often: it is made in its place between the padding, once."""
    inside, how = rewriter.padded.get(inputs[0].id, (None, {}))
    if inside is None or any(how.get("interior") or ()) or not is_made(inside[0]):
        return None
    pad = rewriter.emit_all("pad", inside, how, scope, rules=False)
    return rewriter.emit_all("windows", pad, params, scope, rules=False)


def _of_nothing(name: str, total: int) -> None:
    """The reduction of an empty array is `total` everywhere."""

    @_rule(name)
    def _reduce(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
        (x,) = inputs
        shape = tuple(n for axis, n in enumerate(x.shape) if axis not in params["axes"])
        return None if x.size else rewriter.repeated(total, Spec(shape, x.dtype), scope)


_of_nothing("reduce_sum", 0)
_of_nothing("reduce_prod", 1)


@_rule("argmax", "argmin")
def _only_place(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    (x,), axis = inputs, params["axis"]
    spec = Spec((*x.shape[:axis], *x.shape[axis + 1 :]), np.dtype("int32"))
    return rewriter.repeated(0, spec, scope) if x.shape[axis] == 1 else None


@_rule("scatter_add")
def _scatter_add(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    return sums_of_products(rewriter, inputs, params, scope)


@_rule("dot_general")
def _product(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    if all(t.size for t in inputs):
        return product_of_rows(rewriter, inputs, params, scope)
    return rewriter.repeated(
        0, shape_rules[PRIMITIVES["dot_general"]](*[t.spec for t in inputs], **params), scope
    )


@_rule("add")
def _add(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    x, y = inputs
    if x.dtype.kind != "f" and (_is(x, 0) or _is(y, 0)):  # x + 0.0 is not x for x = -0.0
        return y if _is(x, 0) else x
    for scattered, to in ((y, x), (x, y)):
        found = _added_to_nothing(rewriter, scattered)
        if found is not None:
            return rewriter.emit("scatter_add", to, *found, scope=scope)
    return _side_by_side(rewriter, x, y, scope)


def _added_to_nothing(rewriter: Rewriter, tensor: Tensor) -> list[Tensor] | None:
    """Updates and indices, if the tensor is zero but for them and wanted only once: as a table's gradient. What is
    done with it is then done where they are, and the table need not be gone through."""
    node = tensor.node
    if node is None or node.primitive.name != "scatter_add" or rewriter.uses.get(tensor.id) != 1:
        return None
    return node.inputs[1:] if tensor.dtype.kind == "f" and _is(node.inputs[0], 0) else None


def _everywhere(tensor: Tensor) -> Tensor | None:
    """The single number of which the tensor consists."""
    node = tensor.node
    if node is None or node.primitive.name != "broadcast_in_dim" or node.inputs[0].size != 1:
        return None
    return node.inputs[0]


def _side_by_side(rewriter: Rewriter, x: Tensor, y: Tensor, scope: str) -> Tensor | None:
    """The sum of what lies side by side between zeros, as of the gradients of an array's parts: nothing to be added."""
    pieces = [rewriter.pieces.get(t.id) or _piece_of(t) for t in (x, y)]
    if pieces[0] is None or pieces[1] is None or pieces[0][0] != pieces[1][0]:
        return None
    axis = pieces[0][0]
    places = sorted([*pieces[0][1], *pieces[1][1]], key=lambda piece: piece[0])
    parts, end = [], 0

    def fill(until: int) -> None:
        if until > end:
            shape = tuple(until - end if a == axis else n for a, n in enumerate(x.shape))
            parts.append(rewriter.repeated(0, Spec(shape, x.dtype), scope))

    for start, part in places:
        if start < end:
            return None  # they overlap
        fill(start)
        parts.append(part)
        end = start + part.shape[axis]
    fill(x.shape[axis])
    whole = rewriter.emit_all("concatenate", parts, {"axis": axis}, scope)[0]
    rewriter.pieces[whole.id] = (axis, places)
    return whole


def _piece_of(tensor: Tensor) -> Pieces | None:
    node = tensor.node
    if node is None or node.primitive.name != "pad":
        return None
    x, value = node.inputs
    return _piece(x, value, node.params)


def _piece(x: Tensor, value: Tensor, params: dict[str, Any]) -> Pieces | None:
    """Of x with zeros before and after it: along which axis, and where it begins."""
    axes = [axis for axis in range(x.ndim) if params["low"][axis] or params["high"][axis]]
    if len(axes) != 1 or any(params.get("interior") or ()) or scalar_value(value) != 0:
        return None
    return axes[0], [(params["low"][axes[0]], x)]


@_rule("subtract")
def _subtract(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    x, y = inputs
    if _is(y, 0):
        return x
    found = _added_to_nothing(rewriter, y)
    if found is None:
        return None
    updates, *indices = found
    return rewriter.emit(
        "scatter_add", x, rewriter.emit("negative", updates, scope=scope), *indices, scope=scope
    )


@_rule("multiply")
def _multiply(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    x, y = inputs
    if _is(x, 1) or _is(y, 1):
        return y if _is(x, 1) else x
    for scattered, by in ((x, _everywhere(y)), (y, _everywhere(x))):
        found = None if by is None else _added_to_nothing(rewriter, scattered)
        if found is not None and by is not None:
            updates, *indices = found
            number = rewriter.emit("reshape", by, shape=(), scope=scope)
            factor = rewriter.emit("broadcast_in_dim", number, shape=updates.shape, dims=(), scope=scope)
            zeros = rewriter.repeated(0, x.spec, scope)
            return rewriter.emit(
                "scatter_add",
                zeros,
                rewriter.emit("multiply", updates, factor, scope=scope),
                *indices,
                scope=scope,
            )
    return None


def _within(name: str) -> None:
    """A count needs no bound that it does not reach."""

    @_rule(name)
    def _bounded(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
        for x, bound in (inputs, inputs[::-1]):
            limit, reach = scalar_value(bound), counted(x)
            if (
                limit is not None
                and reach is not None
                and (limit >= reach - 1 if name == "minimum" else limit <= 0)
            ):
                return x
        return None


_within("maximum")
_within("minimum")


@_rule("divide")
def _divide(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    x, y = inputs
    value = scalar_value(y)
    if value is None or x.dtype.kind != "f":
        return x if value == 1 else None
    if value == 1:
        return x
    mantissa, exponent = np.frexp(value)
    if abs(mantissa) == 0.5 and abs(int(exponent)) < 100:  # a power of two: its reciprocal is exact
        return rewriter.emit("multiply", x, rewriter.repeated(1 / value, x.spec, scope), scope=scope)
    return None


@_rule("power")
def _power(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    x, y = inputs
    if _is(y, 1):
        return x
    return rewriter.emit("multiply", x, x, scope=scope) if _is(y, 2) else None


@_rule("select")
def _select(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    condition, x, y = inputs
    if x is y:
        return x
    known = scalar_value(condition)
    return None if known is None else (x if known else y)


@_rule("compare")
def _compare(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    # z > c is the same as max(z, c) > c: so that relu's backward half reads a and z need not be kept.
    z, c = inputs
    if params["direction"] != "GT" or scalar_value(c) is None:
        return None
    key = ("maximum", (z.id, c.id), ())
    if key in rewriter.known:
        return rewriter.emit("compare", rewriter.known[key][0], c, direction="GT", scope=scope)
    return None


@_rule("scan")
def _scan(rewriter: Rewriter, inputs: list[Tensor], params: dict[str, Any], scope: str) -> Any:
    return None if params["body"].settled else settled(rewriter, inputs, params, scope, simplify_body)


def simplify(graph: Graph) -> Graph:
    """The graph rewritten by the rules above. Every result is made by a node, and no two results are one
    tensor."""
    graph = without_unused(graph)
    rewriter = Rewriter(graph)
    now = _rewritten(graph, rewriter)
    taken: set[int] = set()

    def result(tensor: Tensor) -> Tensor:
        tensor = now(tensor)
        if tensor.node is None or tensor.id in taken or lies_with_loop(tensor):
            node = Node(PRIMITIVES["identity"], [tensor], {}, "")
            node.outputs.append(rewriter.tensor(tensor.spec, node=node))
            rewriter.nodes.append(node)
            tensor = node.outputs[0]
        taken.add(tensor.id)
        return tensor

    state = []
    for slot in graph.state:
        if slot.output is None or now(slot.output) is slot.input:
            state.append(StateSlot(slot.variable, slot.input, None))
        else:
            state.append(StateSlot(slot.variable, slot.input, result(slot.output)))
    outputs = [result(t) for t in graph.outputs]
    return without_unused(Graph(graph.inputs, outputs, rewriter.nodes, state, graph.in_tree, graph.out_tree))


def simplify_body(graph: Graph) -> Graph:
    """A loop's body, rewritten by the rules above; its outputs may be its inputs, or one tensor."""
    graph = without_unused(graph)
    rewriter = Rewriter(graph)
    now = _rewritten(graph, rewriter)
    return Graph(graph.inputs, [now(t) for t in graph.outputs], rewriter.nodes)


def _rewritten(graph: Graph, rewriter: Rewriter) -> Callable[[Tensor], Tensor]:
    """Emit the graph's nodes. What a tensor of the graph has become."""
    replaced: dict[int, Tensor] = {}
    uses = Counter(t.id for t in [*(t for node in graph.nodes for t in node.inputs), *graph.results])

    def now(tensor: Tensor) -> Tensor:
        if tensor.array is not None and tensor.id not in replaced:
            replaced[tensor.id] = (
                rewriter.constant(tensor.array) if tensor.array.size <= _FOLDED_SIZE else tensor
            )
        return replaced.get(tensor.id, tensor)

    for node in graph.nodes:
        outputs = rewriter.emit_all(
            node.primitive.name,
            [now(t) for t in node.inputs],
            node.params,
            node.scope,
            [t.spec for t in node.outputs],
        )
        for old, new in zip(node.outputs, outputs, strict=True):
            replaced[old.id] = new
            rewriter.uses[new.id] = rewriter.uses.get(new.id, 0) + uses[old.id]
    return now
