"""How fast: the same training in Schuss and in whatever else is installed, each in a process of its own, taking turns.

In: names of workloads. Out: a table of times per step, the ratios, and what the processor could do at most.
"""

from schuss.bench._run import run_bench
from schuss.bench._workloads import WORKLOADS

__all__ = ["WORKLOADS", "run_bench"]
