"""export: from a model to an ONNX file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from schuss.graph import Graph, Spec, _tree, as_dtype, floatx, needed_nodes, trace
from schuss.saving._files import replacing
from schuss.saving._onnx import _contraction, _elementwise, _structure  # noqa: F401  (their rules)
from schuss.saving._onnx._emitter import Emitter
from schuss.saving._onnx._graphs import Differs, OpenGraph, united
from schuss.saving._onnx._loops import described, names_read, needed
from schuss.saving._onnx._sizes import Samples

OPSET = 18
_IR = 8  # the format of ONNX 1.13, which brought this opset
_LARGEST = (1 << 31) - (1 << 20)  # bytes in one Protocol Buffers message
_BATCH, _OTHER = 59, 13  # sizes of open axes in traces

Sizes = dict[tuple[str, int], str]
"""(input, axis) → the name of its size."""


def export_onnx(
    model: Any, filepath: Any, input_signature: Any = None, opset_version: int | None = None
) -> None:
    """Write what `model` predicts to an ONNX file; see `Model.export`."""
    onnx = _onnx()
    if opset_version not in (None, *range(OPSET, 22)):
        raise ValueError(f"export: `opset_version` must be within {OPSET} … 21, got {opset_version}.")
    path = Path(filepath)
    if path.suffix != ".onnx":
        raise ValueError(f"export: the file name must end in '.onnx', got {str(filepath)!r}.")
    specs = _signature(model, input_signature)
    graph, names, sizes = _open_graph(model, specs)
    proto = _model_proto(onnx, model, graph, sizes, names, opset_version or OPSET)
    content = proto.SerializeToString()
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise ImportError(
            "export: ONNX files are written with the package `onnx`, which is not installed: pip install 'schuss[onnx]'."
        ) from None
    return onnx


class _Input:
    """An input of the model: a leaf of what `call` is given. Sizes are None where they are open."""

    def __init__(self, name: str, shape: Sequence[int | None], dtype: Any):
        self.name, self.shape = name, tuple(shape)
        if dtype == "string":
            raise TypeError(
                f"export: the input {name!r} is text, which is read on the host. Export the part of the model behind the "
                "layers that read it."
            )
        self.dtype = as_dtype(dtype or floatx())


def _signature(model: Any, given: Any) -> Any:
    """The structure of the model's inputs, with an `_Input` for each."""
    if given is None:
        given = model.input if getattr(model, "_function", None) is not None else _built_for(model)
    leaves, definition = _tree.flatten(_with_specs(given))
    names: list[str] = []
    for number, leaf in enumerate(leaves):
        history = getattr(leaf, "_keras_history", None)
        name = history[0].name if history else getattr(leaf, "name", None) or f"input_{number}"
        names.append(name if name not in names else f"{name}_{number}")
    inputs = [_Input(name, leaf.shape, leaf.dtype) for name, leaf in zip(names, leaves, strict=True)]
    structure = _tree.unflatten(definition, inputs)
    return structure[0] if isinstance(structure, list) and len(structure) == 1 else structure


def _with_specs(given: Any) -> Any:
    """A signature with something that has a shape and a dtype for each input; shapes are such, too."""
    from schuss.layers import InputSpec

    if hasattr(given, "shape"):
        if given.shape is None:
            raise ValueError("export: each InputSpec of `input_signature` needs a shape.")
        return given
    if isinstance(given, (list, tuple)) and all(isinstance(n, int | None) for n in given) and given:
        return InputSpec(shape=given)
    if isinstance(given, dict):
        return {name: _with_specs(item) for name, item in given.items()}
    if isinstance(given, (list, tuple)):
        return [_with_specs(item) for item in given]
    raise ValueError(f"export: `input_signature` must hold InputSpecs or shapes, got {given!r}.")


def _built_for(model: Any) -> Any:
    shapes = getattr(model, "_build_shapes", None) or {}
    if not model.built or len(shapes) != 1:
        raise ValueError(
            f'export: the shapes of the inputs of model "{model.name}" are not known. Call it on data first, or give '
            "input_signature=[schuss.InputSpec(shape=(None, …), dtype=…)]."
        )
    shape = next(iter(shapes.values()))
    flat = isinstance(shape, (list, tuple)) and all(isinstance(n, int | None) for n in shape)
    return _with_open_batch(shape) if flat else [_with_open_batch(s) for s in shape]


def _with_open_batch(shape: Any) -> tuple[int | None, ...]:
    return (None, *shape[1:])


def _open_graph(model: Any, specs: Any) -> tuple[OpenGraph, list[str], Sizes]:
    """The model's graph, in which open sizes have names: first a name for each, then, if the model wants inputs of equal
    lengths, one for each axis."""
    problems: list[Exception] = []
    for shared in (False, True):
        sizes = _open_axes(specs, shared)
        names = list(dict.fromkeys(sizes.values()))
        samples = Samples(
            names, [_BATCH if name == "batch" else _OTHER + 8 * i for i, name in enumerate(names)]
        )
        try:
            traced = [_traced(model, specs, sizes, point) for point in samples.points]
            graph = united([graph for graph, _ in traced], samples)
            for value, leaf in zip(graph.inputs, _tree.leaves(specs), strict=True):
                value.name = leaf.name
            return graph, traced[0][1], sizes
        except (Differs, ValueError) as problem:
            problems.append(problem)
            if len(names) <= 1:
                break
    raise ValueError(
        f'export: model "{model.name}" cannot be written for any size of the open axes ({", ".join(names)}): with them '
        f"varies {problems[0]}. Give the sizes that it is for: "
        "input_signature=[schuss.InputSpec(shape=(1, …))]."
    ) from problems[0]


def _open_axes(specs: Any, shared: bool) -> Sizes:
    """The open axes of all inputs. The batch is one for all."""
    found: Sizes = {}
    for leaf in _tree.leaves(specs):
        for axis, size in enumerate(leaf.shape):
            if size is None:
                found[leaf.name, axis] = (
                    "batch" if axis == 0 else f"axis_{axis}" if shared else f"{leaf.name}_{axis}"
                )
    return found


def _traced(model: Any, specs: Any, sizes: Sizes, point: dict[str, int]) -> tuple[Graph, list[str]]:
    """What the model predicts for one size of each open axis, and names for the outputs."""

    def spec_of(leaf: _Input) -> Spec:
        shape = (point[sizes[leaf.name, axis]] if n is None else n for axis, n in enumerate(leaf.shape))
        return Spec(tuple(shape), leaf.dtype)

    names: list[str] = []

    def predict(x: Any) -> Any:
        y = model(x, training=False)
        names.extend(_output_names(model, y))
        return _tree.leaves(y)

    graph = trace(predict, _tree.map_structure(spec_of, specs))
    return _without_state(model, graph), names


def _output_names(model: Any, y: Any) -> list[str]:
    count = len(_tree.leaves(y))
    if isinstance(y, dict) and len(y) == count:
        wanted = [str(key) for key in sorted(y)]
    else:
        given = model.output_names if getattr(model, "_function", None) is not None else []
        wanted = given if len(given) == count else [f"output_{i}" for i in range(count)]
    return [f"{name}_{i}" if name in wanted[:i] else name for i, name in enumerate(wanted)]


def _without_state(model: Any, graph: Graph) -> Graph:
    """The graph without the new values of variables.

    Raises:
        ValueError: predictions depend on them: the model goes on from call to call.
    """
    nodes = needed_nodes(graph.nodes, graph.outputs)
    read = {t.id for node in nodes for t in node.inputs} | {t.id for t in graph.outputs}
    for slot in graph.state:
        random = slot.variable.dtype == np.dtype("uint32")
        if slot.output is not None and slot.input.id in read and not random:
            raise TypeError(
                f'export: model "{model.name}" keeps {slot.variable.path!r} from call to call, which an ONNX file cannot.'
            )
    state = [slot for slot in graph.state if slot.input.id in read]
    return Graph(graph.inputs, graph.outputs, nodes, state)


def _model_proto(onnx: Any, model: Any, graph: OpenGraph, sizes: Sizes, names: list[str], opset: int) -> Any:
    from schuss import __version__

    places: dict[str, str] = {}
    for (leaf, axis), size in sizes.items():
        places.setdefault(size, f"{leaf}@{axis}")
    e = Emitter(onnx, places)
    for value in graph.inputs:
        e.set_name(value, e.unique(str(value.name)))
    inputs = [described(e, e.name(value), value.dtype, value.shape) for value in graph.inputs]
    taken = [e.unique(name) for name in names]
    e.emit(graph)
    results = [e.name(value) for value in graph.outputs]
    e.nodes += [onnx.helper.make_node("Identity", [r], [n]) for r, n in zip(results, taken, strict=True)]
    outputs = [described(e, name, value.dtype, value.shape) for name, value in zip(taken, graph.outputs)]
    nodes = needed(e.nodes, taken)
    read = set().union(*map(names_read, nodes))
    weights = {name: array for name, array in e.weights.items() if name in read}
    if sum(array.nbytes for array in weights.values()) > _LARGEST:
        raise ValueError(
            f'export: the weights of model "{model.name}" are more than the 2 GiB that an ONNX file holds.'
        )
    initializers = [
        onnx.numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in weights.items()
    ]
    made = onnx.helper.make_graph(nodes, model.name, inputs, outputs, initializers)
    proto = onnx.helper.make_model(
        made,
        opset_imports=[onnx.helper.make_opsetid("", opset)],
        producer_name="schuss",
        producer_version=__version__,
    )
    proto.ir_version = _IR
    onnx.checker.check_model(proto)
    return proto
