"""Plans → machine code. In: a traced graph. Out: a program whose runs go through many steps on all cores."""

from schuss.backends.cpu._object_cache import clear as clear_object_cache
from schuss.backends.cpu._object_cache import info as object_cache_info
from schuss.backends.cpu._program import CpuProgram, Run, compile_graph
from schuss.backends.cpu._threads import num_threads

__all__ = ["CpuProgram", "Run", "clear_object_cache", "compile_graph", "num_threads", "object_cache_info"]
