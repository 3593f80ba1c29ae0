"""The update: what the optimizer makes of the gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import Variable
from schuss.insight.explanation._explanation import Quantity, Step
from schuss.insight.explanation._record import Recorded
from schuss.insight.explanation._step_words import Rule, rule_of
from schuss.insight.explanation._symbols import Symbols
from schuss.insight.explanation._written import number


def update_steps(step: Recorded, symbols: Symbols) -> list[Step]:
    """One step for each weight."""
    return [_update_step(step, symbols, weight, n) for n, weight in enumerate(step.weights, 1)]


def _update_step(step: Recorded, symbols: Symbols, weight: Variable, position: int) -> Step:
    optimizer = _optimizer_for(step.model.optimizer, weight)
    rule = rule_of(optimizer)
    old = symbols.by_variable.get(id(weight)) or _unseen(step, symbols, weight, position)
    made = Step(
        weight.path, type(optimizer).__name__, "", [_with_symbol(f, old.symbol) for f in rule.formulas]
    )
    gradient = step.gradient.get(step.reads[id(weight)].id)
    if gradient is not None:
        known = symbols.by_tensor.get(gradient.id)
        made.inputs = [old] if known is None else [old, known]
        if known is None:
            made.quantities.append(symbols.add(gradient, f"dJ/d{old.key}", f"∂J/∂{old.symbol}", "gradient"))
        made.formulas.insert(0, f"g = ∂J/∂{old.symbol}")
    made.note = _settings(step, optimizer, rule)
    for variable, letter in _slots(step, optimizer, weight, rule):
        made.quantities += _before_and_after(step, symbols, variable, letter, old)
    move = step.new(weight) - step.old(weight)
    made.quantities.append(
        Quantity(symbols.key(f"Δ{old.key}"), f"Δ{old.symbol}", "the step: new minus old", move)
    )
    after = step.writes.get(id(weight))
    if after is not None:
        made.quantities.append(symbols.add(after, f"{old.key}'", _primed(old.symbol), "after the step"))
    if weight.constraint is not None:
        made.note += f" Then the constraint {type(weight.constraint).__name__} is applied."
    return made


def _unseen(step: Recorded, symbols: Symbols, weight: Variable, position: int) -> Quantity:
    """A weight that no layer's call showed."""
    return symbols.weight(weight, "w", 1000 + position)


def _with_symbol(formula: str, symbol: str) -> str:
    """The rule with the weight's own symbol for w."""
    out, inside = [], False
    for n, char in enumerate(formula):
        inside ^= char == '"'
        alone = not (n and formula[n - 1].isalpha()) and not formula[n + 1 : n + 2].isalpha()
        out.append(f"{symbol}" if char == "w" and alone and not inside else char)
    return "".join(out)


def _primed(symbol: str) -> str:
    """The symbol with a prime: of the new value."""
    letter, caret, rest = symbol.partition("^")
    base, under, index = letter.partition("_")
    if base.startswith('"'):
        return f'"new "{symbol}'
    return f"{base}′{under}{index}{caret}{rest}"


def _optimizer_for(optimizer: Any, weight: Variable) -> Any:
    """The optimizer that a wrapping one gives the weight to."""
    seen: set[int] = set()
    while id(optimizer) not in seen:
        seen.add(id(optimizer))
        if hasattr(optimizer, "inner_optimizer"):
            optimizer = optimizer.inner_optimizer
        elif hasattr(optimizer, "optimizers"):
            optimizer = next((o for o in optimizer.optimizers if id(weight) in o._index), optimizer)
    return optimizer


def _settings(step: Recorded, optimizer: Any, rule: Rule) -> str:
    """α, β, … and t as they were in this step."""
    parts = []
    rate = getattr(optimizer, "learning_rate", None)
    if rate is not None:
        parts.append(f"α = {number(float(np.asarray(rate)))}")
    for letter, attribute in rule.numbers.items():
        value = getattr(optimizer, attribute, None)
        if isinstance(value, (int, float)):
            parts.append(f"{letter.replace('_1', '₁').replace('_2', '₂')} = {number(float(value))}")
    if any(part in formula for formula in rule.formulas for part in ("^t", "_t", "{t}")):
        parts.append(f"t = {int(np.asarray(optimizer.iterations)) + 1}")
    return ", ".join(parts) + "." if parts else ""


def _slots(step: Recorded, optimizer: Any, weight: Variable, rule: Rule) -> list[tuple[Variable, str]]:
    """What the optimizer keeps for this weight, with letters."""
    prefix = f"{weight.path.replace('/', '_')}_"
    found = []
    for variable in optimizer.variables:
        if variable.name.startswith(prefix) and id(variable) in step.reads:
            suffix = variable.name[len(prefix) :]
            letter = rule.slots.get(suffix)
            if letter is not None or suffix in ("average", "gradient_accumulator"):
                found.append((variable, letter or f'"{suffix.replace("_", " ")}"'))
    return found


def _before_and_after(
    step: Recorded, symbols: Symbols, variable: Variable, letter: str, weight: Quantity
) -> list[Quantity]:
    plain = letter.strip('"').replace('"', "").replace(" ", "_")
    found = [
        symbols.add(
            step.reads[id(variable)], f"{plain}({weight.key})", f"{letter}", f"{variable.name}, before"
        )
    ]
    after = step.writes.get(id(variable))
    if after is not None:
        symbol = f"{letter}′" if len(letter) <= 2 else f'"new "{letter}'
        found.append(symbols.add(after, f"{plain}'({weight.key})", symbol, f"{variable.name}, after"))
    return found
