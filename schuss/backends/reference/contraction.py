"""Sums of products in NumPy: everything becomes one stack of matrix products."""

from __future__ import annotations

from math import prod

import numpy as np

from schuss.graph import primitives as p
from schuss.graph import reference_rules
from schuss.graph.primitives.contraction import AxisPairs, free_axes


def _dot_general(x: np.ndarray, y: np.ndarray, contract: AxisPairs, batch: AxisPairs) -> np.ndarray:
    x_free = free_axes(x.ndim, contract[0], batch[0])
    y_free = free_axes(y.ndim, contract[1], batch[1])
    stack = tuple(x.shape[a] for a in batch[0])
    rows, columns = tuple(x.shape[a] for a in x_free), tuple(y.shape[a] for a in y_free)
    inner = prod(x.shape[a] for a in contract[0])
    left = x.transpose((*batch[0], *x_free, *contract[0])).reshape((*stack, prod(rows), inner))
    right = y.transpose((*batch[1], *contract[1], *y_free)).reshape((*stack, inner, prod(columns)))
    return np.matmul(left, right).reshape((*stack, *rows, *columns))


reference_rules[p.dot_general_p] = _dot_general
