"""Checks that files go both ways: models with every kind of layer are saved by Schuss and loaded by Keras, and the other way
round, as ``.keras``, ``.weights.h5`` and ``.h5``; what they predict must be equal. Prints a line for each that is not.

Run it where both are installed, for instance

    KERAS_BACKEND=torch python tools/check_keras_files.py [words that names must contain]

with Keras 3.15. Layers for text need its TensorFlow backend.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

warnings.simplefilter("ignore")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

Make = Callable[[Any], Any]


def one(*shape: int | None, dtype: str = "float32") -> Callable[[Make], Make]:
    """A sequential model of an input and a layer."""

    def with_layer(layer: Make) -> Make:
        return lambda k: k.Sequential([k.Input(shape, dtype=dtype), layer(k.layers)])

    return with_layer


def vector(layer: Make) -> Make:
    return one(4)(layer)


def rows(layer: Make) -> Make:
    return one(6, 3)(layer)


def image(layer: Make) -> Make:
    return one(8, 8, 4)(layer)


def volume(layer: Make) -> Make:
    return one(4, 4, 4, 2)(layer)


def tokens(layer: Make) -> Make:
    return one(5, dtype="int32")(layer)


def integers(*layers: Make) -> Make:
    return lambda k: k.Sequential([k.Input((5,), dtype="int32"), *(layer(k.layers) for layer in layers)])


def shared(k: Any) -> Any:
    layer, x, y = k.layers.Dense(4, "relu", name="twice"), k.Input((4,), name="x"), k.Input((4,), name="y")
    inner = k.Model(x, k.layers.BatchNormalization()(layer(x)), name="inner")
    return k.Model([x, y], [inner(layer(y)), k.layers.Subtract()([layer(x), inner(x)])])


def nested(k: Any) -> Any:
    deep = k.Sequential([k.Input((6, 3)), k.layers.Conv1D(4, 3), k.layers.BatchNormalization()], name="deep")
    small = k.Sequential([deep, k.layers.LSTM(4), k.layers.Dropout(0.2)], name="small")
    x = k.Input((6, 3))
    return k.Model(x, k.layers.Dense(2)(small(x) + k.ops.mean(x)))


def operations(k: Any) -> Any:
    x = k.Input((6, 3))
    h = k.ops.concatenate([k.ops.relu(x), x[:, :, :2] * 2.0, k.ops.softmax(x, axis=1)], axis=-1)
    return k.Model(
        x, k.ops.max(k.ops.reshape(k.ops.transpose(h, (0, 2, 1)), (-1, 48)), axis=1, keepdims=True) / 3
    )


def dicts(k: Any) -> Any:
    inputs = {"b": k.Input((2,), name="b"), "a": k.Input((3,), name="a")}
    return k.Model(inputs, {"y": k.layers.Concatenate()([k.layers.Dense(2)(inputs["a"]), inputs["b"]])})


def attention(layer: Make) -> Make:
    def make(k: Any) -> Any:
        x, y = k.Input((5, 4), name="q"), k.Input((3, 4), name="v")
        return k.Model([x, y], layer(k.layers)(x, y))

    return make


def attention_of_list(layer: Make) -> Make:
    def make(k: Any) -> Any:
        x, y = k.Input((5, 4), name="q"), k.Input((3, 4), name="v")
        return k.Model([x, y], layer(k.layers)([x, y]))

    return make


def merged(name: str) -> Make:
    def make(k: Any) -> Any:
        x, y = k.Input((3, 4), name="x"), k.Input((3, 4), name="y")
        layer = k.layers.Dot(2) if name == "Dot" else getattr(k.layers, name)()
        return k.Model([x, y], layer([x, y]))

    return make


def adapted(layer: Make, data: Any, *shape: int, dtype: str = "float32") -> Make:
    def make(k: Any) -> Any:
        made = layer(k.layers)
        made.adapt(data)
        return k.Sequential([k.Input(shape, dtype=dtype), made])

    return make


def with_state(k: Any) -> Any:
    x = k.Input((4, 3))
    y, h, c = k.layers.LSTM(2, return_state=True, return_sequences=True)(x)
    return k.Model(x, [y, k.layers.GRU(2)(y, initial_state=h), c])


def text(layer: Make) -> Make:
    return adapted(layer, np.array(["a cat", "the cat sat", "a dog"]), 1, dtype="string")


def compiled(make: Make, optimizer: Make, loss: Any = "mse") -> Make:
    def with_training(k: Any) -> Any:
        model = make(k)
        model.compile(optimizer(k), loss)
        return model

    return with_training


dense = vector(lambda layers: layers.Dense(3, "gelu", kernel_regularizer="l2", bias_constraint="non_neg"))

MODELS: dict[str, Make] = {
    "Dense": dense,
    "Dense float16": vector(lambda L: L.Dense(3, dtype="mixed_float16")),
    "EinsumDense": rows(lambda L: L.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")),
    "Embedding": tokens(lambda L: L.Embedding(10, 3)),
    "Embedding masked": integers(lambda L: L.Embedding(10, 3, mask_zero=True), lambda L: L.GRU(2)),
    "Masking": lambda k: k.Sequential([k.Input((6, 3)), k.layers.Masking(0.0), k.layers.LSTM(2)]),
    "Conv1D causal": rows(lambda L: L.Conv1D(4, 3, padding="causal", dilation_rate=2)),
    "Conv2D": image(lambda L: L.Conv2D(4, (3, 2), 2, "same", activation="relu")),
    "Conv2D groups": image(lambda L: L.Conv2D(6, 3, groups=2)),
    "Conv3D": volume(lambda L: L.Conv3D(3, 2)),
    "Conv1DTranspose": rows(lambda L: L.Conv1DTranspose(2, 3, 2, "same")),
    "Conv2DTranspose": image(lambda L: L.Conv2DTranspose(3, 3, 2, "same")),
    "Conv3DTranspose": volume(lambda L: L.Conv3DTranspose(3, 2, 2)),
    "DepthwiseConv1D": rows(lambda L: L.DepthwiseConv1D(3, depth_multiplier=2)),
    "DepthwiseConv2D": image(lambda L: L.DepthwiseConv2D(3, 1, "same", depth_multiplier=2)),
    "SeparableConv1D": rows(lambda L: L.SeparableConv1D(3, 3)),
    "SeparableConv2D": image(lambda L: L.SeparableConv2D(3, 3, 2, "same")),
    "MaxPooling2D": image(lambda L: L.MaxPooling2D(3, 2, "same")),
    "AveragePooling1D": rows(lambda L: L.AveragePooling1D(2)),
    "AveragePooling3D": volume(lambda L: L.AveragePooling3D(2)),
    "GlobalMaxPooling2D": image(lambda L: L.GlobalMaxPooling2D(keepdims=True)),
    "GlobalAveragePooling1D": rows(lambda L: L.GlobalAveragePooling1D()),
    "AdaptiveAveragePooling2D": image(lambda L: L.AdaptiveAveragePooling2D((2, 4))),
    "BatchNormalization": image(lambda L: L.BatchNormalization(scale=False)),
    "LayerNormalization": rows(lambda L: L.LayerNormalization(axis=[1, 2])),
    "RMSNormalization": rows(lambda L: L.RMSNormalization()),
    "GroupNormalization": image(lambda L: L.GroupNormalization(2)),
    "UnitNormalization": rows(lambda L: L.UnitNormalization()),
    "SpectralNormalization": vector(lambda L: L.SpectralNormalization(L.Dense(3))),
    "SimpleRNN": rows(lambda L: L.SimpleRNN(3)),
    "LSTM": rows(lambda L: L.LSTM(3, return_sequences=True, go_backwards=True, dropout=0.1)),
    "GRU": rows(lambda L: L.GRU(3, reset_after=False, recurrent_dropout=0.1)),
    "GRU reset after": rows(lambda L: L.GRU(3)),
    "LSTM states": with_state,
    "RNN of cells": rows(lambda L: L.RNN([L.LSTMCell(3), L.GRUCell(2), L.SimpleRNNCell(2)])),
    "Bidirectional": rows(lambda L: L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode="ave")),
    "Bidirectional two": rows(lambda L: L.Bidirectional(L.GRU(3), backward_layer=L.LSTM(3, go_backwards=True))),
    "TimeDistributed": rows(lambda L: L.TimeDistributed(L.Dense(2))),
    "ConvLSTM1D": one(4, 8, 2)(lambda L: L.ConvLSTM1D(2, 3, padding="same")),
    "ConvLSTM2D": one(3, 6, 6, 2)(lambda L: L.ConvLSTM2D(2, 3, return_sequences=True)),
    "MultiHeadAttention": attention(lambda L: L.MultiHeadAttention(2, 3, value_dim=2, dropout=0.1)),
    "GroupQueryAttention": attention(lambda L: L.GroupQueryAttention(3, 4, 2)),
    "Attention": attention_of_list(lambda L: L.Attention(use_scale=True, score_mode="concat")),
    "AdditiveAttention": attention_of_list(lambda L: L.AdditiveAttention()),
    **{name: merged(name) for name in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Concatenate", "Dot")},
    "Flatten": image(lambda L: L.Flatten("channels_first")),
    "Reshape": rows(lambda L: L.Reshape((-1, 2))),
    "Permute": rows(lambda L: L.Permute((2, 1))),
    "RepeatVector": vector(lambda L: L.RepeatVector(3)),
    "ZeroPadding1D": rows(lambda L: L.ZeroPadding1D((1, 2))),
    "ZeroPadding2D": image(lambda L: L.ZeroPadding2D(((1, 2), (0, 1)))),
    "ZeroPadding3D": volume(lambda L: L.ZeroPadding3D(1)),
    "Cropping1D": rows(lambda L: L.Cropping1D((1, 2))),
    "Cropping2D": image(lambda L: L.Cropping2D(1)),
    "Cropping3D": volume(lambda L: L.Cropping3D(1)),
    "UpSampling1D": rows(lambda L: L.UpSampling1D(2)),
    "UpSampling2D": image(lambda L: L.UpSampling2D((2, 1), interpolation="bilinear")),
    "UpSampling3D": volume(lambda L: L.UpSampling3D(2)),
    **{name: vector(lambda L, name=name: getattr(L, name)()) for name in ("ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "Identity")},
    "Activation": vector(lambda L: L.Activation("hard_silu")),
    "ActivityRegularization": vector(lambda L: L.ActivityRegularization(0.1)),
    **{name: rows(lambda L, name=name: getattr(L, name)(0.2)) for name in ("Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout")},
    "Rescaling": image(lambda L: L.Rescaling(0.5, [1.0, 2.0, 3.0, 4.0])),
    "Normalization": adapted(lambda L: L.Normalization(), np.arange(12, dtype="float32").reshape(3, 4), 4),
    "Discretization": adapted(lambda L: L.Discretization(num_bins=3), np.arange(9, dtype="float32"), 3),
    "CategoryEncoding": integers(lambda L: L.CategoryEncoding(10, output_mode="multi_hot")),
    "Hashing": integers(lambda L: L.Hashing(7)),
    "IntegerLookup": integers(lambda L: L.IntegerLookup(vocabulary=[3, 1, 5])),
    "StringLookup": text(lambda L: L.StringLookup()),
    "TextVectorization": text(lambda L: L.TextVectorization(output_sequence_length=4)),
    "CenterCrop": one(8, 8, 3)(lambda L: L.CenterCrop(3, 3)),
    "Resizing": one(8, 8, 3)(lambda L: L.Resizing(5, 7)),
    "RandomFlip": one(8, 8, 3)(lambda L: L.RandomFlip()),
    "RandomRotation": one(8, 8, 3)(lambda L: L.RandomRotation(0.1)),
    "RandomZoom": one(8, 8, 3)(lambda L: L.RandomZoom(0.1)),
    "RandomContrast": one(8, 8, 3)(lambda L: L.RandomContrast(0.1)),
    "shared layers": shared,
    "nested models": nested,
    "operations": operations,
    "dicts": dicts,
    "compiled Adam": compiled(dense, lambda k: k.optimizers.Adam(k.optimizers.schedules.CosineDecay(0.1, 10))),
    "compiled SGD": compiled(nested, lambda k: k.optimizers.SGD(0.1, momentum=0.9)),
    "compiled AdamW": compiled(image(lambda L: L.Conv2D(2, 3)), lambda k: k.optimizers.AdamW(0.1, clipnorm=1.0)),
    "compiled Lion": compiled(rows(lambda L: L.LSTM(2)), lambda k: k.optimizers.Lion(0.1), "mae"),
}  # fmt: skip


def data_for(model: Any) -> list[np.ndarray]:
    """Two rows for each input, in the order of the model's inputs."""
    random, found = np.random.RandomState(0), []
    for x in model.inputs:
        shape = (2, *(3 if n is None else n for n in x.shape[1:]))
        if "string" in str(x.dtype):
            found.append(np.array(["a cat", "dogs"])[:, None])
        elif "int" in str(x.dtype):
            found.append(random.randint(0, 10, shape).astype("int32"))
        else:
            found.append(random.uniform(-1, 1, shape).astype("float32"))
    return found


def predicted(model: Any) -> list[np.ndarray]:
    xs = data_for(model)
    names = [x.name for x in model.inputs]
    given: Any = xs if len(xs) > 1 else xs[0]
    if isinstance(getattr(model, "input", None), dict):
        given = dict(zip(names, xs, strict=True))
    y = model.predict(given, verbose=0)
    values = (
        [y[name] for name in sorted(y)] if isinstance(y, dict) else y if isinstance(y, (list, tuple)) else [y]
    )
    return [np.asarray(value) for value in values]


def spread(model: Any) -> None:
    """Give the weights other values than zeros and ones, and the optimizer's state a step of training."""
    random = np.random.RandomState(1)
    model.set_weights(
        [
            w + random.uniform(0.01, 0.1, w.shape).astype(w.dtype) if np.asarray(w).dtype.kind == "f" else w
            for w in map(np.asarray, model.get_weights())
        ]
    )
    if getattr(model, "compiled", False):
        model.fit(data_for(model)[0], np.ones_like(predicted(model)[0]), verbose=0)


def compare(make: Make, source: Any, target: Any, ending: str, folder: str) -> str | None:
    """What is wrong with a model that `source` saves and `target` loads; None if it is equal."""
    model = make(source)
    spread(model)
    os.mkdir(folder)
    path = os.path.join(folder, f"m{ending}")
    expected = predicted(model)
    if ending == ".weights.h5":
        model.save_weights(path)
        again = make(target)
        again.load_weights(path)
    else:
        model.save(path)
        again = target.models.load_model(path)
    found = predicted(again)
    for a, b in zip(expected, found, strict=True):
        near = 2e-3 if a.dtype == np.float16 else 1e-5
        if a.shape != b.shape or not np.allclose(a, b, rtol=near, atol=near):
            return f"differs: {a.shape} {a.ravel()[:3]}, {b.shape} {b.ravel()[:3]}"
    if getattr(model, "optimizer", None) is not None and ending != ".weights.h5":
        for a, b in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
            if not np.allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6):
                return "the optimizer's state differs"
    return None


def problem_of(make: Make, source: Any, target: Any, ending: str, folder: str) -> str | None:
    """As `compare`; an exception is a problem, too."""
    try:
        return compare(make, source, target, ending, os.path.join(folder, str(len(os.listdir(folder)))))
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(place.filename)}:{place.lineno}"
        return f"{type(error).__name__}: {str(error)[:400]} ({where})"


def main(words: list[str]) -> int:
    import keras

    import schuss

    logging.disable(logging.WARNING)
    equal, failed, beyond = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for name, make in MODELS.items():
            if words and not any(word in name for word in words):
                continue
            try:
                make(keras)
            except Exception as error:
                print(f"{name}: skipped, Keras says {type(error).__name__}: {str(error)[:80]}")
                continue
            for way, source, target in (("to Keras", schuss, keras), ("from Keras", keras, schuss)):
                for ending in (".keras", ".weights.h5", ".h5"):
                    problem = problem_of(make, source, target, ending, folder)
                    if problem is None:
                        equal += 1
                    elif problem_of(make, keras, keras, ending, folder) is not None:
                        beyond += 1
                    else:
                        failed += 1
                        print(f"{name} {way} as {ending}: {problem}", flush=True)
    print(
        f"{equal} files are equal, {failed} are not, {beyond} are not, and Keras does not read its own either."
    )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
