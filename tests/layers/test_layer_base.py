"""What every layer does: building, weights, names, training, losses, state, errors."""

import numpy as np
import pytest

import schuss
from schuss import layers, ops


class Scale(layers.Layer):
    def __init__(self, power=1, **kwargs):
        super().__init__(**kwargs)
        self.power = power

    def build(self, input_shape):
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, inputs):
        return inputs * self.factor**self.power


class Tells(layers.Layer):
    def call(self, inputs, training=None):
        self.told = training
        return inputs


class Around(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = Tells()

    def call(self, inputs):
        return self.inner(inputs)


X = np.ones((2, 3), "float32")


def test_names_count_up_until_the_session_is_cleared():
    from schuss.utils._uids import clear_session

    clear_session()
    assert [layers.Dense(1).name, layers.Dense(1).name, layers.RepeatVector(2).name] == [
        "dense",
        "dense_1",
        "repeat_vector",
    ]
    assert layers.Dense(1, name="head").name == "head"
    clear_session()
    assert layers.Dense(1).name == "dense"


def test_first_call_builds():
    layer = Scale()
    assert not layer.built
    assert not layer.weights
    assert layer(X).shape == (2, 3)
    assert layer.built
    assert layer.factor.path == f"{layer.name}/factor"
    assert layer.count_params() == 3
    assert layer.get_build_config() == {"input_shape": (2, 3)}


def test_variables_of_nested_layers_are_found_in_attributes_lists_and_dicts():
    class Net(layers.Layer):
        def __init__(self):
            super().__init__(name="net")
            self.own = self.add_weight(shape=(), name="own")
            self.blocks = [layers.Dense(2, name="a"), [layers.Dense(2, name="b")]]
            self.heads = {"x": layers.Dense(1, name="c")}
            self.counter = schuss.Variable(0.0, trainable=False, name="counter")

        def call(self, x):
            return self.heads["x"](self.blocks[1][0](self.blocks[0](x)))

    net = Net()
    net(X)
    paths = [v.path for v in net.trainable_variables]
    assert paths == [
        "net/own",
        "net/a/kernel",
        "net/a/bias",
        "net/b/kernel",
        "net/b/bias",
        "net/c/kernel",
        "net/c/bias",
    ]
    assert [v.name for v in net.non_trainable_variables] == ["counter"]
    assert len(net.weights) == 8
    net.blocks.append(layers.Dense(5, name="late"))
    net.blocks[-1].build((None, 2))
    assert len(net.weights) == 10


def test_freezing_reaches_all_layers_within_but_not_statistics():
    layer = layers.BatchNormalization()
    layer(X)
    outer = Around()
    outer.inner = layer
    assert [v.name for v in outer.trainable_variables] == ["gamma", "beta"]
    outer.trainable = False
    assert not outer.trainable_variables
    assert not layer.gamma.trainable
    outer.trainable = True
    assert [v.name for v in outer.trainable_variables] == ["gamma", "beta"]
    assert not layer.moving_mean.trainable


def test_training_is_inherited_and_an_explicit_value_wins():
    outer = Around()
    outer(X)
    assert not outer.inner.told
    outer(X, training=True)
    assert outer.inner.told is True
    outer.inner(X, training=False)
    assert outer.inner.told is False

    class Forces(Around):
        def call(self, inputs, training=None):
            return self.inner(inputs, training=False)

    forces = Forces()
    forces(X, training=True)
    assert forces.inner.told is False


def test_inputs_are_cast_to_the_compute_dtype():
    assert layers.Identity()(np.ones(2, "float64")).dtype == "float32"
    assert layers.Identity(dtype="float64")(np.ones(2, "float32")).dtype == "float64"
    assert layers.Identity()(np.ones(2, "uint8")).dtype == "uint8"
    layer = layers.Dense(2, dtype="float64")
    assert layer(X).dtype == "float64"
    assert layer.kernel.dtype == "float64"
    assert layers.Identity(autocast=False)(np.ones(2, "float64")).dtype == "float64"


def test_losses_of_regularizers_activities_and_calls():
    class Adds(layers.Layer):
        def call(self, x):
            self.add_loss(ops.sum(x))
            return x

    layer = layers.Dense(1, kernel_initializer="ones", kernel_regularizer=schuss.regularizers.L2(0.5))
    layer(X)
    assert [float(v) for v in layer.losses] == [1.5]
    layer = layers.Dense(1, kernel_initializer="ones", activity_regularizer=schuss.regularizers.L1(1.0))
    layer(X)
    assert [float(v) for v in layer.losses] == [3.0]
    adds = Adds()
    adds(X)
    adds(X)
    assert [float(v) for v in adds.losses] == [6.0]  # those of the last call


def test_weights_in_and_out():
    layer = layers.Dense(2)
    layer(X)
    values = [np.full((3, 2), 2.0), np.array([1.0, -1.0])]
    layer.set_weights(values)
    assert [a.tolist() for a in layer.get_weights()] == [v.tolist() for v in values]
    with pytest.raises(ValueError, match=r"expected 2 weight array\(s\).*received 1"):
        layer.set_weights(values[:1])
    with pytest.raises(ValueError, match=r"kernel' has shape \(3, 2\).*shape \(2, 2\)"):
        layer.set_weights([np.ones((2, 2)), values[1]])
    assert layer.get_weights()[0][0, 0] == 2.0


def test_stateless_call_changes_nothing():
    layer = layers.BatchNormalization(momentum=0.5)
    x = np.arange(6.0, dtype="float32").reshape(3, 2)
    layer(x)
    state = [v.numpy() for v in layer.non_trainable_variables]
    y, after = layer.stateless_call([np.full(2, 2.0), np.zeros(2)], state, x, training=True)
    assert np.allclose(y.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(after[0], x.mean(axis=0) / 2)
    assert np.allclose(layer.moving_mean.numpy(), 0)
    y, after, losses = layer.stateless_call([np.ones(2), np.zeros(2)], state, x, return_losses=True)
    assert losses == []
    with pytest.raises(ValueError, match="2 trainable_variables, but stateless_call received 1"):
        layer.stateless_call([np.ones(2)], state, x)
    with pytest.raises(ValueError, match="not built"):
        layers.Dense(2).stateless_call([], [], x)


def test_variables_made_in_a_trace_have_numbers():
    layer = layers.Dense(2)
    schuss.trace(lambda x: layer(x), schuss.Spec((4, 3), np.dtype("float32")))
    assert layer.kernel.numpy().shape == (3, 2)
    assert np.any(layer.kernel.numpy() != 0)


def test_nodes_carry_the_layers_path():
    graph = schuss.trace(Around(name="outer"), schuss.Spec((4, 3), np.dtype("float32")))
    assert not graph.nodes
    block = layers.Dense(2, name="inner")
    model = schuss.Sequential([schuss.Input((3,)), block], name="net")
    graph = schuss.trace(model, schuss.Spec((4, 3), np.dtype("float32")))
    assert {node.scope for node in graph.nodes} == {"net/inner"}


def test_several_shapes_reach_build_by_name():
    class Pair(layers.Layer):
        def build(self, query_shape, value_shape):
            self.shapes = query_shape, value_shape

        def call(self, query, value):
            return query

    pair = Pair()
    pair(X, value=np.ones((2, 5)))
    assert pair.shapes == ((2, 3), (2, 5))


def test_mask_travels_to_layers_that_take_it():
    class Uses(layers.Layer):
        def call(self, inputs, mask=None):
            self.mask = mask
            return inputs

    ids = np.array([[1, 2, 0], [3, 0, 0]])
    uses = Uses()
    x = layers.Embedding(5, 2, mask_zero=True)(ids)
    uses(layers.Dropout(0.5)(x))
    assert uses.mask.tolist() == (ids != 0).tolist()
    uses(X)
    assert uses.mask is None


def test_config_of_a_layer_without_get_config_is_its_arguments():
    layer = Scale(power=3, name="cube")
    config = layer.get_config()
    assert config["power"] == 3
    assert Scale.from_config(config).power == 3
    assert Scale.from_config(config).name == "cube"


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (
            lambda: layers.Dense(3, activaton="relu"),
            ValueError,
            r"Dense: unrecognized .*'activaton'.*'activation'",
        ),
        (lambda: layers.Dense(0), ValueError, "positive integer"),
        (lambda: layers.Dense("64"), ValueError, "positive integer"),
        (lambda: layers.Dense(3, activation="rleu"), ValueError, "relu"),
        (lambda: layers.Dense(3, name="d")(np.ones(4)), ValueError, r'layer "d".*min_ndim=2.*x\[None\]'),
        (lambda: layers.Dense(3, name="d")(np.array([["a"]])), TypeError, 'Layer "d".*numbers'),
        (lambda: layers.Dense(3, input_shape=4), ValueError, r"\(4,\)"),
        (lambda: layers.Dense(3).count_params(), ValueError, "not built"),
        (lambda: layers.Dense(3)(X, 1, 2), TypeError, "call signature"),
        (lambda: layers.Layer()(X), NotImplementedError, "call"),
        (lambda: layers.Dropout(1.5), ValueError, "between 0 and 1"),
        (lambda: layers.Reshape((4,), name="r")(X), ValueError, r'"r".*\(3,\).*\(4,\)'),
        (lambda: layers.Permute((0, 1)), ValueError, "batch axis"),
        (
            lambda: layers.Add(name="s")([X, np.ones((2, 4))]),
            ValueError,
            r'"s".*axis 1 has the sizes \[3, 4\]',
        ),
        (lambda: layers.Subtract()([X]), ValueError, "exactly 2 inputs"),
        (lambda: layers.Add()(X), ValueError, "list of inputs"),
        (lambda: layers.Concatenate()([X, np.ones((3, 3))]), ValueError, "matching shapes"),
        (lambda: layers.Embedding(3, 2, name="e")(np.array([[0, 3]])), ValueError, '"e".*0 to 2.*0 to 3'),
        (lambda: layers.Dens, AttributeError, "Dense"),
        (lambda: schuss.Input(784), ValueError, r"\(784,\)"),
    ],
)
def test_errors_say_what_to_do(action, error, message):
    with pytest.raises(error, match=message):
        action()


def test_wrong_feature_count_names_the_layer_and_both_sizes():
    layer = layers.Dense(2, name="head")
    layer(X)
    with pytest.raises(ValueError, match=r'layer "head".*axis -1.*value 3.*\(2, 4\)'):
        layer(np.ones((2, 4)))


def test_state_cannot_be_added_in_call():
    class Leaky(layers.Layer):
        def call(self, x):
            self.dense = layers.Dense(2)
            return self.dense(x)

    with pytest.raises(ValueError, match="is built already"):
        Leaky()(X)


def test_forgotten_super_init_is_named():
    class Forgets(layers.Layer):
        def __init__(self):
            self.units = 3

        def call(self, x):
            return x

    with pytest.raises(RuntimeError, match="super"):
        Forgets()(X)


def test_arguments_that_must_be_named_are_missed_by_name():
    class Named(layers.Layer):
        def call(self, x, y=1, *, z):
            return x

    with pytest.raises(TypeError, match=r'Layer "named.*missing a required.*z'):
        Named()(np.ones(2), 3)
    with pytest.raises(TypeError, match="too many positional"):
        Named()(np.ones(2), 3, 4, z=1)
    assert Named()(np.ones(2), z=4).shape == (2,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: layers.MultiHeadAttention(2, 3, name="m")(np.zeros((2, 4, 8)), np.zeros((3, 4, 8))),
            r'einsum.*sizes 2 and 3.\nThis happened in layer "m" \(MultiHeadAttention\), called with '
            r"query: \(2, 4, 8\), value: \(3, 4, 8\)",
        ),
        (
            lambda: layers.Attention(name="a")([schuss.Input((4, 8)), schuss.Input((4, 7))]),
            r'8 is not 7.\nThis happened in layer "a" \(Attention\), called with inputs: \[\(None, 4, 8\), \(None, 4, 7\)\]',
        ),
        (
            lambda: layers.Rescaling([1.0, 2.0, 3.0], name="r")(np.zeros((2, 4, 4, 4))),
            r'do not broadcast.*\nThis happened in layer "r" \(Rescaling\), called with inputs: \(2, 4, 4, 4\)',
        ),
        (
            lambda: schuss.Sequential([layers.Rescaling([1.0, 2.0], name="r")], name="s").predict(
                np.zeros((2, 3)), verbose=0
            ),
            r'\nThis happened in layer "r" \(Rescaling\), called with inputs: \(\w+, 3\)\.$',
        ),
    ],
    ids=["at once", "symbolic", "one of the library's", "within a model"],
)
def test_an_operations_error_names_the_layer(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_missing_axes_are_pointed_at():
    with pytest.raises(
        ValueError, match=r"batch axis missing.*Or is the last axis missing, that of channels"
    ):
        layers.Conv2D(2, 3)(np.zeros((2, 28, 28)))
    with pytest.raises(ValueError, match=r"\(None, 28, 28\)\. Is the last axis missing, that of channels"):
        layers.Conv2D(2, 3)(schuss.Input((28, 28)))


def test_a_wrong_call_shows_the_signature_without_types():
    with pytest.raises(TypeError, match=r"call\(query, value, key=None, .*use_causal_mask=False\)\.$"):
        layers.MultiHeadAttention(2, 3)(np.zeros((2, 4, 8)))
