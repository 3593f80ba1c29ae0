"""Backwards: from the loss through the layers, last one first, by the chain rule."""

from __future__ import annotations

import numpy as np

from schuss.graph import Tensor
from schuss.insight.explanation._explanation import Quantity, Step
from schuss.insight.explanation._formula import as_text
from schuss.insight.explanation._forward import LayerStep
from schuss.insight.explanation._record import Recorded
from schuss.insight.explanation._symbols import Symbols, raised
from schuss.insight.explanation._words import filled


def backward_steps(step: Recorded, symbols: Symbols, layers: list[LayerStep]) -> list[Step]:
    """For each layer what arrives at its output, δ, and the gradients of its weights."""
    _name_gradients(step, symbols, layers)
    made = [_Back(step, symbols, layers, layer).made() for layer in reversed(layers)]
    return [one for one in made if one.quantities or one.note]


def _name_gradients(step: Recorded, symbols: Symbols, layers: list[LayerStep]) -> None:
    """Symbols first, so that each expression stops at the next one."""
    for layer in layers:
        for output in layer.outputs:
            _gradient_of(step, symbols, output, f"∂J/∂{output.symbol}", "")
        if layer.z is not None and layer.z not in layer.inputs:
            _gradient_of(step, symbols, layer.z, raised("δ", layer.layer_number), f"δ{layer.layer_number}")
        for weight in layer.weights.values():
            _gradient_of(step, symbols, weight, f"∂J/∂{weight.symbol}", "")


def _gradient_of(step: Recorded, symbols: Symbols, of: Quantity, symbol: str, key: str) -> Quantity | None:
    tensor = gradient_tensor(step, of)
    if tensor is None:
        return None
    return symbols.add(tensor, key or f"dJ/d{of.key}", symbol, f"how J changes with {as_text(of.symbol)}")


def gradient_tensor(step: Recorded, of: Quantity) -> Tensor | None:
    """∂J/∂(quantity); None if J does not depend on it in a way that has a derivative."""
    return step.gradient.get(of.tensor.id) if of.tensor is not None else None


class _Back:
    """One layer's way back."""

    def __init__(self, step: Recorded, symbols: Symbols, layers: list[LayerStep], layer: LayerStep):
        self.step, self.symbols, self.layers, self.layer = step, symbols, layers, layer

    def made(self) -> Step:
        layer = self.layer
        made = Step(layer.title, layer.kind, "", inputs=[])
        for output in layer.outputs:
            if output in layer.quantities:  # of a layer that hands on what one within made, that one tells it
                self._arriving(made, output)
        self._through_activation(made)
        letters = {**layer.letters, "δ": self._delta()}
        for letter, weight in layer.weights.items():
            self._of_weight(made, letter, weight, letters)
        if made.quantities:
            made.what = self._what(made)
        return made

    def _what(self, made: Step) -> str:
        if self.layer.weights:
            return "How J changes with the output, and with each weight."
        return "How J changes with the output of this layer."

    def _delta(self) -> str:
        z = self.layer.z
        if z is not None and z not in self.layer.inputs:
            return raised("δ", self.layer.layer_number)
        return f"∂J/∂{self.layer.letters.get('a', 'a')}"

    def _arriving(self, made: Step, output: Quantity) -> None:
        tensor = gradient_tensor(self.step, output)
        if tensor is None:
            if self.layer.z is not None and gradient_tensor(self.step, self.layer.z) is not None:
                made.note = (
                    "The loss and this activation are computed together, from z itself (so that nothing overflows): "
                    "δ comes from the loss in one piece."
                )
            return
        formula = self._from_users(output)
        self._show(made, tensor, formula)

    def _from_users(self, output: Quantity) -> str:
        """∂J/∂a as the sum of what comes back from the layers that use it."""
        head = f"∂J/∂{output.symbol}"
        users = [one for one in self.layers if one is not self.layer and output in one.inputs]
        if not users:
            tensor = gradient_tensor(self.step, output)
            known = self._known_difference(head, tensor) if tensor is not None else ""
            return known or f'{head}" from the loss"'
        parts = []
        for user in users:
            alone = len(user.inputs) == 1 and user.words.into_x
            if alone:
                letters = {**user.letters, "δ": _Back(self.step, self.symbols, self.layers, user)._delta()}
                parts.append(filled(user.words.into_x, letters))
            elif user.z is output and user.curve is not None:
                parts.append(filled(user.curve.back, user.letters))
            else:
                result = user.letters.get("a", "a")
                parts.append(f"{{∂J}}/{{∂{result}}} {{∂{result}}}/{{∂{output.symbol}}}")
        return f"{head} = {' + '.join(parts)}"

    def _through_activation(self, made: Step) -> None:
        layer = self.layer
        if layer.z is None or layer.curve is None or layer.z in layer.inputs:
            return
        tensor = gradient_tensor(self.step, layer.z)
        if tensor is None:
            return
        symbol = raised("δ", layer.layer_number)
        fused = not any(gradient_tensor(self.step, o) is not None for o in layer.outputs)
        if fused:
            formula = (
                self._known_difference(symbol, tensor) or f'{symbol} = ∂J/∂{layer.z.symbol}" from the loss"'
            )
        else:
            back = filled(layer.curve.back, layer.letters)
            formula = f"{symbol}{'_j' if '_j' in back else ''} = {back}"
        self._show(made, tensor, formula)

    def _known_difference(self, symbol: str, tensor: Tensor) -> str:
        """Where δ = (ŷ − y) / n, as for softmax and sigmoid with their cross-entropies, or 2 (ŷ − y) / n, as for squares:
        if the numbers say so."""
        output = self.layer.outputs[0]
        if (
            len(self.step.labels) != 1
            or not output.array.ndim
            or not np.isfinite(self.step.values[tensor.id]).all()
        ):
            return ""
        y, delta = self.step.values[self.step.labels[0].id], self.step.values[tensor.id]
        for predicted, text in _predictions(output):
            wanted = _like(predicted, y)
            if wanted is None or predicted.shape != delta.shape:
                continue
            near = 1e-6 * np.abs(delta).max(initial=0.0)
            for count in (predicted.shape[0], predicted.size // predicted.shape[-1], predicted.size):
                for factor in (1, 2):
                    if np.allclose(delta, factor * (predicted - wanted) / count, rtol=1e-4, atol=near):
                        return f"{symbol} = {{{factor}}}/{{n}} ({text} − y),  n = {count}"
        return ""

    def _of_weight(self, made: Step, letter: str, weight: Quantity, letters: dict[str, str]) -> None:
        tensor = gradient_tensor(self.step, weight)
        if tensor is None:
            return
        users = [one for one in self.layers if weight in one.weights.values()]
        if self.layer is not users[0]:  # shown where the way back meets the last use
            return
        head = f"∂J/∂{weight.symbol}"
        rule = self.layer.words.into.get(letter)
        formula = f"{head} = {filled(rule, letters)}" if rule else ""
        if len(users) > 1:
            formula = f'{head}" is the sum over all "{len(users)}" uses of this weight"'
        regularized = next(
            (v for v in self.step.weights if self.symbols.by_variable.get(id(v)) is weight), None
        )
        if formula and regularized is not None and regularized.regularizer is not None:
            formula += f" + ∂Ω/∂{weight.symbol}"
        self._show(made, tensor, formula)
        if self._is_rounding(tensor):
            said = f"∂J/∂{weight.text} is zero but for rounding: J does not depend on {weight.text}."
            made.note = f"{made.note} {said}".strip()

    def _is_rounding(self, gradient: Tensor) -> bool:
        """Whether a gradient is nothing but what rounding left of a zero, as of a bias before a normalization."""
        size, largest = np.abs(self.step.values[gradient.id]).max(initial=0.0), self.step.largest_gradient
        return 0 < size <= 4 * np.finfo(gradient.dtype).eps * largest

    def _show(self, made: Step, tensor: Tensor, formula: str) -> None:
        quantity = self.symbols.by_tensor[tensor.id]
        if formula:
            made.formulas.append(formula)
        if quantity.formula or any(quantity is q for q in made.quantities):
            return
        quantity.formula = formula
        made.quantities.append(quantity)


def _predictions(output: Quantity) -> list[tuple[np.ndarray, str]]:
    """What the loss may compare with the labels: the output, or what a loss of logits makes of it."""
    a = output.array.astype("float64")
    with np.errstate(all="ignore"):
        powers = np.exp(a - a.max(axis=-1, keepdims=True)) if a.size else a
        sigmoid = 1 / (1 + np.exp(-a))
        softmax = powers / powers.sum(axis=-1, keepdims=True)
    return [
        (a, output.symbol),
        (softmax, f'"softmax"({output.symbol})'),
        (sigmoid, f"σ({output.symbol})"),
    ]


def _like(predicted: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """Labels in the shape of predictions: classes as rows of zeros and a one."""
    if y.size == predicted.size:
        return y.reshape(predicted.shape)
    if y.size * predicted.shape[-1] != predicted.size:
        return None
    classes = np.clip(y.reshape(predicted.shape[:-1]).astype(int), 0, predicted.shape[-1] - 1)
    return np.eye(predicted.shape[-1])[classes]
