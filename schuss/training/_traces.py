"""What one step computes, traced: forward, loss, backpropagation, update, metrics; evaluation; prediction."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from schuss import backends, ops
from schuss.autodiff import gradients
from schuss.graph import Graph, Variable, _tree, as_dtype, floatx, is_float, name_scope, trace, untraced
from schuss.training._batches import pack_x_y_sample_weight
from schuss.training._texts import with_texts
from schuss.utils._garbage import without_collections

TRAIN, TEST, PREDICT = "train", "test", "predict"


@dataclass
class Details:
    """What is known of a step beside its graph.

    Attributes:
        weights: the variables that it trains.
        names: of the outputs after the loss: what the user's own `train_step`, `test_step` or
            `compute_metrics` returned. None where the model's metrics say all.
        checked: whether the first output is a loss, which has to be finite.
        tree: the structure of predictions.
        losses: for each output of the model: the loss, the labels as a tensor, and the shape of the
            predictions.
        each_loss: whether the last output is the loss again, in every row of the batch, so that a run keeps it
            of each step.
    """

    weights: list[Variable] = field(default_factory=list)
    names: list[str] | None = None
    checked: bool = True
    tree: Any = None
    losses: list[tuple[Any, Any, tuple[int, ...]]] = field(default_factory=list)
    each_loss: bool = False


def traced_step(model: Any, kind: str, specs: Any, each_loss: bool = False) -> tuple[Graph, Details]:
    """The graph of a step on a batch. Tracing it builds what has not been built: the model, its metrics, the
    optimizer.

    Args:
        model: compiled, but for prediction. kind: ``"train"``, ``"test"`` or ``"predict"``.
        specs: ``(x, y, sample_weight)``, for prediction ``x``: structures of `Spec`s.
        each_loss: whether each step's loss is wanted of a run; see `Details`.
    """
    details = Details()
    if kind == PREDICT:

        def predict(x: Any) -> Any:
            y_pred = model.predict_step(pack_x_y_sample_weight(with_texts(_as_floatx(x))))
            leaves, details.tree = _tree.flatten(y_pred)
            return leaves

        with without_collections():
            return trace(predict, specs), details

    def step(*batch: Any) -> Any:
        outputs = outputs_of_step(model, kind, batch, details)
        if each_loss and details.checked:
            details.each_loss = True
            outputs.append(ops.broadcast_to(outputs[0], (_tree.leaves(batch)[0].shape[0],)))
        return outputs

    with without_collections():
        return trace(step, *specs), details


def outputs_of_step(model: Any, kind: str, batch: Any, details: Details) -> list[Any]:
    """A step of training or evaluation, in a trace: the loss, then what the user's own method returned.

    Args:
        model, kind: as for `traced_step`. batch: ``(x, y, sample_weight)``. details: what is found out of the
            step goes there.
    """
    x, y, sample_weight = with_texts(_as_floatx(batch))
    if kind == TRAIN:
        details.weights = model.trainable_variables
    if model._has_own(f"{kind}_step"):
        data = pack_x_y_sample_weight(x, y, sample_weight)
        return _said(details, _own_step(model, f"{kind}_step", data))
    loss, y_pred = measured(model, x, y, sample_weight, training=kind == TRAIN)
    details.losses = _losses_of(model, y, y_pred, sample_weight)
    with name_scope("metrics"):
        if model._has_own("compute_metrics"):
            return _said(details, model.compute_metrics(x, y, y_pred, sample_weight), loss)
        model._update_metrics(y, y_pred, sample_weight)
    return [loss]


def measured(model: Any, x: Any, y: Any, sample_weight: Any, training: bool) -> tuple[Any, Any]:
    """The loss and the model's outputs for a batch. In training the weights are updated, too.

    Args:
        model: compiled. x, y, sample_weight: the batch, in a trace. training: whether the model is to learn.
    """
    y_pred = model(x, training=training)
    loss = _loss_of(model, x, y, y_pred, sample_weight, training)
    with name_scope("metrics"):
        model._compiled.tracker.update_state(loss, sample_weight=_tree.leaves(x)[0].shape[0])
    if training:
        _descend(model, loss)
    return loss, y_pred


def loss_of_batch(model: Any, x: Any, y: Any, sample_weight: Any, training: bool) -> Any:
    """The loss of a batch, in a trace, as `measured` has it; metrics and weights stay as they are."""
    x, y, sample_weight = with_texts(_as_floatx((x, y, sample_weight)))
    return _loss_of(model, x, y, model(x, training=training), sample_weight, training)


def at_once(step: Callable[[Any], Any], data: Any) -> Any:
    """What a step returns for a batch, when it is called by itself and not in a trace."""
    graph = trace(step, data)
    return _tree.unflatten(graph.out_tree, backends.compile(graph, backend="reference")(*_tree.leaves(data)))


def _own_step(model: Any, method: str, data: Any) -> Any:
    """What the user's `train_step` or `test_step` returns for a batch."""
    step = getattr(model, method)
    try:
        inspect.signature(step).bind(data)
    except TypeError:
        raise TypeError(
            f"{type(model).__name__}.{method} must take one argument, the batch: def {method}(self, data). It takes "
            f"{inspect.signature(step)}. (Steps that are given the state, as Keras has them on JAX, are not "
            "supported.)"
        ) from None
    return step(data)


def _said(details: Details, logs: Any, loss: Any = None) -> list[Any]:
    """A step's outputs: the loss, then what the user's method returned. The loss of an own step is what it
    returned under that name."""
    if not isinstance(logs, dict | None):
        raise TypeError(
            "A `train_step`, `test_step` or `compute_metrics` must return a dict of names and values, "
            f'such as {{"loss": loss}}; got {type(logs).__name__}.'
        )
    named = {name: ops.convert_to_tensor(value) for name, value in _flat_logs(logs or {}).items()}
    details.names = list(named)
    if loss is None:
        loss = named.get("loss")
        details.checked = loss is not None and is_float(loss.dtype) and tuple(loss.shape) == ()
    return [loss if details.checked else ops.zeros(()), *named.values()]


def _flat_logs(logs: dict[str, Any]) -> dict[str, Any]:
    """Logs in alphabetical order. A value may be a dict of values, as the result of the metrics of `compile`
    is: these come where its name would."""
    flat: dict[str, Any] = {}
    for name in sorted(logs):
        value = logs[name]
        flat.update(_flat_logs(value) if isinstance(value, dict) else {name: value})
    return flat


def _descend(model: Any, loss: Any) -> None:
    """The gradient by backpropagation, and the optimizer's update of the weights."""
    weights = model.trainable_variables
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


def _losses_of(model: Any, y: Any, y_pred: Any, sample_weight: Any) -> list[tuple[Any, Any, tuple[int, ...]]]:
    losses = model._compiled.losses
    if losses is None or losses.losses is None:
        return []
    outputs = model._compiled.outputs(y, y_pred, sample_weight)
    return [
        (loss, out.y_true, tuple(out.y_pred.shape)) for loss, out in zip(losses.losses, outputs, strict=True)
    ]
