"""MNIST: 70,000 handwritten digits, 28×28 (LeCun, Cortes, Burges). https://yann.lecun.com/exdb/mnist"""

from __future__ import annotations

import numpy as np

from schuss.datasets._files import KERAS_URL, get_file, read_npz

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str = "mnist.npz") -> tuple[Split, Split]:
    """MNIST as ``(x_train, y_train), (x_test, y_test)``.

    Returns:
        x: uint8, (60000, 28, 28) and (10000, 28, 28), 0 (white) to 255 (black). y: uint8 labels 0–9.
    """
    file = get_file(path, KERAS_URL + "mnist.npz", _SHA256)
    x_train, y_train, x_test, y_test = read_npz(file, "x_train", "y_train", "x_test", "y_test")
    return (x_train, y_train), (x_test, y_test)
