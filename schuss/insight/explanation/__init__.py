"""One step of learning with its numbers. In: a compiled model and a batch. Out: an `Explanation`, which prints, is a page
and is data; and, of `gradient_check`, backpropagation beside finite differences. The model stays as it is."""

from schuss.insight.explanation._check import CheckedElement, CheckedWeight, GradientCheck, gradient_check
from schuss.insight.explanation._explain import explain
from schuss.insight.explanation._explanation import Explanation, Outcome, Quantity, Step

__all__ = [
    "CheckedElement",
    "CheckedWeight",
    "Explanation",
    "GradientCheck",
    "Outcome",
    "Quantity",
    "Step",
    "explain",
    "gradient_check",
]
