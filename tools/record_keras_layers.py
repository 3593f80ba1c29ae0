"""Record what Keras's core, merging, normalizing and reshaping layers compute, for
tests/recorded/layers_more.json and .npz.

``KERAS_BACKEND=tensorflow python tools/record_keras_layers.py``. The layout is that of ``layers.json``, with
what Keras's `get_config` says as ``described``, and ``losses``, what regularizers add to the loss.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

DRAW = np.random.default_rng(3)


def normal(*shape: int) -> np.ndarray:
    return DRAW.normal(size=shape).astype("float32")


ROWS, SERIES, IMAGES = normal(3, 4), normal(2, 3, 4), normal(2, 2, 3, 2)
TIES = np.array([[-3, -1, -0.25, 0, 0.5, 1, 3, 6, 7]], "float32")
VOLUMES = np.random.default_rng(4).normal(size=(2, 2, 3, 2, 2)).astype("float32")
BIG = np.random.default_rng(5).normal(size=(2, 4, 5, 3)).astype("float32")
TOKENS = np.array([[0, 3, 3, 11], [1, 2, 3, 4], [5, 5, 5, 5]], "int32")
COUNTS = np.arange(12, dtype="uint8").reshape(3, 4)
REGULARIZED = {"kernel_regularizer": "l2", "bias_regularizer": "L1L2", "activity_regularizer": "l1"}
CASES: list[tuple[str, dict[str, Any], Any, dict[str, Any]]] = [
    ("Dense", {"units": 2, **REGULARIZED, "kernel_constraint": "max_norm"}, SERIES, {}),
    ("Dense", {"units": 3, "activation": "softmax", "use_bias": False}, IMAGES, {}),
    ("Dense", {"units": 2, "activation": "glu", "trainable": False}, ROWS, {}),
    ("Dense", {"units": 2, "activation": "log_softmax", "dtype": "float64"}, ROWS, {}),
    ("Dense", {"units": 2}, COUNTS, {}),
    ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": [3, 2, 5], "bias_axes": "d"}, SERIES, {}),
    ("EinsumDense", {"equation": "...ab,bc->...ac", "output_shape": [3, 2], "bias_axes": "ac"}, IMAGES, {}),
    ("EinsumDense", {"equation": "ab...,bc->ac...", "output_shape": [5], "bias_axes": "c"}, IMAGES, {}),
    ("Embedding", {"input_dim": 12, "output_dim": 2, "embeddings_regularizer": "l2"}, COUNTS, {}),
    ("Flatten", {"data_format": "channels_first"}, IMAGES, {}),
    ("Reshape", {"target_shape": [-1, 2]}, SERIES, {}),
    ("Permute", {"dims": [3, 1, 2]}, IMAGES, {}),
    ("Rescaling", {"scale": [1.0, 2.0, 0.5, 3.0], "offset": [0.0, 1.0, 2.0, 3.0]}, COUNTS, {}),
    ("Normalization", {"axis": 1, "mean": [1.0, 2.0, 3.0], "variance": [1.0, 0.0, 9.0]}, SERIES, {}),
    ("Normalization", {"axis": [1, 2], "mean": [1.0, 2, 3, 4], "variance": [1.0, 2, 3, 4]}, SERIES, {}),
    ("Normalization", {"axis": None, "mean": 2.0, "variance": 4.0, "invert": True}, ROWS, {}),
    (
        "BatchNormalization",
        {"axis": 1, "momentum": 0.6, "gamma_regularizer": "l2"},
        SERIES,
        {"training": True},
    ),
    ("BatchNormalization", {"center": False, "epsilon": 0.1}, IMAGES, {}),
    ("BatchNormalization", {}, SERIES, {"training": True, "mask": [[1, 1, 0], [1, 0, 1]]}),
    ("LayerNormalization", {"axis": [-1, 1], "scale": False}, SERIES, {}),
    ("LayerNormalization", {"rms_scaling": True}, SERIES, {}),
    ("RMSNormalization", {"axis": [1, 2], "epsilon": 0.01}, SERIES, {}),
    ("UnitNormalization", {"axis": [1, 2]}, SERIES, {}),
    ("ReLU", {"max_value": 3.0}, TIES, {}),
    ("ReLU", {"max_value": 6.0}, TIES, {}),
    ("ReLU", {"negative_slope": 0.1, "max_value": 3.0}, TIES, {}),
    ("ReLU", {"negative_slope": 0.1, "max_value": 3.0, "threshold": 0.5}, TIES, {}),
    ("ReLU", {"threshold": 1.0}, TIES, {}),
    ("LeakyReLU", {}, TIES, {}),
    ("ELU", {"alpha": 0.5}, TIES, {}),
    ("PReLU", {"alpha_initializer": "ones", "alpha_regularizer": "l1"}, SERIES, {}),
    ("Softmax", {"axis": [1, 2]}, SERIES, {"mask": [[[1, 0, 1, 1]]]}),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, SERIES, {}),
    ("Multiply", {}, [SERIES, normal(2, 1, 4), normal(2, 4)], {}),
    ("Average", {}, [SERIES, normal(2, 4)], {}),
    ("Minimum", {}, [ROWS, normal(3, 1)], {}),
    ("Add", {"dtype": "float64"}, [SERIES, normal(2, 3, 1)], {}),
    ("Concatenate", {"axis": -2}, [SERIES, normal(2, 1, 4)], {}),
    ("Dot", {"axes": [1, 2], "normalize": True}, [SERIES, normal(2, 2, 3)], {}),
    ("Dot", {"axes": -1}, [ROWS, normal(3, 4)], {}),
    ("GlobalAveragePooling1D", {}, SERIES, {"mask": [[1, 1, 0], [1, 0, 0]]}),
    ("GlobalAveragePooling1D", {"data_format": "channels_first", "keepdims": True}, SERIES, {}),
    ("GlobalAveragePooling2D", {"data_format": "channels_first"}, IMAGES, {}),
    ("GlobalAveragePooling3D", {"keepdims": True}, VOLUMES, {}),
    ("GlobalMaxPooling1D", {"keepdims": True}, SERIES, {}),
    ("GlobalMaxPooling2D", {}, IMAGES, {}),
    ("GlobalMaxPooling3D", {"data_format": "channels_first"}, VOLUMES, {}),
    ("GroupNormalization", {"groups": 2}, SERIES, {}),
    ("GroupNormalization", {"groups": 2, "axis": 1, "scale": False, "beta_regularizer": "l2"}, IMAGES, {}),
    ("GroupNormalization", {"groups": -1, "epsilon": 0.1, "center": False}, IMAGES, {}),
    ("Cropping1D", {"cropping": [0, 2]}, SERIES, {}),
    ("Cropping2D", {"cropping": [[0, 1], [1, 0]]}, IMAGES, {}),
    ("Cropping2D", {"cropping": [1, 0], "data_format": "channels_first"}, BIG, {}),
    ("Cropping3D", {"cropping": [[0, 1], [1, 1], [0, 0]]}, VOLUMES, {}),
    ("ZeroPadding1D", {"padding": [0, 2], "data_format": "channels_first"}, SERIES, {}),
    ("ZeroPadding2D", {"padding": [1, 2]}, IMAGES, {}),
    ("ZeroPadding3D", {"padding": [[0, 1], [1, 1], [0, 0]]}, VOLUMES, {}),
    ("UpSampling1D", {"size": 3}, SERIES, {}),
    ("UpSampling2D", {"size": [1, 3], "data_format": "channels_first"}, IMAGES, {}),
    ("UpSampling2D", {"size": [2, 3], "interpolation": "bilinear"}, IMAGES, {}),
    ("UpSampling2D", {"size": 2, "interpolation": "bilinear", "data_format": "channels_first"}, BIG, {}),
    ("UpSampling2D", {"size": 2, "interpolation": "bicubic"}, BIG, {}),
    ("UpSampling2D", {"size": 3, "interpolation": "lanczos3"}, BIG, {}),
    ("UpSampling2D", {"size": 2, "interpolation": "lanczos5"}, BIG, {}),
    ("UpSampling3D", {"size": [1, 2, 3]}, VOLUMES, {}),
    ("TimeDistributed", {"layer": ["Dense", {"units": 2, "activation": "tanh"}]}, SERIES, {}),
    ("TimeDistributed", {"layer": ["BatchNormalization", {}]}, SERIES, {"training": True}),
    ("TimeDistributed", {"layer": ["Flatten", {}]}, IMAGES, {}),
    ("CategoryEncoding", {"num_tokens": 12, "output_mode": "count"}, TOKENS, {}),
    ("CategoryEncoding", {"num_tokens": 12, "output_mode": "one_hot"}, TOKENS, {}),
    ("CategoryEncoding", {"num_tokens": 12, "output_mode": "one_hot", "dtype": "float64"}, TOKENS[:, :1], {}),
    ("Discretization", {"bin_boundaries": [-1.0, 0.0, 0.5], "output_mode": "one_hot"}, TIES, {}),
    ("Discretization", {"bin_boundaries": [-1.0, 0.0, 0.5], "output_mode": "count"}, TIES, {}),
]


def start_of(variable: Any) -> np.ndarray:
    value = DRAW.normal(size=variable.shape)
    positive = any(part in variable.name for part in ("variance", "gamma", "scale"))
    return (np.abs(value) + 0.2 if positive else value).astype(variable.dtype)


def record(kind: str, config: dict[str, Any], x: Any, call: dict[str, Any]) -> tuple[Any, ...]:
    """One layer's case for the JSON file, and its arrays."""
    made = dict(config)
    if "layer" in made:
        inner, inner_config = made["layer"]
        made["layer"] = getattr(keras.layers, inner)(**inner_config)
    layer = getattr(keras.layers, kind)(**made)
    described = {key: value for key, value in layer.get_config().items() if key not in ("name", "layer")}
    xs = x if isinstance(x, list) else [x]
    tensors = [tf.constant(array) for array in xs]
    masked = {key: np.array(value, bool) if key == "mask" else value for key, value in call.items()}
    layer(tensors if isinstance(x, list) else tensors[0], **masked)
    weights = [start_of(v) for v in layer.weights]
    layer.set_weights(weights)
    with tf.GradientTape() as tape:
        tape.watch([t for t in tensors if t.dtype.is_floating])
        y = layer(tensors if isinstance(x, list) else tensors[0], **masked)
        losses = list(layer.losses)
        dy = DRAW.normal(size=y.shape).astype(y.dtype.name)
        total = tf.reduce_sum(y * dy)
    places = {f"grad.weight{i}": v.value for i, v in enumerate(layer.weights) if v.trainable}
    names = [f"input0.{i}" for i in range(len(xs))] if isinstance(x, list) else ["input0"]
    places |= {f"grad.{n}": t for n, t in zip(names, tensors, strict=True) if t.dtype.is_floating}
    gradients = tape.gradient(total, list(places.values()), unconnected_gradients="zero")
    arrays = dict(zip(names, xs, strict=True)) | {f"weight{i}": w for i, w in enumerate(weights)}
    arrays |= {name: np.array(tf.convert_to_tensor(g)) for name, g in zip(places, gradients, strict=True)}
    arrays |= {"output": np.array(y), "output_grad": dy}
    arrays |= {f"after.weight{i}": np.array(v) for i, v in enumerate(layer.weights) if not v.trainable}
    case = {
        "class": kind,
        "config": config,
        "call": call,
        "weights": [v.name for v in layer.weights],
        "arrays": sorted(arrays),
        "losses": [float(value) for value in losses],
        "described": described,
    }
    return case, arrays


def main() -> None:
    folder = Path(__file__).parent.parent / "tests" / "recorded"
    cases, kept = [], {}
    for number, (kind, config, x, call) in enumerate(CASES):
        case, arrays = record(kind, config, x, call)
        cases.append({"id": f"{number:03}", **case})
        kept |= {f"{number:03}/{name}": array for name, array in arrays.items()}
    source = f"Keras {keras.__version__}, TensorFlow backend {tf.__version__}, CPU"
    lines = ",\n".join(json.dumps(case, default=list) for case in cases)
    text = f'{{"source": {json.dumps(source)}, "cases": [\n{lines}\n]}}\n'
    (folder / "layers_more.json").write_text(text)
    np.savez_compressed(folder / "layers_more.npz", **kept)


if __name__ == "__main__":
    main()
