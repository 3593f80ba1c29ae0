"""Finite differences in float64, and one example of every differentiable primitive at random operands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.graph import Body, Spec, trace
from schuss.graph import primitives as p

Function = Callable[..., Any]
Example = tuple[Function, list[np.ndarray]]


def difference(
    f: Callable[[list[np.ndarray]], Any], xs: list[np.ndarray], vs: list[np.ndarray], h: float = 1e-5
) -> Any:
    """The derivative of f at xs in the direction vs: ``(f(x + hv) − f(x − hv)) / 2h``."""
    after = f([np.asarray(x + h * v) for x, v in zip(xs, vs, strict=True)])
    before = f([np.asarray(x - h * v) for x, v in zip(xs, vs, strict=True)])
    return (np.asarray(after) - np.asarray(before)) / (2 * h)


def slopes(f: Callable[[list[np.ndarray]], Any], xs: list[np.ndarray]) -> list[np.ndarray]:
    """The gradient of a scalar function, element by element."""
    gradient = [np.zeros_like(x) for x in xs]
    for which, x in enumerate(xs):
        for index in np.ndindex(x.shape):
            direction = [np.zeros_like(other) for other in xs]
            direction[which][index] = 1
            gradient[which][index] = difference(f, xs, direction)
    return gradient


def close(actual: Any, expected: Any, tolerance: float = 1e-6) -> None:
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


def apart(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of both signs, none of them 0, no two of them equal or close."""
    n = int(np.prod(shape))
    return (rng.permutation(n) - n / 2 + rng.uniform(0.3, 0.7, n)).reshape(shape) / 4


UNARY: dict[str, tuple[float, float]] = {
    "negative": (-2, 2), "exponential": (-2, 2), "exponential_minus_one": (-2, 2), "log": (0.3, 3),
    "log_plus_one": (-0.6, 2), "logistic": (-4, 4), "sqrt": (0.3, 3), "rsqrt": (0.3, 3), "sine": (-4, 4),
    "cosine": (-4, 4), "tan": (-1, 1), "asin": (-0.8, 0.8), "acos": (-0.8, 0.8), "atan": (-3, 3), "sinh": (-2, 2),
    "cosh": (-2, 2), "tanh": (-2, 2), "asinh": (-2, 2), "acosh": (1.3, 4), "atanh": (-0.8, 0.8), "erf": (-2, 2),
    "erf_inv": (-0.8, 0.8), "lgamma": (0.3, 15), "digamma": (0.3, 15), "identity": (-2, 2), "materialize": (-2, 2),
    "recompute": (-2, 2),
}  # fmt: skip
BINARY: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "add": ((-2, 2), (-2, 2)), "subtract": ((-2, 2), (-2, 2)), "multiply": ((-2, 2), (-2, 2)),
    "divide": ((-2, 2), (0.5, 2)), "power": ((0.3, 2), (-2, 2)), "atan2": ((0.3, 2), (-2, -0.3)),
}  # fmt: skip
REDUCTIONS = ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min")
RUNNING = ("cumsum", "cumprod", "cummax")


def example(name: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Example:
    """A function of float64 arrays that applies the primitive, and operands at which it is smooth."""
    primitive = getattr(p, name + "_p")
    x = rng.uniform(-2, 2, shape)
    if name in UNARY:
        return primitive.bind, [rng.uniform(*UNARY[name], shape)]
    if name in BINARY:
        return primitive.bind, [rng.uniform(*bounds, shape) for bounds in BINARY[name]]
    if name in REDUCTIONS:
        axes = tuple(int(a) for a in range(x.ndim) if rng.random() < 0.6)
        return lambda x: primitive.bind(x, axes=axes), [apart(rng, shape)]
    return _BUILDERS[name](primitive, rng, shape, x)


def _remainder(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    y = rng.uniform(1, 2, shape) * rng.choice([-1, 1], shape)
    return primitive.bind, [y * (rng.integers(-3, 3, shape) + rng.uniform(0.2, 0.8, shape)), y]


def _apart(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    both = apart(rng, (2, *shape))
    return primitive.bind, [both[0]] if primitive is p.abs_p else [both[0], both[1]]


def _select(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    chosen = rng.random(shape) < 0.5
    return lambda x, y: primitive.bind(chosen, x, y), [x, rng.uniform(-2, 2, shape)]


def _convert(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    return lambda x: primitive.bind(x, dtype=np.dtype("float64")), [x]


def _broadcast_in_dim(
    primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray
) -> Example:
    ones = tuple(1 if rng.random() < 0.4 else n for n in shape)
    added = sorted(rng.choice(x.ndim + 2, x.ndim, replace=False))
    out = [2, 3, 2, 3, 2][: x.ndim + 2]
    for d, n in zip(added, shape, strict=True):
        out[d] = n
    dims = tuple(int(d) for d in added)
    return lambda x: primitive.bind(x, shape=tuple(out), dims=dims), [rng.uniform(-2, 2, ones)]


def _reshape(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    return lambda x: primitive.bind(x, shape=(1, *shape[::-1])), [x]


def _transpose(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    order = tuple(int(a) for a in rng.permutation(x.ndim))
    return lambda x: primitive.bind(x, permutation=order), [x]


def _slice(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    start = tuple(int(rng.integers(0, n + 1)) for n in shape)
    limit = tuple(int(rng.integers(a, n + 1)) for a, n in zip(start, shape, strict=True))
    strides = None if rng.random() < 0.2 else tuple(int(rng.integers(1, 4)) for _ in shape)
    return lambda x: primitive.bind(x, start=start, limit=limit, strides=strides), [x]


def _pad(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    low, high, interior = (tuple(int(n) for n in rng.integers(0, 3, x.ndim)) for _ in range(3))
    interior = None if rng.random() < 0.2 else interior
    return lambda x, v: primitive.bind(x, v, low=low, high=high, interior=interior), [
        x,
        rng.uniform(-2, 2, ()),
    ]


def _concatenate(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    axis = int(rng.integers(x.ndim))
    others = [(*shape[:axis], int(rng.integers(0, 3)), *shape[axis + 1 :]) for _ in range(2)]
    return lambda *xs: primitive.bind(*xs, axis=axis), [x, *(rng.uniform(-2, 2, other) for other in others)]


def _reverse(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    axes = tuple(a for a in range(x.ndim) if rng.random() < 0.6)
    return lambda x: primitive.bind(x, axes=axes), [x]


def _indices(rng: np.random.Generator, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Five places, some of them outside of the array, some likely equal."""
    return [rng.integers(-1, n + 1, 5).astype("int32") for n in shape]


def _windows(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    x = rng.uniform(-2, 2, (*shape, 7))
    strides, dilations = (tuple(map(int, rng.integers(1, 4, 1))) for _ in range(2))
    sizes = (int(rng.integers(1, 6 // dilations[0] + 1)),)
    params = {"axes": (x.ndim - 1,), "sizes": sizes, "strides": strides, "dilations": dilations}
    return lambda x: primitive.bind(x, **params), [x]


def _gather(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    indices = _indices(rng, shape)
    return lambda x: primitive.bind(x, *indices), [x]


def _scatter_add(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    indices = _indices(rng, shape)
    return lambda x, updates: primitive.bind(x, updates, *indices), [x, rng.uniform(-2, 2, 5)]


def _sort(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    axis, descending = int(rng.integers(x.ndim)), bool(rng.random() < 0.5)

    def function(x: Any, y: Any) -> Any:
        keys, values = primitive.bind(x, y, axis=axis, descending=descending)
        return p.add_p.bind(keys, p.multiply_p.bind(values, keys))

    return function, [apart(rng, shape), x]


def _running(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    axis, reverse = int(rng.integers(x.ndim)), bool(rng.random() < 0.5)
    return lambda x: primitive.bind(x, axis=axis, reverse=reverse), [apart(rng, shape)]


def _dot_general(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    """Axes of both operands in random order: up to one batch, two contracted, and a free one each."""
    names = [n for n in "bkl" if rng.random() < 0.7]
    sizes = {"b": 2, "k": 3, "l": 2, "x": 2, "y": 3}
    axes = ["".join(rng.permutation([*names, own])) for own in "xy"]
    batch, contract = ([n for n in names if (n == "b") == is_batch] for is_batch in (True, False))
    pairs = {
        key: tuple(tuple(side.index(n) for n in group) for side in axes)
        for key, group in (("contract", contract), ("batch", batch))
    }
    operands = [rng.uniform(-2, 2, [sizes[n] for n in side]) for side in axes]
    return lambda x, y: primitive.bind(x, y, **pairs), operands


def _custom_gradient(
    primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray
) -> Example:
    def function(x: Any) -> Any:
        y = p.multiply_p.bind(x, x)
        return primitive.bind(x, y, n=1, gradient=lambda dy: [dy * x * 2.0])[0]

    return function, [x]


def _scan(primitive: Any, rng: np.random.Generator, shape: tuple[int, ...], x: np.ndarray) -> Example:
    """``c ← tanh(c a + x[t])``, which is also the result of a turn."""

    def turn(a: Any, c: Any, x: Any) -> Any:
        new = p.tanh_p.bind(p.add_p.bind(p.multiply_p.bind(c, a), x))
        return new, new

    spec = Spec(shape, "float64")
    settings = {"counts": (1, 1), "length": 3, "reverse": bool(rng.random() < 0.5)}
    body = Body(trace(turn, spec, spec, spec))
    operands = [rng.uniform(-1, 1, shape), x, rng.uniform(-1, 1, (3, *shape))]
    return lambda *xs: primitive.bind(*xs, body=body, **settings)[1], operands


_BUILDERS: dict[str, Callable[..., Example]] = {
    "abs": _apart, "maximum": _apart, "minimum": _apart, "remainder": _remainder, "select": _select, "convert": _convert,
    "broadcast_in_dim": _broadcast_in_dim, "reshape": _reshape, "transpose": _transpose, "slice": _slice, "pad": _pad,
    "concatenate": _concatenate, "reverse": _reverse, "windows": _windows, "gather": _gather, "scatter_add": _scatter_add, "sort": _sort,
    "cumsum": _running, "cumprod": _running, "cummax": _running, "dot_general": _dot_general,
    "custom_gradient": _custom_gradient, "scan": _scan,
}  # fmt: skip
NAMES = sorted({*UNARY, *BINARY, *REDUCTIONS, *_BUILDERS})
