"""Looking inside. In: models and functions. Out: what they became, for people and as data. Nothing below may use it."""

from schuss.insight._compilation import Compilation
from schuss.insight._explain import explain_compilation
from schuss.insight._kernels import Access, ExplainedKernel
from schuss.insight._memory import Barrier, Place

__all__ = ["Access", "Barrier", "Compilation", "ExplainedKernel", "Place", "explain_compilation"]
