"""The compiled elementwise functions against exact values: errors in units of the last place, limits,
lanes."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import llvmlite.ir as ir
import mpmath
import numpy as np
import pytest

from schuss.backends.cpu import vecmath
from schuss.backends.cpu._target import host, target_machine

I64, POINTER = ir.IntType(64), ir.PointerType()
BINARY = ("atan2", "maximum", "minimum", "power", "remainder")
TRUTH = ("is_finite",)
EXACT: dict[str, Callable[..., Any]] = {
    "acos": mpmath.acos,
    "acosh": mpmath.acosh,
    "asin": mpmath.asin,
    "asinh": mpmath.asinh,
    "atan": mpmath.atan,
    "atanh": mpmath.atanh,
    "cosh": mpmath.cosh,
    "cosine": mpmath.cos,
    "erf": mpmath.erf,
    "erf_inv": mpmath.erfinv,
    "exponential": mpmath.exp,
    "exponential_minus_one": mpmath.expm1,
    "log": mpmath.log,
    "log_plus_one": mpmath.log1p,
    "logistic": lambda x: 1 / (1 + mpmath.exp(-x)),
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "sine": mpmath.sin,
    "sinh": mpmath.sinh,
    "sqrt": mpmath.sqrt,
    "tan": mpmath.tan,
    "tanh": mpmath.tanh,
}
NUMPY: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "ceil": np.ceil,
    "cosh": np.cosh,
    "cosine": np.cos,
    "erf": np.vectorize(math.erf, otypes=[float]),
    "exponential": np.exp,
    "exponential_minus_one": np.expm1,
    "floor": np.floor,
    "log": np.log,
    "log_plus_one": np.log1p,
    "logistic": lambda x: np.where(x >= 0, 1.0, np.exp(x)) / (1 + np.exp(-np.abs(x))),
    "round_nearest_even": np.rint,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "sign": np.sign,
    "sine": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "tan": np.tan,
    "tanh": np.tanh,
}
FMA = [True, False] if host().fma else [False]
MACHINES = [(dtype, fma) for dtype in ("float32", "float64") for fma in FMA]


class Kernels:
    """Every function compiled for scalars and two lengths of vectors, in one module."""

    def __init__(self, dtype: str, fma: bool):
        self.dtype = np.dtype(dtype)
        self.widths = (1, 16 // self.dtype.itemsize, host().lanes(self.dtype.itemsize))
        module = ir.Module(name="test")
        module.triple = llvm.get_default_triple()
        token = vecmath.use_fma.set(fma)
        for name in vecmath.names():
            for lanes in sorted(set(self.widths)):
                self._emit(module, name, lanes)
        vecmath.use_fma.reset(token)
        machine = target_machine()
        parsed = llvm.parse_assembly(str(module))
        parsed.verify()
        self.assembly = machine.emit_assembly(parsed)
        self._engine = llvm.create_mcjit_compiler(parsed, machine)
        self._engine.finalize_object()

    def _emit(self, module: ir.Module, name: str, lanes: int) -> None:
        element = ir.FloatType() if self.dtype.itemsize == 4 else ir.DoubleType()
        arity = 2 if name in BINARY else 1
        type_ = ir.VectorType(element, lanes) if lanes > 1 else element
        out = ir.IntType(8) if name in TRUTH else element
        function = ir.Function(
            module, ir.FunctionType(ir.VoidType(), [I64] + [POINTER] * (arity + 1)), f"{name}_{lanes}"
        )
        b = ir.IRBuilder(function.append_basic_block())
        before = b.block
        loop, done = b.append_basic_block(), b.append_basic_block()
        b.branch(loop)
        b.position_at_end(loop)
        i = b.phi(I64)
        i.add_incoming(ir.Constant(I64, 0), before)
        *sources, target = function.args[1:]
        args = [b.load(b.gep(p, [i], source_etype=element), typ=type_, align=4) for p in sources]
        result = vecmath.emit(name, b, *args)
        if name in TRUTH:
            result = b.zext(result, ir.VectorType(out, lanes) if lanes > 1 else out)
        b.store(result, b.gep(target, [i], source_etype=out), align=1)
        following = b.add(i, ir.Constant(I64, lanes))
        i.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, function.args[0]), loop, done)
        b.position_at_end(done)
        b.ret_void()

    def run(self, name: str, *args: Any, lanes: int | None = None) -> np.ndarray:
        """The function of arrays of one length; lanes: as many as the machine has."""
        lanes = lanes or self.widths[-1]
        n = len(args[0])
        padded = [np.concatenate([np.asarray(a, self.dtype), np.ones(-n % lanes, self.dtype)]) for a in args]
        out = np.empty(len(padded[0]), bool if name in TRUTH else self.dtype)
        address = self._engine.get_function_address(f"{name}_{lanes}")
        function = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * (len(args) + 1))(address)
        function(len(out), *(a.ctypes.data for a in padded), out.ctypes.data)
        return out[:n]


@cache
def compiled(dtype: str, fma: bool) -> Kernels:
    return Kernels(dtype, fma)


@pytest.fixture(params=MACHINES, ids=lambda m: f"{m[0]}{'' if m[1] else '-no-fma'}")
def kernels(request: pytest.FixtureRequest) -> Kernels:
    return compiled(*request.param)


@pytest.fixture(params=FMA, ids=lambda fma: "fma" if fma else "no-fma")
def single(request: pytest.FixtureRequest) -> Kernels:
    return compiled("float32", request.param)


@pytest.fixture(params=FMA, ids=lambda fma: "fma" if fma else "no-fma")
def double(request: pytest.FixtureRequest) -> Kernels:
    return compiled("float64", request.param)


def limits(dtype: np.dtype) -> np.ndarray:
    """Where functions are likely to be wrong."""
    info = np.finfo(dtype)
    positive = [
        0.0,
        0.5,
        1,
        1.5,
        2,
        2.5,
        3,
        10,
        100,
        np.pi / 2,
        np.pi,
        np.e,
        2.0**22,
        2.0**24 - 1,
        88.72,
        88.73,
        103.9,
    ]
    positive += [709.78, 709.79, 745.1, 746, 1e5, 131073, 1e10, 1e30, np.inf, np.nan, info.max, info.tiny]
    positive += [
        info.smallest_subnormal,
        3 * info.smallest_subnormal,
        1 + info.eps,
        1 - info.epsneg,
        info.eps,
    ]
    return np.array(positive + [-v for v in positive]).astype(dtype)


def samples(dtype: np.dtype, count: int = 20000) -> np.ndarray:
    """Half over all bit patterns, half over the ranges in which functions do something."""
    random = np.random.default_rng(20)
    unsigned = np.dtype(f"u{dtype.itemsize}")
    anything = random.integers(0, np.iinfo(unsigned).max, count // 2, dtype=unsigned, endpoint=True).view(
        dtype
    )
    widest = 104 if dtype.itemsize == 4 else 750
    spans = [random.uniform(-s, s, count // 8) for s in (1, 12, widest)]
    spans.append(np.exp(random.uniform(-20, 4, count // 8)) * random.choice([-1, 1], count // 8))
    return np.concatenate([anything, *(s.astype(dtype) for s in spans), limits(dtype)])


def ulps(got: np.ndarray, wanted: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Errors in units of the last place of `wanted`, which is more exact than `got`."""
    info = np.finfo(dtype)
    with np.errstate(all="ignore"):
        rounded = wanted.astype(dtype)
        exponent = np.frexp(np.where(np.isfinite(rounded), np.abs(wanted), 1.0))[1]
        unit = np.ldexp(1.0, np.maximum(exponent - 1, info.minexp) - info.nmant)
        error = np.abs(got.astype(wanted.dtype) - wanted) / unit
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    return np.where(same & ~np.isfinite(error), 0.0, np.where(np.isfinite(error), error, np.inf))


def exact_ulps(got: np.ndarray, wanted: list[Any]) -> np.ndarray:
    """Errors of doubles in units of the last place of mpmath's numbers."""
    errors = []
    for value, exact in zip(got, wanted, strict=True):
        if not isinstance(exact, mpmath.mpf) or not mpmath.isfinite(exact):
            errors.append(0.0 if not np.isfinite(value) else np.inf)
        elif not np.isfinite(value):
            errors.append(0.0 if abs(exact) >= np.finfo("float64").max else np.inf)
        else:
            unit = mpmath.ldexp(1, max(int(mpmath.frexp(exact)[1]) - 1, -1022) - 52)
            errors.append(float(abs(mpmath.mpf(float(value)) - exact) / unit))
    return np.array(errors)


def exactly(function: Callable[..., Any], *args: np.ndarray) -> list[Any]:
    """mpmath's values; None where the function has no real one."""
    results = []
    with mpmath.workprec(1200):  # the largest doubles modulo 2π
        numbers = [tuple(mpmath.mpf(float(v)) for v in row) for row in zip(*args, strict=True)]
    for row in numbers:
        with mpmath.workprec(1200 if function in (mpmath.sin, mpmath.cos, mpmath.tan) else 160):
            try:
                results.append(function(*row))
            except (ValueError, ZeroDivisionError):
                results.append(None)
    return results


@pytest.mark.parametrize("name", sorted(NUMPY))
def test_single_precision_is_within_four_units_of_the_last_place(name: str, single: Kernels) -> None:
    x = samples(single.dtype)
    with np.errstate(all="ignore"):
        error = ulps(single.run(name, x), NUMPY[name](x.astype("float64")), single.dtype)
    assert error.max() <= 4, f"{name}({x[error.argmax()]!r}) is {error.max()} units off"


@pytest.mark.parametrize("name", sorted(EXACT))
def test_double_precision_is_within_four_units_of_the_last_place(name: str, double: Kernels) -> None:
    x = samples(double.dtype, 480)
    x = x[np.isfinite(x)]
    if name not in (
        "sine",
        "cosine",
        "tan",
        "sqrt",
        "rsqrt",
        "log",
        "log_plus_one",
        "asinh",
        "acosh",
        "atan",
    ):
        x = x[np.abs(x) < 1e4]
    error = exact_ulps(double.run(name, x), exactly(EXACT[name], x))
    assert error.max() <= 4, f"{name}({x[error.argmax()]!r}) is {error.max()} units off"


@pytest.mark.parametrize("name", sorted(NUMPY))
def test_limits_are_those_of_numpy(name: str, kernels: Kernels) -> None:
    x = limits(kernels.dtype)
    with np.errstate(all="ignore"):
        wanted = NUMPY[name](x.astype("float64")).astype(kernels.dtype)
    got = kernels.run(name, x)
    np.testing.assert_allclose(
        got, wanted, rtol=8 * np.finfo(kernels.dtype).eps, atol=np.finfo(kernels.dtype).tiny
    )
    zero = (wanted == 0) & (name != "sign")
    np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(wanted[zero]))


@pytest.mark.parametrize("name", vecmath.names())
def test_a_result_does_not_depend_on_the_lane(name: str, kernels: Kernels) -> None:
    x = samples(kernels.dtype, 4000)
    args = (x, np.random.default_rng(1).permutation(x)) if name in BINARY else (x,)
    unsigned = f"u{kernels.dtype.itemsize}"
    single, *vectors = (kernels.run(name, *args, lanes=lanes) for lanes in kernels.widths)
    for vector in vectors:
        if name in TRUTH:
            np.testing.assert_array_equal(single, vector)
        else:
            same = (single.view(unsigned) == vector.view(unsigned)) | (np.isnan(single) & np.isnan(vector))
            assert same.all(), f"{name} of {[a[~same][0] for a in args]}"


def test_nothing_outside_is_called(kernels: Kernels) -> None:
    called = set(re.findall(r"^\s+(?:callq?|bl|jmp|b)\s+([\w.@\"]+)", kernels.assembly, re.MULTILINE))
    outside = {c for c in called if not re.match(r'"?[._]*(L|l?BB|vecmath)', c)}
    assert not outside or not host().fma


def pairs(dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    x, y = np.meshgrid(limits(dtype), limits(dtype))
    base, exponent = np.exp(random.uniform(-5, 5, 3000)), random.uniform(-15, 15, 3000)
    wide = samples(dtype, 3000)
    return (
        np.concatenate([x.ravel(), base.astype(dtype), wide, np.abs(wide)]),
        np.concatenate(
            [
                y.ravel(),
                exponent.astype(dtype),
                random.permutation(wide),
                random.uniform(-3, 3, len(wide)).astype(dtype),
            ]
        ),
    )


@pytest.mark.parametrize(("name", "function"), [("power", np.power), ("atan2", np.arctan2)])
def test_functions_of_two_numbers(name: str, function: Callable[..., Any], kernels: Kernels) -> None:
    x, y = pairs(kernels.dtype)
    got = kernels.run(name, x, y)
    with np.errstate(all="ignore"):
        wanted = function(x.astype("float64"), y.astype("float64"))
        # NumPy's float64 power may itself be a unit off
        error = ulps(got, wanted, kernels.dtype)
    assert error.max() <= 4, (
        f"{name}({x[error.argmax()]!r}, {y[error.argmax()]!r}) is {error.max()} units off"
    )
    zero = wanted == 0
    np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(wanted[zero]))


def test_power_is_exact_to_a_unit_in_double_precision(double: Kernels) -> None:
    random = np.random.default_rng(4)
    x = np.concatenate(
        [
            np.exp(random.uniform(-5, 5, 300)),
            np.exp(random.uniform(-700, 700, 200)),
            random.uniform(0.99, 1.01, 100),
        ]
    )
    y = random.uniform(-1, 1, 600) * 745 / np.abs(np.log(x))
    error = exact_ulps(double.run("power", x, y), exactly(lambda a, b: a**b, x, y))
    assert error.max() <= 1.5


def test_remainder_is_numpy_s_mod(kernels: Kernels) -> None:
    x, y = pairs(kernels.dtype)
    with np.errstate(all="ignore"):
        wanted = np.remainder(x, y)
    got = kernels.run("remainder", x, y)
    np.testing.assert_array_equal(got, wanted)
    np.testing.assert_array_equal(np.signbit(got[wanted == 0]), np.signbit(wanted[wanted == 0]))


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_extremes_propagate_nan(name: str, kernels: Kernels) -> None:
    x, y = pairs(kernels.dtype)
    np.testing.assert_array_equal(kernels.run(name, x, y), getattr(np, name)(x, y))


@pytest.mark.parametrize("lanes", [1, 4])
def test_an_extreme_with_a_constant_propagates_nan(lanes: int) -> None:
    module = ir.Module()
    module.triple = llvm.get_default_triple()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER, POINTER]), "relu")
    b = ir.IRBuilder(function.append_basic_block())
    zero = ir.Constant(ir.FloatType(), 0.0)
    type_: ir.Type = ir.FloatType()
    if lanes > 1:
        type_ = ir.VectorType(type_, lanes)
        zero = ir.Constant(type_, [zero] * lanes)
    source, target = function.args
    result = vecmath.emit("maximum", b, b.load(source, typ=type_, align=4), zero)
    b.store(result, target, align=4)
    b.ret_void()
    assert str(function).count("select") == 1
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), target_machine())
    x = np.array([np.nan, -1, 2, -np.inf], "float32")
    out = np.empty(4, "float32")
    relu = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(engine.get_function_address("relu"))
    for start in range(0, 4, lanes):
        relu(x[start:].ctypes.data, out[start:].ctypes.data)
    np.testing.assert_array_equal(out, [np.nan, 0, 2, 0])


def test_is_finite(kernels: Kernels) -> None:
    x = samples(kernels.dtype)
    np.testing.assert_array_equal(kernels.run("is_finite", x), np.isfinite(x))


def test_lgamma(kernels: Kernels) -> None:
    x = np.concatenate(
        [np.random.default_rng(5).uniform(-20, 40, 1000), [1e-5, 1, 1 - 2.0**-20, 2, 1e6, 1e30, 0.5]]
    )
    x = x.astype(kernels.dtype)
    wanted = np.array([float(v.real) for v in exactly(mpmath.loggamma, x)])
    eps = np.finfo(kernels.dtype).eps
    got = kernels.run("lgamma", x)
    np.testing.assert_allclose(got, wanted, rtol=4 * eps, atol=1e-14)
    np.testing.assert_allclose(got[x > 0], wanted[x > 0], rtol=4 * eps, atol=0)
    poles = np.array([0.0, -0.0, -1, -2, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(kernels.run("lgamma", poles), [np.inf] * 6 + [np.nan])


def test_digamma(kernels: Kernels) -> None:
    x = np.concatenate([np.random.default_rng(6).uniform(-20, 40, 500), [1e-5, 1, 2, 1e6, 1e30]]).astype(
        kernels.dtype
    )
    wanted = np.array([float(v) for v in exactly(mpmath.digamma, x)])
    tolerance = {"rtol": 8 * np.finfo(kernels.dtype).eps, "atol": 1e-14}
    np.testing.assert_allclose(kernels.run("digamma", x), wanted, **tolerance)
    limit = np.array([0.0, -0.0, -1, np.inf, np.nan])
    np.testing.assert_array_equal(kernels.run("digamma", limit), [-np.inf, np.inf, np.nan, np.inf, np.nan])


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(ValueError, match="no function 'gamma'"):
        vecmath.emit("gamma", ir.IRBuilder())
