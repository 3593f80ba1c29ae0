"""The loss around weights, as a map. In: a compiled model, data, and the path that a descent took, if there is one. Out: the
loss on a grid of a plane through the weights, pictures and pages of it. The model is left as it was."""

from schuss.insight.landscape._landscape import landscape
from schuss.insight.landscape._result import Landscape

__all__ = ["Landscape", "landscape"]
