"""Folders of small files, and the arguments with which they are read: for tests and tools/record_keras_data.py."""

import struct

import numpy as np

IMAGES = {"labels": None, "shuffle": False, "verbose": False}
_SIZES = {"smaller": (4, 5), "larger": (11, 9)}


def resizings():
    """Name → arguments of image_dataset_from_directory."""
    methods = (
        "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic",
    )  # fmt: skip
    cases = {
        f"{m}-{s}": {"interpolation": m, "image_size": size} for m in methods for s, size in _SIZES.items()
    }
    for name, size in _SIZES.items():
        cases[f"crop-{name}"] = {"crop_to_aspect_ratio": True, "image_size": size}
        cases[f"pad-{name}"] = {"pad_to_aspect_ratio": True, "image_size": size}
    cases["first"] = {"data_format": "channels_first", "image_size": (4, 5)}
    cases["gray"] = {"color_mode": "grayscale", "image_size": (6, 6)}
    cases["alpha"] = {"color_mode": "rgba", "image_size": (6, 6), "interpolation": "nearest"}
    return cases


def image_folder(folder):
    """Noise of two proportions, as colours and as grey."""
    from PIL import Image

    folder.mkdir()
    random = np.random.default_rng(5)
    for i, shape in enumerate([(7, 13, 3), (9, 6, 3), (8, 8)]):
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(folder / f"{i}.png")


def text_folder(folder):
    """Two classes, files deeper down, endings in capitals, and what is no text."""
    for name in (
        "b/2.txt",
        "b/1.txt",
        "b/deep/0.txt",
        "b/UP.TXT",
        "a/3.txt",
        "a/10.txt",
        "a/no.md",
        "a-c/1.txt",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


FOLDERS = {
    "in order": {"shuffle": False},
    "shuffled": {"seed": 3},
    "training": {"seed": 3, "validation_split": 0.3, "subset": "training"},
    "validation": {"seed": 3, "validation_split": 0.3, "subset": "validation"},
    "both": {"shuffle": False, "validation_split": 0.5, "subset": "both"},
    "categorical": {"shuffle": False, "label_mode": "categorical"},
    "binary": {"seed": 1, "label_mode": "binary", "class_names": ["b", "a"]},
    "given labels": {"shuffle": False, "labels": [5, 6, 5, 6, 7, 8, 9]},
    "given labels, shuffled": {"seed": 2, "labels": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]},
    "short": {"shuffle": False, "max_length": 3},
}
"""Arguments of text_dataset_from_directory."""

SERIES, TARGETS = np.arange(46, dtype="float32").reshape(23, 2), np.arange(23) * 10
WINDOWS = {
    "plain": {"sequence_length": 4},
    "targets": {"sequence_length": 4, "batch_size": 3},
    "targets with strides": {"sequence_length": 3, "sequence_stride": 2, "sampling_rate": 3, "batch_size": 4},
    "targets of a part": {"sequence_length": 3, "start_index": 2, "end_index": 11, "batch_size": 4},
    "single": {"sequence_length": 20, "batch_size": None},
}
"""Arguments of timeseries_dataset_from_array; with targets where the name says so."""

SPLITS = {
    "left": {"left_size": 0.7},
    "right": {"right_size": 3},
    "gap": {"left_size": 2, "right_size": 0.3},
    "shuffled": {"left_size": 4, "shuffle": True, "seed": 11},
}
"""Arguments of split_dataset."""


def split_data():
    return np.arange(20).reshape(10, 2), np.arange(10) / 2


def wav(data, bits=16, channels=1, rate=8000, kind=1, extensible=False, before=b""):
    """The bytes of a WAV file with these bytes of samples."""
    layout = struct.pack(
        "<HHIIHH",
        0xFFFE if extensible else kind,
        channels,
        rate,
        rate * channels * bits // 8,
        channels * bits // 8,
        bits,
    )
    if extensible:
        layout += struct.pack("<HHIH", 22, bits, 0, kind) + bytes(14)
    chunks = b"fmt " + struct.pack("<I", len(layout)) + layout + before
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def wav_folder(folder):
    """Three sounds of different lengths."""
    (folder / "noise").mkdir(parents=True)
    random = np.random.default_rng(6)
    for i, samples in enumerate((6, 3, 9)):
        data = random.integers(-(2**15), 2**15, samples, dtype=np.int16).tobytes()
        (folder / "noise" / f"{i}.wav").write_bytes(wav(data))
