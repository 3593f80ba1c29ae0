"""The batch that a model would be given: what its inputs and losses say of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import _tree
from schuss.layers._shapes import is_shape
from schuss.models import Model
from schuss.training._compile import _name_of
from schuss.training._data import Piece
from schuss.training._outputs import outputs_of
from schuss.training._steps import PREDICT

_BATCH = 32


def assumed_batch(model: Model, kind: str, batch_size: int | None) -> Piece:
    """A batch of zeros of the shapes of the model's inputs; with labels, where there is a loss and `kind` is not
    ``"predict"``.

    Args:
        model: the model. kind: of step. batch_size: None: what the inputs say, else 32.
    """
    fixed = [tensor.shape[0] for tensor in model.inputs or () if tensor.shape[0]]
    batch = batch_size or next(iter(fixed), _BATCH)
    piece = Piece((_inputs(model, batch), None, None), np.arange(batch, dtype=np.int64), batch, 1)
    if kind != PREDICT:
        piece.structure = (piece.structure[0], _labels(model, piece), None)
    return piece


def _inputs(model: Model, batch: int) -> Any:
    if model.inputs is not None:
        return _tree.map_structure(lambda t: _zeros(model, t.shape, t.dtype, batch), model.input)
    shapes = (getattr(model, "_build_shapes", None) or {}).get("input_shape")
    if shapes is None:
        raise ValueError(
            f"explain_compilation: the shape of the inputs of the model {model.name!r} is not known yet. Give a batch: "
            "explain_compilation(model, x, y)."
        )
    return _of_shapes(model, shapes, batch)


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


def _labels(model: Model, piece: Piece) -> Any:
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
