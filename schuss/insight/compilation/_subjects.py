"""What is to be explained: a model's step or a function, as the program that runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schuss.backends import jit
from schuss.backends._jit import _leaf, _Static
from schuss.graph import Spec, _tree
from schuss.insight.compilation._assumed import assumed_batch
from schuss.models import Model
from schuss.training._arguments import evaluation_data
from schuss.training._checks import optional_positive_integer
from schuss.training._data import ArrayData, Piece
from schuss.training._steps import PREDICT, TEST, TRAIN, Step

_KINDS = {TRAIN: "Training step", TEST: "Evaluation step", PREDICT: "Prediction"}


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
        x, y, sample_weight: data as for `fit`; where there is no x, they are assumed.
    """
    if kind not in _KINDS:
        raise ValueError(f"explain_compilation: `what` must be 'train', 'test' or 'predict', got {kind!r}.")
    if kind != PREDICT:
        model._require_compiled("explain_compilation", needs_optimizer=kind == TRAIN)
    if x is None and (y is not None or sample_weight is not None):
        raise ValueError("explain_compilation: y or sample_weight were given without x; give x, too.")
    optional_positive_integer("batch_size", batch_size)
    model._steps.look_at(model)
    if x is None:
        piece = assumed_batch(model, kind, batch_size)
    else:
        piece = _first_batch(model, batch_size, x, y, sample_weight)
    step = _step(model, kind, piece, assumed=x is None)
    given = ("x",) if kind == PREDICT else ("x", "y", "sample_weight")
    names = [n for name, part in zip(given, piece.structure) for n in _leaf_names(name, part)]
    arrays = ", ".join(f"{name} {tensor.spec}" for name, tensor in zip(names, step.graph.inputs))
    labels = ", labels assumed" if x is None and piece.structure[1] is not None else ""
    title = f"{_KINDS[kind]} of {model.name!r}, batch of {piece.batch}: {arrays}{labels}"
    return Subject(step.program, title, names, _output_names(step), model.name)


def _step(model: Model, kind: str, piece: Piece, assumed: bool) -> Step:
    try:
        return model._steps.get(model, kind, piece)
    except Exception as error:
        if assumed and kind != PREDICT and piece.structure[1] is None:
            error.add_note(
                "explain_compilation was given no data, and there is no loss that says what labels are: give x and y."
            )
        raise


def _output_names(step: Step) -> list[str]:
    count = len(step.outputs)
    if step.kind == PREDICT:
        return ["y_pred"] if count == 1 else [f"y_pred{n}" for n in range(count)]
    said = step.details.names or []
    return ["checked_loss" if "loss" in said else "loss", *said]


def function_program(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Subject:
    """The program of a function for arguments like these; of one made by `jit` the one that it runs."""
    compiled: Any = function if hasattr(function, "program_for") else jit(function)
    program = compiled.program_for(*args, **kwargs)
    inputs, specs = _inputs_of(program)
    called = getattr(function, "call", function)  # a layer
    candidates = [_argument_names(called, args, kwargs, numbers) for numbers in (True, False)]
    names = next((names for names in candidates if len(names) == len(inputs)), inputs)
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
        return [
            n for key in _tree._sorted(structure) for n in _leaf_names(f"{name}[{key!r}]", structure[key])
        ]
    if isinstance(structure, (list, tuple)):
        return [n for i, part in enumerate(structure) for n in _leaf_names(f"{name}[{i}]", part)]
    return [] if isinstance(_leaf(structure), _Static) else [name]


def _first_batch(model: Model, batch_size: int | None, x: Any, y: Any, sample_weight: Any) -> Piece:
    data = evaluation_data(model, x, y, batch_size, sample_weight, 1)
    if isinstance(data, ArrayData):
        data.cut(batch_size, None)
        return data.first_piece()
    return next(iter(data.pieces(1)))
