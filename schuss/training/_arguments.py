"""From the data arguments of `fit`, `evaluate` and `predict` to data sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.random import draw_seed
from schuss.training._batches import BatchData, is_batches, unpacked
from schuss.training._checks import optional_positive_integer, positive_integer
from schuss.training._data import ArrayData, Piece, class_weights_of, piece_of
from schuss.training._texts import takes_text


def training_data(
    model: Any,
    x: Any,
    y: Any,
    batch_size: Any,
    validation_split: Any,
    validation_data: Any,
    shuffle: Any,
    class_weight: Any,
    sample_weight: Any,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    validation_batch_size: Any,
) -> tuple[Any, Any]:
    """The data to train on, and the data to evaluate after each epoch (or None)."""
    fraction = _fraction(validation_split)
    if shuffle not in (True, False, "batch"):
        raise ValueError(f"`shuffle` must be True, False or 'batch', got {shuffle!r}.")
    size = optional_positive_integer("batch_size", batch_size)
    validation_size = optional_positive_integer("validation_batch_size", validation_batch_size) or size
    validation: Any = None
    text = takes_text(model)
    if is_batches(x):
        _refuse_beside_batches("x", y=y, sample_weight=sample_weight)
        if fraction and validation_data is None:
            raise ValueError("`validation_split` needs arrays; x gives batches. Pass `validation_data`.")
        data: Any = BatchData(x, shuffle, class_weight, draw_seed(), text)
        if steps_per_epoch is None and getattr(x, "num_batches", 0) is None:
            raise ValueError("The PyDataset has no end (num_batches is None): pass `steps_per_epoch`.")
    else:
        x, y, sample_weight = _separated(model, x, y, sample_weight)
        _one_weight(class_weight, sample_weight)
        data = ArrayData(x, y, sample_weight, shuffle=shuffle, seed=draw_seed(), text=text)
        if fraction and validation_data is None:
            data, validation = data.split(fraction)
            validation.shuffle = False
            validation.cut(validation_size, validation_steps)
        data.cut(size, steps_per_epoch)
        if class_weight is not None:
            inputs, labels, _ = data.structure
            data.structure = inputs, labels, class_weights_of(labels, class_weight)
    if validation_data is not None:
        if is_batches(validation_data):
            validation = BatchData(validation_data, text=text)
            if validation_steps is None and getattr(validation_data, "num_batches", 0) is None:
                raise ValueError("The PyDataset has no end (num_batches is None): pass `validation_steps`.")
        else:
            validation = ArrayData(*_validation_parts(validation_data), text=text)
            validation.cut(validation_size, validation_steps)
    return data, validation


def _fraction(validation_split: Any) -> float:
    number = isinstance(validation_split, (int, float, np.number))
    if validation_split is not None and (not number or not 0 <= validation_split <= 1):
        raise ValueError(f"`validation_split` must be at least 0 and less than 1, got {validation_split!r}.")
    return float(validation_split or 0)


def _one_weight(class_weight: Any, sample_weight: Any) -> None:
    if class_weight is not None and sample_weight is not None:
        raise ValueError(
            "You cannot `class_weight` and `sample_weight` at the same time: multiply the samples' weights by "
            "those of their classes, and pass `sample_weight`."
        )


def _validation_parts(validation_data: Any) -> tuple[Any, Any, Any]:
    if not isinstance(validation_data, (tuple, list)) or not 1 <= len(validation_data) <= 3:
        raise ValueError(
            "`validation_data` must be (x, y) or (x, y, sample_weight), or give batches; got "
            f"{type(validation_data).__name__}."
        )
    return unpacked(tuple(validation_data))


def _separated(model: Any, x: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """``fit((x, y))`` on a model with one input: the labels are in `x`."""
    if y is None and sample_weight is None and isinstance(x, tuple) and len(x) in (2, 3):
        inputs = getattr(model, "inputs", None)
        if inputs is not None and len(inputs) == 1:
            return unpacked(x)
    return x, y, sample_weight


def _refuse_beside_batches(name: str, **given: Any) -> None:
    for argument, value in given.items():
        if value is not None:
            raise ValueError(
                f"When `{name}` gives batches, `{argument}` must not be passed: it is part of each batch, "
                "(x, y) or (x, y, sample_weight)."
            )


def evaluation_data(
    model: Any, x: Any, y: Any, batch_size: Any, sample_weight: Any, steps: int | None
) -> Any:
    """The data to evaluate."""
    size = optional_positive_integer("batch_size", batch_size)
    if is_batches(x):
        _refuse_beside_batches("x", y=y, sample_weight=sample_weight)
        if steps is None and getattr(x, "num_batches", 0) is None:
            raise ValueError("The PyDataset has no end (num_batches is None): pass `steps`.")
        return BatchData(x, text=takes_text(model))
    data = ArrayData(*_separated(model, x, y, sample_weight), text=takes_text(model))
    data.cut(size, steps)
    return data


def prediction_data(model: Any, x: Any, batch_size: Any, steps: int | None) -> Any:
    """The data to predict for."""
    return evaluation_data(model, x, None, batch_size, None, steps)


def on_batch_piece(model: Any, x: Any, y: Any, sample_weight: Any, class_weight: Any) -> Piece:
    """One batch."""
    _one_weight(class_weight, sample_weight)
    piece = piece_of(x, y, sample_weight, takes_text(model))
    if class_weight is not None:
        inputs, labels, _ = piece.structure
        piece = Piece((inputs, labels, class_weights_of(labels, class_weight)), piece.rows, piece.batch, 1)
    if piece.batch == 0:
        raise ValueError("The batch is empty: x has 0 rows.")
    return piece


def is_due(epoch: int, frequency: Any) -> bool:
    """Whether there is a validation after this epoch (from 0): in every so many epochs, or in those listed
    (from 1)."""
    if isinstance(frequency, (list, tuple, set)):
        return epoch + 1 in frequency
    return (epoch + 1) % positive_integer("validation_freq", frequency) == 0
