"""An explanation as data: what was computed in which order, by which formula, with which numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from schuss.graph import Tensor
from schuss.insight.explanation._formula import as_text
from schuss.insight.explanation._origins import Origin, origin_of
from schuss.insight.explanation._written import by_element, one_element
from schuss.utils._cached import cached_property


@dataclass
class Quantity:
    """An array that is part of the explanation.

    Attributes:
        key: what it is found by: ``"z1"``, ``"dJ/dW1"``. symbol: as in the formulas, in the notation of `_formula`.
        name: in words. array: its numbers. formula: how it was computed, in the notation; empty for data and weights.
    """

    key: str
    symbol: str
    name: str
    array: np.ndarray
    formula: str = ""
    tensor: Tensor | None = field(default=None, repr=False)

    @property
    def text(self) -> str:
        """The symbol as text: ``z⁽¹⁾``."""
        return as_text(self.symbol)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: lists, numbers, strings."""
        formula = as_text(self.formula)
        return {
            "key": self.key,
            "symbol": self.text,
            "name": self.name,
            "formula": formula,
            "shape": list(self.array.shape),
            "dtype": self.array.dtype.name,
            "values": self.array.tolist(),
        }


@dataclass
class Step:
    """A step of the explanation.

    Attributes:
        title: of whom: a layer's path, a weight's, the loss's name. kind: its class. what: what it does, in a sentence.
        formulas: in the order of computation, in the notation of `_formula`. quantities: the numbers that it adds.
        inputs: those that go in. inner: intermediate values, on which origins rest. note: what is particular here.
    """

    title: str
    kind: str
    what: str = ""
    formulas: list[str] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    inputs: list[Quantity] = field(default_factory=list)
    inner: list[Quantity] = field(default_factory=list)
    note: str = ""
    number: int = 0

    @property
    def name(self) -> str:
        return self.title

    @property
    def formula(self) -> str:
        """The formulas as text, one a line."""
        return "\n".join(map(as_text, self.formulas))

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The numbers, by key."""
        return {q.key: q.array for q in self.quantities}

    def to_dict(self) -> dict[str, Any]:
        """Plain data: lists, numbers, strings."""
        return {
            "number": self.number,
            "name": self.title,
            "kind": self.kind,
            "what": self.what,
            "formulas": [as_text(f) for f in self.formulas],
            "inputs": [q.key for q in self.inputs],
            "quantities": [q.to_dict() for q in self.quantities],
            "inner": [q.to_dict() for q in self.inner],
            "note": self.note,
        }


@dataclass
class Outcome:
    """What the step has done to the loss, on the same batch (and with the same random numbers).

    J(W + s) ≈ J(W) + ∇J·s + ½ sᵀH s, where s is the step that the weights took.

    Attributes:
        before: J. slope: ∇J·s, what the gradient predicts. curvature: ½ sᵀH s, what the second derivative adds. after:
            the loss at the new weights. All in double precision, since differences of losses are small.
        step: ‖s‖, the length of the step. gradient: ‖∇J‖.
    """

    before: float
    slope: float
    curvature: float
    after: float
    step: float
    gradient: float

    @property
    def first_order(self) -> float:
        """J + ∇J·s"""
        return self.before + self.slope

    @property
    def second_order(self) -> float:
        """J + ∇J·s + ½ sᵀH s"""
        return self.first_order + self.curvature

    def to_dict(self) -> dict[str, float]:
        return {
            "before": self.before,
            "gradient_norm": self.gradient,
            "step_norm": self.step,
            "slope": self.slope,
            "curvature": self.curvature,
            "first_order": self.first_order,
            "second_order": self.second_order,
            "after": self.after,
        }


@dataclass
class Explanation:
    """One step of learning, in the textbook's order. Made by `explain`.

    ``print(explanation)`` shows it as text, ``explanation.print()`` in colours, ``explanation.save("page.html")`` as a
    page on which each number says where it came from; a notebook shows that page.

    Attributes:
        model: its name. optimizer: its class. rows: of the batch.
        inputs: the data. layers: forwards, in order. loss: J. backward: from the loss to the first layer. update: of each
            weight. outcome: what came of it.
    """

    model: str
    optimizer: str
    rows: int
    inputs: Step
    layers: list[Step]
    loss: Step
    backward: list[Step]
    update: list[Step]
    outcome: Outcome
    values: dict[int, np.ndarray] = field(default_factory=dict, repr=False)
    names: dict[int, str] = field(default_factory=dict, repr=False)

    @property
    def steps(self) -> list[Step]:
        """All steps in their order."""
        return [self.inputs, *self.layers, self.loss, *self.backward, *self.update]

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """All numbers by their keys."""
        return {q.key: q for step in self.steps for q in (*step.quantities, *step.inner)}

    def __getitem__(self, key: str) -> np.ndarray:
        """The numbers of a quantity: ``explanation["z1"]``."""
        return self._quantity(key).array

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def _quantity(self, key: str) -> Quantity:
        found = self.quantities.get(key)
        if found is None:
            raise KeyError(f"{key!r}: there are {', '.join(map(repr, self.quantities))}.")
        return found

    def origin(self, key: str, *index: int) -> str:
        """Where a number came from, with the numbers that went in.

        Args:
            key: of the quantity: ``"z1"``. index: of its element.

        Raises:
            KeyError: there is no such quantity. IndexError: no such element.
        """
        quantity = self._quantity(key)
        array = quantity.array
        if len(index) != array.ndim or any(not -n <= i < n for i, n in zip(index, array.shape)):
            raise IndexError(f"{key}: {index} is no element of an array of shape {array.shape}.")
        index = tuple(i % n for i, n in zip(index, array.shape))
        at = np.array([np.ravel_multi_index(index, array.shape) if index else 0])
        return one_element(quantity.symbol, index, array[index], self.origin_of(quantity, at), self.symbols)

    def formula(self, key: str) -> str:
        """How an element of a quantity is computed, as text; empty for what was given."""
        quantity = self._quantity(key)
        return as_text(self.by_element(quantity))

    def by_element(self, quantity: Quantity) -> str:
        """How an element of a quantity is computed, in the notation of `_formula`."""
        origin = self.origin_of(
            quantity, np.array([0, quantity.array.size - 1])
        )  # which may differ, as at borders
        return by_element(quantity.symbol, quantity.array.ndim, origin, self.symbols)

    def origin_of(self, quantity: Quantity, elements: np.ndarray) -> Origin | None:
        """The expression of a quantity's elements (flat numbers)."""
        if quantity.tensor is None or quantity.array.size == 0:
            return None
        return origin_of(quantity.tensor, elements, self.values, self.texts)

    @cached_property
    def texts(self) -> dict[int, str]:
        """The symbols as text."""
        return {number: as_text(symbol) for number, symbol in self.symbols.items()}

    @cached_property
    def keys(self) -> dict[int, str]:
        """The keys of tensors that are shown, by their ids."""
        return {q.tensor.id: key for key, q in self.quantities.items() if q.tensor is not None}

    @cached_property
    def symbols(self) -> dict[int, str]:
        """The symbols of tensors that are shown, by their ids."""
        shown = {q.tensor.id: q.symbol for q in self.quantities.values() if q.tensor is not None}
        return {**self.names, **shown}

    def to_dict(self) -> dict[str, Any]:
        """Plain data: dicts, lists, numbers and strings, ready for JSON (where NaN and infinity are allowed)."""
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "rows": self.rows,
            "inputs": self.inputs.to_dict(),
            "layers": [step.to_dict() for step in self.layers],
            "loss": self.loss.to_dict(),
            "backward": [step.to_dict() for step in self.backward],
            "update": [step.to_dict() for step in self.update],
            "outcome": self.outcome.to_dict(),
        }

    def __rich__(self) -> Any:
        from schuss.insight.explanation._print import rendered

        return rendered(self)

    def print(self) -> None:
        """Show it in the terminal, in colours."""
        from rich.console import Console

        Console().print(self)

    def __str__(self) -> str:
        from schuss.insight.explanation._print import as_plain_text

        return as_plain_text(self)

    def html(self) -> str:
        """The page, self-contained."""
        from schuss.insight.explanation._page import page

        return page(self)

    def save(self, path: str | Path) -> Path:
        """Write the page, one file that needs no network.

        Args:
            path: of the file, ending in ``.html``.

        Returns:
            Its path.
        """
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(
                f"Explanation.save: writes a page, so the path must end in .html, got {str(path)!r}."
            )
        path.write_text(self.html(), encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        from html import escape

        page = escape(self.html(), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:640px;border:1px solid #ddd"></iframe>'
