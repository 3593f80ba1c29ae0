"""plot_model, model_to_dot: the graph of a model's layers as a picture, drawn by Graphviz, and as its text."""

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
    splines: str = "ortho",
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
        splines: how edges run: ``"ortho"`` (default), ``"curved"``, ``"polyline"``, ``"spline"``, ``"line"``.

    Returns:
        In notebooks the picture, to be shown; else None.

    Raises:
        ValueError: the model is not built. ImportError: there is no ``dot``.
    """
    if kwargs:
        raise ValueError(f"plot_model: unknown argument {next(iter(kwargs))!r}.")
    source = model_to_dot(
        model,
        show_shapes,
        show_dtype,
        show_layer_names,
        rankdir,
        expand_nested,
        dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
    )
    path = Path(to_file)
    if path.suffix == ".dot":
        path.write_text(source)
        return None
    path.write_bytes(source.create(format=path.suffix[1:] or "png"))
    return _in_notebook(path)


class DotText(str):
    """A graph in Graphviz's language, with the methods of a `pydot.Dot` that programs use."""

    def to_string(self) -> str:
        return str(self)

    def create(self, prog: str = "dot", format: str = "ps") -> bytes:
        """The picture, drawn by Graphviz's program `prog`.

        Raises:
            ImportError: there is no such program.
        """
        program = shutil.which(prog)
        if program is None:
            raise ImportError(
                "You must install graphviz (see instructions at https://graphviz.org/download/) for `plot_model` to "
                "work. Without it, to_file='model.dot' writes what it would draw."
            )
        return subprocess.run(
            [program, f"-T{format}"], input=self.encode(), capture_output=True, check=True
        ).stdout


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> DotText:
    """A model's layers and what flows between them, in Graphviz's language: text that ``dot`` draws.

    Args:
        subgraph: accepted as in Keras; not supported. All others: as for `plot_model`.

    Returns:
        The text, with `to_string` and ``create(prog="dot", format="svg")``, as `pydot`'s graphs have.

    Raises:
        ValueError: the model is not built.

    Example:
        >>> import schuss
        >>> model = schuss.Sequential([schuss.Input((3,)), schuss.layers.Dense(2)])
        >>> print(schuss.utils.model_to_dot(model, show_layer_names=False))
        digraph {
        rankdir=TB; dpi=200; splines=ortho; node [shape=record];
        0 [label="{Dense}"];
        }
        <BLANKLINE>
    """
    if kwargs:
        raise ValueError(f"model_to_dot: unknown argument {next(iter(kwargs))!r}.")
    if subgraph:
        raise ValueError("model_to_dot: `subgraph` is not supported; a model within a model is one box.")
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
    settings = f"rankdir={rankdir}; dpi={dpi}; splines={splines};"
    return DotText(_dot_source(model, {name for name, wanted in shown.items() if wanted}, settings))


def _in_notebook(path: Path) -> Any:
    if path.suffix != ".png":
        return None
    try:
        from IPython.display import Image
    except ImportError:
        return None
    return Image(filename=os.fspath(path))


def _dot_source(model: Any, shown: set[str], settings: str) -> str:
    """The model in Graphviz's language.

    Args:
        settings: of the graph. shown: of ``"names"``, ``"shapes"``, ``"dtype"``, ``"activations"``, ``"trainable"``.
    """
    layers = model.layers
    numbers = {id(layer): number for number, layer in enumerate(layers)}
    lines = [f"digraph {{\n{settings} node [shape=record];"]
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
