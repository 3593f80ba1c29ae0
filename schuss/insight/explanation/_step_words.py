"""The formulas of losses and of optimizers: one row for each class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LOSSES = {
    "MeanSquaredError": '"mean"((y − ŷ)^2)',
    "HalfMeanSquaredError": '{1}/{2} "mean"((y − ŷ)^2)',
    "MeanAbsoluteError": '"mean" |y − ŷ|',
    "MeanAbsolutePercentageError": '100 "mean" |{y − ŷ}/{y}|',
    "MeanSquaredLogarithmicError": '"mean"((log(1 + y) − log(1 + ŷ))^2)',
    "Huber": '"mean"({1}/{2} (y − ŷ)^2" where "|y − ŷ| ≤ d", else "d |y − ŷ| − {d^2}/{2})',
    "LogCosh": '"mean" log cosh(ŷ − y)',
    "CosineSimilarity": "−{Σ_j y_j ŷ_j}/{‖y‖ ‖ŷ‖}",
    "BinaryCrossentropy": '−"mean"(y log ŷ + (1 − y) log(1 − ŷ))',
    "BinaryFocalCrossentropy": '−"mean"((1 − p)^γ log p),  p = ŷ" where "y = 1", else "1 − ŷ',
    "CategoricalCrossentropy": "−Σ_j y_j log ŷ_j",
    "CategoricalFocalCrossentropy": "−Σ_j y_j (1 − ŷ_j)^γ log ŷ_j",
    "SparseCategoricalCrossentropy": "−log ŷ_y",
    "CategoricalGeneralizedCrossEntropy": "{1 − ŷ_y^q}/{q}",
    "KLDivergence": "Σ_j y_j log {y_j}/{ŷ_j}",
    "Poisson": '"mean"(ŷ − y log ŷ)',
    "Hinge": '"mean max"(0, 1 − y ŷ)',
    "SquaredHinge": '"mean"("max"(0, 1 − y ŷ)^2)',
    "CategoricalHinge": '"max"(0, 1 + "max"_{j ≠ y} ŷ_j − ŷ_y)',
    "Dice": "1 − {2 Σ y ŷ}/{Σ y + Σ ŷ}",
    "Tversky": "1 − {Σ y ŷ}/{Σ y ŷ + α Σ (1 − y) ŷ + β Σ y (1 − ŷ)}",
    "CTC": '−log "P"(y | ŷ)',
}
"""ℓ, the loss of a sample. J is the mean over the batch."""


@dataclass(frozen=True)
class Rule:
    """How an optimizer changes a weight.

    Attributes:
        formulas: in their order. slots: the letters of the variables that it keeps for a weight, by their names.
        numbers: the letters of its settings, and the attributes where they are found.
    """

    formulas: tuple[str, ...]
    slots: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)


_BETAS = {"β_1": "beta_1", "β_2": "beta_2", "ε": "epsilon"}
_MOMENTS = ("m ← β_1 m + (1 − β_1) g", "v ← β_2 v + (1 − β_2) g^2")
_HATS = ("m̂ = {m}/{1 − β_1^t},  v̂ = {v}/{1 − β_2^t}",)
_ADAM = Rule(
    (*_MOMENTS, *_HATS, "w ← w − α {√{1 − β_2^t}}/{1 − β_1^t} {m}/{√{v} + ε}  ≈  w − α {m̂}/{√{v̂} + ε}"),
    {"momentum": "m", "velocity": "v", "velocity_hat": '"largest "v'},
    _BETAS,
)

OPTIMIZERS: dict[str, Rule] = {
    "SGD": Rule(("w ← w − α g",)),
    "Adam": _ADAM,
    "AdamW": Rule(("w ← w − α λ w", *_ADAM.formulas), _ADAM.slots, {**_BETAS, "λ": "weight_decay"}),
    "Adamax": Rule(
        (_MOMENTS[0], 'u ← "max"(β_2 u, |g|)', "w ← w − {α}/{1 − β_1^t} {m}/{u + ε}"),
        {"momentum": "m", "norm": "u"},
        _BETAS,
    ),
    "Nadam": Rule(
        (
            *_MOMENTS,
            "m̂ = {μ_{t+1} m}/{1 − Π_{t+1}} + {(1 − μ_t) g}/{1 − Π_t}",
            "v̂ = {v}/{1 − β_2^t}",
            "w ← w − α {m̂}/{√{v̂} + ε}",
        ),
        {"momentum": "m", "velocity": "v"},
        _BETAS,
    ),
    "RMSprop": Rule(
        ("v ← ρ v + (1 − ρ) g^2", "w ← w − α {g}/{√{v + ε}}"),
        {"velocity": "v", "momentum": "m", "average_gradient": "ĝ"},
        {"ρ": "rho", "ε": "epsilon", "μ": "momentum"},
    ),
    "Adagrad": Rule(("s ← s + g^2", "w ← w − α {g}/{√{s + ε}}"), {"accumulator": "s"}, {"ε": "epsilon"}),
    "Adadelta": Rule(
        ("s ← ρ s + (1 − ρ) g^2", "Δ = −{√{d + ε}}/{√{s + ε}} g", "d ← ρ d + (1 − ρ) Δ^2", "w ← w + α Δ"),
        {"accumulated_grad": "s", "accumulated_delta_var": "d"},
        {"ρ": "rho", "ε": "epsilon"},
    ),
    "Ftrl": Rule(
        ("n′ = n + g^2", "l ← l + g − {n′^{−p} − n^{−p}}/{α} w", 'w ← {"clip"(l, −λ_1, λ_1) − l}/{{n′^{−p}}/{α} + 2 λ_2}'),
        {"accumulator": "n", "linear": "l"},
        {"p": "learning_rate_power", "λ_1": "l1_regularization_strength", "λ_2": "l2_regularization_strength"},
    ),
    "Lamb": Rule(
        (*_MOMENTS, *_HATS, "r = {m̂}/{√{v̂} + ε}", "w ← w − α {‖w‖}/{‖r‖} r"),
        {"momentum": "m", "velocity": "v"},
        _BETAS,
    ),
    "Lion": Rule(
        ('w ← w − α "sign"(β_1 m + (1 − β_1) g)', "m ← β_2 m + (1 − β_2) g"),
        {"momentum": "m"},
        {"β_1": "beta_1", "β_2": "beta_2"},
    ),
    "Adafactor": Rule(
        (
            'R ← β R + (1 − β) "mean of columns"(g^2 + ε_1)',
            'C ← β C + (1 − β) "mean of rows"(g^2 + ε_1)',
            'V = {R C^T}/{"mean"(R)},  û = {g}/{√{V}}", clipped"',
            "w ← w − α′ û",
        ),
        {"row": "R", "col": "C", "velocity": "V"},
    ),
    "Muon": Rule(("M ← μ M + g", 'w ← w − α s "orthogonal"(g + μ M)'), {"momentum": "M"}, {"μ": "momentum"}),
    "ScheduleFreeAdamW": Rule(
        (
            "v ← v + (1 − β_2)(g^2 − v)",
            "z′ = z − α_t {g}/{√{{v}/{1 − β_2^t}} + ε}",
            "x′ = (1 − {1}/{t}) x + {z′}/{t}",
            "w ← (1 − β_1) z′ + β_1 x′",
        ),
        {"momentum": "z", "velocity": "v"},
        _BETAS,
    ),
}  # fmt: skip
"""Updates of a weight w with the gradient g, the rate α, in step t."""

_MOMENTUM = Rule(("v ← μ v − α g", "w ← w + v"), {"momentum": "v"}, {"μ": "momentum"})
_NESTEROV = Rule(("v ← μ v − α g", "w ← w + μ v − α g"), {"momentum": "v"}, {"μ": "momentum"})
_CENTERED = ("v ← ρ v + (1 − ρ) g^2", "ĝ ← ρ ĝ + (1 − ρ) g", "Δ = {α g}/{√{v − ĝ^2 + ε}}")
_UNKNOWN = Rule(('w ← "update_step"(w, g, α)',))


def rule_of(optimizer: Any) -> Rule:
    """The optimizer's row; what its settings add stands before (clipping, decay) and after it (averages)."""
    rule = _named(optimizer)
    before, numbers = [], dict(rule.numbers)
    if optimizer.loss_scale_factor is not None:
        before.append("g ← {g}/{s}")
        numbers["s"] = "loss_scale_factor"
    for attribute, letter, text in (
        ("clipnorm", "c", 'g ← g "min"(1, {c}/{‖g‖})'),
        ("global_clipnorm", "c", 'g ← g "min"(1, {c}/{‖"all "g‖})'),
        ("clipvalue", "c", 'g ← "min"("max"(g, −c), c)'),
        ("weight_decay", "λ", "w ← w − α λ w"),
    ):
        if getattr(optimizer, attribute, None) is not None and text not in rule.formulas:
            before.append(text)
            numbers[letter] = attribute
    return Rule((*before, *rule.formulas), rule.slots, numbers)


def _named(optimizer: Any) -> Rule:
    name = next(
        (c.__name__ for c in type(optimizer).__mro__ if c.__name__ in OPTIMIZERS or "update_step" in vars(c)),
        "",
    )
    if name == "SGD" and optimizer.momentum:
        return _NESTEROV if optimizer.nesterov else _MOMENTUM
    rule = OPTIMIZERS.get(name, _UNKNOWN)
    if name == "RMSprop" and (optimizer.centered or optimizer.momentum):
        steps = [*_CENTERED] if optimizer.centered else [rule.formulas[0], "Δ = {α g}/{√{v + ε}}"]
        moves = ["m ← μ m + Δ", "w ← w − m"] if optimizer.momentum else ["w ← w − Δ"]
        return Rule((*steps, *moves), rule.slots, rule.numbers)
    return rule
