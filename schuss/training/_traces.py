"""What one step computes, traced: forward, loss, backpropagation, update, metrics; evaluation; prediction."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from schuss import ops
from schuss.autodiff import gradients
from schuss.graph import Graph, Variable, _tree, as_dtype, floatx, is_float, name_scope, trace, untraced

TRAIN, TEST, PREDICT = "train", "test", "predict"


@dataclass
class Details:
    """What is known of a step beside its graph.

    Attributes:
        weights: the variables that it trains.
        names: of the outputs after the loss, which a user's `compute_metrics` added.
        tree: the structure of predictions.
        losses: for each output of the model: the loss, the labels as a tensor, and the shape of the
            predictions.
    """

    weights: list[Variable] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    tree: Any = None
    losses: list[tuple[Any, Any, tuple[int, ...]]] = field(default_factory=list)


def traced_step(model: Any, kind: str, specs: Any) -> tuple[Graph, Details]:
    """The graph of a step on a batch. Tracing it builds what has not been built: the model, its metrics, the
    optimizer.

    Args:
        model: compiled, but for prediction. kind: ``"train"``, ``"test"`` or ``"predict"``.
        specs: ``(x, y, sample_weight)``, for prediction ``x``: structures of `Spec`s.
    """
    details = Details()
    if kind == PREDICT:

        def predict(x: Any) -> Any:
            leaves, details.tree = _tree.flatten(model(_as_floatx(x), training=False))
            return leaves

        return trace(predict, specs), details

    def measure(x: Any, y: Any, sample_weight: Any) -> Any:
        x, y, sample_weight = _as_floatx(x), _as_floatx(y), _as_floatx(sample_weight)
        y_pred = model(x, training=kind == TRAIN)
        loss = _loss_of(model, x, y, y_pred, sample_weight, training=kind == TRAIN)
        with name_scope("metrics"):
            model._compiled.tracker.update_state(loss, sample_weight=_tree.leaves(x)[0].shape[0])
        if kind == TRAIN:
            _descend(model, loss, details)
        extra = _extra_metrics(model, x, y, y_pred, sample_weight)
        details.names = list(extra)
        details.losses = _losses_of(model, y, y_pred, sample_weight)
        return [loss, *extra.values()]

    return trace(measure, *specs), details


def _descend(model: Any, loss: Any, details: Details) -> None:
    """The gradient by backpropagation, and the optimizer's update of the weights."""
    weights = details.weights = model.trainable_variables
    if not weights:
        warnings.warn("The model does not have any trainable weights.", stacklevel=2)
        return
    optimizer = model.optimizer
    if not optimizer.built:
        with untraced():
            optimizer.build(weights)
    with name_scope("loss"):
        scaled = optimizer.scale_loss(loss)
    optimizer.apply(gradients(scaled, weights), weights)


def _as_floatx(structure: Any) -> Any:
    """Floats of other widths as floatx, as Keras converts data; integers stay, for layers and losses to
    convert."""
    floats = as_dtype(floatx())
    return _tree.map_structure(
        lambda v: ops.cast(v, floats) if is_float(v.dtype) and v.dtype != floats else v, structure
    )


def _loss_of(model: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
    """What the model's `compute_loss`, perhaps the user's own, says; older ones have no argument
    `training`."""
    method: Callable[..., Any] = model.compute_loss
    parameters = inspect.signature(method).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    more = {"training": training} if takes_any or "training" in parameters else {}
    with name_scope("loss"):
        loss = ops.convert_to_tensor(method(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **more))
        if tuple(loss.shape):
            raise ValueError(
                f"The loss must be one number, but has the shape {tuple(loss.shape)}. Use a reduction like "
                "'sum_over_batch_size' in the loss, or schuss.ops.mean in `compute_loss`."
            )
        return loss if is_float(loss.dtype) else ops.cast(loss, floatx())


def _extra_metrics(model: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
    """Update the metrics; what a user's own `compute_metrics` returns are values of the step, to be reported,
    too."""
    with name_scope("metrics"):
        if not model._has_own_compute_metrics:
            model._update_metrics(y, y_pred, sample_weight)
            return {}
        results = model.compute_metrics(x, y, y_pred, sample_weight) or {}
        return {name: ops.convert_to_tensor(value) for name, value in results.items()}


def _losses_of(model: Any, y: Any, y_pred: Any, sample_weight: Any) -> list[tuple[Any, Any, tuple[int, ...]]]:
    losses = model._compiled.losses
    if losses is None or losses.losses is None:
        return []
    outputs = model._compiled.outputs(model, y, y_pred, sample_weight)
    return [
        (loss, out.y_true, tuple(out.y_pred.shape)) for loss, out in zip(losses.losses, outputs, strict=True)
    ]
