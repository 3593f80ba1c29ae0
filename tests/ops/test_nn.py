"""Cross-entropies, normalisations, norms and attention against figures of Keras; messages; extremes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import ops

RECORDED = Path(__file__).parents[1] / "recorded"
CASES = json.loads((RECORDED / "nn_more.json").read_text())["cases"]
FIGURES = dict(np.load(RECORDED / "nn_more.npz"))


def close(actual, expected, tolerance):
    actual = np.asarray(actual)
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(np.isfinite(actual), finite)
    np.testing.assert_array_equal(actual[~finite], expected[~finite])
    scale = np.abs(expected[finite]).max() if finite.any() else 1
    np.testing.assert_allclose(actual[finite], expected[finite], rtol=0, atol=tolerance * max(scale, 1e-30))


@pytest.mark.parametrize("case", CASES, ids=[c["name"].replace(" ", "-") for c in CASES])
def test_recorded(case):
    def figure(name):
        return FIGURES[f"{case['id']}/{name}"]

    operands = [figure(f"x{i}") for i in range(case["args"])]
    kwargs = dict(case["kwargs"])
    axis = kwargs.pop("positional_axis", None)

    def f(*varying):
        for i, value in zip(case["grads"], varying, strict=True):
            operands[i] = value
        positional = operands if axis is None else [*operands[:3], axis, *operands[3:]]
        return getattr(ops, case["function"])(*positional, **kwargs)

    varying = [figure(f"x{i}") for i in case["grads"]]
    values = f(*varying)
    for j, value in enumerate(values if isinstance(values, tuple) else (values,)):
        close(value, figure(f"y{j}"), 1e-5)
    if not case["grads"]:
        return
    dys = tuple(figure(f"dy{j}") for j in range(case["outputs"]))
    _, pull = schuss.vjp(f, *varying)
    for i, dx in zip(case["grads"], pull(dys if case["outputs"] > 1 else dys[0]), strict=True):
        close(dx, figure(f"dx{i}"), 1e-4)


def test_crossentropies_of_huge_logits_are_finite_with_finite_gradients():
    z = np.array([[1e4, -1e4, 0.0]], "float32")
    for f in (
        lambda z: ops.categorical_crossentropy(np.array([[0.0, 1.0, 0.0]], "float32"), z, from_logits=True),
        lambda z: ops.sparse_categorical_crossentropy(np.array([1]), z, from_logits=True),
        lambda z: ops.binary_crossentropy(np.array([[0.0, 1.0, 0.5]], "float32"), z, from_logits=True),
    ):
        value, pull = schuss.vjp(f, z)
        assert np.isfinite(value).all()
        assert np.isfinite(pull(np.ones_like(value))[0]).all()
        assert np.max(value) > 9e3


def test_gradient_of_logits_is_probability_minus_target():
    z = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    t = np.eye(4, dtype="float32")[[1, 0, 3]]
    expected = np.asarray(ops.softmax(z)) - t
    dz = schuss.grad(lambda z: ops.sum(ops.categorical_crossentropy(t, z, from_logits=True)))(z)
    np.testing.assert_allclose(dz, expected, atol=1e-6)
    dz = schuss.grad(
        lambda z: ops.sum(ops.sparse_categorical_crossentropy(t.argmax(-1), z, from_logits=True))
    )(z)
    np.testing.assert_allclose(dz, expected, atol=1e-6)


def test_binary_crossentropy_at_logit_zero():
    dz = schuss.grad(lambda z: ops.sum(ops.binary_crossentropy(np.array([0.0, 1.0]), z, from_logits=True)))(
        np.zeros(2)
    )
    np.testing.assert_allclose(dz, [0.5, -0.5])


def test_messages_of_crossentropies():
    two, three = np.ones((1, 2), "float32"), np.ones((1, 3), "float32")
    for f in (ops.categorical_crossentropy, ops.binary_crossentropy):
        with pytest.raises(ValueError, match=r"same shape.*\(1, 2\).*\(1, 3\)"):
            f(two, three)
    with pytest.raises(ValueError, match="rank 1"):
        ops.categorical_crossentropy(1.0, 0.5)
    with pytest.raises(ValueError, match="categorical_crossentropy"):
        ops.sparse_categorical_crossentropy(three, three)
    with pytest.raises(ValueError, match="A target is 5, but `output` has 3 classes"):
        ops.sparse_categorical_crossentropy(np.array([5]), three)


def test_one_hot_leaves_unknown_classes_zero():
    assert np.asarray(ops.one_hot(np.array([-1, 1, 7]), 3)).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert np.asarray(ops.one_hot(np.array([[0]], "uint8"), 2, dtype="int32")).dtype == np.int32
    assert ops.one_hot(np.zeros((2, 3), "int64"), 4, axis=0).shape == (4, 2, 3)
    with pytest.raises(ValueError, match="sparse"):
        ops.one_hot(np.array([0]), 2, sparse=True)


def test_multi_hot_ranks():
    assert np.asarray(ops.multi_hot(np.array([0, 2]), 4)).tolist() == [1, 0, 1, 0]
    assert ops.multi_hot(np.zeros((1, 2, 3), "int32"), 4).shape == (1, 3, 4)


def test_normalize_of_zero_is_zero_with_finite_gradient():
    x = np.array([[0.0, 0.0], [3.0, 4.0]], "float32")
    np.testing.assert_allclose(ops.normalize(x), [[0, 0], [0.6, 0.8]], rtol=1e-6)
    np.testing.assert_allclose(ops.normalize(x, order=1), [[0, 0], [3 / 7, 4 / 7]], rtol=1e-6)
    assert np.isfinite(schuss.grad(lambda x: ops.sum(ops.normalize(x)))(x)).all()
    np.testing.assert_allclose(np.sum(np.square(ops.normalize(x, axis=None))), 1, rtol=1e-6)
    with pytest.raises(ValueError, match="order"):
        ops.normalize(x, order=0)


def test_norm_of_zero_has_gradient_zero():
    assert schuss.grad(lambda x: ops.norm(x))(np.zeros(3, "float32")).tolist() == [0, 0, 0]
    assert np.isnan(ops.norm(np.array([np.nan, 1.0])))


def test_norm_refuses_what_is_no_norm():
    x = np.ones((2, 3, 4), "float32")
    with pytest.raises(ValueError, match="vector or a matrix"):
        ops.norm(x, ord=2)
    with pytest.raises(ValueError, match="'fro'"):
        ops.norm(x, ord="fro", axis=1)
    with pytest.raises(ValueError, match="unknown matrix norm"):
        ops.norm(x, ord=3, axis=(0, 1))
    with pytest.raises(ValueError, match="pair"):
        ops.norm(x, ord=2, axis=(0, 1, 2))


def test_moments_of_half_precision_are_summed_in_single():
    mean, variance = ops.moments(np.full((70000,), 1.0, "float16"), axes=0)
    assert (float(mean), float(variance)) == (1.0, 0.0)
    assert np.asarray(mean).dtype == np.float16
    assert ops.moments(np.ones((2, 3)), axes=[0])[0].shape == (3,)


def test_batch_normalization_says_which_vector_is_wrong():
    with pytest.raises(ValueError, match=r"`variance` of shape \(3,\)"):
        ops.batch_normalization(np.ones((2, 3)), np.ones(3), np.ones(2), axis=-1)


def test_attention_masks_and_grouped_heads():
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=s).astype("float32") for s in ((1, 3, 4, 2), (1, 5, 2, 2), (1, 5, 2, 2)))
    mask = np.zeros((1, 1, 3, 5), bool)
    mask[..., 2] = True
    out = np.asarray(ops.dot_product_attention(q, k, v, mask=mask))
    np.testing.assert_allclose(out, np.repeat(v[:, [2, 2, 2]], 2, axis=2), rtol=1e-6)
    with pytest.raises(ValueError, match="multiple"):
        ops.dot_product_attention(q, k[:, :, :1].repeat(3, axis=2), v)
    with pytest.raises(ValueError, match="`query`"):
        ops.dot_product_attention(q[0], k, v)


def test_ops_are_the_same_in_a_trace():
    """What a traced graph computes (reference evaluator) is what the ops compute at once."""
    from schuss import backends

    z = np.random.default_rng(1).normal(size=(4, 6)).astype("float32")
    for f in (
        ops.softmax,
        ops.log_softmax,
        ops.gelu,
        ops.softplus,
        ops.layer_normalization,
        ops.logsumexp,
        ops.sparsemax,
    ):
        program = backends.compile(schuss.trace(f, z))
        np.testing.assert_allclose(program(z)[0], f(z), rtol=1e-5, atol=1e-6)


def test_cross_entropies_in_a_trace_look_through_softmax_and_sigmoid():
    """A sure error keeps its gradient ``p − y``; of probabilities alone it would be 0."""
    z, y = np.float32([[300.0, 0.0, -300.0]]), np.float32([[0.0, 0.0, 1.0]])

    def of_softmax(z):
        return ops.sum(ops.categorical_crossentropy(y, ops.softmax(z)))

    def of_classes(z):
        return ops.sum(ops.sparse_categorical_crossentropy(np.int32([2]), ops.softmax(z)))

    def of_sigmoid(z):
        return ops.sum(ops.binary_crossentropy(y, ops.sigmoid(z)))

    for f in (of_softmax, of_classes):
        loss, dz = schuss.value_and_grad(f)(z)
        assert loss == 600.0
        np.testing.assert_allclose(dz, [[1.0, 0.0, -1.0]])
    loss, dz = schuss.value_and_grad(of_sigmoid)(z)
    np.testing.assert_allclose(loss, 600.0 + np.log(2.0), rtol=1e-6)
    np.testing.assert_allclose(dz, [[1.0, 0.5, -1.0]])


def test_cross_entropies_do_not_look_through_a_softmax_over_another_axis():
    z = np.random.default_rng(2).normal(size=(3, 3)).astype("float32")
    y = np.eye(3, dtype="float32")

    def f(z):
        return ops.categorical_crossentropy(y, ops.softmax(z, axis=0))

    np.testing.assert_allclose(schuss.jit(f)(z), f(z), rtol=1e-5)


def test_logits_that_are_probabilities_are_told_of():
    z, y = np.float32([[1.0, 2.0]]), np.float32([[0.0, 1.0]])

    def f(z):
        return ops.categorical_crossentropy(y, ops.softmax(z), from_logits=True)

    with pytest.warns(UserWarning, match="`from_logits=True`, but gets the output of a softmax"):
        loss = schuss.jit(f)(z)
    np.testing.assert_allclose(loss, ops.categorical_crossentropy(y, z, from_logits=True), rtol=1e-5)
