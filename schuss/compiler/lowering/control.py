"""Lowering of loops: kernels of the body, in a loop."""

from __future__ import annotations

from schuss.compiler._context import Looping
from schuss.graph import PRIMITIVES, lowering_rules

lowering_rules[PRIMITIVES["scan"]] = Looping()
