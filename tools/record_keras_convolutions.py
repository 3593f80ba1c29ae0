"""Record what Keras's convolutions, pools and some normalizing layers compute, with gradients, for
tests/recorded/convolutions.json and .npz.

``KERAS_BACKEND=tensorflow python tools/record_keras_convolutions.py``. The layout is that of ``layers_more.json``.
TensorFlow's processors' kernels know neither ``"channels_first"`` nor some dilated transposes: of these there is none here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from record_keras_layers import record

DRAW = np.random.default_rng(6)


def normal(*shape: int) -> np.ndarray:
    return DRAW.normal(size=shape).astype("float32")


SERIES, IMAGES, VOLUMES = normal(2, 9, 4), normal(2, 6, 5, 4), normal(1, 4, 3, 5, 2)
TOKENS = np.array([[0, 3, 3, 5], [1, 2, 3, 4]], "int32")
EVERYTHING = {"kernel_regularizer": "l2", "bias_regularizer": "L1L2", "activity_regularizer": "l1"}
TRAINING = {"training": True}
LIMITS = {"rmin": 0.5, "rmax": 2.0, "dmax": 0.4}
CASES: list[tuple[str, dict[str, Any], Any, dict[str, Any]]] = [
    ("Conv1D", {"filters": 3, "kernel_size": 4, "padding": "causal", "dilation_rate": 2}, SERIES, {}),
    ("Conv1D", {"filters": 2, "kernel_size": 3, "padding": "causal", "strides": 2}, SERIES, {}),
    ("Conv1D", {"filters": 6, "kernel_size": 2, "strides": 3, "padding": "same", "groups": 2}, SERIES, {}),
    ("Conv1D", {"filters": 2, "kernel_size": [1], **EVERYTHING, "kernel_constraint": "max_norm"}, SERIES, {}),
    ("Conv2D", {"filters": 3, "kernel_size": [2, 3], "strides": [2, 1], "padding": "same"}, IMAGES, {}),
    ("Conv2D", {"filters": 2, "kernel_size": [2, 3], "dilation_rate": [2, 1], "padding": "same"}, IMAGES, {}),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 4, "activation": "tanh"}, IMAGES, {}),
    ("Conv2D", {"filters": 8, "kernel_size": 1, "groups": 2, "use_bias": False, "strides": 2}, IMAGES, {}),
    (
        "Conv2D",
        {"filters": 3, "kernel_size": 4, "strides": 3, "padding": "same", "dtype": "float64"},
        IMAGES,
        {},
    ),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "activation": "softmax", **EVERYTHING}, IMAGES, {}),
    (
        "Conv3D",
        {"filters": 3, "kernel_size": [2, 1, 3], "strides": [1, 2, 1], "padding": "same"},
        VOLUMES,
        {},
    ),
    ("Conv3D", {"filters": 2, "kernel_size": 2, "activation": "gelu", "padding": "same"}, VOLUMES, {}),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, SERIES, {}),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 2, "strides": 3, "padding": "same"}, SERIES, {}),
    ("Conv1DTranspose", {"filters": 2, "kernel_size": 4, "strides": 2, "padding": "same"}, SERIES, {}),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": [1, 2], "strides": [2, 3]}, IMAGES, {}),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": [4, 3], "strides": 2, "padding": "same"}, IMAGES, {}),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "activation": "relu", **EVERYTHING}, IMAGES, {}),
    (
        "Conv2DTranspose",
        {"filters": 2, "kernel_size": [3, 5], "strides": 2, "output_padding": 1, "padding": "same"},
        IMAGES,
        {},
    ),
    ("Conv3DTranspose", {"filters": 3, "kernel_size": 2, "strides": [1, 2, 1]}, VOLUMES, {}),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, VOLUMES, {}),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2, "padding": "same"}, SERIES, {}),
    ("DepthwiseConv1D", {"kernel_size": 2, "dilation_rate": 3, "use_bias": False}, SERIES, {}),
    ("DepthwiseConv2D", {"kernel_size": [2, 3], "depth_multiplier": 3, "strides": 2}, IMAGES, {}),
    (
        "DepthwiseConv2D",
        {
            "kernel_size": 3,
            "padding": "same",
            "activation": "relu",
            "depthwise_regularizer": "l2",
            "depthwise_constraint": "unit_norm",
        },
        IMAGES,
        {},
    ),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, SERIES, {}),
    ("SeparableConv2D", {"filters": 3, "kernel_size": [3, 2], "depth_multiplier": 2}, IMAGES, {}),
    (
        "SeparableConv2D",
        {
            "filters": 2,
            "kernel_size": 2,
            "padding": "same",
            "dilation_rate": 2,
            "activation": "sigmoid",
            "pointwise_regularizer": "l1",
            "bias_constraint": "non_neg",
        },
        IMAGES,
        {},
    ),
    ("MaxPooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}, SERIES, {}),
    ("MaxPooling2D", {"pool_size": [2, 3], "strides": [1, 2]}, IMAGES, {}),
    ("MaxPooling2D", {"pool_size": 3, "padding": "same"}, IMAGES, {}),
    ("MaxPooling2D", {"pool_size": 2, "strides": 4, "padding": "same"}, IMAGES, {}),
    ("MaxPooling3D", {"pool_size": [2, 1, 3], "strides": 1}, VOLUMES, {}),
    ("AveragePooling1D", {"pool_size": 4, "strides": 3, "padding": "same"}, SERIES, {}),
    ("AveragePooling2D", {"pool_size": [3, 2], "strides": 1, "padding": "same"}, IMAGES, {}),
    ("AveragePooling2D", {"pool_size": 2, "strides": [1, 3], "dtype": "float64"}, IMAGES, {}),
    ("AveragePooling3D", {"pool_size": 2, "padding": "same"}, VOLUMES, {}),
    ("AdaptiveAveragePooling1D", {"output_size": 4}, SERIES, {}),
    ("AdaptiveAveragePooling2D", {"output_size": [3, 2]}, IMAGES, {}),
    ("AdaptiveAveragePooling3D", {"output_size": [3, 3, 2]}, VOLUMES, {}),
    ("AdaptiveMaxPooling1D", {"output_size": [7]}, SERIES, {}),
    ("AdaptiveMaxPooling2D", {"output_size": 4}, IMAGES, {}),
    ("AdaptiveMaxPooling3D", {"output_size": 2}, VOLUMES, {}),
    ("SpectralNormalization", {"layer": ["Dense", {"units": 3}]}, IMAGES, {}),
    ("SpectralNormalization", {"layer": ["Dense", {"units": 3}], "power_iterations": 3}, SERIES, TRAINING),
    ("SpectralNormalization", {"layer": ["Conv2D", {"filters": 3, "kernel_size": 2}]}, IMAGES, TRAINING),
    ("BatchNormalization", {"renorm": True}, IMAGES, TRAINING),
    (
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": LIMITS, "renorm_momentum": 0.8, "center": False, "axis": 1},
        IMAGES,
        TRAINING,
    ),
    (
        "BatchNormalization",
        {"renorm": True, "scale": False, "renorm_clipping": {"dmax": 0.1}},
        SERIES,
        TRAINING,
    ),
    ("BatchNormalization", {"renorm": True}, SERIES, {}),
    ("GroupNormalization", {"groups": 3, "axis": 1}, SERIES, {}),
    ("GroupNormalization", {"groups": 1}, VOLUMES, {}),
    ("UnitNormalization", {"axis": [1, 3]}, IMAGES, {}),
    ("RMSNormalization", {"axis": [2, 3]}, IMAGES, {}),
    ("ReversibleEmbedding", {"input_dim": 6, "output_dim": 3, "tie_weights": False}, TOKENS, {}),
    ("ReversibleEmbedding", {"input_dim": 6, "output_dim": 4}, SERIES, {"reverse": True}),
    (
        "ReversibleEmbedding",
        {
            "input_dim": 6,
            "output_dim": 4,
            "tie_weights": False,
            "logit_soft_cap": 2.0,
            "reverse_dtype": "float64",
        },
        SERIES,
        {"reverse": True},
    ),
]


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
    (folder / "convolutions.json").write_text(text)
    np.savez_compressed(folder / "convolutions.npz", **kept)


if __name__ == "__main__":
    main()
