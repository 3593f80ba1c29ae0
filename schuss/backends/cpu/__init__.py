"""Plans → machine code. In: a traced graph. Out: a program whose runs go through many steps on all cores."""

from schuss.backends.cpu._program import CpuProgram, Run, compile_graph
from schuss.backends.cpu._threads import num_threads

__all__ = ["CpuProgram", "Run", "compile_graph", "num_threads"]
