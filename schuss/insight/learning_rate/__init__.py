"""The learning rate by experiment. In: a compiled model and its data. Out: the rate to train with, up to which rate descent
is stable, and why; and, of several rates, how each of them went. The model is left as it was."""

from schuss.insight.learning_rate._curvature import Eigenvalue, largest_eigenvalue
from schuss.insight.learning_rate._find import find_learning_rate, rate_for_fit
from schuss.insight.learning_rate._result import LearningRate
from schuss.insight.learning_rate._sweep import sweep
from schuss.insight.learning_rate._swept import Sweep, Swept

__all__ = [
    "Eigenvalue",
    "LearningRate",
    "Sweep",
    "Swept",
    "find_learning_rate",
    "largest_eigenvalue",
    "rate_for_fit",
    "sweep",
]
