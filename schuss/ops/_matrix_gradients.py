"""Gradients of matrix functions: ``(operands, results, dresults) -> [doperand, …]``, for stacks of matrices.

Sources: Giles, *Collected matrix derivative results for forward and reverse mode algorithmic differentiation*
(2008); Murray, *Differentiation of the Cholesky decomposition* (2016); Golub and Pereyra, *The differentiation of
pseudo-inverses* (1973); Townsend, *Differentiating the singular value decomposition* (2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss import ops

Values = Sequence[Any]


def _t(x: Any) -> Any:
    return ops.swapaxes(x, -2, -1)


def _product(*factors: Any) -> Any:
    result = factors[0]
    for factor in factors[1:]:
        result = ops.matmul(result, factor)
    return result


def _unit(n: int, dtype: Any) -> np.ndarray:
    return np.eye(n, dtype=dtype)


def _lower(x: Any, diagonal: float) -> Any:
    """x below its diagonal, 0 above, and `diagonal` times x on it."""
    n = x.shape[-1]
    return ops.multiply(x, (np.tri(n, k=-1) + diagonal * np.eye(n)).astype(x.dtype))


def _diagonal(x: Any) -> Any:
    """Vectors [..., n] as diagonal matrices."""
    return ops.multiply(ops.expand_dims(x, -1), _unit(x.shape[-1], x.dtype))


def _columns(x: Any) -> Any:
    """What multiplies the columns of a matrix."""
    return ops.expand_dims(x, -2)


def _summed(x: Any, shape: Sequence[int]) -> Any:
    """x summed over the stack axes along which an operand of `shape` was repeated."""
    lead = x.ndim - len(shape)
    x = ops.sum(x, axis=tuple(range(lead))) if lead else x
    axes = tuple(a for a, n in enumerate(shape) if n == 1 and x.shape[a] != 1)
    return ops.sum(x, axis=axes, keepdims=True) if axes else x


def inv(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """``y = x⁻¹``: ``dx = −yᵀ dy yᵀ``."""
    y = _t(results[0])
    return [ops.negative(_product(y, dresults[0], y))]


def det(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """``dx = dy y x⁻ᵀ``."""
    weight = ops.multiply(dresults[0], results[0])
    return [ops.multiply(weight[..., None, None], _t(ops.inv(operands[0])))]


def slogdet(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """``dx = d(log|det x|) x⁻ᵀ``; the sign does not move."""
    return [ops.multiply(dresults[1][..., None, None], _t(ops.inv(operands[0])))]


def solve(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """``x = a⁻¹ b``: ``db = a⁻ᵀ dx``, ``da = −db xᵀ``."""
    (a, b), (x,) = operands, results
    db = ops.solve(ops.broadcast_to(_t(a), (*x.shape[:-2], *a.shape[-2:])), dresults[0])
    return [_summed(ops.negative(_product(db, _t(x))), a.shape), _summed(db, b.shape)]


def cholesky(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """``x = L Lᵀ``: ``dx = L⁻ᵀ Φ(Lᵀ dL) L⁻¹``, made symmetric; Φ keeps the lower triangle and half the diagonal."""
    factor = results[0]
    inverse = ops.inv(factor)
    dx = _product(_t(inverse), _lower(_product(_t(factor), dresults[0]), 0.5), inverse)
    return [ops.multiply(ops.add(dx, _t(dx)), 0.5)]


def eigh(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """``x = V diag(w) Vᵀ``: ``dx = V (diag(dw) + F ∘ (Vᵀ dV)) Vᵀ``, ``F_ij = 1 / (w_j − w_i)``.

    Only the lower triangle of x is looked at, so that it gets the whole gradient.
    """
    (w, v), (dw, dv) = results, dresults
    inner = ops.add(_diagonal(dw), ops.multiply(_reciprocal_gaps(w), _product(_t(v), dv)))
    dx = _product(v, inner, _t(v))
    return [_lower(ops.add(dx, _t(dx)), 0.5)]


def _reciprocal_gaps(values: Any) -> Any:
    """``F_ij = 1 / (values_j − values_i)``, 0 on the diagonal and where two are equal."""
    gaps = ops.subtract(ops.expand_dims(values, -2), ops.expand_dims(values, -1))
    equal = ops.equal(gaps, 0)
    return ops.where(equal, ops.zeros_like(gaps), ops.reciprocal(ops.where(equal, ops.ones_like(gaps), gaps)))


def svd(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """``x = U diag(s) Vᵀ``.

    ``dx = U ((F ∘ (Uᵀ dU − dUᵀ U)) S + S (F ∘ (Vᵀ dV − dVᵀ V)) + diag(ds)) Vᵀ
    + (1 − U Uᵀ) dU S⁻¹ Vᵀ + U S⁻¹ dVᵀ (1 − V Vᵀ)`` with ``F_ij = 1 / (s_j² − s_i²)``.
    """
    s, ds = results[1], dresults[1]
    k = s.shape[-1]
    u, du = results[0][..., :k], dresults[0][..., :k]
    v, dv = _t(results[2])[..., :k], _t(dresults[2])[..., :k]
    gaps = _reciprocal_gaps(ops.square(s))
    inner = _diagonal(ds)
    for w, dw, left in ((u, du, False), (v, dv, True)):
        turn = _product(_t(w), dw)
        turn = ops.multiply(gaps, ops.subtract(turn, _t(turn)))
        inner = ops.add(inner, ops.multiply(ops.expand_dims(s, -1) if left else _columns(s), turn))
    dx = _product(u, inner, _t(v))
    outside_u = ops.subtract(du, _product(u, _t(u), du))
    outside_v = ops.subtract(dv, _product(v, _t(v), dv))
    dx = ops.add(dx, _product(ops.divide(outside_u, _columns(s)), _t(v)))
    return [ops.add(dx, _product(u, _t(ops.divide(outside_v, _columns(s)))))]


def singular_values(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """``dx = U diag(ds) Vᵀ``."""
    u, _, vt = ops.svd(operands[0], full_matrices=False)
    return [_product(ops.multiply(u, _columns(dresults[0])), vt)]


def qr(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """``x = Q R``: ``dx = (dQ + Q C(R dRᵀ − dQᵀ Q)) R⁻ᵀ``; C copies the lower triangle to the upper one.

    Where x is wider than high, ``x = Q (R₁ R₂)``: its left square is as above, and the rest is Q R₂.
    """
    (q, r), (dq, dr) = results, dresults
    m, n = q.shape[-2], r.shape[-1]
    wide = _product(q, dr[..., m:]) if n > m else None
    if wide is not None:
        dq = ops.add(dq, _product(operands[0][..., m:], _t(dr[..., m:])))
        r, dr = r[..., :m], dr[..., :m]
    inner = ops.subtract(_product(r, _t(dr)), _product(_t(dq), q))
    inner = ops.add(_lower(inner, 1.0), _t(_lower(inner, 0.0)))
    dx = _t(ops.solve(r, _t(ops.add(dq, _product(q, inner)))))
    return [dx if wide is None else ops.concatenate([dx, wide], axis=-1)]


def _pinv(a: Any, p: Any, dp: Any) -> Any:
    """``p = a⁺``: ``da = −pᵀ dp pᵀ + (1 − a p) dpᵀ p pᵀ + pᵀ p dpᵀ (1 − p a)``."""
    left = _product(_t(dp), p, _t(p))
    right = _product(_t(p), p, _t(dp))
    da = ops.subtract(ops.add(left, right), _product(_t(p), dp, _t(p)))
    return ops.subtract(da, ops.add(_product(a, p, left), _product(right, p, a)))


def pinv(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """See `_pinv`; the limit on singular values gets nothing."""
    return [_pinv(operands[0], results[0], dresults[0]), *(None for _ in operands[1:])]


def lstsq(operands: Values, results: Values, dresults: Values) -> list[Any]:
    """``x = a⁺ b``: ``db = a⁺ᵀ dx``, and ``d(a⁺) = dx bᵀ``."""
    a, b, *limit = operands
    p = ops.pinv(a, *limit)
    vector = b.ndim == 1
    dx, columns = (x[:, None] if vector else x for x in (dresults[0], b))
    db = _product(_t(p), dx)
    return [_pinv(a, p, _product(dx, _t(columns))), db[:, 0] if vector else db, *(None for _ in limit)]
