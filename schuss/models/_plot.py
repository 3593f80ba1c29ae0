"""plot_model: the graph of a model's layers as a picture, drawn by Graphviz."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from schuss.models._summary import class_name, output_shape_text


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    **kwargs: Any,
) -> Any:
    """Draw a model's layers and what flows between them.

    Needs the program ``dot`` of Graphviz (https://graphviz.org), unless `to_file` ends in ``.dot``: then the
    description is written that Graphviz draws.

    Args:
        model: a built model.
        to_file: the picture's name; its ending says the format: png, svg, pdf, …
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable: what is written
            beside each layer's class. Default False.
        rankdir: ``"TB"`` (default): from top to bottom; ``"LR"``: from left to right.
        expand_nested: accepted as in Keras; models within are one box.
        dpi: dots per inch. Default 200.

    Returns:
        In notebooks the picture, to be shown; else None.

    Raises:
        ValueError: the model is not built. ImportError: there is no ``dot``.
    """
    if kwargs:
        raise ValueError(f"plot_model: unknown argument {next(iter(kwargs))!r}.")
    if not model.built:
        raise ValueError(
            "This model has not yet been built. Build the model first by calling `build()` or by calling the model "
            "on a batch of data."
        )
    shown = {
        "names": show_layer_names,
        "shapes": show_shapes,
        "dtype": show_dtype,
        "activations": show_layer_activations,
        "trainable": show_trainable,
    }
    source = dot_source(model, {name for name, wanted in shown.items() if wanted}, rankdir, dpi)
    path = Path(to_file)
    if path.suffix == ".dot":
        path.write_text(source)
        return None
    program = shutil.which("dot")
    if program is None:
        raise ImportError(
            "You must install graphviz (see instructions at https://graphviz.org/download/) for `plot_model` to work. "
            "Without it, to_file='model.dot' writes what it would draw."
        )
    kind = path.suffix[1:] or "png"
    subprocess.run([program, f"-T{kind}", "-o", os.fspath(path)], input=source, text=True, check=True)
    return _in_notebook(path)


def _in_notebook(path: Path) -> Any:
    if path.suffix != ".png":
        return None
    try:
        from IPython.display import Image
    except ImportError:
        return None
    return Image(filename=os.fspath(path))


def dot_source(model: Any, shown: set[str], rankdir: str, dpi: int) -> str:
    """The model in Graphviz's language.

    Args:
        shown: of ``"names"``, ``"shapes"``, ``"dtype"``, ``"activations"``, ``"trainable"``.
    """
    layers = model.layers
    numbers = {id(layer): number for number, layer in enumerate(layers)}
    lines = [f"digraph {{\nrankdir={rankdir}; dpi={dpi}; node [shape=record];"]
    lines += [f'{number} [label="{_label(layer, shown)}"];' for number, layer in enumerate(layers)]
    lines += [f"{numbers[a]} -> {numbers[b]};" for a, b in _edges(model) if a in numbers and b in numbers]
    return "\n".join([*lines, "}\n"])


def _edges(model: Any) -> list[tuple[int, int]]:
    """From which layer to which, by their ids. Of models without a graph nothing is known."""
    if model._function is None:
        return []
    return [
        (id(tensor._keras_history[0]), id(node.operation))
        for node in model._function.nodes
        for tensor in node.input_tensors
        if tensor._keras_history
    ]


def _label(layer: Any, shown: set[str]) -> str:
    texts = [f"{layer.name} ({class_name(layer)})" if "names" in shown else class_name(layer)]
    activation = getattr(layer, "activation", None)
    if "activations" in shown and activation is not None:
        texts.append(f"Activation: {getattr(activation, '__name__', type(activation).__name__)}")
    if "shapes" in shown:
        texts.append(f"Output shape: {output_shape_text(layer)}")
    if "dtype" in shown:
        texts.append(f"Output dtype: {getattr(layer, 'compute_dtype', '?')}")
    if "trainable" in shown and getattr(layer, "weights", None):
        texts.append("Trainable" if layer.trainable else "Non-trainable")
    return "{" + "|".join(text.replace("{", r"\{").replace("}", r"\}") for text in texts) + "}"
