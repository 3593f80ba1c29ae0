"""Fashion-MNIST: 70,000 images of clothing, 28×28, ten kinds (Xiao, Rasul, Vollgraf, 2017;
arXiv:1708.07747)."""

from __future__ import annotations

import gzip
import zlib

import numpy as np

from schuss.datasets._files import KERAS_URL, damaged, get_file

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

_MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}

Split = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Split, Split]:
    """Fashion-MNIST as ``(x_train, y_train), (x_test, y_test)``.

    Returns:
        x: uint8, (60000, 28, 28) and (10000, 28, 28). y: uint8 labels 0–9, named by `CLASSES`.
    """
    parts = []
    for kind in ("train", "t10k"):
        labels = _read(f"{kind}-labels-idx1-ubyte.gz", header=8, shape=(-1,))
        parts.append((_read(f"{kind}-images-idx3-ubyte.gz", header=16, shape=(len(labels), 28, 28)), labels))
    return parts[0], parts[1]


def _read(name: str, header: int, shape: tuple[int, ...]) -> np.ndarray:
    path = get_file(name, KERAS_URL + name, _MD5[name])
    try:
        with gzip.open(path) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise damaged(path, error) from error
