"""Labels of classes: one-hot or integers, and what to say if the one came for the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Tensor, is_integer
from schuss.losses._shapes import float_array, squeeze_or_expand_to_same_rank


def one_hot_labels(function: str, y_true: Any, y_pred: Any, axis: int) -> tuple[Any, Any]:
    """One-hot labels and predictions of one dtype and one shape.

    Args:
        function: the loss's name, for messages. axis: of the classes.

    Raises:
        ValueError: the shapes differ, or `axis` is a bool (a sign of arguments in the wrong order).
    """
    _require_axis(axis)
    y_pred = float_array(y_pred)
    y_true = ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype)
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if tuple(y_true.shape) == tuple(y_pred.shape):
        return y_true, y_pred
    hint = ""
    if tuple(y_true.shape) in _label_shapes(y_pred, axis):
        hint = (
            f" These look like integer labels: use sparse_{function}, or schuss.utils.to_categorical(y, "
            f"{y_pred.shape[axis]})."
            if function == "categorical_crossentropy"
            else f" These look like integer labels: use schuss.utils.to_categorical(y, {y_pred.shape[axis]})."
        )
    raise ValueError(
        f"{function}: `y_true` must hold one-hot labels of the shape of `y_pred`, {tuple(y_pred.shape)}. "
        f"Received: y_true.shape={tuple(y_true.shape)}.{hint}"
    )


def integer_labels(function: str, y_true: Any, y_pred: Any, axis: int) -> tuple[Any, Any]:
    """Labels as integers, without an axis of size 1 for the classes, and predictions as floats.

    Args:
        function: the loss's name, for messages. axis: of the classes in `y_pred`.

    Raises:
        ValueError: the shape of `y_true` is not that of `y_pred` without `axis`.
    """
    _require_axis(axis)
    y_pred, y_true = float_array(y_pred), ops.convert_to_tensor(y_true)
    if y_pred.ndim == 0:
        raise ValueError(f"{function}: `y_pred` must have an axis of classes. Received: a scalar.")
    if not is_integer(y_true.dtype):
        y_true = ops.cast(y_true, "int32")
    without, with_one = _label_shapes(y_pred, axis)
    if tuple(y_true.shape) == with_one:
        y_true = ops.squeeze(y_true, axis=axis)
    elif tuple(y_true.shape) == (*without, 1):
        y_true = ops.squeeze(y_true, axis=-1)
    if tuple(y_true.shape) == without:
        return y_true, y_pred
    hint = ""
    if tuple(y_true.shape) == tuple(y_pred.shape):
        hint = " These look like one-hot labels: " + (
            "use categorical_crossentropy."
            if function == "sparse_categorical_crossentropy"
            else "use argmax(y, -1)."
        )
    raise ValueError(
        f"{function}: `y_true` must hold integer labels of shape {without} for `y_pred` of shape "
        f"{tuple(y_pred.shape)}. "
        f"Received: y_true.shape={tuple(y_true.shape)}.{hint}"
    )


def require_labels(function: str, y_true: Any, classes: int) -> None:
    """A ValueError if a label is outside of ``[0, classes)``; in a trace there are no values to look at."""
    if isinstance(y_true, Tensor):
        return
    y_true = np.asarray(y_true)
    if y_true.size and (y_true.min() < 0 or y_true.max() >= classes):
        wrong = y_true.min() if y_true.min() < 0 else y_true.max()
        raise ValueError(
            f"{function}: label {wrong} is outside of the classes: `y_pred` has {classes} of them, so labels "
            "go from 0 "
            f"to {classes - 1}."
        )


def _label_shapes(y_pred: Any, axis: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of integer labels: without the axis of the classes, and with size 1 there."""
    shape, axis = tuple(y_pred.shape), axis % max(1, y_pred.ndim)
    return shape[:axis] + shape[axis + 1 :], (*shape[:axis], 1, *shape[axis + 1 :])


def _require_axis(axis: Any) -> None:
    if isinstance(axis, bool):
        raise ValueError(f"`axis` must be of type `int`. Received: axis={axis} of type {type(axis)}")
