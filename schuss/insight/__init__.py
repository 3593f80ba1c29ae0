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
from schuss.insight.explanation import Explanation, explain
from schuss.insight.diagnosis import Diagnosis, Finding, Picture, diagnose
from schuss.insight.recording import Recorder

__all__ = [
    "Access",
    "Barrier",
    "Compilation",
    "Diagnosis",
    "ExplainedKernel",
    "Explanation",
    "Finding",
    "Objective",
    "Picture",
    "Place",
    "Recorder",
    "diagnose",
    "explain",
    "explain_compilation",
]
