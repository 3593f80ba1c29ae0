"""``tf.linalg``: TensorFlow's signatures over `schuss.ops`."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops
from schuss.compat._eager import eager, to_tensor
from schuss.compat.tf.math import l2_normalize, operands

__all__ = [
    "cholesky", "det", "diag", "diag_part", "einsum", "eye", "inv", "l2_normalize", "matmul",
    "matrix_transpose", "matvec", "norm", "pinv", "qr", "solve", "svd", "tensordot", "trace",
]  # fmt: skip


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    name: Any = None,
) -> Any:
    """The product of matrices (or stacks of them), each transposed on request."""
    a, b = operands(a, b)
    a = matrix_transpose(a) if transpose_a or adjoint_a else a
    b = matrix_transpose(b) if transpose_b or adjoint_b else b
    if len(a.shape) < 2 or len(b.shape) < 2:
        raise ValueError(
            f"matmul: shapes must have at least 2 axes, got {tuple(a.shape)} and {tuple(b.shape)}. For "
            "vectors use tf.linalg.matvec or tf.tensordot."
        )
    return eager(ops.matmul(a, b))


def matvec(a: Any, b: Any, transpose_a: bool = False, name: Any = None) -> Any:
    """The product of a matrix and a vector."""
    a, b = operands(a, b)
    a = matrix_transpose(a) if transpose_a else a
    return eager(ops.squeeze(ops.matmul(a, ops.expand_dims(b, -1)), -1))


def matrix_transpose(a: Any, name: Any = None, conjugate: bool = False) -> Any:
    """The last two axes exchanged."""
    return eager(ops.swapaxes(to_tensor(a), -1, -2))


def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None, name: Any = None
) -> Any:
    """A norm over `axis`, over everything by default."""
    x = to_tensor(tensor)
    axis = tuple(axis) if isinstance(axis, list) else axis
    if ord == "euclidean" or (axis is None and ord == 2):
        return eager(ops.sqrt(ops.sum(ops.square(x), axis=axis, keepdims=bool(keepdims))))
    if axis is None:
        flat = ops.norm(ops.reshape(x, [-1]), ord=ord)
        return eager(ops.reshape(flat, [1] * len(x.shape)) if keepdims else flat)
    return eager(ops.norm(x, ord="fro" if ord == "fro" else ord, axis=axis, keepdims=bool(keepdims)))


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """Einstein's sum."""
    return eager(ops.einsum(equation, *map(to_tensor, inputs)))


def tensordot(a: Any, b: Any, axes: Any, name: Any = None) -> Any:
    """Products summed over `axes`: the last n of a with the first n of b, or two lists."""
    a, b = operands(a, b)
    axes = axes if isinstance(axes, int) else tuple(np.atleast_1d(np.asarray(x)).tolist() for x in axes)
    return eager(ops.tensordot(a, b, axes))


def eye(
    num_rows: int, num_columns: Any = None, batch_shape: Any = None, dtype: Any = "float32", name: Any = None
) -> Any:
    """The identity matrix."""
    matrix = ops.eye(int(num_rows), None if num_columns is None else int(num_columns), dtype=dtype)
    if batch_shape is not None:
        matrix = ops.broadcast_to(matrix, (*(int(n) for n in batch_shape), *matrix.shape))
    return eager(matrix)


def diag(diagonal: Any, name: Any = None, k: int = 0) -> Any:
    """A matrix with this diagonal, for each vector of a stack."""
    x = to_tensor(diagonal)
    if len(x.shape) == 1:
        return eager(ops.diag(x, k))
    if k:
        raise NotImplementedError("tf.linalg.diag: of a stack of vectors only k=0 is there in Schuss.")
    return eager(ops.expand_dims(x, -1) * ops.eye(x.shape[-1], dtype=x.dtype))


def diag_part(input: Any, name: Any = None, k: int = 0) -> Any:
    """The diagonals of the last two axes."""
    return eager(ops.diagonal(to_tensor(input), k, -2, -1))


def trace(x: Any, name: Any = None) -> Any:
    """The sum of the diagonal of the last two axes."""
    return eager(ops.trace(to_tensor(x), 0, -2, -1))


def cholesky(input: Any, name: Any = None) -> Any:
    """L with ``L @ L.T == input``."""
    return eager(ops.cholesky(to_tensor(input)))


def det(input: Any, name: Any = None) -> Any:
    """The determinant."""
    return eager(ops.det(to_tensor(input)))


def inv(input: Any, adjoint: bool = False, name: Any = None) -> Any:
    """The inverse."""
    x = to_tensor(input)
    return eager(ops.inv(matrix_transpose(x) if adjoint else x))


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: Any = None) -> Any:
    """The pseudo-inverse."""
    return eager(ops.pinv(to_tensor(a), rcond))


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: Any = None) -> Any:
    """x with ``matrix @ x == rhs``."""
    a, b = operands(matrix, rhs)
    return eager(ops.solve(matrix_transpose(a) if adjoint else a, b))


def qr(input: Any, full_matrices: bool = False, name: Any = None) -> Any:
    """Q and R."""
    return tuple(map(eager, ops.qr(to_tensor(input), "complete" if full_matrices else "reduced")))


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: Any = None) -> Any:
    """``s, u, v`` with ``tensor == u @ diag(s) @ v.T``; s alone without `compute_uv`."""
    x = to_tensor(tensor)
    if not compute_uv:
        return eager(ops.svd(x, full_matrices, False))
    u, s, vt = ops.svd(x, full_matrices, True)
    return eager(s), eager(u), matrix_transpose(vt)
