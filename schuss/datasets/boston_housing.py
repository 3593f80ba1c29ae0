"""Boston housing: 506 house prices of 1978 (Harrison, Rubinfeld). Historical; its variable B encodes race: do
not rely on it."""

from __future__ import annotations

import numpy as np

from schuss.datasets._files import KERAS_URL, get_file, read_npz, split

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"


def load_data(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Split, Split]:
    """Houses (13 features) and their price in thousands of dollars. `test_split`: the share kept for
    testing."""
    x, y = read_npz(get_file(path, KERAS_URL + "boston_housing.npz", _SHA256), "x", "y")
    return split(x, y, test_split, seed)
