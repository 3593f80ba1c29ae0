"""The table that `Model.summary` prints."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from schuss.graph import Variable
from schuss.layers._shapes import is_shape
from schuss.layers._symbolic import Operation
from schuss.models._operation_config import class_name_of
from schuss.utils._names import suggestion

_WIDTHS = {False: 88, True: 108}
"""The greatest default width, without and with a column of connections."""
_LEAST_WIDTH = 40
_BRANCH, _ASCII = "└ ", "+ "
_ENDS = {False: (0.45, 0.8, 1.0), True: (0.3, 0.56, 0.74, 1.0)}


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
    from rich.text import Text

    connected = _shows_connections(model)
    width = line_length or _default_width(connected, show_trainable)
    ends = list(positions or _ENDS[connected])
    if show_trainable:
        ends = [0.9 * end for end in ends] + [1.0] if ends[-1] <= 1 else [*ends, ends[-1] + 12]
    if print_fn is None:
        console = Console(highlight=False)
    else:
        console = Console(highlight=False, file=io.StringIO(), color_system=None)
    console.width = max(console.width, width)
    rows = _rows(
        _chosen(model, layer_range), expand_nested, _ASCII if console.options.ascii_only else _BRANCH
    )
    table = _table(model, rows, width, _column_widths(ends, width), connected, show_trainable)
    parts = [Text(f'Model: "{model.name}"', style="bold"), table, *(Text(line) for line in _totals(model))]
    if print_fn is not None or console.options.ascii_only:
        with console.capture() as captured:
            console.print(*parts, sep="\n")
        text = captured.get()
        encoding = console.encoding if console.options.ascii_only else "utf-8"
        (print_fn or console.file.write)(text.encode(encoding, "replace").decode(encoding))
    else:
        console.print(*parts, sep="\n")


def _default_width(connected: bool, show_trainable: bool) -> int:
    greatest = _WIDTHS[connected] + 12 * show_trainable
    return max(_LEAST_WIDTH, min(greatest, shutil.get_terminal_size().columns - 4))


def _column_widths(ends: list[float], width: int) -> list[int]:
    """The columns' widths from where they end: parts of the line, or characters."""
    whole = [int(end * width) if ends[-1] <= 1 else int(end) for end in ends]
    widths = [end - start for start, end in zip([0, *whole], whole)]
    if min(widths) < 4:
        raise ValueError(
            f"summary: {width} characters are not enough for {len(widths)} columns that end at {ends}. Give a larger "
            "`line_length`, or other `positions`."
        )
    return widths


def _table(
    model: Any,
    rows: Iterable[tuple[str, Any]],
    width: int,
    widths: list[int],
    connected: bool,
    show_trainable: bool,
) -> Any:
    from rich.table import Table
    from rich.text import Text

    titles = ["Layer (type)", "Output Shape", "Param #"]
    titles += ["Connected to"] * connected + ["Trainable"] * show_trainable
    if len(widths) != len(titles):
        raise ValueError(
            f"summary: `positions` must have {len(titles) - show_trainable} numbers, one for each column."
        )
    table = Table(show_lines=True, width=width)
    for title, characters in zip(titles, widths):
        justify = "right" if title == "Param #" else "center" if title == "Trainable" else "left"
        table.add_column(title, justify=justify, width=characters)
    for indent, layer in rows:
        row = [f"{indent}{layer.name} ({class_name(layer)})", output_shape_text(layer), _count_text(layer)]
        if connected:
            row.append("-" if indent else _connections(model, layer))
        if show_trainable:
            row.append(_trainable_text(layer))
        table.add_row(*(Text(cell) for cell in row))
    return table


def class_name(layer: Any) -> str:
    """The layer's class, as Keras calls it."""
    if isinstance(layer, Operation):
        return class_name_of(layer)
    return getattr(layer, "_serialized_class_name", type(layer).__name__)


def _chosen(model: Any, layer_range: Any) -> list[Any]:
    """The rows of the table: the layers, and the functions called on symbolic values; from one to another
    name (or pattern of names) if a range is asked for."""
    function: Any = None if hasattr(model, "_stack") else model._function
    layers = model.layers if function is None else function.operations
    if layer_range is None:
        return layers
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(f"summary: `layer_range` must be two layer names, got {layer_range!r}.")
    first, last = (
        [index for index, layer in enumerate(layers) if re.match(name, layer.name)] for name in layer_range
    )
    for name, found in zip(layer_range, (first, last)):
        if not found:
            raise ValueError(
                f'summary: model "{model.name}" has no layer {name!r}. {suggestion(name, [x.name for x in layers])}'
            )
    if min(first) > max(last):
        return layers[min(last) : max(first) + 1]
    return layers[min(first) : max(last) + 1]


def _rows(layers: list[Any], expand_nested: bool, branch: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """What stands before the layer's name, and the layer."""
    for layer in layers:
        yield "   " * depth + branch if depth else "", layer
        if expand_nested and hasattr(layer, "summary"):
            yield from _rows(layer.layers, expand_nested, branch, depth + 1)


def _shows_connections(model: Any) -> bool:
    """Whether the layers are more than a chain: several inputs or outputs, branches, a layer used twice."""
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
    return len({id(node.operation) for node in function.nodes}) < len(function.nodes)


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
        return _shape_text([tensor.shape for tensor in layer._inbound_nodes[-1].output_tensors])
    if getattr(layer, "_build_shapes", None) is None or layer._build_shapes.get("input_shape") is None:
        return "?"
    try:
        shapes = layer.compute_output_shape(_any_batch(layer._build_shapes["input_shape"]))
    except (TypeError, ValueError, NotImplementedError):
        return "?"
    return _shape_text(_shapes_in(shapes))


def _shape_text(shapes: list[Any]) -> str:
    return str(shapes[0]) if len(shapes) == 1 else str(shapes)


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
    if isinstance(layer, Operation):
        return "0"
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"


def _trainable_text(layer: Any) -> str:
    return "-" if isinstance(layer, Operation) or not layer.weights else "Y" if layer.trainable else "N"


def _totals(model: Any) -> list[str]:
    trained = _size(model.trainable_variables)
    weights = _size(model.weights)
    optimizer: Any = model.optimizer if model.compiled else None
    has_state = bool(optimizer and optimizer.built)
    optimizing = _size(optimizer.variables) if optimizer and has_state else (0, 0)
    rows = [
        ("Total", (weights[0] + optimizing[0], weights[1] + optimizing[1])),
        ("Trainable", trained),
        ("Non-trainable", (weights[0] - trained[0], weights[1] - trained[1])),
    ]
    if has_state:
        rows.append(("Optimizer", optimizing))
    lines = [f" {what} params: {count:,} ({readable_size(size)})" for what, (count, size) in rows]
    if not model.built and not model.weights:
        lines.append(" The model is not built: call it on data, or build(input_shape) it, first.")
    return lines


def _size(variables: list[Variable]) -> tuple[int, int]:
    return sum(v.size for v in variables), sum(v.size * v.dtype.itemsize for v in variables)


def readable_size(size: float) -> str:
    """Bytes as ``"198.79 KB"``."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} TB"
