"""Models as ONNX files: ONNX Runtime computes what the model predicts."""

from pathlib import Path

import numpy as np
import pytest
from saved_models import examples

import schuss
from schuss import layers, ops
from schuss.graph import _tree

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

RECORDED = Path(__file__).parent.parent / "recorded" / "models"
EXAMPLES = examples(schuss)


def run(path, xs):
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [x.name for x in session.get_inputs()]
    return session.run(None, dict(zip(names, xs, strict=True)))


def compared(model, path, *xs, **kwargs):
    """The file's outputs for `xs`, which are the model's; and the operators in it."""
    model.export(path, format="onnx", **kwargs)
    structure = model.input if getattr(model, "inputs", None) else list(xs)
    given = _tree.unflatten(_tree.flatten(structure)[1], list(xs))
    given = given[0] if isinstance(given, list) and len(given) == 1 else given
    expected = [np.asarray(y) for y in _tree.leaves(model(given, training=False))]
    found = run(path, xs)
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    return found, {node.op_type for node in onnx.load(path).graph.node}


def array(*shape, dtype="float32", high=5):
    random = np.random.RandomState(0)
    if np.dtype(dtype).kind in "iu":
        return random.randint(0, high, shape).astype(dtype)
    return random.uniform(-1, 1, shape).astype(dtype)


def spread(model):
    """The model with weights other than zeros and ones."""
    random = np.random.RandomState(1)
    model.set_weights([w + random.uniform(0.01, 0.1, w.shape).astype(w.dtype) if w.dtype.kind == "f" else w for w in model.get_weights()])  # fmt: skip
    return model


LAYERS = {
    "Dense": (lambda: layers.Dense(3, "gelu"), (4,)),
    "EinsumDense": (lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de"), (5, 4)),
    "Conv1D": (lambda: layers.Conv1D(3, 3, padding="causal", dilation_rate=2), (9, 2)),
    "Conv2D": (lambda: layers.Conv2D(4, (3, 2), strides=2, padding="same"), (9, 8, 2)),
    "Conv2D grouped": (lambda: layers.Conv2D(6, 3, groups=2), (7, 7, 4)),
    "Conv2D first": (lambda: layers.Conv2D(4, 3, data_format="channels_first"), (2, 7, 7)),
    "Conv3D": (lambda: layers.Conv3D(2, 2), (4, 4, 4, 2)),
    "Conv2DTranspose": (lambda: layers.Conv2DTranspose(3, 3, strides=2, padding="same"), (5, 5, 2)),
    "DepthwiseConv2D": (lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), (6, 6, 3)),
    "SeparableConv1D": (lambda: layers.SeparableConv1D(4, 3), (8, 3)),
    "MaxPooling2D": (lambda: layers.MaxPooling2D(3, 2, "same"), (7, 7, 2)),
    "AveragePooling1D": (lambda: layers.AveragePooling1D(2, padding="same"), (7, 2)),
    "AdaptiveMaxPooling2D": (lambda: layers.AdaptiveMaxPooling2D(3), (7, 8, 2)),
    "GlobalMaxPooling1D": (lambda: layers.GlobalMaxPooling1D(), (7, 2)),
    "BatchNormalization": (lambda: layers.BatchNormalization(), (4, 3)),
    "LayerNormalization": (lambda: layers.LayerNormalization(), (4, 3)),
    "GroupNormalization": (lambda: layers.GroupNormalization(2), (4, 4)),
    "UnitNormalization": (lambda: layers.UnitNormalization(), (4,)),
    "SpectralNormalization": (lambda: layers.SpectralNormalization(layers.Dense(3)), (4,)),
    "Dropout": (lambda: layers.Dropout(0.5), (4,)),
    "LSTM": (lambda: layers.LSTM(4, return_sequences=True, go_backwards=True), (6, 3)),
    "GRU": (lambda: layers.GRU(4, reset_after=False), (6, 3)),
    "SimpleRNN": (lambda: layers.SimpleRNN(4), (6, 3)),
    "ConvLSTM1D": (lambda: layers.ConvLSTM1D(2, 3), (4, 7, 2)),
    "Bidirectional": (lambda: layers.Bidirectional(layers.GRU(3)), (6, 3)),
    "TimeDistributed": (lambda: layers.TimeDistributed(layers.Dense(3)), (4, 2)),
    "Flatten": (lambda: layers.Flatten(), (3, 4)),
    "Reshape": (lambda: layers.Reshape((-1, 2)), (3, 4)),
    "Permute": (lambda: layers.Permute((2, 1)), (3, 4)),
    "RepeatVector": (lambda: layers.RepeatVector(3), (4,)),
    "ZeroPadding2D": (lambda: layers.ZeroPadding2D(((1, 2), (0, 1))), (4, 4, 2)),
    "Cropping1D": (lambda: layers.Cropping1D((1, 2)), (6, 2)),
    "UpSampling2D": (lambda: layers.UpSampling2D(2), (3, 3, 2)),
    "UpSampling2D bilinear": (lambda: layers.UpSampling2D(2, interpolation="bilinear"), (3, 3, 2)),
    "Resizing": (lambda: layers.Resizing(5, 7), (4, 4, 3)),
    "CenterCrop": (lambda: layers.CenterCrop(3, 3), (6, 6, 2)),
    "Rescaling": (lambda: layers.Rescaling(0.5, 1.0), (3,)),
    "Normalization": (lambda: layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0]), (3,)),
    "Discretization": (lambda: layers.Discretization([-0.5, 0.0, 0.5]), (3,)),
    "Softmax": (lambda: layers.Softmax(), (4,)),
    "PReLU": (lambda: layers.PReLU(), (4,)),
    "LeakyReLU": (lambda: layers.LeakyReLU(), (4,)),
    "ELU": (lambda: layers.ELU(), (4,)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_each_kind_of_layer(name, tmp_path):
    make, shape = LAYERS[name]
    model = spread(schuss.Sequential([schuss.Input(shape), make()]))
    for batch in (1, 3):  # the file is for any number of rows
        compared(model, tmp_path / "m.onnx", array(batch, *shape))


ACTIVATIONS = [
    "relu", "relu6", "elu", "selu", "celu", "silu", "gelu", "softplus", "softsign", "tanh", "sigmoid", "hard_sigmoid",
    "hard_silu", "exponential", "mish", "log_softmax", "log_sigmoid", "softmax", "sparsemax", "glu", "squareplus",
    "soft_shrink", "hard_shrink", "tanh_shrink", "leaky_relu", "hard_tanh", "sparse_plus", "sparse_sigmoid",
]  # fmt: skip


def test_activations(tmp_path):
    x = schuss.Input((6,))
    model = schuss.Model(x, [layers.Activation(name)(x) for name in ACTIVATIONS])
    compared(model, tmp_path / "m.onnx", 4 * array(5, 6))


@pytest.mark.parametrize("layer", [layers.MultiHeadAttention(2, 3), layers.GroupQueryAttention(3, 4, 2)])
def test_attention_over_open_lengths(layer, tmp_path):
    x, y = schuss.Input((None, 4), name="x"), schuss.Input((None, 4), name="y")
    model = schuss.Model([x, y], layer(x, y))
    for lengths in ((3, 5), (6, 2)):
        compared(model, tmp_path / "m.onnx", *(array(2, n, 4) for n in lengths))
    file = onnx.load(tmp_path / "m.onnx")
    assert [d.dim_param for d in file.graph.input[0].type.tensor_type.shape.dim][:2] == ["batch", "x_1"]


def test_open_lengths_that_are_equal(tmp_path):
    x, y = schuss.Input((None, 4)), schuss.Input((None, 4))
    model = schuss.Model([x, y], layers.Dense(2)(layers.Add()([x, y])))
    compared(model, tmp_path / "m.onnx", array(2, 5, 4), array(2, 5, 4))


def test_embeddings_and_masks(tmp_path):
    model = spread(schuss.Sequential([schuss.Input((6,), dtype="int32"), layers.Embedding(9, 4, mask_zero=True), layers.LSTM(3)]))  # fmt: skip
    _, kinds = compared(model, tmp_path / "m.onnx", array(3, 6, dtype="int32", high=3))
    assert "Gather" in kinds
    assert "GatherND" not in kinds


def test_convolutions_are_conv(tmp_path):
    for layer in (layers.Conv2D(4, 3), layers.Conv2D(4, 3, groups=2), layers.DepthwiseConv2D(3)):
        model = schuss.Sequential([schuss.Input((6, 6, 4)), layer])
        _, kinds = compared(model, tmp_path / "m.onnx", array(2, 6, 6, 4))
        assert "Conv" in kinds
        assert "Gather" not in kinds


@pytest.mark.parametrize("name", EXAMPLES)
def test_models_that_keras_saved(name, tmp_path):
    model = schuss.models.load_model(RECORDED / f"saved_{name}.keras")
    shapes = [t.shape[1:] for t in model.inputs] if model.inputs else [(4,)]
    compared(model, tmp_path / "m.onnx", *(array(3, *shape) for shape in shapes))


def test_names_and_structures(tmp_path):
    inputs = {"b": schuss.Input((2,), name="b"), "a": schuss.Input((3,), name="a")}
    outputs = {"sum": layers.Add()([layers.Dense(2)(inputs["a"]), inputs["b"]]), "same": inputs["b"]}
    compared(schuss.Model(inputs, outputs), tmp_path / "m.onnx", *(array(2, n) for n in (3, 2)))
    file = onnx.load(tmp_path / "m.onnx").graph
    assert [x.name for x in file.input] == ["a", "b"]
    assert [y.name for y in file.output] == ["same", "sum"]
    assert any(w.name.endswith("kernel") for w in file.initializer)


class Words(schuss.Model):
    """What else can happen: integers, bits, sorting, running totals, gathering, places."""

    def call(self, x):
        i = ops.cast(x * 10, "int32")
        return [
            ops.sort(x, axis=-1), ops.argsort(x), ops.top_k(x, 2)[0], ops.argmax(x, axis=-1), ops.cumsum(x, axis=0),
            ops.cumprod(x, axis=1), ops.flip(x, 1), ops.take_along_axis(x, ops.argsort(x), axis=1), ops.any(x > 0, axis=1),
            i // 3, i % 3, ops.bitwise_and(i, 6), ops.left_shift(i, 2), ops.cast(x * 100, "uint8"), ops.arctan2(x, x[:, ::-1]),
            ops.logical_xor(x > 0, x < 0.5), ops.one_hot(i % 4, 4), ops.round(x * 3), ops.isfinite(x), ops.where(x > 0, x, -x),
            ops.mean(x), ops.std(x, axis=1), ops.expm1(x), ops.log1p(x), ops.sign(x), ops.repeat(x, 2, axis=0), ops.tile(x, [2, 1]),
            ops.segment_sum(x, np.array([0, 1, 1]), 2) if x.shape[0] == 3 else x, ops.roll(x, 1, axis=1), ops.cast(x, "float16") * 2,
            ops.tril(ops.matmul(ops.transpose(x), x)), ops.max(x, axis=0), ops.prod(x, axis=1), ops.floor(x), ops.ones_like(x),
        ]  # fmt: skip


def test_operations(tmp_path):
    model = Words()
    model(array(3, 5))
    compared(model, tmp_path / "m.onnx", array(3, 5), input_signature=[(3, 5)])


def test_what_depends_on_the_batch(tmp_path):
    class Centred(schuss.Model):
        def call(self, x):
            return (
                x - ops.mean(x, axis=0),
                ops.arange(x.shape[0]),
                ops.reshape(x, (-1,)),
                ops.zeros((x.shape[0], 2)),
            )

    model = Centred()
    model(array(3, 5))
    for batch in (1, 4):
        compared(model, tmp_path / "m.onnx", array(batch, 5))


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: schuss.Sequential([layers.Dense(2)]), ValueError, "are not known"),
        (
            lambda: schuss.Sequential(
                [schuss.Input((1,), dtype="string"), layers.StringLookup(vocabulary=["a"])]
            ),
            TypeError,
            "is text",
        ),
        (
            lambda: schuss.Sequential([schuss.Input(batch_shape=(2, 3, 4)), layers.LSTM(2, stateful=True)]),
            TypeError,
            "from call to call",
        ),
        (lambda: of(lambda x: x + schuss.random.normal((2,))), ValueError, "random numbers"),
        (lambda: of(lambda x: x[:, : x.shape[1] // 2]), ValueError, "open axes .*input_signature"),
    ],
)
def test_refused_models(tmp_path, make, kind, message):
    with pytest.raises(kind, match=message):
        make().export(tmp_path / "m.onnx", format="onnx")
    assert not list(tmp_path.iterdir())


def of(function):
    return schuss.Sequential([schuss.Input((None, 2)), layers.Lambda(function)])


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [("m", {}, r"must end in '\.onnx'"), ("m.onnx", {"opset_version": 7}, "opset_version"), ("m.onnx", {"input_signature": [4.5]}, "InputSpecs")],
)  # fmt: skip
def test_refused_arguments(tmp_path, name, arguments, message):
    net = schuss.Sequential([schuss.Input((4,)), layers.Dense(2)])
    with pytest.raises(ValueError, match=message):
        net.export(tmp_path / name, format="onnx", **arguments)


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'schuss\[onnx\]'"):
        schuss.Sequential([schuss.Input((4,)), layers.Dense(2)]).export(tmp_path / "m.onnx", format="onnx")
