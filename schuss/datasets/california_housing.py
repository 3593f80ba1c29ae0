"""California housing: median house values of 20,640 districts, 1990 census (Pace, Barry, 1997)."""

from __future__ import annotations

import numpy as np

from schuss.datasets._files import KERAS_URL, get_file, read_npz, split

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"


def load_data(
    version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Split, Split]:
    """Districts (8 features) and their median house value in dollars.

    Args:
        version: ``"large"``, or ``"small"`` for 600 of the districts.
        test_split: the share kept for testing.
        seed: of the shuffle.
    """
    if version not in ("large", "small"):
        raise ValueError(f"version must be 'large' or 'small', got {version!r}.")
    x, y = read_npz(get_file(path, KERAS_URL + "california_housing.npz", _SHA256), "x", "y")
    if version == "small":
        x, y = x[:600], y[:600]
    return split(x, y, test_split, seed)
