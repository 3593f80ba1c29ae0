"""What `compile` was given, ready for use: losses and metrics for each output of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from schuss import losses as losses_module
from schuss import metrics as metrics_module
from schuss import ops
from schuss.losses import Loss, LossFunctionWrapper
from schuss.metrics import Mean, MeanMetricWrapper, Metric, metric_by_shape
from schuss.training._outputs import Output, outputs_of, paired, spread

_BY_SHAPE_LOSS = ("crossentropy", "ce")


def _name_of(identifier: Any) -> str:
    """The name under which a loss or metric is reported: as the user wrote it, else the object's or
    function's own."""
    if isinstance(identifier, str):
        return identifier
    if isinstance(identifier, dict):
        return str(identifier.get("config", {}).get("name", identifier.get("class_name")))
    name = getattr(identifier, "name", None) or getattr(identifier, "__name__", None)
    return "lambda" if name == "<lambda>" else str(name or type(identifier).__name__)


def _known_loss(identifier: Any) -> None:
    """A ValueError now, in `compile`, if no loss has that name."""
    if isinstance(identifier, dict) and "class_name" not in identifier:
        identifier = list(identifier.values())
    if isinstance(identifier, (list, tuple)):
        for entry in identifier:
            _known_loss(entry)
    elif isinstance(identifier, str) and identifier.lower() not in _BY_SHAPE_LOSS:
        losses_module.get(identifier)
    elif identifier is not None and not isinstance(identifier, (str, dict)) and not callable(identifier):
        raise ValueError(
            "A loss is a name, a Loss, or a function (y_true, y_pred) -> loss of each sample; got "
            f"{identifier!r}."
        )


def _loss_for(identifier: Any, output: Output) -> Callable[..., Any] | None:
    if identifier is None:
        return None
    if isinstance(identifier, str) and identifier.lower() in _BY_SHAPE_LOSS:
        shapes = tuple(output.y_true.shape), tuple(output.y_pred.shape)
        by_shape: Any = metric_by_shape(identifier, *shapes)
        found: Any = by_shape._fn
    else:
        found = losses_module.get(identifier)
    return found if isinstance(found, Loss) else LossFunctionWrapper(found, name=_name_of(identifier))


class OutputLosses:
    """The loss of each output, their weighted sum, and what is reported of each.

    Args:
        loss, loss_weights: as given to `compile`.

    Attributes:
        metrics: of models with several outputs, the mean of each output's loss.
    """

    def __init__(self, loss: Any, loss_weights: Any = None):
        _known_loss(loss)
        self.loss, self.loss_weights = loss, loss_weights
        self.metrics: list[Metric] = []
        self.losses: list[Any] | None = None
        self._weights: list[Any] = []
        self._trackers: list[Metric | None] = []

    def identifiers(self, outputs: list[Output]) -> list[Any]:
        """What was given as the loss of each output; None where there is none."""
        is_config = isinstance(self.loss, dict) and "class_name" in self.loss
        if is_config or not isinstance(self.loss, (dict, list, tuple)):
            return [self.loss] * len(outputs)
        return spread("loss", self.loss, outputs)

    def build(self, outputs: list[Output]) -> None:
        """Decide which loss each output has; at the first batch, when the outputs are known."""
        identifiers = self.identifiers(outputs)
        self._weights = spread("loss_weights", self.loss_weights, outputs, same_for_all=True)
        for weight in self._weights:
            if weight is not None and not isinstance(weight, (int, float)):
                raise ValueError(f"Invalid `loss_weights`: expected numbers, got {weight!r}.")
        self.losses = [
            _loss_for(identifier, output) for identifier, output in zip(identifiers, outputs, strict=True)
        ]
        self._trackers = [None] * len(outputs)
        used = [i for i in self._reported_order(outputs) if self.losses[i] is not None]
        if len(used) > 1:
            names = [outputs[i].name or _name_of(identifiers[i]) for i in used]
            names = [f"{n}_{names[:k].count(n)}" if n in names[:k] else n for k, n in enumerate(names)]
            self.metrics = [Mean(name=f"{name}_loss") for name in names]
            for i, metric in zip(used, self.metrics, strict=True):
                self._trackers[i] = metric

    def _reported_order(self, outputs: list[Output]) -> list[int]:
        """The outputs' numbers in the order in which their losses are listed: of a model that returns a dict,
        the order of the dict of losses, or of its own."""
        order = list(range(len(outputs)))
        if any(output.place is None for output in outputs):
            return order
        if isinstance(self.loss, dict):
            given = list(self.loss)
            return sorted(
                order, key=lambda i: given.index(outputs[i].name) if outputs[i].name in given else -1
            )
        return sorted(order, key=lambda i: outputs[i].place or 0)

    def __call__(self, outputs: list[Output]) -> Any:
        """The weighted sum of the outputs' losses; None if no output has one."""
        if self.losses is None:
            self.build(outputs)
        total = None
        parts = zip(self.losses or [], self._weights, self._trackers, outputs, strict=True)
        for loss, weight, tracker, output in parts:
            if loss is None:
                continue
            if output.y_true is None:
                where = f"output {output.name!r}" if output.name else "the model"
                raise ValueError(
                    f"There are no labels (y) for {where}, which has the loss {_name_of(loss)!r}. Pass y, or "
                    "a loss of None "
                    "for outputs that are not trained."
                )
            value = loss(output.y_true, output.y_pred, output.sample_weight)
            if tracker is not None:
                tracker.update_state(value, sample_weight=output.y_pred.shape[0])
            value = value if weight is None else ops.multiply(value, float(weight))
            total = value if total is None else ops.add(total, value)
        return total


@dataclass
class _OfOutput:
    """The metrics of one output, with the names under which they are reported."""

    metrics: list[Metric] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    weighted: list[bool] = field(default_factory=list)


class OutputMetrics(Metric):
    """The metrics that `compile` was given, of all outputs, as one metric whose result is a dict.

    Args:
        metrics, weighted_metrics: as given to `compile`: for one output a list; for several a list with an
            entry (or a list of entries) for each, or a dict by their names. The second get the sample
            weights.
        paired: function of labels, predictions and weights: what belongs to each output of the model.
    """

    def __init__(self, metrics: Any, weighted_metrics: Any, paired: Callable[..., list[Output]]):
        super().__init__(name="compile_metrics")
        for argument, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if given is not None and not isinstance(given, (list, tuple, dict)):
                raise ValueError(
                    f"Expected `{argument}` argument to be a list, tuple, or dict, got {given!r}. Write "
                    f"{argument}=[{given!r}]."
                )
            for entry in _flat(given):
                _known_metric(entry)
        self.given, self.given_weighted, self._paired = metrics, weighted_metrics, paired
        self.flat: list[Metric] = []
        self.outputs: list[_OfOutput] | None = None

    def build(self, outputs: list[Output]) -> None:
        """Make the metrics of each output; at the first batch, when the shapes are known."""
        found = [_OfOutput() for _ in outputs]
        taken: list[str] = []
        for given, weighted in ((self.given, False), (self.given_weighted, True)):
            if given is None:
                continue
            argument = "weighted_metrics" if weighted else "metrics"
            single = len(outputs) == 1 and not isinstance(given, dict)
            for entries, output, kept in zip(
                [given] if single else _spread_metrics(argument, given, outputs), outputs, found, strict=True
            ):
                for identifier in _flat(entries):
                    metric = _metric_for(identifier, output)
                    kept.metrics.append(metric)
                    kept.weighted.append(weighted)
                    prefix = f"{output.name}_" if output.name and len(outputs) > 1 else ""
                    name = f"{prefix}{metric.name}"
                    if weighted and name in taken:
                        name = f"{prefix}weighted_{metric.name}"
                    kept.names.append(f"{name}_{taken.count(name)}" if name in taken else name)
                    taken.append(name)
        self.flat = [metric for kept in found for metric in kept.metrics]
        self.outputs = found

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: labels, predictions and weights in the structure of the model's outputs."""
        outputs = self._paired(y_true, y_pred, sample_weight)
        if self.outputs is None:
            self.build(outputs)
        for kept, output in zip(self.outputs or [], outputs, strict=True):
            for metric, weighted in zip(kept.metrics, kept.weighted, strict=True):
                if output.y_true is None:
                    continue
                weight = output.sample_weight if weighted else None
                if weight is None:
                    metric.update_state(output.y_true, output.y_pred)
                else:
                    metric.update_state(output.y_true, output.y_pred, sample_weight=weight)

    def reset_state(self) -> None:
        for metric in self.flat:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        """Name → value."""
        results: dict[str, Any] = {}
        for kept in self.outputs or []:
            for metric, name in zip(kept.metrics, kept.names, strict=True):
                value = metric.result()
                if isinstance(value, dict):
                    results.update(value)
                else:
                    results[name] = value
        return results


def _spread_metrics(argument: str, given: Any, outputs: list[Output]) -> list[Any]:
    if isinstance(given, dict) and len(outputs) == 1 and outputs[0].name is None and len(given) == 1:
        return list(given.values())
    return spread(argument, given, outputs)


def _flat(given: Any) -> list[Any]:
    """The entries of nested lists and dicts of metrics; None entries are left out."""
    if given is None:
        return []
    if isinstance(given, dict) and "class_name" not in given:
        given = list(given.values())
    if isinstance(given, (list, tuple)):
        return [entry for item in given for entry in _flat(item)]
    return [given]


def _known_metric(identifier: Any) -> None:
    """A ValueError now, in `compile`, if no metric has that name."""
    if isinstance(identifier, str) and metric_by_shape(identifier, (1,), (1,)) is None:
        _found_metric(identifier)
    elif not isinstance(identifier, (str, dict, Metric)) and not callable(identifier):
        raise ValueError(
            "A metric is a name, a Metric, or a function (y_true, y_pred) -> value of each sample; got "
            f"{identifier!r}."
        )


def _found_metric(identifier: Any) -> Any:
    """By the metrics' names; else by the losses', whose functions can be averaged, too."""
    try:
        return metrics_module.get(identifier)
    except ValueError:
        if isinstance(identifier, str):
            try:
                return losses_module.get(identifier)
            except ValueError:
                pass
        raise


def _metric_for(identifier: Any, output: Output) -> Metric:
    y_true = () if output.y_true is None else tuple(output.y_true.shape)
    metric = metric_by_shape(identifier, y_true, tuple(output.y_pred.shape))
    if metric is None:
        metric = _found_metric(identifier)
    if not isinstance(metric, Metric):
        return MeanMetricWrapper(metric, name=_name_of(identifier))
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


class Compiled:
    """What `compile` was given: the loss's mean over an epoch, the outputs' losses and metrics, and the
    arguments.

    Args:
        model: the model, whose outputs' names say which labels belong to them.
    """

    def __init__(
        self,
        model: Any,
        loss: Any,
        loss_weights: Any,
        metrics: Any,
        weighted_metrics: Any,
        arguments: dict[str, Any],
    ):
        self._model = model
        self.tracker = Mean(name="loss")
        self.losses = None if loss is None else OutputLosses(loss, loss_weights)
        self.metrics = (
            None
            if metrics is None and weighted_metrics is None
            else OutputMetrics(metrics, weighted_metrics, self.outputs)
        )
        self.arguments = arguments

    def outputs(self, y: Any, y_pred: Any, sample_weight: Any) -> list[Output]:
        """The model's outputs with their labels and weights."""
        names, trained = self._model.output_names, None
        if self.losses is not None:
            trained = [i is not None for i in self.losses.identifiers(outputs_of(y_pred, names))]
        return paired(y, y_pred, sample_weight, names, trained)
