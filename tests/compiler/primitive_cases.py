"""One maker of random applications for every primitive: random shapes (size-0 and size-1 axes among them),
dtypes and parameters."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from schuss.graph import PRIMITIVES, Body, Spec, trace

Case = tuple[dict[str, Any], list[np.ndarray]]
"""Parameters and operands, for ``primitive.bind(*operands, **params)``."""

FLOATS = ("float32", "float64", "float32", "float64", "float16")
INTEGERS = ("int32", "int64", "uint8", "int8", "uint32", "int16", "uint16", "uint64")
SIZES = (0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)


def random_case(name: str, rng: random.Random) -> Case:
    """Parameters and operands on which the primitive is defined."""
    return CASES[name](rng)


def random_shape(
    rng: random.Random, least: int = 0, most: int = 3, sizes: tuple[int, ...] = SIZES
) -> tuple[int, ...]:
    return tuple(rng.choice(sizes) for _ in range(rng.randint(least, most)))


def numbers(
    rng: random.Random, shape: tuple[int, ...], dtype: str, low: float = -3.0, high: float = 3.0
) -> np.ndarray:
    """Random numbers within bounds; integers and bools also take their extremes, unsigned ones no negatives."""
    generator = np.random.default_rng(rng.randrange(2**32))
    if dtype == "bool":
        return generator.random(shape) < 0.5
    if np.dtype(dtype).kind == "f":
        return np.asarray(generator.uniform(low, high, shape)).astype(dtype)
    lowest = 0 if np.dtype(dtype).kind == "u" else int(np.floor(low))
    return np.asarray(generator.integers(lowest, max(lowest + 1, int(high) + 1), shape)).astype(dtype)


def _pick(rng: random.Random, kinds: str) -> str:
    choices = {"f": FLOATS, "i": INTEGERS, "b": ("bool",)}
    return rng.choice(choices[rng.choice(kinds)])


def _with_specials(rng: random.Random, x: np.ndarray) -> np.ndarray:
    """Some elements replaced by zeros of both signs, infinities and NaN (floats), or extremes (integers)."""
    x = np.array(x)
    if x.dtype.kind == "b" or not x.size or rng.random() < 0.5:
        return x
    if x.dtype.kind == "f":
        specials: list[Any] = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]
    else:
        specials = [0, 1, np.iinfo(x.dtype).max, np.iinfo(x.dtype).min]
    flat = x.reshape(-1)
    for _ in range(1 + x.size // 8):
        flat[rng.randrange(x.size)] = rng.choice(specials)
    return x


def _elementwise(
    operands: int, kinds: str, low: float = -3, high: float = 3
) -> Callable[[random.Random], Case]:
    def make(rng: random.Random) -> Case:
        shape, dtype = random_shape(rng), _pick(rng, kinds)
        return {}, [_with_specials(rng, numbers(rng, shape, dtype, low, high)) for _ in range(operands)]

    return make


def _power(rng: random.Random) -> Case:
    shape, dtype = random_shape(rng), _pick(rng, "fi")
    if np.dtype(dtype).kind == "f":
        return {}, [_with_specials(rng, numbers(rng, shape, dtype)) for _ in range(2)]
    return {}, [numbers(rng, shape, dtype, -4, 5), numbers(rng, shape, dtype, -3, 9)]


def _shift(rng: random.Random) -> Case:
    shape, dtype = random_shape(rng), _pick(rng, "i")
    return {}, [_with_specials(rng, numbers(rng, shape, dtype, -90, 90)), numbers(rng, shape, dtype, 0, 70)]


def _compare(rng: random.Random) -> Case:
    shape, dtype = random_shape(rng), _pick(rng, "fib")
    x, y = (_with_specials(rng, numbers(rng, shape, dtype)) for _ in range(2))
    if rng.random() < 0.5:
        y = np.where(numbers(rng, shape, "bool"), x, y)
    return {"direction": rng.choice(("EQ", "NE", "LT", "LE", "GT", "GE"))}, [x, y]


def _select(rng: random.Random) -> Case:
    shape, dtype = random_shape(rng), _pick(rng, "fib")
    x, y = (_with_specials(rng, numbers(rng, shape, dtype)) for _ in range(2))
    return {}, [numbers(rng, shape, "bool"), x, y]


def _convert(rng: random.Random) -> Case:
    shape, source, target = random_shape(rng), _pick(rng, "fib"), _pick(rng, "fib")
    low = 0.0 if np.dtype(target).kind == "u" and np.dtype(source).kind == "f" else -100.0
    x = numbers(rng, shape, source, low, 100.0)
    if (
        np.dtype(source).kind in "iu" or np.dtype(target).kind in "fb"
    ):  # a float out of an integer's range has none
        x = _with_specials(rng, x)
    return {"dtype": np.dtype(target)}, [x]


def _broadcast_in_dim(rng: random.Random) -> Case:
    shape, dtype = random_shape(rng, most=4, sizes=(0, 1, 2, 3, 5, 8, 17)), _pick(rng, "fib")
    dims = tuple(sorted(rng.sample(range(len(shape)), rng.randint(0, len(shape)))))
    x = numbers(rng, tuple(1 if rng.random() < 0.3 else shape[d] for d in dims), dtype)
    return {"shape": shape, "dims": dims}, [x]


def _reshape(rng: random.Random) -> Case:
    factors = [rng.choice((1, 2, 3, 4, 5)) for _ in range(rng.randint(0, 4))]
    if rng.random() < 0.15:
        factors.append(0)

    def grouped() -> tuple[int, ...]:
        order = rng.sample(factors, len(factors))
        shape: list[int] = []
        for factor in order:
            if shape and rng.random() < 0.4:
                shape[-1] *= factor
            else:
                shape.append(factor)
            if rng.random() < 0.2:
                shape.append(1)
        return tuple(shape)

    return {"shape": grouped()}, [numbers(rng, grouped(), _pick(rng, "fib"))]


def _transpose(rng: random.Random) -> Case:
    shape = random_shape(rng, most=4, sizes=(0, 1, 2, 3, 5, 8, 17))
    return {"permutation": tuple(rng.sample(range(len(shape)), len(shape)))}, [
        numbers(rng, shape, _pick(rng, "fib"))
    ]


def _slice(rng: random.Random) -> Case:
    shape = random_shape(rng)
    start = tuple(rng.randint(0, n) for n in shape)
    limit = tuple(rng.randint(a, n) for a, n in zip(start, shape, strict=True))
    strides = None if rng.random() < 0.2 else tuple(rng.randint(1, 4) for _ in shape)
    return {"start": start, "limit": limit, "strides": strides}, [numbers(rng, shape, _pick(rng, "fib"))]


def _pad(rng: random.Random) -> Case:
    shape, dtype = random_shape(rng), _pick(rng, "fib")
    low, high, interior = (tuple(rng.choice((0, 0, 1, 2, 5)) for _ in shape) for _ in range(3))
    params = {"low": low, "high": high, "interior": None if rng.random() < 0.2 else interior}
    return params, [numbers(rng, shape, dtype), numbers(rng, (), dtype)]


def _concatenate(rng: random.Random) -> Case:
    shape, dtype = random_shape(rng, least=1), _pick(rng, "fib")
    axis = rng.randrange(len(shape))
    shapes = [(*shape[:axis], rng.choice(SIZES), *shape[axis + 1 :]) for _ in range(rng.randint(1, 4))]
    return {"axis": axis}, [numbers(rng, s, dtype) for s in shapes]


def _reverse(rng: random.Random) -> Case:
    shape = random_shape(rng)
    axes = tuple(rng.sample(range(len(shape)), rng.randint(0, len(shape))))
    return {"axes": axes}, [numbers(rng, shape, _pick(rng, "fib"))]


def _windows(rng: random.Random) -> Case:
    shape = random_shape(rng, least=1, sizes=SIZES[1:])
    axes = tuple(rng.sample(range(len(shape)), rng.randint(0, len(shape))))
    strides = tuple(rng.randint(1, 3) for _ in axes)
    dilations = tuple(rng.randint(1, 2) for _ in axes)
    sizes = tuple(
        rng.randint(1, min(4, (shape[a] - 1) // d + 1)) for a, d in zip(axes, dilations, strict=True)
    )
    params = {"axes": axes, "sizes": sizes, "strides": strides, "dilations": dilations}
    return params, [numbers(rng, shape, _pick(rng, "fib"))]


def _iota(rng: random.Random) -> Case:
    shape = random_shape(rng, least=1)
    return {"shape": shape, "dtype": np.dtype(_pick(rng, "fi")), "axis": rng.randrange(len(shape))}, []


def _indices(rng: random.Random, shape: tuple[int, ...]) -> list[np.ndarray]:
    """An index array for each axis, some of them out of range."""
    count = random_shape(rng, most=2)
    dtypes = ("int32", "int64", "int8", "uint8", "uint32")
    return [numbers(rng, count, rng.choice(dtypes), -2, n + 1) for n in shape]


def _gather(rng: random.Random) -> Case:
    shape = random_shape(rng, least=1, sizes=(1, 2, 3, 8, 17))
    return {}, [numbers(rng, shape, _pick(rng, "fib")), *_indices(rng, shape)]


def _scatter_add(rng: random.Random) -> Case:
    shape, dtype = random_shape(rng, least=1), _pick(rng, "fi")
    indices = _indices(rng, shape)
    return {}, [numbers(rng, shape, dtype), numbers(rng, indices[0].shape, dtype), *indices]


def _reduction(kinds: str, sizes: tuple[int, ...], specials: bool = True) -> Callable[[random.Random], Case]:
    def make(rng: random.Random) -> Case:
        shape, dtype = random_shape(rng, most=4, sizes=sizes), _pick(rng, kinds)
        x = numbers(rng, shape, dtype)
        axes = tuple(sorted(rng.sample(range(len(shape)), rng.randint(0, len(shape)))))
        return {"axes": axes}, [_with_specials(rng, x) if specials else x]

    return make


def _position(rng: random.Random) -> Case:
    shape, dtype = random_shape(rng, least=1, sizes=(1, 2, 3, 5, 8, 17, 40)), _pick(rng, "fib")
    return {"axis": rng.randrange(len(shape))}, [_with_specials(rng, numbers(rng, shape, dtype))]


def _running(rng: random.Random) -> Case:
    shape, dtype = random_shape(rng, least=1), _pick(rng, "fi")
    return {"axis": rng.randrange(len(shape)), "reverse": rng.random() < 0.5}, [
        numbers(rng, shape, dtype, -2, 2)
    ]


def _dot_general(rng: random.Random) -> Case:
    """Axes of both operands in any order; sizes from 0 to 130, of which at most two are large."""
    dtype = _pick(rng, "ffffi")
    letters = {"b": rng.randint(0, 2), "k": rng.randint(0, 2), "x": rng.randint(0, 2), "y": rng.randint(0, 2)}
    large = rng.randint(0, 3)
    sizes: dict[str, int] = {}
    for kind, count in letters.items():
        for n in range(count):
            big = large > 0 and kind != "b" and rng.random() < 0.6
            large -= big
            sizes[kind + str(n)] = rng.randint(1, 130) if big else rng.choice((1, 2, 3, 5, 8))
    if sizes and rng.random() < 0.1:
        sizes[rng.choice(sorted(sizes))] = 0
    sides = [[n for n in sizes if n[0] in "bk" + own] for own in "xy"]
    sides = [rng.sample(side, len(side)) for side in sides]
    groups = {
        "contract": rng.sample([n for n in sizes if n[0] == "k"], letters["k"]),
        "batch": rng.sample([n for n in sizes if n[0] == "b"], letters["b"]),
    }
    params = {
        key: tuple(tuple(side.index(n) for n in group) for side in sides) for key, group in groups.items()
    }
    return params, [numbers(rng, tuple(sizes[n] for n in side), dtype) for side in sides]


def _sort(rng: random.Random) -> Case:
    shape = random_shape(rng, least=1)
    keys = _with_specials(rng, numbers(rng, shape, _pick(rng, "fib")))
    values = [numbers(rng, shape, _pick(rng, "fib")) for _ in range(rng.randint(0, 2))]
    return {"axis": rng.randrange(len(shape)), "descending": rng.random() < 0.5}, [keys, *values]


def _random_bits(rng: random.Random) -> Case:
    return {"shape": random_shape(rng)}, [np.array([rng.randrange(2**32), rng.randrange(2**32)], "uint32")]


def _custom_gradient(rng: random.Random) -> Case:
    count = rng.randint(1, 2)
    xs = [numbers(rng, random_shape(rng), _pick(rng, "fib")) for _ in range(count + rng.randint(1, 2))]
    return {"n": count, "gradient": lambda *dys: [None] * count}, xs


def _host_call(rng: random.Random) -> Case:
    x = numbers(rng, random_shape(rng), _pick(rng, "fi"))
    flat = Spec((x.size,), x.dtype)
    return {"function": lambda x: (x * 2, x.reshape(-1)), "specs": (Spec.of(x), flat)}, [x]


def _scan(rng: random.Random) -> Case:
    """A carry of any shape and dtype; the ys are the carry before, what is made of it and a constant, or a slice."""
    shape, dtype = random_shape(rng, 0, 2), rng.choice((*FLOATS, "int32", "uint8"))
    length = rng.choice((1, 2, 3, 5, 8))
    const, start = numbers(rng, shape, dtype), numbers(rng, shape, dtype)
    xs = numbers(rng, (length, *shape), dtype)
    results = rng.sample(range(4), rng.randint(0, 3))

    def turn(a: Any, c: Any, x: Any) -> Any:
        new = PRIMITIVES["maximum"].bind(PRIMITIVES["subtract"].bind(x, c), a)
        made = PRIMITIVES["multiply"].bind(new, a)
        return (new, *((c, new, made, x)[n] for n in results))

    graph = trace(turn, const, start, Spec(shape, dtype))
    settings = {"counts": (1, 1), "length": length, "reverse": rng.random() < 0.5}
    return {"body": Body(graph), **settings}, [const, start, xs]


CASES: dict[str, Callable[[random.Random], Case]] = {
    **dict.fromkeys(
        ("negative", "abs", "sign", "floor", "ceil", "round_nearest_even"), _elementwise(1, "fi")
    ),
    **dict.fromkeys(("identity", "stop_gradient", "materialize", "recompute"), _elementwise(1, "fib")),
    **dict.fromkeys(
        ("sine", "cosine", "tan", "atan", "tanh", "erf", "is_finite"), _elementwise(1, "f", -9, 9)
    ),
    **dict.fromkeys(("exponential", "exponential_minus_one", "sinh", "cosh"), _elementwise(1, "f", -50, 50)),
    **dict.fromkeys(("logistic", "asinh"), _elementwise(1, "f", -50, 50)),
    **dict.fromkeys(("log", "sqrt", "rsqrt", "log_plus_one", "acosh"), _elementwise(1, "f", -1, 50)),
    **dict.fromkeys(("asin", "acos", "atanh", "erf_inv"), _elementwise(1, "f", -1.05, 1.05)),
    **dict.fromkeys(("lgamma", "digamma"), _elementwise(1, "f", -4, 30)),
    "not": _elementwise(1, "ib"),
    **dict.fromkeys(("add", "subtract", "multiply", "divide", "maximum", "minimum"), _elementwise(2, "fi")),
    "remainder": _elementwise(2, "fi", -20, 20),
    "atan2": _elementwise(2, "f"),
    **dict.fromkeys(("and", "or", "xor"), _elementwise(2, "ib")),
    "power": _power,
    **dict.fromkeys(("shift_left", "shift_right_logical"), _shift),
    "compare": _compare,
    "select": _select,
    "convert": _convert,
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": _reshape,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "reverse": _reverse,
    "windows": _windows,
    "iota": _iota,
    "gather": _gather,
    "scatter_add": _scatter_add,
    "reduce_sum": _reduction("fi", (0, 1, 2, 3, 5, 8, 17, 40)),
    "reduce_prod": _reduction("fi", (0, 1, 2, 3, 5)),
    **dict.fromkeys(("reduce_max", "reduce_min"), _reduction("fib", (1, 2, 3, 5, 8, 17, 40))),
    **dict.fromkeys(("argmax", "argmin"), _position),
    **dict.fromkeys(("cumsum", "cumprod", "cummax"), _running),
    "dot_general": _dot_general,
    "sort": _sort,
    "random_bits": _random_bits,
    "custom_gradient": _custom_gradient,
    "host_call": _host_call,
    "scan": _scan,
}
UNCOVERED = sorted(set(PRIMITIVES) - set(CASES))
