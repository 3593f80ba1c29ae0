"""CIFAR-10: 60,000 colour photographs, 32×32, ten kinds (Krizhevsky, 2009).
https://www.cs.toronto.edu/~kriz/cifar.html"""

from __future__ import annotations

import numpy as np

from schuss.datasets._files import get_file, read_pickles

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"


def load_data() -> tuple[Split, Split]:
    """CIFAR-10 as ``(x_train, y_train), (x_test, y_test)``.

    Returns:
        x: uint8, (50000, 32, 32, 3) and (10000, 32, 32, 3). y: uint8 (n, 1), named by `CLASSES`.
    """
    path = get_file(
        "cifar-10-python.tar.gz", "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", _SHA256
    )
    names = [f"cifar-10-batches-py/data_batch_{i}" for i in range(1, 6)] + ["cifar-10-batches-py/test_batch"]
    batches = read_pickles(path, names)
    images = [images_of(batch[b"data"]) for batch in batches]
    labels = [np.asarray(batch[b"labels"], np.uint8).reshape(-1, 1) for batch in batches]
    return (np.concatenate(images[:5]), np.concatenate(labels[:5])), (images[5], labels[5])


def images_of(rows: np.ndarray) -> np.ndarray:
    """Rows of 3072 bytes (red, green, blue planes) as images with channels last."""
    return np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
