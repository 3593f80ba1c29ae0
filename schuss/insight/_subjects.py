"""What is to be explained: a model's step or a function, as the program that runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.backends import jit
from schuss.backends._jit import _leaf, _Static
from schuss.graph import Spec, _tree
from schuss.layers._shapes import is_shape
from schuss.models import Model
from schuss.training._arguments import evaluation_data
from schuss.training._checks import optional_positive_integer
from schuss.training._compile import _name_of
from schuss.training._data import ArrayData, Piece
from schuss.training._outputs import outputs_of
from schuss.training._steps import PREDICT, TEST, TRAIN

_KINDS = {TRAIN: "Training step", TEST: "Evaluation step", PREDICT: "Prediction"}
_DEFAULT_BATCH = 32


@dataclass
class Subject:
    """A program, and what its arrays are called.

    Attributes:
        program: of either backend. title: for people. inputs, outputs: names. prefix: the model's name.
    """

    program: Any
    title: str
    inputs: list[str]
    outputs: list[str]
    prefix: str = ""


def model_step(
    model: Model, kind: str, batch_size: int | None, x: Any = None, y: Any = None, sample_weight: Any = None
) -> Subject:
    """The program of a model's step, the very one that `fit`, `evaluate` or `predict` run for such data.

    Args:
        model: the model. kind: ``"train"``, ``"test"`` or ``"predict"``. batch_size: None: 32.
        x, y, sample_weight: data as for `fit`; where there is no x, zeros of the shape of the model's inputs.
    """
    if kind not in _KINDS:
        raise ValueError(f"explain_compilation: `what` must be 'train', 'test' or 'predict', got {kind!r}.")
    if kind != PREDICT:
        model._require_compiled("explain_compilation", needs_optimizer=kind == TRAIN)
    optional_positive_integer("batch_size", batch_size)
    model._steps.look_at(model)
    assumed = ""
    if x is None:
        if y is not None or sample_weight is not None:
            raise ValueError("explain_compilation: y or sample_weight were given without x; give x, too.")
        piece = _assumed_inputs(model, batch_size or _DEFAULT_BATCH)
        if kind != PREDICT:
            labels = _assumed_labels(model, piece)
            piece = Piece((piece.structure[0], labels, None), piece.rows, piece.batch, 1)
            assumed = ", labels assumed" if labels is not None else ""
    else:
        piece = _first_batch(model, kind, batch_size, x, y, sample_weight)
    try:
        step = model._steps.get(model, kind, piece)
    except Exception as error:
        if x is None and not assumed and kind != PREDICT:
            error.add_note(
                "No data was given to explain_compilation, and no labels were assumed: give x and y."
            )
        raise
    structure = (piece.structure[0],) if kind == PREDICT else piece.structure
    names = [n for name, part in zip(("x", "y", "sample_weight"), structure) for n in _leaf_names(name, part)]
    arrays = ", ".join(
        f"{name} {spec}" for name, spec in zip(names, (tensor.spec for tensor in step.graph.inputs))
    )
    said = step.details.names
    predicted = "y_pred" if len(step.outputs) == 1 else "y_pred{}"
    if kind == PREDICT:
        outputs = [predicted.format(n) for n in range(len(step.outputs))]
    else:
        outputs = ["checked_loss" if "loss" in (said or ()) else "loss", *(said or ())]
    return Subject(
        step.program,
        f"{_KINDS[kind]} of {model.name!r}, batch of {piece.batch}: {arrays}{assumed}",
        names,
        outputs,
        model.name,
    )


def function_program(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Subject:
    """The program of a function for arguments like these; of one made by `jit` the one that it runs."""
    compiled: Any = function if hasattr(function, "program_for") else jit(function)
    program = compiled.program_for(*args, **kwargs)
    inputs, specs = _inputs_of(program)
    for every in (True, False):
        names = _argument_names(getattr(function, "call", function), args, kwargs, every)
        if len(names) == len(inputs):
            break
    else:
        names = inputs
    count = len(program.row_outputs)
    outputs = ["result"] if count == 1 else [f"result{n}" for n in range(count)]
    name = getattr(function, "__name__", None) or getattr(function, "name", type(function).__name__)
    title = f"Function {name!r}: " + ", ".join(f"{n} {spec}" for n, spec in zip(names, specs))
    return Subject(program, title.rstrip(": "), names, outputs)


def _inputs_of(program: Any) -> tuple[list[str], list[Spec]]:
    plan = getattr(program, "plan", None)
    if plan is None:
        tensors = program.graph.inputs
        return [f"a{n}" for n in range(len(tensors))], [tensor.spec for tensor in tensors]
    return [b.name for b in plan.arguments], [Spec(b.shape, b.dtype) for b in plan.arguments]


def _argument_names(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], numbers: bool
) -> list[str]:
    """Names for the arrays among the arguments: as the function calls them. `numbers`: whether Python's numbers are
    arrays, too, and not settings."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return []
    given = {k: v for k, v in bound.items() if numbers or not isinstance(v, (int, float))}
    return [name for key, value in given.items() for name in _leaf_names(key, value)]


def _leaf_names(name: str, structure: Any) -> list[str]:
    """``x`` for one array, ``x[0]`` or ``x['a']`` for several; nothing for what is no array."""
    if isinstance(structure, dict):
        return [n for key in sorted(structure) for n in _leaf_names(f"{name}[{key!r}]", structure[key])]
    if isinstance(structure, (list, tuple)):
        return [n for i, part in enumerate(structure) for n in _leaf_names(f"{name}[{i}]", part)]
    return [] if isinstance(_leaf(structure), _Static) else [name]


def _first_batch(
    model: Model, kind: str, batch_size: int | None, x: Any, y: Any, sample_weight: Any
) -> Piece:
    data = evaluation_data(model, x, y, batch_size, sample_weight, 1)
    if isinstance(data, ArrayData):
        data.cut(batch_size or _DEFAULT_BATCH, None)
        return data.first_piece()
    return next(iter(data.pieces(1)))


def _assumed_inputs(model: Model, batch: int) -> Piece:
    """Zeros of the shapes of the model's inputs."""
    if model.inputs is not None:
        structure = _tree.map_structure(lambda t: _zeros(model, t.shape, t.dtype, batch), model.input)
    else:
        shapes = (getattr(model, "_build_shapes", None) or {}).get("input_shape")
        if shapes is None:
            raise ValueError(
                f"explain_compilation: the shape of the inputs of the model {model.name!r} is not known yet. Give a batch: "
                "explain_compilation(model, x, y)."
            )
        structure = _of_shapes(model, shapes, batch)
    return Piece((structure, None, None), np.arange(batch, dtype=np.int64), batch, 1)


def _of_shapes(model: Model, shapes: Any, batch: int) -> Any:
    if is_shape(shapes):
        return _zeros(model, shapes, model.compute_dtype, batch)
    if isinstance(shapes, dict):
        return {key: _of_shapes(model, shape, batch) for key, shape in shapes.items()}
    return type(shapes)(_of_shapes(model, shape, batch) for shape in shapes)


def _zeros(model: Model, shape: tuple[int | None, ...], dtype: Any, batch: int) -> np.ndarray:
    sizes = [n for n in shape[1:] if n is not None]
    if len(sizes) < len(shape) - 1:
        raise ValueError(
            f"explain_compilation: an input of the model {model.name!r} has the shape {tuple(shape)}, and programs are "
            "compiled for known sizes. Give a batch: explain_compilation(model, x, y)."
        )
    return np.zeros((batch, *sizes), dtype)


def _assumed_labels(model: Model, piece: Piece) -> Any:
    """Labels as the losses want them: numbers of classes for sparse ones, else like the outputs; None without a loss."""
    losses = model._compiled.losses if model._compiled is not None else None
    if losses is None:
        return None
    step = model._steps.get(model, PREDICT, piece)
    tree = _tree.unflatten(step.details.tree, step.outputs)
    identifiers = losses.identifiers(outputs_of(tree, model.output_names))
    labels = [
        np.zeros(spec.shape[:-1], np.int64)
        if "sparse" in _name_of(identifier).lower()
        else np.zeros(spec.shape, spec.dtype)
        for identifier, spec in zip(identifiers, step.outputs, strict=True)
    ]
    return _tree.unflatten(step.details.tree, labels)
