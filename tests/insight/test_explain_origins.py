"""An origin, evaluated with its own numbers, gives the number whose origin it is: in every kind of layer."""

import numpy as np
import pytest
from test_explain_layers import CASES, in_a_model

import schuss
from schuss.graph import PRIMITIVES, reference_rules
from schuss.insight.explanation import _origins

COMPARISONS = {
    "=": np.equal,
    "≠": np.not_equal,
    "<": np.less,
    "≤": np.less_equal,
    ">": np.greater,
    "≥": np.greater_equal,
}
TOTALS = {"sum": np.sum, "max": np.max, "min": np.min, "product": np.prod}


def value_of(origin, depth):
    """The expression's value, with an axis for the elements and one for each sum around it."""
    if not origin.parts:
        array = np.asarray(origin.values)
        return array.astype("float64") if array.dtype.kind == "f" else array
    parts = [value_of(p, depth + (origin.kind != "apply")) for p in origin.parts]
    if origin.kind != "apply":
        (terms,) = parts
        count = _origins.terms_of(origin.parts[0], depth)
        terms = (
            np.broadcast_to(terms, (*terms.shape[: terms.ndim - 1], count))
            if terms.ndim
            else np.full((1, count), terms)
        )
        return TOTALS[origin.kind](
            np.where(origin.values, terms, 0) if origin.op == "where" else terms, axis=-1
        )
    if origin.op in COMPARISONS:
        return COMPARISONS[origin.op](*parts)
    if origin.op in ("select", "inside"):
        return np.where(parts[0], parts[1], parts[2] if origin.op == "select" else 0)
    if origin.op == "square":
        return parts[0] ** 2
    if origin.op not in PRIMITIVES:
        return parts[0].astype(origin.op)
    parts = np.broadcast_arrays(*parts)
    return reference_rules[PRIMITIVES[origin.op]](*parts)


def is_whole(origin, depth):
    """Whether all terms of its sums are there."""
    if (
        origin.kind in TOTALS
        and origin.op != "where"
        and origin.count > _origins.terms_of(origin.parts[0], depth)
    ):
        return False
    return all(is_whole(p, depth + (origin.kind != "apply")) for p in origin.parts)


@pytest.mark.parametrize("name", CASES)
def test_an_origin_has_the_value_of_its_number(name, monkeypatch):
    monkeypatch.setattr(_origins, "MOST_TERMS", 500)
    shape, make = CASES[name]
    model = in_a_model(shape, make())
    model.compile("adam", "mse")
    rng = np.random.default_rng(0)
    explanation = schuss.explain(model, rng.normal(size=(3, *shape)), rng.normal(size=(3, 2)))
    seen = 0
    for quantity in explanation.quantities.values():
        elements = np.unique(np.linspace(0, quantity.array.size - 1, 7).astype(int))
        origin = explanation.origin_of(quantity, elements)
        if origin is None or not is_whole(origin, 1) or quantity.array.dtype.kind != "f":
            continue
        expected = quantity.array.reshape(-1)[elements]
        found = np.broadcast_to(np.reshape(value_of(origin, 1), -1), expected.shape)
        scale = np.abs(quantity.array).max(initial=0.0)
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5 * scale + 1e-6, err_msg=quantity.key)
        seen += 1
    assert seen > 8
