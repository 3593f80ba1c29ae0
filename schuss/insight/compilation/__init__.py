"""What a program became. In: a model or a function. Out: its kernels, barriers and memory, for people and as data."""

from schuss.insight.compilation._compilation import Compilation
from schuss.insight.compilation._explain import explain_compilation
from schuss.insight.compilation._kernels import Access, ExplainedKernel
from schuss.insight.compilation._memory import Barrier, Place

__all__ = ["Access", "Barrier", "Compilation", "ExplainedKernel", "Place", "explain_compilation"]
