"""Random traced functions over a few arrays, for tests that hold two evaluators against each other."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schuss.graph import Tensor
from schuss.graph import primitives as p

SIZES = (1, 2, 3, 4, 5, 7, 8, 10, 16, 17, 31, 33)
INTEGERS = ("int32", "int64", "uint8", "int8", "uint32")
MOST = 20_000  # elements of a result


def random_arrays(rng: random.Random, dtype: str, count: int, empty: bool = False) -> list[np.ndarray]:
    """`count` arrays of 0 to 3 axes; some with an axis of size 0 if `empty`, some matrices of up to 130 rows."""
    numbers = np.random.default_rng(rng.randrange(2**32))
    arrays = []
    for _ in range(count):
        shape = tuple(rng.choice(SIZES) for _ in range(rng.randrange(0, 4)))
        if rng.random() < 0.1:
            shape = (rng.randint(1, 130), rng.randint(1, 130))
        if shape and empty and rng.random() < 0.1:
            shape = (*shape[1:], 0)
        arrays.append(np.asarray(numbers.uniform(-2, 2, shape), dtype))
    return arrays


def random_mixed_arrays(rng: random.Random, dtype: str, count: int) -> list[np.ndarray]:
    """`count` arrays of floats, and as many again (about) of integers and bools."""
    arrays = random_arrays(rng, dtype, count, empty=True)
    numbers = np.random.default_rng(rng.randrange(2**32))
    for x in rng.sample(arrays, rng.randint(0, count)):
        if rng.random() < 0.3:
            arrays.append(numbers.random(x.shape) < 0.5)
        else:
            arrays.append(numbers.integers(0, 100, x.shape).astype(rng.choice(INTEGERS)))
    return arrays


def random_function(rng: random.Random, steps: int) -> Callable[..., list[Any]]:
    """A function of tensors that applies `steps` random primitives and returns a few of the results.

    Floats stay moderate, and nothing depends on whether a rounded number is exactly zero or whole: integers and
    bools are made from integers, bools and places only.
    """
    seed = rng.randrange(2**32)

    def function(*inputs: Tensor) -> list[Any]:
        choose = random.Random(seed)
        values: list[Any] = list(inputs)
        for _ in range(steps):
            x = choose.choice(values[-6:])
            new = choose.choice(_STEPS[x.dtype.kind])(choose, x, values)
            if new is not None and new.size <= MOST and (new.size > 0 or choose.random() < 0.1):
                values.append(new)
        made = values[len(inputs) :] or values
        return [made[-1], *choose.sample(made, min(len(made), choose.randrange(0, 3)))]

    return function


def random_scalar_function(rng: random.Random, steps: int) -> Callable[..., Any]:
    """A function of float tensors with a scalar result, on which all of a random function's results count."""
    function = random_function(rng, steps)

    def scalar(*inputs: Tensor) -> Any:
        total: Any = np.zeros((), inputs[0].dtype)
        for y in function(*inputs):
            if y.dtype.kind == "f" and y.size:
                mean = p.reduce_sum_p.bind(
                    p.multiply_p.bind(y, _scalar(y, 1 / y.size)), axes=tuple(range(y.ndim))
                )
                total = p.add_p.bind(total, p.tanh_p.bind(mean))
        return total

    return scalar


def _scalar(x: Tensor, value: float) -> Any:
    return p.broadcast_in_dim_p.bind(np.asarray(value).astype(x.dtype), shape=x.shape, dims=())


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


def _alike(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    return rng.choice([v for v in values if v.shape == x.shape and v.dtype == x.dtype] or [x])


def _fitting(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    """A value of x's shape and dtype: another one, or one that broadcasts to it."""
    kind = rng.randrange(4)
    if kind == 0 or not x.shape or not x.size:
        return _alike(rng, x, values)
    if kind == 1:
        return _scalar(x, rng.choice([0.5, 1.0, -1.5, 0.0, 2.0] if x.dtype.kind == "f" else [0, 1, 2, 5]))
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
        return p.select_p.bind(_condition(rng, x, values), x, y)
    return getattr(p, name + "_p").bind(x, y)


def _condition(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    """A bool for each element: one of the values, or whether it lies in the first half."""
    found = [v for v in values if v.shape == x.shape and v.dtype.kind == "b"]
    if found and rng.random() < 0.7:
        return rng.choice(found)
    count = p.iota_p.bind(shape=(x.size,), dtype=np.dtype("int32"), axis=0)
    half = p.broadcast_in_dim_p.bind(np.asarray(x.size // 2, "int32"), shape=(x.size,), dims=())
    return p.reshape_p.bind(p.compare_p.bind(count, half, direction="LT"), shape=x.shape)


def _reduce(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    if not x.shape:
        return None
    axes = tuple(sorted(rng.sample(range(len(x.shape)), rng.randrange(1, len(x.shape) + 1))))
    name = rng.choice(["max", "min"] if x.dtype.kind == "b" else ["sum", "max", "min"])
    if name != "sum" and any(x.shape[a] == 0 for a in axes):
        return None
    result = getattr(p, f"reduce_{name}_p").bind(x, axes=axes)
    if name != "sum" or x.dtype.kind != "f":
        return result
    return p.multiply_p.bind(result, _scalar(result, max(result.size, 1) / max(x.size, 1)))


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
        start = tuple(rng.randrange(s) if s else 0 for s in x.shape)
        limit = tuple(rng.randrange(a + 1, s + 1) if s else 0 for a, s in zip(start, x.shape, strict=True))
        return p.slice_p.bind(
            x, start=start, limit=limit, strides=tuple(rng.choice((1, 1, 2)) for _ in x.shape)
        )
    if kind == "pad":
        low, high, gap = (tuple(rng.choice((0, 0, 1, 3)) for _ in x.shape) for _ in range(3))
        return p.pad_p.bind(x, np.asarray(0.25).astype(x.dtype), low=low, high=high, interior=gap)
    if kind == "concatenate":
        axis = rng.randrange(n)
        return p.concatenate_p.bind(x, _alike(rng, x, values), axis=axis)
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
    last = len(x.shape) - 1
    scaled = p.tanh_p.bind(x) if x.dtype.kind == "f" and rng.random() < 0.5 else x
    kind = rng.randrange(5)
    depth = x.shape[last]
    if kind == 0:  # x xᵀ over the last axis, batched over the first ones
        batch = tuple(range(last - 1))
        result = p.dot_general_p.bind(x, scaled, contract=((last,), (last,)), batch=(batch, batch))
    elif kind == 1:
        result = p.dot_general_p.bind(scaled, x, contract=((0,), (0,)), batch=((), ()))
        depth = x.shape[0]
    elif kind == 2 and x.size:
        weights = p.reduce_max_p.bind(x, axes=tuple(range(last)))
        result = p.dot_general_p.bind(x, weights, contract=((last,), (0,)), batch=((), ()))
    elif kind == 3:  # a layer, its weights lying either way
        weights, axis = _weights(rng, (depth, rng.randint(1, 130)), x.dtype)
        pairs = ((last,), (axis,)), ((), ())
        result = p.dot_general_p.bind(scaled, weights, contract=pairs[0], batch=pairs[1])
    else:  # a layer for each element of the first axis
        stack = np.stack(
            [_weights(rng, (depth, 7), x.dtype, turned=False)[0] for _ in range(x.shape[0])]
            or [np.zeros((depth, 7), x.dtype)]
        )[: x.shape[0]]
        if last == 0 or not x.size:
            return None
        result = p.dot_general_p.bind(x, stack, contract=((last,), (1,)), batch=((0,), (0,)))
    if x.dtype.kind != "f":
        return result
    return p.multiply_p.bind(result, _scalar(result, 1 / max(depth, 1)))


def _weights(
    rng: random.Random, shape: tuple[int, int], dtype: np.dtype, turned: bool = True
) -> tuple[np.ndarray, int]:
    """Random numbers of this shape, or turned; and the axis that is the first of `shape`."""
    numbers = np.random.default_rng(rng.randrange(2**32))
    weights = numbers.uniform(-1.9, 1.9, shape).astype(dtype)
    return (np.ascontiguousarray(weights.T), 1) if turned and rng.random() < 0.5 else (weights, 0)


def _index(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    if not x.shape or not x.size:
        return None
    if len(x.shape) != 2 or rng.random() < 0.2:
        axis, kind = rng.randrange(len(x.shape)), rng.choice(("cumsum", "cummax", "sort"))
        if kind == "sort":
            return p.sort_p.bind(x, axis=axis, descending=rng.random() < 0.5)[0]
        if x.dtype.kind == "b":
            return None
        return getattr(p, kind + "_p").bind(_small(x, axis), axis=axis, reverse=rng.random() < 0.5)
    i, j = _places(rng, x, values)
    taken = p.gather_p.bind(x, i, j)
    return taken if rng.random() < 0.5 or x.dtype.kind == "b" else p.scatter_add_p.bind(x, taken, i, j)


def _places(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    """Whole rows: their numbers are constants, or integers that are at hand (some out of range)."""
    found = [v for v in values if v.dtype.kind in "iu" and v.ndim == 1 and 0 < v.size < 200]
    if found and rng.random() < 0.5:
        rows = rng.choice(found)
    else:
        count = rng.choice((1, 4, 11))
        rows = np.random.default_rng(rng.randrange(2**32)).integers(0, x.shape[0], count).astype("int32")
    shape = (rows.shape[0], x.shape[1])
    i = p.broadcast_in_dim_p.bind(rows, shape=shape, dims=(0,))
    return i, p.iota_p.bind(shape=shape, dtype=np.dtype("int32"), axis=1)


def _small(x: Tensor, axis: int) -> Any:
    return p.multiply_p.bind(x, _scalar(x, 1 / max(x.shape[axis], 1))) if x.dtype.kind == "f" else x


def _integer_binary(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    y = _fitting(rng, x, values)
    names = ["add", "subtract", "multiply", "divide", "remainder", "maximum", "minimum", "and", "or", "xor"]
    name = rng.choice([*names, "compare", "select"])
    if name == "compare":
        return p.compare_p.bind(x, y, direction=rng.choice(("EQ", "NE", "LT", "LE", "GT", "GE")))
    if name == "select":
        return p.select_p.bind(_condition(rng, x, values), x, y)
    return getattr(p, name + "_p").bind(x, y)


def _integer_unary(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    name = rng.choice(["not", "sign", "abs", "negative", "convert", "convert", "argmax", "argsort"])
    if name == "convert":
        return p.convert_p.bind(x, dtype=np.dtype(rng.choice([*INTEGERS, "bool"])))
    if name in ("argmax", "argsort"):
        if not x.shape or not x.size:
            return None
        axis = rng.randrange(len(x.shape))
        if name == "argmax":
            return getattr(p, rng.choice(("argmax_p", "argmin_p"))).bind(x, axis=axis)
        places = p.iota_p.bind(shape=x.shape, dtype=np.dtype("int32"), axis=axis)
        return p.sort_p.bind(x, places, axis=axis, descending=rng.random() < 0.5)[1]
    return getattr(p, name + "_p").bind(x)


def _to_float(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    dtype = values[0].dtype
    y = p.convert_p.bind(x, dtype=dtype)
    return p.tanh_p.bind(p.multiply_p.bind(y, _scalar(y, 0.02)))


def _logic(rng: random.Random, x: Tensor, values: list[Any]) -> Any:
    if rng.random() < 0.3:
        return p.not_p.bind(x)
    return getattr(p, rng.choice(("and_p", "or_p", "xor_p"))).bind(x, _alike(rng, x, values))


_STEPS: dict[str, Sequence[Callable[..., Any]]] = {
    "f": [_unary, _unary, _binary, _binary, _binary, _reduce, _move, _contract, _index],
    "i": [_integer_unary, _integer_binary, _integer_binary, _reduce, _move, _contract, _index, _to_float],
    "b": [_logic, _logic, _reduce, _move, _index, _to_float],
}
_STEPS["u"] = _STEPS["i"]
