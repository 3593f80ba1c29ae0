"""Shape rules against the reference evaluator, their errors, and what the special functions compute."""

import math

import numpy as np
import pytest

from schuss.backends.reference import special
from schuss.backends.reference.random import threefry
from schuss.graph import PRIMITIVES, Body, Spec, reference_rules, shape_rules, trace
from schuss.graph import primitives as p

F = np.float32([[0.1, 0.5, 0.9], [0.3, 0.2, 0.7]])
I = np.int32([[3, -1, 2], [5, 0, -4]])
B = I > 0
HALF, DOUBLE, BYTE = F.astype("float16"), F.astype("float64"), np.uint8([[1, 2, 3], [0, 255, 7]])
SCAN = {
    "body": Body(trace(lambda c, x: (c + x, c), F[0], F[0])),
    "counts": (0, 1),
    "length": 2,
    "reverse": True,
}

CASES = [
    *((name, (x,), {}) for name in ["negative", "abs", "sign", "floor", "ceil", "round_nearest_even"] for x in (F, I, HALF, BYTE)),
    *(
        (name, (x,), {})
        for name in ["exponential", "exponential_minus_one", "log", "log_plus_one", "logistic", "tanh", "sqrt", "rsqrt", "sine", "cosine", "tan", "erf", "erf_inv", "asin", "acos", "atan", "sinh", "cosh", "asinh", "atanh", "lgamma", "digamma", "is_finite"]
        for x in (F, HALF, DOUBLE)
    ),
    ("acosh", (F + 1,), {}),
    *(("not", (x,), {}) for x in (I, B, BYTE)),
    *(
        (name, (x, x[::-1]), {})
        for name in ["add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "remainder"]
        for x in (F, I, HALF, BYTE, DOUBLE)
    ),
    ("atan2", (F, F[::-1]), {}),
    *((name, (x, x[::-1]), {}) for name in ("and", "or", "xor") for x in (I, B, BYTE)),
    *((name, (x, x[::-1]), {}) for name in ("shift_left", "shift_right_logical") for x in (I, BYTE)),
    *(("compare", (F, F[::-1]), {"direction": d}) for d in ("EQ", "NE", "LT", "LE", "GT", "GE")),
    ("select", (B, F, -F), {}),
    *(("convert", (x,), {"dtype": np.dtype(d)}) for x in (F, I, B) for d in ("float16", "int8", "bool", "uint32")),
    ("broadcast_in_dim", (F,), {"shape": (4, 2, 5, 3), "dims": (1, 3)}),
    ("broadcast_in_dim", (F[:1],), {"shape": (2, 3), "dims": (0, 1)}),
    ("reshape", (F,), {"shape": (3, 2)}), ("transpose", (F,), {"permutation": (1, 0)}),
    ("slice", (F,), {"start": (0, 1), "limit": (2, 3), "strides": (1, 2)}),
    ("pad", (F, np.float32(7)), {"low": (1, 0), "high": (0, 2), "interior": (2, 1)}),
    ("concatenate", (F, F, F[:, :1]), {"axis": 1}), ("reverse", (F,), {"axes": (1,)}),
    ("windows", (F,), {"axes": (1,), "sizes": (2,), "strides": (1,), "dilations": (1,)}),
    ("iota", (), {"shape": (2, 3), "dtype": np.dtype("int32"), "axis": 1}),
    ("gather", (F, np.int32([0, 9, -3]), np.int32([2, 1, 0])), {}),
    ("scatter_add", (F, np.float32([1, 2, 4]), np.int32([0, 0, 5]), np.int32([2, 2, 0])), {}),
    *((f"reduce_{k}", (x,), {"axes": (1,)}) for k in ("sum", "prod", "max", "min") for x in (F, I, BYTE, HALF)),
    *((f"reduce_{k}", (B,), {"axes": (0, 1)}) for k in ("max", "min")),
    *((k, (x,), {"axis": 1}) for k in ("argmax", "argmin") for x in (F, I, B)),
    *((k, (x,), {"axis": 0, "reverse": r}) for k in ("cumsum", "cumprod", "cummax") for x in (F, BYTE) for r in (False, True)),
    ("dot_general", (F, F), {"contract": ((1,), (1,)), "batch": ((), ())}),
    ("dot_general", (I, I), {"contract": ((), ()), "batch": ((1,), (1,))}),
    ("sort", (F, I), {"axis": 1, "descending": True}), ("sort", (BYTE,), {"axis": 0, "descending": False}),
    ("random_bits", (np.uint32([1, 2]),), {"shape": (3, 2)}),
    ("identity", (F,), {}), ("materialize", (F,), {}), ("stop_gradient", (F,), {}), ("custom_gradient", (F, I), {"n": 1, "gradient": None}),
    ("scan", (F[0], F), SCAN),
    ("recompute", (F,), {"region": 3}),
    ("host_call", (F,), {"function": lambda x: x.sum(0), "specs": (Spec((3,), "float32"),)}),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(CASES)))
def test_reference_results_have_the_specs_of_the_shape_rule(index):
    name, operands, params = CASES[index]
    primitive = PRIMITIVES[name]
    specs = shape_rules[primitive](*map(Spec.of, operands), **params)
    with np.errstate(all="ignore"):
        results = reference_rules[primitive](*operands, **params)
    if not primitive.several_results:
        specs, results = [specs], [results]
    assert [Spec.of(np.asarray(y)) for y in results] == list(specs)


def test_every_primitive_has_a_case_and_a_meaning():
    names = {name for name, _, _ in CASES}
    assert (
        names
        == {str(primitive) for primitive in reference_rules}
        == {str(primitive) for primitive in shape_rules}
    )
    assert all(getattr(p, f"{name}_p") is PRIMITIVES[name] for name in PRIMITIVES)


REFUSED = [
    (p.add_p, (F, I), {}, r"add: operands must have equal dtypes. Received: float32\[2,3\], int32\[2,3\]"),
    (p.add_p, (F, F[:1]), {}, r"add: operands must have equal shapes. Received: float32\[2,3\], float32\[1,3\]"),
    (p.add_p, (B, B), {}, "add: expected integers or floats; cast"), (p.tanh_p, (I,), {}, "tanh: expected floats"),
    (p.and_p, (F, F), {}, "and: expected bools or integers"), (p.select_p, (I, F, F), {}, "select: the predicate must be bool"),
    (p.compare_p, (F, F), {"direction": "<"}, "`direction` must be one of EQ, NE"),
    (p.reshape_p, (F,), {"shape": (4,)}, r"reshape: cannot give 6 elements the shape \(4,\)"),
    (p.transpose_p, (F,), {"permutation": (0, 0)}, "must name each of the 2 axes once"),
    (p.broadcast_in_dim_p, (F,), {"shape": (2, 4), "dims": (0, 1)}, "sizes must be 1 or those of"),
    (p.broadcast_in_dim_p, (F,), {"shape": (2, 3), "dims": (1, 0)}, "increasing axes"),
    (p.slice_p, (F,), {"start": (0, 0), "limit": (2, 4), "strides": (1, 1)}, "slice: start"),
    (p.pad_p, (F, F), {"low": (0, 0), "high": (0, 0), "interior": (0, 0)}, "padding value must be a scalar"),
    (p.pad_p, (F, np.float32(0)), {"low": (-1, 0), "high": (0, 0), "interior": (0, 0)}, "must not be negative"),
    (p.concatenate_p, (F, F[:1]), {"axis": 1}, "all sizes but those of axis 1 must be equal"),
    (p.windows_p, (F,), {"axes": (1,), "sizes": (4,), "strides": (1,), "dilations": (1,)}, "fit into the axis"),
    (p.windows_p, (F,), {"axes": (1,), "sizes": (1,), "strides": (), "dilations": (1,)}, "a size, a stride and a dilation"),
    (p.reverse_p, (F,), {"axes": (2,)}, "reverse: axes"), (p.gather_p, (F, I), {}, "one index array for each of the 2 axes"),
    (p.scatter_add_p, (F, I, I, I), {}, "updates must have the shape of the indices and the dtype"),
    (p.reduce_sum_p, (B,), {"axes": (0,)}, "reduce_sum: expected integers or floats"),
    (p.reduce_max_p, (F[:0],), {"axes": (0,)}, "reduce_max: no elements"), (p.argmax_p, (F[:0],), {"axis": 0}, "argmax: no elements"),
    (p.cumsum_p, (F,), {"axis": 2, "reverse": False}, "cumsum: axes"),
    (p.dot_general_p, (F, F), {"contract": ((1,), (0,)), "batch": ((), ())}, "must have equal sizes"),
    (p.sort_p, (F, F[:1]), {"axis": 0, "descending": False}, "keys and values must have equal shapes"),
    (p.random_bits_p, (I,), {"shape": (3,)}, r"the key must be uint32\[2\]"),
    (p.custom_gradient_p, (F,), {"n": 1, "gradient": None}, "must leave at least one result"),
    (p.scan_p, (F[0], F), {**SCAN, "length": 3}, "needs the leading size 3"),
    (p.scan_p, (F, F), SCAN, "the body's inputs are float32"),
]  # fmt: skip


@pytest.mark.parametrize("index", range(len(REFUSED)))
def test_operands_that_do_not_fit(index):
    primitive, operands, params, message = REFUSED[index]
    with pytest.raises(ValueError, match=message):
        primitive.bind(*operands, **params)


def test_host_call_checks_what_comes_back():
    with pytest.raises(ValueError, match="promised as float32"):
        p.host_call_p.bind(F, function=lambda x: x, specs=(Spec((2,), "float32"),))
    with pytest.raises(ValueError, match="promised 2 results and returned 1"):
        p.host_call_p.bind(F, function=lambda x: x, specs=(Spec((2,), "float32"),) * 2)


def test_integers():
    a, b = np.int32([7, -7, 7, -7, 5]), np.int32([2, 2, -2, -2, 0])
    assert p.divide_p.bind(a, b).tolist() == [3, -3, -3, 3, 0]
    assert p.remainder_p.bind(a, b).tolist() == [1, 1, -1, -1, 0]
    assert p.power_p.bind(np.int32([2, -1, 1, 3]), np.int32([-1, -3, -2, 3])).tolist() == [0, -1, 1, 27]
    assert p.shift_left_p.bind(np.int32([1, 1]), np.int32([31, 32])).tolist() == [-(2**31), 0]
    assert p.shift_right_logical_p.bind(np.int32([-1]), np.int32([28])).tolist() == [15]


def test_gather_clamps_and_scatter_drops():
    x = np.float32([1, 2, 3])
    assert p.gather_p.bind(x, np.int32([-5, 1, 9])).tolist() == [1, 2, 3]
    assert p.scatter_add_p.bind(x, np.float32([10, 20, 40, 5]), np.int32([-1, 1, 3, 1])).tolist() == [
        1,
        27,
        3,
    ]


def test_sort_is_stable_both_ways_and_nan_is_largest():
    keys = np.float32([2, np.nan, 1, 2, np.inf])
    places = np.arange(5, dtype="int32")
    assert p.sort_p.bind(keys, places, axis=0, descending=False)[1].tolist() == [2, 0, 3, 4, 1]
    assert p.sort_p.bind(keys, places, axis=0, descending=True)[1].tolist() == [1, 4, 0, 3, 2]


def test_extremes_propagate_nan():
    x = np.float32([1, np.nan, 3])
    assert np.isnan(p.reduce_max_p.bind(x, axes=(0,)))
    assert np.isnan(p.reduce_min_p.bind(x, axes=(0,)))
    assert p.argmax_p.bind(x, axis=0) == 1


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_threefry_of_its_authors(key, counter, expected):
    """The known answers of Random123's distribution."""
    words = threefry(np.uint32(key), *(np.uint32([c]) for c in counter))
    assert [int(word[0]) for word in words] == list(expected)


def test_random_bits_count_up():
    key = np.uint32([3, 4])
    bits = p.random_bits_p.bind(key, shape=(2, 3))
    assert bits[1, 1] == threefry(key, np.uint32([0]), np.uint32([4]))[0][0]


def test_special_functions():
    x = np.concatenate([np.linspace(-6, 6, 241), [1e-300, 1e-10, 30, -30]])
    expected = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(special.erf(x), expected, rtol=1e-15)
    inside = np.abs(x) < 5
    np.testing.assert_allclose(special.erf_inv(special.erf(x[inside])), x[inside], rtol=1e-4)
    near = np.abs(x) < 2
    np.testing.assert_allclose(special.erf_inv(special.erf(x[near])), x[near], rtol=2e-14)
    assert special.erf_inv(np.array([1.0, -1, 0])).tolist() == [np.inf, -np.inf, 0]
    y = np.concatenate([np.linspace(0.01, 30, 301), np.linspace(-9.95, -0.05, 100), [1e10, 1e-10]])
    y = y[(y > 0) | (y != np.floor(y))]
    np.testing.assert_allclose(special.lgamma(y), [math.lgamma(v) for v in y], rtol=1e-13, atol=1e-13)
    assert special.lgamma(np.array([1.0, 2.0])).tolist() == [0, 0]
    with np.errstate(all="ignore"):
        assert special.lgamma(np.array([0.0, -3, np.inf])).tolist() == [np.inf] * 3
    z = np.array([1.0, 0.5, 2.0, -0.5, 100.0])
    euler = 0.5772156649015329
    expected = [-euler, -euler - 2 * math.log(2), 1 - euler, 2 - euler - 2 * math.log(2), 4.600161852738087]
    np.testing.assert_allclose(special.digamma(z), expected, rtol=1e-14)
