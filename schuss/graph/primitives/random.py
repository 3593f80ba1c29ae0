"""Random bits as a pure function of a key and a place."""

from __future__ import annotations

import numpy as np

from schuss.graph._primitive import Primitive, shape_rules
from schuss.graph._tensor import Spec
from schuss.graph.primitives._checks import fail

random_bits_p = Primitive("random_bits")


def _random_bits(key: Spec, shape: tuple[int, ...]) -> Spec:
    if key != Spec((2,), np.dtype("uint32")):
        raise fail(random_bits_p, "the key must be uint32[2]", key)
    return Spec(tuple(shape), np.dtype("uint32"))


shape_rules[random_bits_p] = _random_bits
