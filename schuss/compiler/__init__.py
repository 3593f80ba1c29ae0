"""Graph → kernels. In: a traced graph. Out: a `Plan` of loop nests with buffers, order and memory. Knows no
machine."""

from schuss.compiler import lowering
from schuss.compiler._kernel import HostCall, Kernel, Loop, Plan, Reduction, Scan, Step, Store
from schuss.compiler._plan import plan, work_of
from schuss.compiler._simplify import simplify
from schuss.compiler._structure import structure_of, structure_of_graph, structure_of_plan

__all__ = [
    "HostCall",
    "Kernel",
    "Loop",
    "Plan",
    "Reduction",
    "Scan",
    "Step",
    "Store",
    "lowering",
    "plan",
    "simplify",
    "structure_of",
    "structure_of_graph",
    "structure_of_plan",
    "work_of",
]
