"""get_state_tree, set_state_tree."""

import numpy as np
import pytest

import schuss
from schuss import layers

ROWS = np.linspace(-1, 1, 12).reshape(4, 3).astype("float32")


def trained():
    stack = [schuss.Input((3,)), layers.Dense(2, name="d"), layers.BatchNormalization(name="b")]
    model = schuss.Sequential(stack, name="m")
    model.compile(schuss.optimizers.Adam(name="adam"), "mse", metrics=["mae"])
    model.fit(ROWS, np.ones((4, 2)), verbose=0)
    return model


def test_there_and_back():
    one, other = trained(), trained()
    tree = one.get_state_tree()
    assert list(tree) == [
        "trainable_variables",
        "non_trainable_variables",
        "optimizer_variables",
        "metrics_variables",
    ]
    assert set(tree["trainable_variables"]["m"]["d"]) == {"kernel", "bias"}
    assert set(tree["non_trainable_variables"]["m"]["b"]) == {"moving_mean", "moving_variance"}
    assert "m_d_kernel_momentum" in tree["optimizer_variables"]["adam"]
    assert set(tree["metrics_variables"]["loss"]) == {"total", "count"}
    other.set_state_tree(tree)
    for a, b in zip(
        one.variables + one.optimizer.variables, other.variables + other.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    one.fit(ROWS, np.zeros((4, 2)), verbose=0)
    np.testing.assert_array_equal(
        tree["trainable_variables"]["m"]["d"]["kernel"], other.layers[0].kernel.numpy()
    )


def test_what_does_not_fit_changes_nothing():
    model = trained()
    before = model.get_weights()
    tree = model.get_state_tree("numpy_array")["trainable_variables"]
    tree["m"]["d"]["kernel"][:] = 7
    tree["m"]["d"]["bias"] = np.zeros(5)
    with pytest.raises(ValueError, match=r"set_state_tree: weight 'm/d/bias' has shape \(2,\).*\(5,\)"):
        model.set_state_tree({"trainable_variables": tree})
    with pytest.raises(
        ValueError, match="no variable 'm/x/kernel' among its trainable_variables; it has m/d/kernel"
    ):
        model.set_state_tree({"trainable_variables": {"m": {"x": {"kernel": 1}}}})
    with pytest.raises(ValueError, match="got 'weights'"):
        model.set_state_tree({"weights": {}})
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
