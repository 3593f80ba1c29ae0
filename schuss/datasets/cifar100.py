"""CIFAR-100: 60,000 colour photographs, 32×32, a hundred kinds in twenty groups (Krizhevsky, 2009)."""

from __future__ import annotations

import numpy as np

from schuss.datasets._files import get_file, read_pickles
from schuss.datasets.cifar10 import images_of

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"


def load_data(label_mode: str = "fine") -> tuple[Split, Split]:
    """CIFAR-100 as ``(x_train, y_train), (x_test, y_test)``.

    Args:
        label_mode: ``"fine"`` for the 100 kinds, ``"coarse"`` for the 20 groups.

    Returns:
        x: uint8, (50000, 32, 32, 3) and (10000, 32, 32, 3). y: uint8 (n, 1).
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"label_mode must be 'fine' or 'coarse', got {label_mode!r}.")
    path = get_file(
        "cifar-100-python.tar.gz", "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz", _SHA256
    )
    key = f"{label_mode}_labels".encode()
    train, test = (
        (images_of(batch[b"data"]), np.asarray(batch[key], np.uint8).reshape(-1, 1))
        for batch in read_pickles(path, ["cifar-100-python/train", "cifar-100-python/test"])
    )
    return train, test
