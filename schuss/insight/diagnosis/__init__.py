"""What will go wrong in a training, or did. In: a compiled model, its data, and the curves if there are any. Out: findings,
each with its evidence, why it matters and what to try; and what a step costs. The model stays as it was.

A check is one row in a table (`_checks.py`): a function that looks at a `Case` and gives findings. The files of checks are
named for what they look at."""

from schuss.insight.diagnosis._checks import CHECKS
from schuss.insight.diagnosis._diagnose import diagnose
from schuss.insight.diagnosis._diagnosis import Diagnosis
from schuss.insight.diagnosis._finding import Finding
from schuss.insight.diagnosis._picture import Picture

__all__ = ["CHECKS", "Diagnosis", "Finding", "Picture", "diagnose"]
