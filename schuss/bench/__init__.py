"""How fast: where the time of a model's step goes; and the same training in Schuss and in whatever else is installed,
each in a process of its own, taking turns.

In: a model and data, or names of workloads. Out: times of kernels or of steps, ratios, and what the processor could do
at most.
"""

from schuss.bench._profile import Profile, profile, profile_workload
from schuss.bench._report import Report
from schuss.bench._run import run_bench
from schuss.bench._workloads import WORKLOADS

__all__ = ["WORKLOADS", "Profile", "Report", "profile", "profile_workload", "run_bench"]
