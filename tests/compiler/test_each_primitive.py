"""Each primitive, compiled, computes what the reference evaluator says it means."""

import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schuss.backends import reference
from schuss.backends.cpu import compile_graph
from schuss.graph import PRIMITIVES, trace

sys.path.insert(0, str(Path(__file__).parent))
from primitive_cases import CASES, random_case

TOLERANCE = {"float16": 1.6e-2, "float32": 3e-5, "float64": 1e-11}
SUMS = (
    "dot_general",
    "reduce_sum",
    "reduce_prod",
    "cumsum",
    "cumprod",
)  # errors relative to the largest element
TOGETHER = 3  # cases in one program, so that compiling costs less


def test_every_primitive_has_a_maker_of_random_cases():
    assert sorted(CASES) == sorted(PRIMITIVES)


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
@settings(max_examples=3, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_compiled_equals_reference(name: str, rng: random.Random) -> None:
    cases = [random_case(name, rng) for _ in range(TOGETHER)]

    def function(*operands):
        given = iter(operands)
        results = []
        for params, arrays in cases:
            result = PRIMITIVES[name].bind(*[next(given) for _ in arrays], **params)
            results.extend(result if isinstance(result, list) else [result])
        return results

    operands = [array for _, arrays in cases for array in arrays]
    graph = trace(function, *operands)
    with np.errstate(all="ignore"):
        wanted, _ = reference.evaluate(graph, operands)
    for got, want in zip(compile_graph(graph)(*operands), wanted, strict=True):
        _agree(got, np.asarray(want), name)


def _agree(got: np.ndarray, want: np.ndarray, name: str) -> None:
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want)
        return
    tolerance = TOLERANCE[want.dtype.name]
    finite = want[np.isfinite(want)]
    scale = max(1.0, float(np.abs(finite).max(initial=0))) if name in SUMS else 1.0
    if (
        name in SUMS and want.dtype == np.float16
    ):  # thousands of terms, each sum rounded to 11 bits, in another order
        scale *= 4
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * scale)
