"""Graph → kernels. In: a traced graph. Out: a `Plan` of loop nests with buffers, order and memory. Knows no
machine."""

from schuss.compiler import lowering
from schuss.compiler._kernel import HostCall, Kernel, Plan, Reduction, Scan, Store
from schuss.compiler._plan import plan, work_of
from schuss.compiler._simplify import simplify
from schuss.compiler._structure import structure_of, structure_of_plan

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
    "structure_of",
    "structure_of_plan",
    "work_of",
]
