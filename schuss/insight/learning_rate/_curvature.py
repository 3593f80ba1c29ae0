"""Curvature: the Hessian's largest eigenvalue, and up to which rate an optimizer is stable on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.graph import Variable
from schuss.insight._objective import Objective
from schuss.insight.learning_rate._lanczos import largest
from schuss.optimizers import SGD, Adagrad, Adam, Adamax, AdamW, Nadam, RMSprop


@dataclass
class Eigenvalue:
    """λ_max of the Hessian of the loss.

    Attributes:
        value: λ_max. vector: its eigenvector, of length 1: an array for each trainable weight.
        residual: ‖H v − λ v‖: some eigenvalue is at most so far from λ. products: with the Hessian, that it took.
    """

    value: float
    vector: list[np.ndarray]
    residual: float
    products: int

    def __float__(self) -> float:
        return self.value


def largest_eigenvalue(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    training: bool = True,
    steps: int | None = None,
    max_products: int = 60,
    tolerance: float = 1e-3,
    seed: int = 0,
) -> Eigenvalue:
    """λ_max of the Hessian of the loss at the model's present weights: how sharply the loss curves at most.

    By Lanczos's method on products with the Hessian, which never is formed. Plain gradient descent with all of the data
    diverges along the eigenvector where the rate is above 2 / λ_max. The model is left as it was.

    Args:
        model: compiled; it is built if need be.
        x, y, sample_weight: data as for `evaluate`; of batches (generators, data sets) as many as `steps`.
        batch_size: rows at a time; 32. Where layers look at the batch as a whole (batch normalization), the loss depends
            on it.
        training: whether layers behave as in training (dropout with one fixed mask). Default True.
        steps: of data that come as batches: how many are read. Default all.
        max_products: products with the Hessian at most, 60; each costs about as much as two gradients.
        tolerance: it ends where the residual is below this part of λ; 1e-3.
        seed: of the vector that it begins with.

    Returns:
        `Eigenvalue`.

    Raises:
        ValueError: data and model do not fit. NotImplementedError: something in the model has no second derivative.

    Example (J = mean of (w x)², whose second derivative is 2 · mean of x²):
        >>> import numpy as np, schuss
        >>> from schuss.insight import largest_eigenvalue
        >>> model = schuss.Sequential([schuss.Input((1,)), schuss.layers.Dense(1, use_bias=False)])
        >>> model.compile("sgd", "mse")
        >>> round(largest_eigenvalue(model, np.full((8, 1), 3.0), np.zeros((8, 1))).value, 3)
        18.0
    """
    return eigenvalue(
        Objective(model, x, y, sample_weight, batch_size, training, steps),
        None,
        max_products,
        tolerance,
        seed,
    )


def eigenvalue(
    objective: Objective,
    scales: Sequence[np.ndarray] | None,
    most: int,
    tolerance: float = 1e-2,
    seed: int = 0,
) -> Eigenvalue:
    """λ_max of the Hessian, or, with `scales` p, of P^-1/2 H P^-1/2 with P = diag(p).

    Args:
        objective: J. scales: p, an array for each weight, or None. most: products at most.
        tolerance: of the residual, relative. seed: of the first vector.
    """
    weights = objective.weights
    if not weights:
        raise ValueError("The model has no trainable weights, so its loss has no Hessian.")
    sizes = np.cumsum([w.size for w in weights])
    roots = None if scales is None else np.concatenate([1 / np.sqrt(p.reshape(-1)) for p in scales])

    def apart(flat: np.ndarray) -> list[np.ndarray]:
        parts = np.split(flat, sizes[:-1])
        return [part.reshape(w.shape).astype(w.dtype) for part, w in zip(parts, weights)]

    def product(flat: np.ndarray) -> np.ndarray:
        given = flat if roots is None else flat * roots
        # single precision has its best range about 1
        scale = float(np.linalg.norm(given)) / np.sqrt(given.size)
        found = objective.product(apart(given / scale))
        made = np.concatenate([np.asarray(a, np.float64).reshape(-1) for a in found]) * scale
        return made if roots is None else made * roots

    pair = largest(product, int(sizes[-1]), most, seed, tolerance)
    return Eigenvalue(pair.value, apart(pair.vector), pair.residual, pair.products)


@dataclass
class Stability:
    """Up to which rate an optimizer is stable where the loss curves by λ: α < factor / λ.

    Attributes:
        factor: the number. formula: as text, ``"2(1+β)/λ"``.
        scales: gives the diagonal P of the optimizer's preconditioner, an array for each variable; None: there is none,
            and λ is that of the Hessian; else that of P^-1/2 H P^-1/2.
    """

    factor: float
    formula: str
    scales: Callable[[], list[np.ndarray]] | None = None


def stability(optimizer: Any, variables: Sequence[Variable]) -> Stability | None:
    """What is known of the optimizer's stability on a quadratic loss; None where nothing is.

    Heavy ball: 2(1+μ)/λ (Polyak, 1964). Nesterov: 2(1+μ)/((1+2μ) λ). Adam: its momentum averages gradients, so that
    α (1−β₁) takes the place of α, and P = diag(√v̂ + ε) divides the step: (2+2β₁)/((1−β₁) λ) (Cohen et al., 2022, "Adaptive
    gradient methods at the edge of stability", https://arxiv.org/abs/2207.14484).

    Args:
        optimizer: built. variables: the trainable weights, in the order of the Hessian.
    """
    kind = type(optimizer)
    index = [optimizer._get_variable_index(v) for v in variables if id(v) in optimizer._index]
    if len(index) < len(variables):
        return None

    def slots(of: list[Variable]) -> list[np.ndarray]:
        return [of[i].array.astype(np.float64) for i in index]

    if kind is SGD:
        return _heavy_ball(optimizer.momentum, optimizer.nesterov)
    if kind is RMSprop:
        made = _heavy_ball(optimizer.momentum, False)
        means = lambda: slots(optimizer._means) if optimizer.centered else [0.0] * len(index)  # noqa: E731
        made.scales = lambda: [
            np.sqrt(np.maximum(v - m**2, 0) + optimizer.epsilon)
            for v, m in zip(slots(optimizer._squares), means())
        ]
        return made
    if kind is Adagrad:
        return Stability(2.0, "2/λ", lambda: [np.sqrt(a + optimizer.epsilon) for a in slots(optimizer._sums)])
    if kind not in (Adam, AdamW, Adamax, Nadam):
        return None
    b = optimizer.beta_1
    made = Stability((2 + 2 * b) / (1 - b), "(2+2β₁)/((1−β₁)λ)")
    if kind is Nadam:
        made = Stability((2 + 2 * b) / ((1 - b) * (1 + 2 * b)), "(2+2β₁)/((1−β₁)(1+2β₁)λ)")
    if kind is Adamax:
        made.scales = lambda: [u + optimizer.epsilon for u in slots(optimizer._seconds)]
        return made

    def scales() -> list[np.ndarray]:
        steps = max(1, int(np.asarray(optimizer.iterations)))
        there = 1 - optimizer.beta_2**steps
        squares = optimizer._largest if getattr(optimizer, "amsgrad", False) else optimizer._seconds
        # ε is added to √v before v's bias is corrected, but in Nadam
        inner = optimizer.epsilon if kind is Nadam else optimizer.epsilon / np.sqrt(there)
        return [np.sqrt(v / there) + inner for v in slots(squares)]

    made.scales = scales
    return made


def _heavy_ball(momentum: float, nesterov: bool) -> Stability:
    if not momentum:
        return Stability(2.0, "2/λ")
    if nesterov:
        return Stability(2 * (1 + momentum) / (1 + 2 * momentum), "2(1+μ)/((1+2μ)λ)")
    return Stability(2 * (1 + momentum), "2(1+μ)/λ")
