"""Digits: 1,797 handwritten digits, 8×8 (Alpaydin, Kaynak, 1998; UCI), which come with scikit-learn: no
network needed."""

from __future__ import annotations

from typing import Any

import numpy as np

Split = tuple[np.ndarray, np.ndarray]


def load_data(test_split: float = 0.2, seed: int = 113) -> tuple[Split, Split]:
    """The digits as ``(x_train, y_train), (x_test, y_test)``.

    Args:
        test_split: the share kept for testing.
        seed: of the shuffle.

    Returns:
        x: uint8, (n, 8, 8), 0 to 16. y: uint8 labels 0–9.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError("These digits come with scikit-learn: pip install 'schuss[demo]'") from error
    from schuss.datasets._files import split

    bunch: Any = load_digits()
    return split(bunch.images.astype(np.uint8), bunch.target.astype(np.uint8), test_split, seed)
