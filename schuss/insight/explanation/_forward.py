"""Forwards: the data, the layers in the order of their calls, the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schuss.insight.explanation._explanation import Quantity, Step
from schuss.insight.explanation._record import Call, Recorded
from schuss.insight.explanation._step_words import LOSSES
from schuss.insight.explanation._symbols import Symbols, before_activation, raised
from schuss.insight.explanation._words import Curve, Words, activation_of, curve_of, filled, words_of

_UNKNOWN = Words("Computed by the operations that the layer is made of.", ())
_CONTAINER = Words("Computed by the model itself, between and after the layers within.", ())
_NAMES = 12  # of columns that are said


@dataclass
class LayerStep(Step):
    """A layer's step, and what its way back is written with.

    Attributes:
        call: the layer's call. words, curve: its rows in the tables. letters: its symbols by the letters of the tables.
        z, outputs: its quantities. weights: by their letters.
    """

    call: Call | None = None
    words: Words = _UNKNOWN
    curve: Curve | None = None
    letters: dict[str, str] = field(default_factory=dict)
    z: Quantity | None = None
    outputs: list[Quantity] = field(default_factory=list)
    weights: dict[str, Quantity] = field(default_factory=dict)
    layer_number: int = 0


def input_step(step: Recorded, symbols: Symbols, columns: Mapping[str, Sequence[str] | None]) -> Step:
    """The batch: x, y and the samples' weights. `columns`: what the columns of arrays are called, by the arrays' names."""
    made = Step("batch", "data", f"{step.rows} samples are looked at at once.")
    x_count = sum(name.startswith("x") for name in step.names)
    y_count = sum(name.startswith("y") for name in step.names)
    for number, (tensor, name) in enumerate(zip(step.graph.inputs, _names(step), strict=True)):
        if name.startswith("sample_weight"):
            key, symbol, what = f"s{number}", '"weight"', "how much each sample counts"
        elif name.startswith("y"):
            (key, symbol), what = _numbered("y", y_count, number - x_count), "what is wanted"
        else:
            (key, symbol), what = _numbered("x", x_count, number), "the data"
        named = what if name in ("x", "y", "sample_weight") else f"{what}, {name}"
        headings = columns.get(name)
        made.quantities.append(
            symbols.add(tensor, key, symbol, f"{named}: {_listed(headings)}" if headings else named)
        )
    return made


def _listed(names: Sequence[str]) -> str:
    """The names, of many the first ones."""
    more = f", … ({len(names)} in all)" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def _names(step: Recorded) -> list[str]:
    """What the arrays are called; texts have become several arrays, which have no names of their own."""
    count = len(step.graph.inputs)
    return step.names if len(step.names) == count else [f"x[{n}]" for n in range(count)]


def _numbered(letter: str, count: int, number: int) -> tuple[str, str]:
    return (letter, letter) if count == 1 else (f"{letter}_{number + 1}", f"{letter}_{number + 1}")


def layer_steps(step: Recorded, symbols: Symbols) -> list[LayerStep]:
    """One step for each call of a layer that computes something."""
    made: list[LayerStep] = []
    for call in step.calls:
        if _is_shown(step, call, symbols):
            made.append(_layer_step(step, symbols, call, len(made) + 1))
    return made


def _is_shown(step: Recorded, call: Call, symbols: Symbols) -> bool:
    if not call.children:
        return bool(call.outputs) and type(call.layer).__name__ != "InputLayer"
    if not call.own_nodes():
        return False
    return any(symbols.known(t) is None for t in call.outputs) or words_of(call.layer) is not None


def _layer_step(step: Recorded, symbols: Symbols, call: Call, number: int) -> LayerStep:
    words = words_of(call.layer) or (_CONTAINER if call.children else _UNKNOWN)
    made = LayerStep(
        call.path, type(call.layer).__name__, words.what, call=call, words=words, layer_number=number
    )
    named = curve_of(activation_of(call.layer))
    made.curve = named[1] if named else None
    made.inputs = _inputs(symbols, call, number)
    made.quantities += [q for q in made.inputs if q.key == f"x{number}" or q.key.startswith(f"x{number}.")]
    made.weights = symbols.weights_of(call, number)
    made.quantities += [q for q in made.weights.values() if q.key.endswith(str(number))]
    made.letters = {letter: q.symbol for letter, q in made.weights.items()}
    made.letters |= {"x": made.inputs[0].symbol if made.inputs else "x", "δ": raised("δ", number)}
    _name_results(step, symbols, made)
    made.formulas = _formulas(made)
    if len(made.inputs) > 1:
        made.formulas.insert(0, ",  ".join(f"x_{n} = {q.symbol}" for n, q in enumerate(made.inputs, 1)))
    if len(call.outputs) == 1 and symbols.known(call.outputs[0]) in made.inputs:
        made.note = "The numbers stay as they are."
    return made


def _inputs(symbols: Symbols, call: Call, number: int) -> list[Quantity]:
    found: list[Quantity] = []
    for position, (name, tensor) in enumerate(call.inputs, 1):
        known = symbols.known(tensor)
        if known is None:
            alone = len(call.inputs) == 1
            key = f"x{number}" if alone else f"x{number}.{position}"
            symbol = raised("x", number) if alone else raised(f"x_{position}", number)
            known = symbols.add(tensor, key, symbol, f"{name} of {call.layer.name}")
        if known not in found:
            found.append(known)
    return found


def _name_results(step: Recorded, symbols: Symbols, made: LayerStep) -> None:
    """z and a. Without an activation the layer's output is z itself, where its formula says z."""
    call, number = made.call, made.layer_number
    assert call is not None
    z = None
    if made.curve is not None and made.words is not _UNKNOWN:
        tensors = [q.tensor for q in made.weights.values() if q.tensor is not None]
        z = before_activation(call, step.nodes, tensors)
        if z is not None and z.id not in step.values:
            z = None
    if z is not None and z is not call.outputs[0]:
        made.z = symbols.add(z, f"z{number}", raised("z", number), "weighted sum, before the activation")
        made.quantities.append(made.z)
    elif made.z is None and made.curve is not None and len(made.inputs) == 1 and not made.weights:
        made.z = made.inputs[0]  # the layer is nothing but an activation
    for position, tensor in enumerate(call.outputs, 1):
        known = symbols.known(tensor)
        if known is None:
            letter = "z" if made.curve is None and any("$z" in f for f in made.words.forward) else "a"
            alone = len(call.outputs) == 1
            key = f"{letter}{number}" if alone else f"{letter}{number}.{position}"
            symbol = raised(letter if alone else f"{letter}_{position}", number)
            known = symbols.add(tensor, key, symbol, "output")
            made.quantities.append(known)
        made.outputs.append(known)
    if made.outputs:
        made.letters["a"] = made.outputs[0].symbol
    made.letters["z"] = made.z.symbol if made.z is not None else made.letters.get("a", raised("a", number))


def _formulas(made: LayerStep) -> list[str]:
    found = [filled(f, made.letters) for f in made.words.forward]
    if made.curve is not None and made.z is not None:
        value = filled(made.curve.value, made.letters)
        index = "_j" if value.startswith("{e^{") or "_j" in value else ""
        found.append(f"{made.letters['a']}{index} = {value}")
    return found


def loss_step(step: Recorded, symbols: Symbols) -> Step:
    """J, with its parts: the outputs' losses, and what regularizers add."""
    value = step.values[step.loss.id]
    made = Step(
        "loss",
        _loss_name(step.model),
        "How far the outputs are from what was wanted: one number, to be made small.",
    )
    made.inputs = [q for t in (*step.predictions, *step.labels) if (q := symbols.known(t)) is not None]
    made.formulas = _loss_formulas(step, symbols)
    penalties = [step.values[t.id] for t in step.penalties]
    made.quantities.append(symbols.add(step.loss, "J", "J", "the loss"))
    if penalties:
        total = float(sum(np.sum(p) for p in penalties))
        made.note = f"Regularizers and layers add {total:.6g} of the {float(value):.6g}."
        made.formulas.append('J = J_"outputs" + Ω')
    if step.scale is not None:
        by = float(step.values[step.scale.id]) / float(value) if value else float("nan")
        made.note += f" It is multiplied by {by:g} before it goes back, so that small gradients do not vanish; then the "
        made.note += "optimizer divides by that. The gradients below are those of the product."
        made.note = made.note.strip()
    return made


def _compiled_losses(model: Any) -> list[Any]:
    losses = model._compiled.losses
    found = losses.losses if losses is not None else None
    return [loss for loss in found or () if loss is not None]


def _loss_name(model: Any) -> str:
    return ", ".join(_class_of(loss) for loss in _compiled_losses(model)) or type(model).__name__


def _class_of(loss: Any) -> str:
    """The class whose formula the loss has: losses that are given as functions are called by these."""
    name = type(loss).__name__
    if name in LOSSES:
        return name
    function = getattr(getattr(loss, "fn", loss), "__name__", name)
    return next((c for c in LOSSES if c.lower() == function.replace("_", "")), function)


def takes_logits(loss: Any) -> bool:
    """Whether the loss is of what stands before a softmax or sigmoid, which it applies itself."""
    return bool(getattr(loss, "_fn_kwargs", {}).get("from_logits"))


def _link(loss: Any) -> str:
    if not takes_logits(loss):
        return "{}"
    return "σ({})" if "Binary" in _class_of(loss) else '"softmax"({})'


def _loss_formulas(step: Recorded, symbols: Symbols) -> list[str]:
    outputs = [symbols.known(t) for t in step.predictions]
    named = [q for q in outputs if q is not None]
    given = _compiled_losses(step.model)
    curves = [_link(loss) if len(given) == len(named) else "{}" for loss in given] or ["{}"]
    found = [
        f"ŷ = {curves[0].format(q.symbol)}" if len(named) == 1 else f"ŷ_{n} = {curve.format(q.symbol)}"
        for n, (q, curve) in enumerate(
            zip(named, curves if len(curves) == len(named) else ["{}"] * len(named)), 1
        )
    ]
    losses = [_class_of(loss) for loss in given]
    for number, name in enumerate(losses, 1):
        if name in LOSSES:
            letter = "ℓ" if len(losses) == 1 else f"ℓ_{number}"
            found.append(f"{letter} = {LOSSES[name]}")
    if len(losses) == 1:
        weighted = any(name.startswith("sample_weight") for name in step.names)
        found.append('J = {1}/{n} Σ_n "weight"_n ℓ_n' if weighted else "J = {1}/{n} Σ_n ℓ_n")
    elif losses:
        found.append("J = Σ_k λ_k {1}/{n} Σ_n ℓ_{k,n}")
    return found
