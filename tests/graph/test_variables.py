"""Variables: where their memory lies."""

import numpy as np
import pytest

from schuss import Variable


@pytest.mark.parametrize("shape", [(), (0,), (3,), (5, 7), (2, 0, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "bool"])
def test_they_begin_at_a_cache_line(shape, dtype):
    value = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    variable = Variable(value, dtype=dtype)
    assert value.size == 0 or variable.array.ctypes.data % 64 == 0
    assert variable.array.flags.c_contiguous
    assert variable.array.flags.writeable
    assert (variable.shape, variable.dtype.name) == (shape, dtype)
    np.testing.assert_array_equal(variable.array, value.astype(variable.dtype))


def test_they_are_copies():
    value = np.ones((2, 3), "float32")
    variable = Variable(value.T)
    value[...] = 0
    np.testing.assert_array_equal(variable.array, np.ones((3, 2)))
