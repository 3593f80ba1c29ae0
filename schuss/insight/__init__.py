"""Looking inside: learning and what it runs on, with the numbers themselves. In: models, data, functions. Out: findings for
people and as data. Nothing below may use it. One room for each question; what they share is `_objective.py`, the loss as a
function of the weights."""

from schuss.insight._objective import Objective
from schuss.insight.compilation import (
    Access,
    Barrier,
    Compilation,
    ExplainedKernel,
    Place,
    explain_compilation,
)  # fmt: skip
from schuss.insight.diagnosis import Diagnosis, Finding, Picture, diagnose
from schuss.insight.explanation import Explanation, GradientCheck, explain, gradient_check
from schuss.insight.landscape import Landscape, landscape
from schuss.insight.learning_rate import (
    Eigenvalue,
    LearningRate,
    Sweep,
    Swept,
    find_learning_rate,
    largest_eigenvalue,
    sweep,
)
from schuss.insight.recording import Recorder, Report, report

__all__ = [
    "Access",
    "Barrier",
    "Compilation",
    "Diagnosis",
    "Eigenvalue",
    "ExplainedKernel",
    "Explanation",
    "Finding",
    "GradientCheck",
    "Landscape",
    "LearningRate",
    "Objective",
    "Picture",
    "Place",
    "Recorder",
    "Report",
    "Sweep",
    "Swept",
    "diagnose",
    "explain",
    "explain_compilation",
    "find_learning_rate",
    "gradient_check",
    "landscape",
    "largest_eigenvalue",
    "report",
    "sweep",
]
