"""to_categorical, normalize, and what schuss.utils offers."""

from __future__ import annotations

import numpy as np
import pytest

from schuss import utils


def test_to_categorical():
    assert utils.to_categorical([0, 2, 1]).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert utils.to_categorical([[0], [2]], 4).shape == (2, 4)
    assert utils.to_categorical(np.zeros((2, 3), "uint8"), 5).shape == (2, 3, 5)
    with pytest.raises(ValueError, match="found the class 2, but num_classes=2"):
        utils.to_categorical([0, 2, 1], 2)


def test_normalize():
    np.testing.assert_allclose(utils.normalize([[3.0, 4.0], [0, 0]]), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(utils.normalize([[3.0, 4.0], [1, 0]], axis=0, order=1), [[0.75, 1], [0.25, 0]])
    np.testing.assert_allclose(utils.normalize([3.0, 4.0]), [0.6, 0.8])


def test_unknown_names_suggest_the_nearest():
    assert "to_categorical" in dir(utils)
    with pytest.raises(AttributeError, match="to_categorical"):
        _ = utils.to_categoricl


def test_no_number_of_classes_is_the_largest_plus_one():
    assert utils.to_categorical([0, 2], num_classes=0).shape == (2, 3)
