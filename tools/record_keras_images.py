"""Record what Keras's image operations and layers give: tests/recorded/images.json and images.npz.

KERAS_BACKEND=tensorflow python tools/record_keras_images.py [folder]    # in an environment with Keras 3.15

Figures are TensorFlow's. ``"of": "jax"`` marks cases that tests take from JAX instead, where TensorFlow's kernels do
something else than all other backends; run the tool with KERAS_BACKEND=jax first, then with tensorflow.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

rng = np.random.default_rng(3)


def images(*shape: int, dtype: str = "float32") -> np.ndarray:
    if dtype == "uint8":
        return rng.integers(0, 256, shape).astype(dtype)
    return rng.uniform(0, 1, shape).astype(dtype)


SMALL, WIDE, BYTES = images(2, 6, 5, 3), images(2, 4, 9, 2), images(2, 6, 5, 3, dtype="uint8")
ROTATION = np.array(
    [[0.913, -0.317, 1.231, 0.291, 0.907, -0.719, 0, 0], [1, 0.2, -2.3, 0.1, 1.1, 3.1, 0.01, -0.02]],
    "float32",
)
FAR = np.array([1, 0, 3, 0, 1, -4, 0, 0], "float32")
START = np.array([[[0, 0], [4, 0], [0, 5], [4, 5]]] * 2, "float32")
END = START + rng.uniform(-1, 1, START.shape).astype("float32")
PLACES = rng.uniform(-4, 9, (2, 12)).astype("float32")
VOLUME = images(2, 4, 5, 4, 2)


def operations() -> list[tuple[str, list[np.ndarray], dict[str, Any], str]]:
    """(name, arrays, options, backend to believe)."""
    found: list[Any] = []

    def add(name: str, *arrays: np.ndarray, of: str = "tensorflow", **options: Any) -> None:
        found.append((name, list(arrays), options, of))

    for interpolation in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area"):
        for size in ((3, 3), (9, 8), (6, 2)):
            add("resize", SMALL, size=size, interpolation=interpolation)
        if interpolation not in ("nearest", "area"):
            add("resize", SMALL, size=(3, 8), interpolation=interpolation, antialias=True)
        add("resize", BYTES, size=(4, 7), interpolation=interpolation)
    add("resize", SMALL, size=(4, 4), crop_to_aspect_ratio=True)
    add("resize", WIDE, size=(5, 3), crop_to_aspect_ratio=True)
    add("resize", SMALL, size=(4, 8), pad_to_aspect_ratio=True, fill_value=0.5)
    add("resize", WIDE, size=(5, 3), pad_to_aspect_ratio=True)
    add("resize", SMALL[0], size=(4, 8))
    add("resize", np.moveaxis(SMALL, -1, 1), size=(4, 8), data_format="channels_first")
    for fill_mode in ("constant", "nearest", "wrap", "reflect"):
        for interpolation in ("bilinear", "nearest"):
            options = {"interpolation": interpolation, "fill_mode": fill_mode, "fill_value": 0.25}
            add("affine_transform", SMALL, ROTATION[:1].repeat(2, 0), of="jax", **options)
            add("affine_transform", SMALL, FAR[None].repeat(2, 0), of="jax", **options)
    add("affine_transform", SMALL, ROTATION, fill_value=0.5)
    add("affine_transform", SMALL[0], FAR)
    add("affine_transform", np.moveaxis(SMALL, -1, 1), ROTATION, data_format="channels_first")
    add("perspective_transform", SMALL, START, END)
    add("perspective_transform", SMALL, START, END, interpolation="nearest", fill_value=0.5)
    add("perspective_transform", SMALL[0], START[0], END[0])
    for fill_mode in ("constant", "nearest", "wrap", "mirror", "reflect"):
        for order in (0, 1):
            add("map_coordinates", SMALL[0, ..., 0], PLACES, order=order, fill_mode=fill_mode, of="jax")
    add("map_coordinates", BYTES[0, ..., 0], PLACES, order=1, fill_mode="nearest", of="jax")
    add("extract_patches", SMALL, size=(3, 2))
    add("extract_patches", SMALL, size=3, strides=1, padding="same")
    add("extract_patches", SMALL, size=2, strides=1, dilation_rate=2)
    add("extract_patches", SMALL[0], size=2)
    add("extract_patches_3d", VOLUME, size=2)
    add("extract_patches", VOLUME, size=(2, 3, 2), strides=(1, 2, 1), padding="same")
    add("pad_images", SMALL, top_padding=1, left_padding=2, target_height=9, target_width=8)
    add("crop_images", SMALL, bottom_cropping=1, right_cropping=2, target_height=4, target_width=2)
    add("rgb_to_grayscale", SMALL)
    add("rgb_to_grayscale", BYTES)
    add("rgb_to_grayscale", np.moveaxis(SMALL, -1, 1), data_format="channels_first")
    add("rgb_to_hsv", SMALL)
    add("rgb_to_hsv", np.round(SMALL * 2) * 127)  # gray, black and ties among them
    add("hsv_to_rgb", SMALL)
    add("hsv_to_rgb", SMALL * 3 - 1, of="jax")
    add("gaussian_blur", SMALL, data_format="channels_last")
    add("gaussian_blur", SMALL, kernel_size=(5, 5), sigma=(0.7, 2.0), data_format="channels_last")
    add("gaussian_blur", SMALL, kernel_size=(3, 5), sigma=(0.7, 2.0), data_format="channels_last")
    add("gaussian_blur", SMALL, kernel_size=(4, 4), sigma=(1.0, 1.0), data_format="channels_last")
    for method in ("linear", "cubic", "lanczos3", "lanczos5"):
        for antialias in (True, False):
            add(
                "scale_and_translate",
                SMALL,
                output_shape=(2, 4, 7, 3),
                scale=[0.6, 1.7],
                translation=[0.4, -1.3],
                spatial_dims=(1, 2),
                method=method,
                antialias=antialias,
            )
    add("sobel_edges", SMALL)
    add("ssim", *images(2, 3, 14, 12, 2))
    add("ssim", *images(2, 9, 9, 1), max_val=2.0, filter_size=5, filter_sigma=1.0, k1=0.02, k2=0.05)
    return found


def layers() -> list[tuple[str, dict[str, Any], np.ndarray, bool]]:
    """(class, options, input, training): calls without chance."""
    colors = SMALL * 255
    still = [
        ("RandomFlip", {}),
        ("RandomRotation", {"factor": 0.2}),
        ("RandomZoom", {"height_factor": 0.2}),
        ("RandomTranslation", {"height_factor": 0.2, "width_factor": (-0.1, 0.3)}),
        ("RandomContrast", {"factor": 0.3}),
        ("RandomBrightness", {"factor": 0.3}),
        ("RandomShear", {"x_factor": 0.3, "y_factor": (0.1, 0.2)}),
        ("RandomPerspective", {"factor": 0.5}),
        ("RandomGaussianBlur", {}),
        ("RandomColorJitter", {"brightness_factor": 0.2, "hue_factor": 0.1}),
        ("RandomHue", {"factor": 0.3}),
        ("RandomSaturation", {"factor": 0.3}),
        ("RandomColorDegeneration", {"factor": 0.3}),
        ("RandomGrayscale", {"factor": 0.3}),
        ("RandomSharpness", {"factor": 0.3}),
        ("RandomPosterization", {"factor": (3, 3)}),
        ("RandomInvert", {"factor": 0.3}),
        ("RandomErasing", {"factor": 0.3}),
        ("RandomElasticTransform", {"factor": 0.3}),
        ("CutMix", {}),
        ("MixUp", {}),
        ("RandAugment", {}),
        ("AugMix", {}),
        ("Solarization", {"threshold_factor": 0.5}),
        ("Equalization", {}),
    ]
    found: list[Any] = [(name, {**options, "seed": 1}, colors, False) for name, options in still[:-1]]
    found += [(*still[-1], colors, False)]
    sure = [  # layers whose factors leave nothing to chance
        ("Resizing", {"height": 4, "width": 7}),
        ("Resizing", {"height": 4, "width": 4, "crop_to_aspect_ratio": True, "interpolation": "nearest"}),
        ("Resizing", {"height": 9, "width": 9, "pad_to_aspect_ratio": True, "fill_value": 3.0}),
        ("Resizing", {"height": 3, "width": 3, "antialias": True}),
        ("CenterCrop", {"height": 3, "width": 2}),
        ("CenterCrop", {"height": 9, "width": 2}),
        ("CenterCrop", {"height": 7, "width": 8}),
        ("RandomCrop", {"height": 8, "width": 8, "seed": 1}),
        ("RandomCrop", {"height": 6, "width": 2, "seed": 1}),
        ("RandomRotation", {"factor": (0.1, 0.1)}),
        ("RandomRotation", {"factor": (-0.2, -0.2), "fill_mode": "constant", "fill_value": 9.0}),
        ("RandomRotation", {"factor": (0.1, 0.1), "fill_mode": "nearest", "interpolation": "nearest"}),
        ("RandomZoom", {"height_factor": (0.4, 0.4), "width_factor": (-0.3, -0.3)}),
        ("RandomZoom", {"height_factor": (0.5, 0.5), "fill_mode": "constant"}),
        ("RandomTranslation", {"height_factor": (0.4, 0.4), "width_factor": (-0.25, -0.25)}),
        ("RandomTranslation", {"height_factor": (0.5, 0.5), "width_factor": 0.0, "fill_mode": "constant"}),
        ("RandomContrast", {"factor": 0.0}),
        ("RandomBrightness", {"factor": (0.3, 0.3)}),
        ("RandomBrightness", {"factor": (-0.4, -0.4)}),
        ("RandomShear", {"x_factor": 0.0, "y_factor": 0.0}),
        ("RandomPerspective", {"scale": 0.0}),
        ("RandomGaussianBlur", {"factor": (1.0, 1.0), "sigma": (0.8, 0.8), "kernel_size": 5}),
        ("RandomSaturation", {"factor": (0.3, 0.3)}),
        ("RandomColorDegeneration", {"factor": (0.3, 0.3)}),
        ("RandomGrayscale", {"factor": 1.0}),
        ("RandomSharpness", {"factor": (0.1, 0.1)}),
        ("RandomSharpness", {"factor": (0.9, 0.9)}),
        ("RandomPosterization", {"factor": (3, 3)}),
        ("RandomInvert", {"factor": (1.0, 1.0)}),
        ("RandomErasing", {"factor": 0.0}),
        ("RandomElasticTransform", {"factor": 0.0}),
        ("AutoContrast", {}),
        ("Solarization", {}),
        ("Equalization", {}),
        ("Equalization", {"bins": 32}),
        ("ContrastLimitedAdaptiveHistogramEqualization", {"tile_grid_size": (2, 2)}),
        ("ContrastLimitedAdaptiveHistogramEqualization", {"tile_grid_size": (4, 2), "clip_limit": 1.5}),
    ]
    found += [(name, options, colors, True) for name, options in sure]
    found += [
        ("Resizing", {"height": 4, "width": 7}, BYTES, True),
        ("CenterCrop", {"height": 3, "width": 2}, BYTES, True),
        ("CenterCrop", {"height": 3, "width": 2}, colors[0], True),
        ("Resizing", {"height": 3, "width": 2}, colors[0], True),
        (
            "Resizing",
            {"height": 3, "width": 2, "data_format": "channels_first"},
            np.moveaxis(colors, -1, 1),
            True,
        ),
        (
            "RandomRotation",
            {"factor": (0.1, 0.1), "data_format": "channels_first"},
            np.moveaxis(colors, -1, 1),
            True,
        ),
        ("AutoContrast", {"value_range": (0, 1)}, SMALL, True),
        ("AutoContrast", {}, np.zeros_like(SMALL), True),
        ("Equalization", {"value_range": (0, 1)}, SMALL, True),
        ("Equalization", {"data_format": "channels_first"}, np.moveaxis(colors, -1, 1), True),
        ("RandomPosterization", {"factor": 2, "value_range": (0, 1)}, SMALL, True),
        ("RandomBrightness", {"factor": (0.3, 0.3), "value_range": (0, 1)}, SMALL, True),
        ("RandomHue", {"factor": 0.0, "value_range": (0, 1)}, SMALL, True),
        ("RandomInvert", {"factor": (1.0, 1.0), "value_range": (0, 1)}, SMALL, True),
    ]
    return found


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "tests/recorded")
    here = keras.backend.backend()
    path = folder / "images.npz"
    arrays = dict(np.load(path)) if path.exists() else {}
    kept: dict[str, list[Any]] = {"operations": [], "layers": []}
    for number, (name, operands, options, of) in enumerate(operations()):
        kept["operations"].append({"name": name, "operands": len(operands), "options": options, "of": of})
        if of != here:
            continue
        for i, operand in enumerate(operands):
            arrays[f"operation{number}.{i}"] = operand
        given = {
            k: np.array(v, "float32") if k in ("scale", "translation") else v for k, v in options.items()
        }
        found = keras.ops.convert_to_numpy(getattr(keras.ops.image, name)(*operands, **given))
        arrays[f"operation{number}.y"] = found
    for number, (name, options, x, training) in enumerate(layers()):
        layer = getattr(keras.layers, name)(**options)
        config = json.loads(json.dumps(layer.get_config()))
        kept["layers"].append({"name": name, "options": options, "training": training, "config": config})
        if here != "tensorflow":
            continue
        found = keras.ops.convert_to_numpy(layer(x, training=training))
        arrays[f"layer{number}.x"], arrays[f"layer{number}.y"] = x, found
    np.savez_compressed(path, **arrays)
    rows = ",\n".join(json.dumps(row) for row in kept["operations"])
    more = ",\n".join(json.dumps(row) for row in kept["layers"])
    (folder / "images.json").write_text(f'{{"operations": [\n{rows}\n],\n"layers": [\n{more}\n]}}\n')


if __name__ == "__main__":
    main()
