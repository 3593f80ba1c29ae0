"""The largest eigenvalue of a symmetric operator that is known by its products with vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_RELATIVE = 1e-3  # a residual of so much of the eigenvalue is small enough
_BREAKDOWN = 1e-12  # the next direction, against the first diagonal entries: the space is exhausted


@dataclass
class Eigenpair:
    """An eigenvalue with its vector.

    Attributes:
        value: λ. vector: v, of length 1, flat, float64. residual: ‖A v − λ v‖; an eigenvalue is at most so far from λ.
        products: how many products with the operator it took.
    """

    value: float
    vector: np.ndarray
    residual: float
    products: int


def largest(
    product: Callable[[np.ndarray], np.ndarray],
    size: int,
    most: int,
    seed: int = 0,
    relative: float = _RELATIVE,
) -> Eigenpair:
    """The algebraically largest eigenvalue, by Lanczos's method with full reorthogonalisation.

    After k products A is the tridiagonal matrix T in an orthonormal basis Q of the Krylov space; for an eigenvector s of T,
    with the eigenvalue θ, A Qs ≈ θ Qs, with the residual β_k |s_k| (Golub & Van Loan, Matrix Computations, 10.1).

    Args:
        product: v → A v, flat. size: the length of vectors. most: products at most. seed: of the first vector.
        relative: it ends where the residual is below this part of |λ|.
    """
    most = min(most, size)
    rng = np.random.default_rng(seed)
    q = rng.standard_normal(size)
    q /= np.linalg.norm(q)
    basis = np.empty((most, size), np.float32 if size * most > 1 << 26 else np.float64)
    alphas: list[float] = []
    betas: list[float] = []
    theta, weights, residual = 0.0, np.ones(1), np.inf
    for k in range(most):
        basis[k] = q
        w = np.asarray(product(q), np.float64)
        alphas.append(float(w @ q))
        known = basis[: k + 1]
        for _ in range(2):  # once is not enough (Parlett, The Symmetric Eigenvalue Problem, 6.9)
            w = w - known.T @ (known @ w)
        beta = float(np.linalg.norm(w))
        values, vectors = np.linalg.eigh(np.diag(alphas) + np.diag(betas, 1) + np.diag(betas, -1))
        theta, weights = float(values[-1]), vectors[:, -1]
        residual = beta * abs(float(weights[-1]))
        if not np.isfinite(theta):
            raise FloatingPointError("A product with the Hessian is not finite.")
        if residual <= relative * abs(theta) or beta <= _BREAKDOWN * max(1e-300, *map(abs, alphas)):
            break
        betas.append(beta)
        q = w / beta
    vector = weights @ basis[: len(weights)].astype(np.float64)
    return Eigenpair(theta, vector / np.linalg.norm(vector), residual, len(alphas))
