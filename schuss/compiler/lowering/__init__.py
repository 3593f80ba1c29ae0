"""The lowering rule of every primitive: from a node to (part of) a loop nest. What has no row here runs on
the host."""

from schuss.compiler.lowering import contraction, control, elementwise, indexing, reduction, structure

__all__ = ["contraction", "control", "elementwise", "indexing", "reduction", "structure"]
