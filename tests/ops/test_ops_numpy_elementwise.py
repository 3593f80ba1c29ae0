"""Elementwise functions and comparisons against NumPy: values, dtypes, eager and traced."""

import math

import numpy as np
import pytest
from cases_numpy import B, I, M, P, U, V, agree, close, traced

from schuss import ops

UNARY = {
    "abs": np.abs, "absolute": np.abs, "arccos": np.arccos, "arcsin": np.arcsin, "arcsinh": np.arcsinh,
    "arctan": np.arctan, "arctanh": np.arctanh, "cbrt": np.cbrt, "ceil": np.ceil, "cos": np.cos, "cosh": np.cosh,
    "deg2rad": np.deg2rad, "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "fabs": np.fabs, "floor": np.floor,
    "log": np.log, "log10": np.log10, "log1p": np.log1p, "log2": np.log2, "negative": np.negative,
    "rad2deg": np.rad2deg, "reciprocal": np.reciprocal, "round": np.round, "rsqrt": lambda x: 1 / np.sqrt(x),
    "sign": np.sign, "sin": np.sin, "sinc": np.sinc, "sinh": np.sinh, "sqrt": np.sqrt, "square": np.square,
    "tan": np.tan, "tanh": np.tanh, "trunc": np.trunc, "isfinite": np.isfinite, "isinf": np.isinf, "isnan": np.isnan,
    "isneginf": np.isneginf, "isposinf": np.isposinf, "isreal": np.isreal, "logical_not": np.logical_not,
    "signbit": np.signbit, "positive": lambda x: x, "real": lambda x: x, "conj": lambda x: x, "imag": np.zeros_like,
    "angle": np.angle, "nan_to_num": np.nan_to_num, "arccosh": lambda x: np.arccosh(x),
    "erf": np.vectorize(math.erf), "lgamma": np.vectorize(math.lgamma), "i0": np.i0,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(UNARY))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_unary(name, dtype):
    x = (P + 1 if name == "arccosh" else P).astype(dtype)
    expected = UNARY[name](x.astype("float64"))
    agree(getattr(ops, name), expected, x)
    result = getattr(ops, name)(x)
    assert result.dtype == (bool if expected.dtype == bool else dtype)


@pytest.mark.parametrize(
    "name",
    [
        "abs",
        "ceil",
        "floor",
        "negative",
        "round",
        "sign",
        "sin",
        "trunc",
        "square",
        "isnan",
        "isfinite",
        "signbit",
    ],
)
def test_unary_of_negative_numbers_and_integers(name):
    agree(getattr(ops, name), UNARY[name](M), M)
    agree(getattr(ops, name), UNARY[name](I), I)


@pytest.mark.parametrize(
    "name", ["sqrt", "exp", "log", "sin", "tanh", "erf", "reciprocal", "ceil", "floor", "log10", "rsqrt"]
)
def test_functions_of_integers_are_floatx(name):
    with np.errstate(all="ignore"):
        result = getattr(ops, name)(np.array([1, 2, 3], "int64"))
    assert result.dtype == "float32"


BINARY = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide, "true_divide": np.true_divide,
    "floor_divide": np.floor_divide, "mod": np.mod, "maximum": np.maximum,
    "minimum": np.minimum, "fmax": np.fmax, "fmin": np.fmin, "arctan2": np.arctan2, "hypot": np.hypot,
    "logaddexp": np.logaddexp, "logaddexp2": np.logaddexp2, "heaviside": np.heaviside,
    "equal": np.equal, "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal, "greater": np.greater,
    "greater_equal": np.greater_equal, "logical_and": np.logical_and, "logical_or": np.logical_or,
    "logical_xor": np.logical_xor, "isclose": np.isclose, "nextafter": np.nextafter, "fmod": np.fmod,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BINARY))
@pytest.mark.parametrize(
    "shapes", [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (1, 4)), ((), (2, 3)), ((0, 3), (1, 3))]
)
def test_binary_broadcasts(name, shapes):
    rng = np.random.default_rng(1)
    x, y = (rng.standard_normal(s).astype("float32") for s in shapes)
    agree(getattr(ops, name), BINARY[name](x, y), x, y)


@pytest.mark.parametrize(
    "name",
    [
        "add",
        "subtract",
        "multiply",
        "floor_divide",
        "mod",
        "maximum",
        "minimum",
        "divide",
        "less",
        "equal",
        "fmod",
    ],
)
def test_binary_of_integers(name):
    y = np.where(I[::-1] == 0, 3, I[::-1]).astype("int32")
    agree(getattr(ops, name), BINARY[name](I, y), I, y)
    assert getattr(ops, name)(I, y).dtype == {"divide": "float32", "less": bool, "equal": bool}.get(
        name, "int32"
    )


def test_power():
    agree(ops.power, np.power(P, M), P, M)
    agree(lambda x: ops.power(x, 2), M**2, M)
    agree(lambda x: ops.power(x, 3), M**3, M)
    agree(lambda x: ops.power(2, x), 2.0**M, M)
    agree(lambda x: ops.power(x, 0.5), P**0.5, P)
    agree(lambda x: ops.power(x, 2), I**2, I)
    assert ops.power(I, 2.0).dtype == "float32"
    assert ops.power(np.array([True, False]), 2).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("x", "y", "dtype"),
    [
        (np.float32(1), 2.0, "float32"), (np.array([1], "int32"), 2.0, "float32"), (np.array([1], "int32"), 2, "int32"),
        (np.array([1], "uint8"), 2, "uint8"), (np.array([1], "uint8"), np.array([1], "int8"), "int16"),
        (np.array([1], "float16"), 2.5, "float16"), (np.array([1], "float16"), np.array([1], "int32"), "float16"),
        (np.array([1], "int64"), np.array([1], "float32"), "float32"), (np.array([True]), 2, "int32"),
        (np.array([1.0]), np.array([1], "float32"), "float64"), (np.array([True]), 1.5, "float32"),
        (1, 2, "int32"), (1.0, 2, "float32"),
    ],
)  # fmt: skip
def test_promotion(x, y, dtype):
    assert ops.add(x, y).dtype == dtype
    assert ops.multiply(y, x).dtype == dtype


def test_python_numbers_are_not_rounded_on_the_way():
    assert ops.multiply(np.array([1.0]), 0.1)[0] == 0.1


def test_bools_add_as_or_and_multiply_as_and():
    agree(ops.add, B | B[::-1], B, B[::-1])
    agree(ops.multiply, B & B[::-1], B, B[::-1])
    assert ops.add(B, B).dtype == bool
    agree(ops.maximum, B | B[::-1], B, B[::-1])
    assert ops.subtract(B, B).dtype == "int32"


def test_clip():
    agree(lambda x: ops.clip(x, -0.5, 0.5), M.clip(-0.5, 0.5), M)
    agree(lambda x: ops.clip(x, None, 0.5), M.clip(None, 0.5), M)
    agree(lambda x: ops.clip(x, 0, None), I.clip(0, None), I)
    agree(ops.clip, M.clip(-P, P), M, -P, P)
    assert ops.clip(I, 0, 3).dtype == "int32"


def test_round_to_decimals():
    agree(lambda x: ops.round(x, 2), np.round(M, 2), M)
    agree(lambda x: ops.round(x, -1), np.round(M * 100, -1), M * 100)
    agree(lambda x: ops.round(x, -1), np.round(I * 7, -1), I * 7)
    assert ops.round(np.array([0.5, 1.5, 2.5, -0.5])).tolist() == [0, 2, 2, 0]


def test_special_values():
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0], "float32")
    for name in [
        "isnan",
        "isinf",
        "isfinite",
        "isposinf",
        "isneginf",
        "nan_to_num",
        "signbit",
        "sign",
        "trunc",
    ]:
        with np.errstate(all="ignore"):
            agree(getattr(ops, name), UNARY[name](x), x)
    y = x[::-1].copy()
    for name in ["fmax", "fmin", "maximum", "minimum", "logaddexp", "heaviside", "isclose", "equal", "less"]:
        with np.errstate(all="ignore"):
            agree(getattr(ops, name), BINARY[name](x, y), x, y)
    assert ops.allclose(x, x, equal_nan=True)
    assert not ops.allclose(x, x)


def test_divide_no_nan():
    agree(ops.divide_no_nan, [0.0, 0.5], np.float32([3, 1]), np.float32([0, 2]))


def test_bits():
    a, b = I, I[::-1]
    agree(ops.bitwise_and, a & b, a, b)
    agree(ops.bitwise_or, a | b, a, b)
    agree(ops.bitwise_xor, a ^ b, a, b)
    agree(ops.bitwise_not, ~a, a)
    agree(ops.bitwise_invert, ~U, U)
    s = np.abs(b)
    agree(ops.bitwise_left_shift, a << s, a, s)
    agree(ops.left_shift, a << s, a, s)
    agree(ops.bitwise_right_shift, a >> s, a, s)
    agree(ops.right_shift, U >> 3, U, np.uint8(3))
    with pytest.raises(TypeError, match="bitwise_and: expected integers"):
        ops.bitwise_and(M, M)


def test_integers_only():
    agree(ops.gcd, np.gcd(I, I[::-1]), I, I[::-1])
    agree(ops.lcm, np.lcm(I, I[::-1]), I, I[::-1])
    agree(ops.ldexp, np.ldexp(M, I), M, I)


def test_isin_and_array_equal():
    agree(ops.isin, np.isin(I, [1, 2]), I, np.int32([1, 2]))
    agree(lambda x: ops.isin(x, [1, 2], invert=True), ~np.isin(I, [1, 2]), I)
    assert ops.array_equal(I, I)
    assert not ops.array_equal(I, I[:2])
    assert not ops.array_equal(I, I + 1)


def test_shapes_that_do_not_broadcast():
    with pytest.raises(ValueError, match=r"add: shapes \(3, 4\), \(6,\) do not broadcast"):
        ops.add(M, V)


def test_erfinv_inverts():
    x = np.linspace(-0.999, 0.999, 41)
    close(ops.erf(ops.erfinv(x)), x, 1e-12)
    traced(ops.erfinv, ops.erfinv(x), x)
    agree(ops.erfc, [math.erfc(v) for v in x.astype("float32") * 3], x.astype("float32") * 3)
    h = 1e-6
    y = np.linspace(0.3, 12, 31)
    close(ops.digamma(y), (ops.lgamma(y + h) - ops.lgamma(y - h)) / (2 * h), 1e-7)
