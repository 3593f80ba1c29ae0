"""explain: one step of learning with all its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from schuss.insight.explanation._backward import backward_steps
from schuss.insight.explanation._doubled import Doubled
from schuss.insight.explanation._explanation import Explanation, Outcome, Step
from schuss.insight.explanation._forward import input_step, layer_steps, loss_step
from schuss.insight.explanation._inner import name_inner_values
from schuss.insight.explanation._record import Recorded, batch_of, checked, recorded
from schuss.insight.explanation._symbols import Symbols
from schuss.insight.explanation._update import update_steps
from schuss.optimizers._checks import no_rate_yet
from schuss.training._arrays import columns_of
from schuss.training._checks import optional_positive_integer


def explain(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    feature_names: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
) -> Explanation:
    """One step of learning on a batch, in the textbook's order: forwards, loss, backwards, update, and what came of it.

    For each layer its formula (z = x W + b, a = f(z)) and numbers; the loss J; back through the layers δ = ∂J/∂z and the
    gradients ∂J/∂W by the chain rule; the update, for gradient descent W ← W − α ∂J/∂W; then the loss at the new weights
    beside what the gradient (first order) and the curvature (second order) predict. The numbers are those of the step
    that `fit` would make, evaluated one operation at a time; how an element was computed can be asked for, down to the
    terms of its sums.

    Nothing of the model changes: it is as if the step had not been made. If it is not built, this builds it.

    Args:
        model: compiled.
        x, y, sample_weight: data as for `fit`: arrays, of which the first rows are taken, or what gives batches, of which
            the first one is.
        batch_size: rows to take of arrays. Default 32, or as many as there are. A few are easier to look at.
        feature_names: of the columns of x; of several inputs a dict by their names. Default those of a data frame.

    Returns:
        An `Explanation`: ``print`` shows it, ``save("page.html")`` writes a page, its attributes are plain data.

    Raises:
        TypeError: not a model. ValueError: it is not compiled, has no optimizer or one whose rate is ``"auto"`` and not
            found yet, or a `train_step` of its own.

    Example:
        >>> import numpy as np, schuss
        >>> from schuss.layers import Dense, Input
        >>> model = schuss.Sequential([Input((2,)), Dense(1, kernel_initializer="ones", name="neuron")])
        >>> model.compile(schuss.optimizers.SGD(0.1), "mse")
        >>> step = schuss.explain(model, np.array([[1.0, 2.0]]), np.array([[5.0]]))
        >>> step["z1"], step["dJ/dW1"]
        (array([[3.]], dtype=float32), array([[-4.],
               [-8.]], dtype=float32))
        >>> print(step.origin("z1", 0, 0))
        z⁽¹⁾[0, 0] = 1 · 1 + 2 · 1 + 0 = 3
        >>> print(step.origin("dJ/dW1", 1, 0))
        ∂J/∂W⁽¹⁾[1, 0] = 2 · (−4) = −8
        >>> round(step.outcome.before, 4), round(step.outcome.second_order, 4), round(step.outcome.after, 4)
        (4.0, 0.16, 0.16)

    Source: Rumelhart, Hinton & Williams, Learning representations by back-propagating errors (1986).
    """
    checked(model, "explain")
    if getattr(model.optimizer, "seeks_rate", False):
        raise ValueError(no_rate_yet(model.optimizer))
    size = optional_positive_integer("batch_size", batch_size)
    step = recorded(model, batch_of(model, x, y, sample_weight, size))
    symbols = Symbols(step)
    inputs = input_step(step, symbols, columns_of(x, y, feature_names))
    layers = layer_steps(step, symbols)
    loss = loss_step(step, symbols)
    backward = backward_steps(step, symbols, layers)
    update = update_steps(step, symbols)
    name_inner_values(step, symbols, [*layers, loss, *backward])
    steps = [inputs, *layers, loss, *backward, *update]
    for number, one in enumerate(steps, 1):
        one.number = number
    return Explanation(
        model.name,
        type(model.optimizer).__name__,
        step.rows,
        inputs,
        list(layers),
        loss,
        backward,
        update,
        _outcome(step),
        step.values,
        _settings(step),
    )


def _settings(step: Recorded) -> dict[int, str]:
    """Symbols for the optimizer's rate and counter, which have no place among the quantities."""
    optimizer = step.model.optimizer
    found: dict[int, str] = {}
    for variable in optimizer.variables:
        if id(variable) in step.reads:
            letter = {"learning_rate": "α", "iteration": "t_0"}.get(variable.name)
            if letter:
                found[step.reads[id(variable)].id] = letter
    return found


def _outcome(step: Recorded) -> Outcome:
    """J before and after, and what Taylor's formula says of it."""
    loss = Doubled(step)
    before = loss.start
    value = loss.value(before)
    if not step.weights:
        return Outcome(value, 0.0, 0.0, value, 0.0, 0.0)
    after = [step.new(w).astype("float64") for w in step.weights]
    moves = [b - a for a, b in zip(before, after, strict=True)]
    grads = [step.unscaled(step.values[step.gradient[step.now[id(w)].id].id]) for w in step.weights]
    bent = loss.product(moves, before)
    slope = float(sum((g * s).sum() for g, s in zip(grads, moves, strict=True)))
    curvature = 0.5 * float(sum((h * s).sum() for h, s in zip(bent, moves, strict=True)))
    return Outcome(value, slope, curvature, loss.value(after), _length(moves), _length(grads))


def _length(arrays: list[np.ndarray]) -> float:
    return float(np.sqrt(sum((a**2).sum() for a in arrays)))


__all__ = ["Step", "explain"]
