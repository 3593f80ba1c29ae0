"""Random traced functions over a few arrays, for tests that hold two evaluators against each other."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.graph import Tensor
from schuss.graph import primitives as p

SIZES = (1, 2, 3, 4, 5, 7, 8, 10, 16, 17, 31, 33)


def random_arrays(rng: random.Random, dtype: str, count: int) -> list[np.ndarray]:
    """`count` arrays of 0 to 3 axes."""
    numbers = np.random.default_rng(rng.randrange(2**32))
    arrays = []
    for _ in range(count):
        shape = tuple(rng.choice(SIZES) for _ in range(rng.randrange(0, 4)))
        arrays.append(np.asarray(numbers.uniform(-2, 2, shape), dtype))
    return arrays


def random_function(rng: random.Random, steps: int) -> Callable[..., list[Any]]:
    """A function of tensors that applies `steps` random primitives and returns a few of the results.

    Values stay moderate, and nothing depends on whether a rounded number is exactly zero or whole.
    """
    seed = rng.randrange(2**32)

    def function(*inputs: Tensor) -> list[Any]:
        choose = random.Random(seed)
        values: list[Any] = list(inputs)
        for _ in range(steps):
            x = choose.choice(values[-6:])
            new = choose.choice(_STEPS)(choose, x, values)
            if new is not None and 0 < new.size <= 20_000:
                values.append(new)
        made = values[len(inputs) :] or values
        return [made[-1], *choose.sample(made, min(len(made), choose.randrange(0, 3)))]

    return function


def _scalar(x: Tensor, value: float) -> Any:
    return p.broadcast_in_dim_p.bind(np.asarray(value, x.dtype), shape=x.shape, dims=())


def _unary(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    name = rng.choice(
        ["tanh", "sine", "cosine", "negative", "abs", "logistic", "erf", "square", "exp", "log", "sqrt"]
    )
    if name == "square":
        return p.tanh_p.bind(p.multiply_p.bind(x, x))
    if name == "exp":
        return p.exponential_p.bind(p.tanh_p.bind(x))
    if name == "log":
        return p.log_p.bind(p.add_p.bind(p.abs_p.bind(x), _scalar(x, 0.5)))
    if name == "sqrt":
        return p.sqrt_p.bind(p.add_p.bind(p.abs_p.bind(x), _scalar(x, 0.5)))
    return getattr(p, name + "_p").bind(x)


def _fitting(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    """A value of x's shape: another one, or one that broadcasts to it."""
    same = [v for v in values if v.shape == x.shape]
    kind = rng.randrange(4)
    if kind == 0 or not x.shape:
        return rng.choice(same)
    if kind == 1:
        return _scalar(x, rng.choice([0.5, 1.0, -1.5, 0.0, 2.0]))
    axis = rng.randrange(len(x.shape))
    rest = tuple(a for a in range(len(x.shape)) if a != axis)
    reduced = p.reduce_max_p.bind(x, axes=(axis,))
    return p.broadcast_in_dim_p.bind(reduced, shape=x.shape, dims=rest)


def _binary(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    y = _fitting(rng, x, values)
    name = rng.choice(["add", "subtract", "multiply", "divide", "maximum", "minimum", "select"])
    if name == "divide":
        return p.divide_p.bind(x, p.add_p.bind(p.abs_p.bind(y), _scalar(x, 1.0)))
    if name == "multiply":
        return p.multiply_p.bind(p.tanh_p.bind(x), y)
    if name == "select":
        count = p.iota_p.bind(shape=(max(x.size, 1),), dtype=np.dtype("int32"), axis=0)
        half = p.broadcast_in_dim_p.bind(np.asarray(x.size // 2, "int32"), shape=(max(x.size, 1),), dims=())
        first = p.reshape_p.bind(p.compare_p.bind(count, half, direction="LT"), shape=x.shape)
        return p.select_p.bind(first, x, y)
    return getattr(p, name + "_p").bind(x, y)


def _reduce(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    if not x.shape:
        return None
    axes = tuple(sorted(rng.sample(range(len(x.shape)), rng.randrange(1, len(x.shape) + 1))))
    name = rng.choice(["sum", "max", "min"])
    result = getattr(p, f"reduce_{name}_p").bind(x, axes=axes)
    count = x.size / max(result.size, 1)
    return p.multiply_p.bind(result, _scalar(result, 1 / count)) if name == "sum" else result


def _move(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    if not x.shape:
        return p.broadcast_in_dim_p.bind(x, shape=(rng.choice(SIZES),), dims=())
    n = len(x.shape)
    kind = rng.choice(
        ["transpose", "reverse", "slice", "pad", "concatenate", "reshape", "split", "broadcast"]
    )
    if kind == "transpose":
        return p.transpose_p.bind(x, permutation=tuple(rng.sample(range(n), n)))
    if kind == "reverse":
        return p.reverse_p.bind(x, axes=(rng.randrange(n),))
    if kind == "slice":
        start = tuple(rng.randrange(s) for s in x.shape)
        limit = tuple(rng.randrange(a + 1, s + 1) for a, s in zip(start, x.shape, strict=True))
        return p.slice_p.bind(
            x, start=start, limit=limit, strides=tuple(rng.choice((1, 1, 2)) for _ in x.shape)
        )
    if kind == "pad":
        low, high, gap = (tuple(rng.choice((0, 0, 1, 3)) for _ in x.shape) for _ in range(3))
        return p.pad_p.bind(x, np.asarray(0.25, x.dtype), low=low, high=high, interior=gap)
    if kind == "concatenate":
        axis = rng.randrange(n)
        return p.concatenate_p.bind(x, p.negative_p.bind(x), axis=axis)
    if kind == "reshape":
        return p.reshape_p.bind(x, shape=(x.size,))
    if kind == "split":
        factor = next((f for f in (2, 3, 5, 7) if x.size % f == 0), 1)
        return p.reshape_p.bind(x, shape=(factor, x.size // factor))
    if n > 2:
        return None
    shape = (rng.choice((2, 3, 9)), *x.shape)
    return p.broadcast_in_dim_p.bind(x, shape=shape, dims=tuple(range(1, n + 1)))


def _contract(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    if len(x.shape) < 2:
        return None
    scaled = p.tanh_p.bind(x) if rng.random() < 0.5 else x
    kind = rng.randrange(3)
    last = len(x.shape) - 1
    if kind == 0:  # x xᵀ over the last axis, batched over the first ones
        batch = tuple(range(last - 1))
        result = p.dot_general_p.bind(x, scaled, contract=((last,), (last,)), batch=(batch, batch))
        depth = x.shape[last]
    elif kind == 1:
        result = p.dot_general_p.bind(scaled, x, contract=((0,), (0,)), batch=((), ()))
        depth = x.shape[0]
    else:
        weights = p.reduce_max_p.bind(x, axes=tuple(range(last)))
        result = p.dot_general_p.bind(x, weights, contract=((last,), (0,)), batch=((), ()))
        depth = x.shape[last]
    return p.multiply_p.bind(result, _scalar(result, 1 / depth))


def _index(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    if len(x.shape) != 2:
        return (
            p.cumsum_p.bind(_small(x), axis=len(x.shape) - 1, reverse=rng.random() < 0.5) if x.shape else None
        )
    count = rng.choice((1, 4, 11))
    rows = np.random.default_rng(rng.randrange(2**32)).integers(0, x.shape[0], count).astype("int32")
    shape = (count, x.shape[1])
    i = p.broadcast_in_dim_p.bind(rows, shape=shape, dims=(0,))
    j = p.iota_p.bind(shape=shape, dtype=np.dtype("int32"), axis=1)
    taken = p.gather_p.bind(x, i, j)
    return taken if rng.random() < 0.5 else p.scatter_add_p.bind(x, taken, i, j)


def _small(x: Tensor) -> Any:
    return p.multiply_p.bind(x, _scalar(x, 1 / max(x.shape[-1], 1)))


_STEPS = [_unary, _unary, _binary, _binary, _binary, _reduce, _move, _contract, _index]
