"""The table that `Model.summary` prints."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

from schuss.graph import Variable
from schuss.layers._shapes import is_shape


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Any = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> None:
    """See `Model.summary`."""
    from rich.console import Console

    width = line_length or min(Console().width, 110)
    text = io.StringIO()
    if print_fn is None:
        console = Console(width=width, highlight=False)
    else:
        console = Console(width=width, highlight=False, file=text, color_system=None)
    console.print(f'[bold]Model: "{model.name}"[/bold]')
    console.print(_table(model, width, positions, expand_nested, show_trainable, layer_range))
    for line in _totals(model):
        console.print(line)
    if print_fn is not None:
        print_fn(text.getvalue())


def _table(
    model: Any, width: int, positions: Any, expand_nested: bool, show_trainable: bool, layer_range: Any
) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    connected = _shows_connections(model)
    shares = _shares(positions, connected, show_trainable)
    table = Table(box=box.HEAVY_HEAD, show_lines=True, width=width)
    titles = ["Layer (type)", "Output Shape", "Param #"]
    titles += ["Connected to"] * connected + ["Trainable"] * show_trainable
    for title, share in zip(titles, shares):
        justify = "right" if title == "Param #" else "center" if title == "Trainable" else "left"
        table.add_column(title, justify=justify, ratio=max(1, round(100 * share)), overflow="fold")
    for depth, layer in _rows(_chosen(model, layer_range), expand_nested):
        name = ("   " * depth + "└ " if depth else "") + f"{layer.name} ({type(layer).__name__})"
        row = [name, output_shape_text(layer), _count_text(layer)]
        if connected:
            row.append(_connections(model, layer) if depth == 0 else "-")
        if show_trainable:
            row.append(_trainable_text(layer))
        table.add_row(*(Text(cell) for cell in row))
    return table


def _shares(positions: Any, connected: bool, show_trainable: bool) -> list[float]:
    if positions:
        ends = [p / positions[-1] if positions[-1] > 1 else p for p in positions]
        return [end - start for start, end in zip([0.0, *ends], ends)]
    return ([0.3, 0.22, 0.16, 0.24] if connected else [0.45, 0.33, 0.22]) + [0.12] * show_trainable


def _chosen(model: Any, layer_range: Any) -> list[Any]:
    layers = model.layers
    if layer_range is None:
        return layers
    if len(layer_range) != 2:
        raise ValueError(f"summary: `layer_range` must be two layer names, got {layer_range!r}.")
    first, last = (layers.index(model.get_layer(name)) for name in layer_range)
    return layers[min(first, last) : max(first, last) + 1]


def _rows(layers: list[Any], expand_nested: bool, depth: int = 0) -> Iterator[tuple[int, Any]]:
    for layer in layers:
        yield depth, layer
        if expand_nested and hasattr(layer, "summary"):
            yield from _rows(layer.layers, expand_nested, depth + 1)


def _shows_connections(model: Any) -> bool:
    """Whether the layers are more than a chain."""
    if model._function is None or hasattr(model, "_stack"):
        return False
    function = model._function
    if len(function.input_tensors) > 1 or len(function.output_tensors) > 1:
        return True
    previous = function.input_tensors[0]
    for node in function.nodes:
        if len(node.input_tensors) > 1 or node.input_tensors[0] is not previous:
            return True
        previous = node.output_tensors[0]
    return False


def _connections(model: Any, layer: Any) -> str:
    sources = [
        f"{tensor._keras_history[0].name}[{tensor._keras_history[1]}][{tensor._keras_history[2]}]"
        for node in model._function.nodes
        if node.operation is layer
        for tensor in node.input_tensors
        if tensor._keras_history
    ]
    return ", ".join(sources) or "-"


def output_shape_text(layer: Any) -> str:
    """The shape of a layer's output, ``"?"`` where it is not known."""
    if layer._inbound_nodes:
        shapes = [tensor.shape for tensor in layer._inbound_nodes[-1].output_tensors]
        return ", ".join(str(shape) for shape in shapes)
    if layer._build_shapes is None or layer._build_shapes.get("input_shape") is None:
        return "?"
    try:
        shapes = layer.compute_output_shape(_any_batch(layer._build_shapes["input_shape"]))
    except (TypeError, ValueError, NotImplementedError):
        return "?"
    return str(shapes) if is_shape(shapes) else ", ".join(map(str, _shapes_in(shapes)))


def _any_batch(shapes: Any) -> Any:
    if is_shape(shapes):
        return (None, *shapes[1:])
    if isinstance(shapes, dict):
        return {key: _any_batch(shape) for key, shape in shapes.items()}
    return type(shapes)(_any_batch(shape) for shape in shapes)


def _shapes_in(shapes: Any) -> list[Any]:
    if is_shape(shapes):
        return [shapes]
    return [s for item in (shapes.values() if isinstance(shapes, dict) else shapes) for s in _shapes_in(item)]


def _count_text(layer: Any) -> str:
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


def _trainable_text(layer: Any) -> str:
    return "-" if not layer.weights else "Y" if layer.trainable else "N"


def _totals(model: Any) -> list[str]:
    from rich.markup import escape

    if not model.built and not model.weights:
        return [escape(" Total params: 0 (unbuilt: call the model on data, or build(input_shape) it, first)")]
    trained = _size(model.trainable_variables)
    weights = _size(model.weights)
    optimizer = getattr(model, "optimizer", None)
    optimizing = _size(optimizer.variables) if optimizer is not None else (0, 0)
    kept = (weights[0] - trained[0], weights[1] - trained[1])
    rows = [
        ("Total", (weights[0] + optimizing[0], weights[1] + optimizing[1])),
        ("Trainable", trained),
        ("Non-trainable", kept),
    ]
    if optimizing[0]:
        rows.append(("Optimizer", optimizing))
    return [escape(f" {what} params: {count:,} ({readable_size(size)})") for what, (count, size) in rows]


def _size(variables: list[Variable]) -> tuple[int, int]:
    return sum(v.size for v in variables), sum(v.size * v.dtype.itemsize for v in variables)


def readable_size(size: float) -> str:
    """Bytes as ``"198.79 KB"``."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} TB"
