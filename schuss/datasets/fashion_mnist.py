"""Fashion-MNIST: 70,000 images of clothing, 28×28, ten kinds (Xiao, Rasul, Vollgraf, 2017;
arXiv:1708.07747)."""

from __future__ import annotations

import gzip

import numpy as np

from schuss.datasets._files import KERAS_URL, get_file

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

Split = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Split, Split]:
    """Fashion-MNIST as ``(x_train, y_train), (x_test, y_test)``.

    Returns:
        x: uint8, (60000, 28, 28) and (10000, 28, 28). y: uint8 labels 0–9, named by `CLASSES`.
    """
    parts = []
    for kind in ("train", "t10k"):
        labels = _read(f"{kind}-labels-idx1-ubyte.gz", header=8)
        images = _read(f"{kind}-images-idx3-ubyte.gz", header=16).reshape(len(labels), 28, 28)
        parts.append((images, labels))
    return parts[0], parts[1]


def _read(name: str, header: int) -> np.ndarray:
    path = get_file(name, KERAS_URL + name)
    try:
        with gzip.open(path) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(
            f"{path} is damaged ({error}). Delete it, so that it is downloaded again."
        ) from error
