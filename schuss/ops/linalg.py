"""keras.ops.linalg: norms from primitives; decompositions by NumPy on the host, with the gradients of
matrix calculus (Giles, *Collected matrix derivative results*, 2008)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Spec, as_dtype
from schuss.graph.primitives import custom_gradient_p, host_call_p
from schuss.ops import _matrix_gradients as gradients
from schuss.ops._operands import axis_of
from schuss.ops.activations import as_float

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eigh",
    "inv",
    "logdet",
    "lstsq",
    "lu_factor",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
]


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norm of vectors (one axis) or matrices (two axes).

    Args:
        x: array; integers become floats.
        ord: vectors: None or 2 (Euclid), ±inf (largest, smallest |x|), 0 (number of nonzeros), else p in
            ``(Σ|x|ᵖ)^(1/p)``. Matrices: None or ``"fro"``, ``"nuc"``, ±1 (column sums), ±inf (row sums), ±2
            (singular values).
        axis: int, or pair of ints. None: all axes for ``ord=None``, else those of a vector or matrix.
        keepdims: keep reduced axes with size 1; default False.

    Raises:
        ValueError: `axis` or `ord` make no norm.

    Example:
        >>> from schuss import ops
        >>> float(ops.norm(ops.array([3.0, 4.0])))
        5.0
    """
    x = as_float(x)
    if axis is None:
        if ord is None:
            return _euclidean(x, tuple(range(x.ndim)), keepdims)
        if x.ndim not in (1, 2):
            raise ValueError(
                f"norm: with `ord={ord!r}` and no `axis`, x must be a vector or a matrix. "
                f"Received: x.shape={tuple(x.shape)}"
            )
        axis = tuple(range(x.ndim))
    axes = tuple(axis_of(a, x.ndim, "norm") for a in ((axis,) if isinstance(axis, int) else axis))
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ValueError(f"norm: `axis` must be an int or a pair of ints. Received: axis={axis!r}")


def _vector_norm(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    if ord is None or ord == 2:
        return _euclidean(x, axis, keepdims)
    if isinstance(ord, str):
        raise ValueError(f"norm: `ord={ord!r}` is a norm of matrices; `axis={axis}` names vectors.")
    size = ops.absolute(x)
    if ord == np.inf:
        return ops.max(size, axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return ops.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return ops.sum(ops.cast(ops.not_equal(x, 0), x.dtype), axis=axis, keepdims=keepdims)
    if ord == 1:
        return ops.sum(size, axis=axis, keepdims=keepdims)
    return ops.power(ops.sum(ops.power(size, ord), axis=axis, keepdims=keepdims), 1.0 / ord)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    rows, columns = axes
    if ord is None or ord == "fro":
        return _euclidean(x, axes, keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        along, across = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = ops.sum(ops.absolute(x), axis=along, keepdims=True)
        result = (ops.max if ord > 0 else ops.min)(sums, axis=across, keepdims=True)
    elif ord in ("nuc", 2, -2):
        reduce = {"nuc": ops.sum, 2: ops.max, -2: ops.min}[ord]
        result = reduce(svd(ops.moveaxis(x, axes, (-2, -1)), compute_uv=False), axis=-1)
        for axis in sorted(axes):
            result = ops.expand_dims(result, axis)
    else:
        raise ValueError(f"norm: unknown matrix norm `ord={ord!r}`. Known: None, 'fro', 'nuc', ±1, ±2, ±inf.")
    return result if keepdims else ops.squeeze(result, axis=axes)


def _euclidean(x: Any, axis: Any, keepdims: bool) -> Any:
    """√Σx², with gradient 0 (not NaN) at the zero vector."""
    total = ops.sum(ops.square(x), axis=axis, keepdims=keepdims)
    zero = ops.equal(total, 0)
    return ops.where(zero, ops.zeros_like(total), ops.sqrt(ops.where(zero, ops.ones_like(total), total)))


def cholesky(x: Any, upper: bool = False) -> Any:
    """L with ``L Lᵀ = x`` (its transpose if `upper`), for symmetric positive-definite matrices x [..., n, n].

    Raises:
        ValueError: x is not square, or not positive-definite.
    """
    x = _square("cholesky", x)
    factor = _on_host(np.linalg.cholesky, [(x.shape, x.dtype)], x, gradient=gradients.cholesky)[0]
    return ops.swapaxes(factor, -2, -1) if upper else factor


def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """The inverse of A, given its Cholesky factor x [..., n, n]: ``A = x xᵀ`` (``xᵀ x`` if `upper`)."""
    x = inv(_square("cholesky_inverse", x))
    transposed = ops.swapaxes(x, -2, -1)
    return ops.matmul(x, transposed) if upper else ops.matmul(transposed, x)


def det(x: Any) -> Any:
    """Determinants of matrices x [..., n, n]."""
    x = _square("det", x)
    return _on_host(np.linalg.det, [(x.shape[:-2], x.dtype)], x, gradient=gradients.det)[0]


def slogdet(x: Any) -> tuple[Any, Any]:
    """Sign and log of the absolute value of the determinants of x [..., n, n]."""
    x = _square("slogdet", x)
    spec = (x.shape[:-2], x.dtype)
    sign, log = _on_host(np.linalg.slogdet, [spec, spec], x, gradient=gradients.slogdet)
    return sign, log


def logdet(x: Any) -> Any:
    """log of the determinants of positive-definite matrices x [..., n, n]."""
    return slogdet(x)[1]


def eigh(x: Any) -> tuple[Any, Any]:
    """Eigenvalues (ascending) [..., n] and eigenvectors (columns) [..., n, n] of symmetric matrices x."""
    x = _square("eigh", x)
    specs = [(x.shape[:-1], x.dtype), (x.shape, x.dtype)]
    values, vectors = _on_host(np.linalg.eigh, specs, x, gradient=gradients.eigh)
    return values, vectors


def inv(x: Any) -> Any:
    """Inverses of matrices x [..., n, n].

    Raises:
        ValueError: x is not square, or singular.
    """
    x = _square("inv", x)
    return _on_host(np.linalg.inv, [(x.shape, x.dtype)], x, gradient=gradients.inv)[0]


def pinv(x: Any, rcond: float | None = None) -> Any:
    """Moore-Penrose pseudo-inverses of matrices x [..., m, n].

    Args:
        x: matrices. rcond: singular values below rcond times the largest count as zero; default: NumPy's.
    """
    x = _matrices("pinv", x)
    shape = (*x.shape[:-2], x.shape[-1], x.shape[-2])
    extra = () if rcond is None else (ops.cast(rcond, x.dtype),)
    return _on_host(np.linalg.pinv, [(shape, x.dtype)], x, *extra, gradient=gradients.pinv)[0]


def matrix_rank(x: Any, tol: float | None = None) -> Any:
    """Ranks of matrices x [..., m, n], int32: how many singular values are above `tol` (default: NumPy's)."""
    x = _matrices("matrix_rank", x)
    extra = () if tol is None else (ops.cast(tol, x.dtype),)
    return _on_host(np.linalg.matrix_rank, [(x.shape[:-2], as_dtype("int32"))], x, *extra)[0]


def lu_factor(x: Any) -> tuple[Any, Any]:
    """LU decomposition with partial pivoting: (L below and U on and above the diagonal [..., m, n], pivots
    int32)."""
    x = _matrices("lu_factor", x)
    pivots = (*x.shape[:-2], min(x.shape[-2:]))
    lu, p = _on_host(_lu_factor, [(x.shape, x.dtype), (pivots, as_dtype("int32"))], x)
    return lu, p


def qr(x: Any, mode: str = "reduced") -> tuple[Any, Any]:
    """Q with orthonormal columns and R upper triangular, ``Q R = x`` [..., m, n].

    Args:
        x: matrices. mode: ``"reduced"`` or ``"complete"``.

    Raises:
        ValueError: unknown mode.
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(
            f"`mode` argument value not supported. Expected one of {{'reduced', 'complete'}}. Received: "
            f"mode={mode}"
        )
    x = _matrices("qr", x)
    *batch, m, n = x.shape
    k = m if mode == "complete" else min(m, n)
    function = _qr_complete if mode == "complete" else np.linalg.qr
    gradient = gradients.qr if k == min(m, n) else None
    q, r = _on_host(function, [((*batch, m, k), x.dtype), ((*batch, k, n), x.dtype)], x, gradient=gradient)
    return q, r


def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular values s (descending), with U and Vᵀ: ``x = U diag(s) Vᵀ`` [..., m, n].

    Args:
        x: matrices. full_matrices: square U and Vᵀ; default True. compute_uv: default True; else only s.

    Gradients flow through min(m, n) columns of U and rows of Vᵀ; what makes them square is held constant.

    Returns:
        ``(U, s, Vᵀ)``, or s.
    """
    x = _matrices("svd", x)
    *batch, m, n = x.shape
    k = min(m, n)
    s = ((*batch, k), x.dtype)
    if not compute_uv:
        return _on_host(_singular_values, [s], x, gradient=gradients.singular_values)[0]
    u, v = ((m, m), (n, n)) if full_matrices else ((m, k), (k, n))
    function = np.linalg.svd if full_matrices else _svd_reduced
    specs = [((*batch, *u), x.dtype), s, ((*batch, *v), x.dtype)]
    return tuple(_on_host(function, specs, x, gradient=gradients.svd))


def solve(a: Any, b: Any) -> Any:
    """x with ``a x = b``.

    Args:
        a: [..., n, n]. b: [..., n] (as many axes as a, less one) or [..., n, k].

    Raises:
        ValueError: shapes do not fit, or `a` is singular.
    """
    return _solve("solve", np.linalg.solve, a, b)


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """x with ``a x = b`` for triangular a.

    Args:
        a: [..., n, n], whose other triangle is not looked at. b: [..., n] or [..., n, k].
        lower: which triangle; default: upper.
    """
    a = _square("solve_triangular", a)
    return _solve("solve_triangular", np.linalg.solve, ops.tril(a) if lower else ops.triu(a), b)


def _solve(name: str, function: Callable[..., Any], a: Any, b: Any) -> Any:
    a, b = _square(name, a), as_float(b)
    vector = b.ndim == a.ndim - 1
    columns = ops.expand_dims(b, -1) if vector else b
    if columns.ndim < 2 or columns.shape[-2] != a.shape[-1]:
        raise ValueError(
            f"{name}: shapes of `a` and `b` do not fit. Received: a.shape={tuple(a.shape)}, "
            f"b.shape={tuple(b.shape)}"
        )
    batch = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    spec = ((*batch, *columns.shape[-2:]), a.dtype)
    x = _on_host(function, [spec], a, ops.cast(columns, a.dtype), gradient=gradients.solve)[0]
    return ops.squeeze(x, axis=-1) if vector else x


def lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    """x of least ``‖a x − b‖``.

    Args:
        a: [m, n]. b: [m] or [m, k]. rcond: singular values below rcond times the largest count as zero.

    Returns:
        [n] or [n, k].
    """
    a, b = _matrices("lstsq", a), as_float(b)
    shape = (a.shape[1], *b.shape[1:])
    extra = () if rcond is None else (ops.cast(rcond, a.dtype),)
    return _on_host(_lstsq, [(shape, a.dtype)], a, ops.cast(b, a.dtype), *extra, gradient=gradients.lstsq)[0]


def _on_host(
    function: Callable[..., Any],
    specs: Sequence[tuple[Sequence[int], Any]],
    *operands: Any,
    gradient: Callable[..., Any] | None = None,
) -> list[Any]:
    """The results of a NumPy function, of the given shapes and dtypes.

    `gradient`, ``(operands, results, dresults) -> [doperand, …]``, says how gradients flow; without it they cannot.
    """
    wanted = tuple(Spec(tuple(shape), as_dtype(dtype)) for shape, dtype in specs)
    computed = host_call_p.bind(*operands, function=_Explained(function), specs=wanted)
    if gradient is None:
        return computed
    results: list[Any] = []

    def backward(*dresults: Any) -> list[Any]:
        return gradient(operands, results, dresults)

    results += custom_gradient_p.bind(*operands, *computed, n=len(operands), gradient=backward)
    return results


class _Explained:
    """A NumPy function whose failures say what failed. Equal functions are equal, so that programs can be
    compared."""

    def __init__(self, function: Callable[..., Any]):
        self.function, self.__name__ = function, function.__name__.lstrip("_")

    def __call__(self, *arrays: np.ndarray) -> Any:
        try:
            return self.function(*arrays)
        except np.linalg.LinAlgError as error:
            shapes = ", ".join(str(a.shape) for a in arrays)
            raise ValueError(f"{self.__name__} failed on matrices of shape {shapes}: {error}") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Explained) and self.function == other.function

    def __hash__(self) -> int:
        return hash(self.function)


def _qr_complete(x: np.ndarray) -> Any:
    return np.linalg.qr(x, mode="complete")


def _svd_reduced(x: np.ndarray) -> Any:
    return np.linalg.svd(x, full_matrices=False)


def _singular_values(x: np.ndarray) -> np.ndarray:
    return np.linalg.svd(x, compute_uv=False)


def _lstsq(a: np.ndarray, b: np.ndarray, rcond: np.ndarray | None = None) -> np.ndarray:
    return np.linalg.lstsq(a, b, rcond=None if rcond is None else float(rcond))[0]


def _lu_factor(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian elimination; pivots[i] is the row that was exchanged with row i (LAPACK's convention, from
    0)."""
    lu = np.array(x)
    steps = min(x.shape[-2:])
    pivots = np.zeros((*x.shape[:-2], steps), "int32")
    for at in np.ndindex(*x.shape[:-2]):
        a = lu[at]
        for i in range(steps):
            p = i + int(np.argmax(np.abs(a[i:, i])))
            pivots[(*at, i)] = p
            if p != i:
                a[[i, p]] = a[[p, i]]
            if a[i, i] != 0:
                a[i + 1 :, i] /= a[i, i]
                a[i + 1 :, i + 1 :] -= np.outer(a[i + 1 :, i], a[i, i + 1 :])
    return lu, pivots


def _matrices(name: str, x: Any) -> Any:
    x = as_float(x)
    if x.ndim < 2:
        raise ValueError(f"{name}: expected matrices [..., m, n]. Received: x.shape={tuple(x.shape)}")
    return ops.cast(x, "float32") if x.dtype == np.float16 else x


def _square(name: str, x: Any) -> Any:
    x = _matrices(name, x)
    if x.shape[-1] != x.shape[-2]:
        raise ValueError(
            f"{name}: Expected a square matrix. Received non-square input with shape {tuple(x.shape)}"
        )
    return x
