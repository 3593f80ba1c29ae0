"""The loops that are printed of kernels, run by Python, compute what the compiled program computes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import schuss
from schuss import ops
from schuss.insight.compilation._names import short_path
from schuss.layers import BatchNormalization, Dense, Embedding, Flatten, Input

F = "float32"
DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")
WORDS: dict[str, Any] = {
    "abs": abs, "argmax": lambda values: np.argmax(list(values)), "clip": lambda a, low, high: min(max(a, low), high),
    "cos": math.cos, "erf": math.erf, "exp": math.exp, "expm1": math.expm1, "inf": math.inf, "isfinite": math.isfinite, "log": math.log,
    "log1p": math.log1p, "max": max, "min": min, "range": range, "sigmoid": lambda a: 1 / (1 + math.exp(-a)), "sign": np.sign,
    "sin": math.sin, "sqrt": math.sqrt, "rsqrt": lambda a: 1 / math.sqrt(a), "tanh": math.tanh, "trunc": math.trunc,
    **{name: np.dtype(name).type for name in DTYPES},
}  # fmt: skip


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_BACKEND", "cpu")


def run(compilation: schuss.insight.Compilation, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All arrays by name, after the kernels' code was run."""
    accesses = {a.name: a for kernel in compilation.kernels for a in (*kernel.reads, *kernel.writes)}
    arrays = {
        name: np.array(arrays[name]) if name in arrays else np.zeros(a.shape, a.dtype)
        for name, a in accesses.items()
    }
    names = sorted(arrays, key=len, reverse=True)
    values = {f"A{number}": arrays[name] for number, name in enumerate(names)}
    for kernel in compilation.kernels:
        code = kernel.code
        for number, name in enumerate(names):
            word = f"A{number}" + ("" if arrays[name].ndim else "[()]")
            code = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", word, code)
        exec(code, {**WORDS, **values, "rows": np.arange(1000)})
    return arrays


X, Y = np.random.default_rng(0).normal(size=(2, 5, 6)).astype(F)
I = np.array([3, 0, 3, 4], "int32")


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (lambda x: ops.tanh(x) * 2 + x, [X]),
        (lambda x, y: ops.softmax(ops.matmul(x, ops.transpose(y))), [X, Y]),
        (lambda x: (ops.argmax(x, axis=1), ops.max(x, axis=0), ops.prod(x)), [X]),
        (lambda x: ops.cumsum(x, axis=1, ), [X]),
        (lambda x: ops.cumsum(x, axis=0)[::-1, 1::2], [X]),
        (lambda x: ops.reshape(ops.exp(x), (3, 10)) - 1, [X]),
        (lambda x, y: ops.concatenate([x, y * 2], axis=1), [X, Y]),
        (lambda x: ops.pad(x, ((1, 2), (0, 3))), [X]),
        (lambda x, i: ops.sum(ops.take(x, i, axis=0), axis=0), [X, I]),
        (schuss.grad(lambda x, i: ops.sum(ops.take(x, i, axis=0) ** 2)), [X, I]),
        (lambda x: ops.cast(ops.where(x > 0, x * 100, -x), "int32"), [X]),
        (lambda x: ops.gelu(x) + ops.elu(x) + ops.silu(x), [X]),
        (lambda x, y: ops.einsum("ab,cb->bca", x, y), [X, Y]),
        (schuss.grad(lambda x, y: ops.logsumexp(ops.maximum(ops.matmul(x, ops.transpose(y)), 0))), [X, Y]),
        (lambda x: ops.var(x, axis=0) / ops.std(x), [X]),
        (lambda x: ops.logical_xor(ops.logical_not(ops.logical_or(x > 1, x < -1)), ops.logical_and(x > 0, x == x)), [X]),
        (lambda x: (ops.abs(x) ** 2.0) ** (ops.abs(x) ** 0.5), [X]),
        (lambda i: (ops.bitwise_and(ops.bitwise_or(i, 2), 5), ops.bitwise_not(i), i // 2, i % 2), [I]),
    ],
)  # fmt: skip
def test_functions(function: Callable[..., Any], arguments: list[np.ndarray]) -> None:
    compilation = schuss.explain_compilation(lambda *args: function(*args), *arguments)
    assert not compilation.host_calls
    found = run(compilation, {f"args[{n}]": argument for n, argument in enumerate(arguments)})
    wanted = schuss.jit(function)(*arguments)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    results = [array for name, array in sorted(found.items()) if name.startswith("result")]
    for result, want in zip(results, wanted, strict=True):
        np.testing.assert_allclose(result, want, rtol=1e-4, atol=1e-5)


def dense() -> list[Any]:
    return [Input((6,)), Dense(5, activation="relu"), Dense(3, activation="softmax")]


def normalized() -> list[Any]:
    return [Input((6,)), Dense(5, activation="tanh"), BatchNormalization(), Dense(3, activation="softmax")]


def embedded() -> list[Any]:
    return [Input((4,), dtype="int32"), Embedding(7, 2), Flatten(), Dense(3, activation="softmax")]


@pytest.mark.parametrize("layers", [dense, normalized, embedded])
@pytest.mark.parametrize(
    "optimizer", [schuss.optimizers.SGD, schuss.optimizers.Adam, schuss.optimizers.RMSprop]
)
def test_a_step_of_training(layers: Callable[[], list[Any]], optimizer: Any) -> None:
    schuss.utils.set_random_seed(1)
    model = schuss.Sequential(layers(), name="m")
    model.compile(optimizer(name="rule"), "sparse_categorical_crossentropy", metrics=["accuracy"])
    generator = np.random.default_rng(1)
    x = (
        generator.integers(0, 7, (9, 4)).astype("int32")
        if layers is embedded
        else generator.normal(size=(9, 6)).astype(F)
    )
    y = generator.integers(0, 3, 9)
    compilation = schuss.explain_compilation(model, x, y)
    model.reset_metrics()
    metrics = [v for metric in model.metrics for v in metric.variables]
    variables = {short_path(v.path, "m"): v for v in (*model.weights, *model.optimizer.variables, *metrics)}
    found = run(compilation, {"x": x, "y": y, **{name: v.array for name, v in variables.items()}})
    model.train_on_batch(x, y)
    for name in compilation.variables:
        np.testing.assert_allclose(found[name], variables[name].array, rtol=2e-4, atol=2e-6, err_msg=name)
