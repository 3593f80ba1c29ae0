"""Graph → kernels. In: a traced graph. Out: a `Plan` of loop nests with buffers, order and memory. Knows no
machine."""

from schuss.compiler import lowering
from schuss.compiler._kernel import HostCall, Kernel, Plan, Reduction, Scan, Store
from schuss.compiler._plan import plan, work_of
from schuss.compiler._simplify import simplify

__all__ = [
    "HostCall",
    "Kernel",
    "Plan",
    "Reduction",
    "Scan",
    "Store",
    "lowering",
    "plan",
    "simplify",
    "work_of",
]
