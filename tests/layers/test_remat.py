"""Rematerialisation: the same results and gradients, with less memory."""

import numpy as np
import pytest

import schuss
from schuss import layers, ops


def series(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def wavy(x):
    for _ in range(3):
        x = ops.sin(ops.exp(ops.negative(ops.square(x))))
    return ops.sum(x)


@pytest.mark.parametrize("run", [lambda f: f, schuss.jit], ids=["reference", "compiled"])
def test_gradients_are_the_same(run):
    x = series(3, 5)
    np.testing.assert_array_equal(run(schuss.grad(schuss.remat(wavy)))(x), run(schuss.grad(wavy))(x))


def test_second_derivatives_are_the_same():
    def curvature(f):
        return schuss.grad(lambda x: ops.sum(ops.square(schuss.grad(f)(x))))

    x = series(4)
    expected = curvature(wavy)(x)
    np.testing.assert_allclose(curvature(schuss.remat(wavy))(x), expected, rtol=1e-6)
    np.testing.assert_allclose(schuss.remat(curvature(schuss.remat(wavy)))(x), expected, rtol=1e-6)


def test_regions_in_regions():
    inner = schuss.remat(lambda x: ops.tanh(ops.exp(x)))
    nested = schuss.remat(lambda x: ops.sum(ops.sin(inner(ops.cos(inner(x))))))
    x = series(6)

    def plain(x):
        return ops.sum(ops.sin(ops.tanh(ops.exp(ops.cos(ops.tanh(ops.exp(x)))))))

    np.testing.assert_allclose(schuss.grad(nested)(x), schuss.grad(plain)(x), rtol=1e-6)
    np.testing.assert_allclose(schuss.jit(schuss.grad(nested))(x), schuss.grad(plain)(x), rtol=1e-5)


def test_what_is_computed_again_is_not_what_was_computed_first():
    graph = schuss.trace(schuss.grad(schuss.remat(wavy)), series(3))
    names = [str(node.primitive) for node in graph.nodes]
    assert names.count("recompute") == 1
    plan = schuss.explain_compilation(schuss.value_and_grad(schuss.remat(wavy)), series(3))
    assert "exp" in str(plan)


def test_outside_of_traces_it_is_the_function():
    assert schuss.remat(ops.exp)(np.zeros(2)).tolist() == [1.0, 1.0]


def test_only_what_can_be_called():
    with pytest.raises(TypeError, match="remat"):
        schuss.remat(3)
    with pytest.raises(ValueError, match="mode"):
        schuss.RematScope("all")


class Block(layers.Layer):
    """Several layers, a dropout among them; what is within is wide."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.wide = layers.Dense(
            64, activation="tanh", kernel_initializer=schuss.initializers.GlorotUniform(1)
        )
        self.drop = layers.Dropout(0.3, seed=5)
        self.narrow = layers.Dense(
            8, activation="tanh", kernel_initializer=schuss.initializers.GlorotUniform(2)
        )

    def call(self, x, training=None):
        return x + self.narrow(self.drop(self.wide(x), training=training))


def stack(again, depth=6):
    x = inputs = layers.Input((8,))
    for _ in range(depth):
        block = Block()
        x = schuss.remat(block)(x) if again else block(x)
    model = schuss.Model(inputs, x)
    model.compile(schuss.optimizers.SGD(0.1), "mse")
    return model


def test_training_gives_the_same_losses_and_weights_with_dropout():
    x, y = series(64, 8), series(64, 8, seed=1)
    trained = []
    for again in (False, True):
        model = stack(again)
        losses = model.fit(x, y, epochs=3, batch_size=32, shuffle=False, verbose=0).history["loss"]
        trained.append((losses, model.get_weights()))
    (losses, weights), (losses_again, weights_again) = trained
    np.testing.assert_allclose(losses_again, losses, rtol=1e-6)
    for one, other in zip(weights, weights_again, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-7)


def test_a_deep_network_needs_less_memory():
    kept, again = (schuss.explain_compilation(stack(way), batch_size=2048) for way in (False, True))
    assert again.arena_bytes < 0.5 * kept.arena_bytes


def arena(mode, **kwargs):
    with schuss.RematScope(mode, **kwargs):
        x = inputs = layers.Input((64,))
        for number in range(6):
            x = layers.Dense(64, activation="gelu", name=f"dense_{number}")(x)
    model = schuss.Model(inputs, x)
    model.compile("sgd", "mse")
    return schuss.explain_compilation(model, batch_size=2048).arena_bytes


def test_scopes_say_which_layers():
    full, none = arena("full"), arena(None)
    assert full < none
    assert arena("larger_than", output_size_threshold=10**6) == none
    assert arena("larger_than", output_size_threshold=1000) == full
    names = [f"dense_{n}" for n in range(6)]
    assert arena("list_of_layers", layer_names=names) == full
    assert arena("list_of_layers") == none
    assert arena("activations") <= none


def test_the_innermost_scope_counts():
    with schuss.RematScope("full"):
        with schuss.RematScope(None):
            plain = layers.Dense(2)
        again = layers.Dense(2)
    assert (plain._remat.mode, again._remat.mode, layers.Dense(2)._remat) == (None, "full", None)


def test_functions_of_symbolic_inputs():
    inputs = layers.Input((4,))
    model = schuss.Model(inputs, schuss.remat(lambda x: ops.exp(ops.sin(x)))(layers.Dense(3)(inputs)))
    x = series(2, 4)
    np.testing.assert_allclose(model.predict(x, verbose=0), np.exp(np.sin(model.layers[1](x))), rtol=1e-6)
