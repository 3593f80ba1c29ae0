"""Dataset: pipelines of NumPy arrays. (What is as in TensorFlow, tests/compat/test_tf_data.py looks at.)"""

import threading
import time

import numpy as np
import pytest

from schuss.data import AUTOTUNE, Dataset
from schuss.data._ahead import ahead


def values(data):
    return [x.tolist() for x in data]


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("schuss-data")]


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    assert threads() == []


def test_elements_are_arrays():
    data = Dataset.from_tensor_slices(([1, 2], {"a": [0.5, 1.5]}))
    x, parts = next(iter(data))
    assert (type(x), x.shape, parts["a"].dtype) == (np.ndarray, (), np.float32)
    assert [type(x) for x in Dataset.range(1).as_numpy_iterator()] == [np.int64]


def test_a_pipeline():
    data = Dataset.range(10).map(lambda x: x * x).filter(lambda x: x % 2 == 0).skip(1).batch(3)
    assert values(data) == values(data) == [[4, 16, 36], [64]]
    assert values(data.unbatch().take(2)) == [4, 16]
    assert values(Dataset.range(5).batch(2).unbatch().batch(4)) == [[0, 1, 2, 3], [4]]


def test_lengths():
    data = Dataset.range(10)
    assert [
        len(d) for d in (data.batch(4), data.batch(4).take(2), data.batch(4).skip(1), data.repeat(2))
    ] == [
        3,
        2,
        2,
        20,
    ]
    assert [len(d) for d in (data.cache(), data.map(abs).prefetch(2), data.shuffle(3).batch(5))] == [
        10,
        10,
        2,
    ]
    for other in (data.repeat(), data.filter(bool), data.batch(2).unbatch()):
        with pytest.raises(TypeError, match=r"infinite|unknown"):
            len(other)


def test_text_and_plain_floats():
    data = Dataset.from_tensor_slices(["b", "aa"]).map(lambda s: (s, len(s.item()), 0.5)).batch(2)
    ((text, length, half),) = data
    assert (text.tolist(), text.dtype) == (["b", "aa"], object)
    assert (length.tolist(), half.dtype) == ([1, 2], np.float32)


def test_cache_makes_elements_once():
    made = []
    data = Dataset.range(3).map(lambda x: made.append(int(x)) or x).cache()
    assert values(data.take(1)) == [0]  # not through: nothing is kept
    assert values(data) == values(data) == [0, 1, 2]
    assert made == [0, 0, 1, 2]


def test_shuffle():
    data = Dataset.range(40).map(lambda x: x).shuffle(40, seed=2)
    first, second = values(data), values(data)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(40))


def test_padded_batches():
    data = Dataset.range(1, 4).map(lambda n: np.ones(n, "int8")).padded_batch(2)
    assert values(data) == [[[1, 0], [1, 1]], [[1, 1, 1]]]
    with pytest.raises(ValueError, match="Cannot batch tensors with different shapes"):
        values(Dataset.range(1, 4).map(lambda n: np.ones(n, "int8")).batch(2))


@pytest.mark.parametrize("workers", [None, 1, 2, 8, AUTOTUNE])
def test_order_does_not_depend_on_threads(workers):
    def slow(x):
        time.sleep(0.002 * float(x % 3 == 0))
        return x + 1

    data = Dataset.range(30).map(slow, num_parallel_calls=workers).batch(4).prefetch(2)
    assert np.concatenate(list(data)).tolist() == list(range(1, 31))


def test_elements_are_made_ahead_but_not_without_bound():
    made = []
    data = Dataset.range(100).map(lambda x: made.append(int(x)) or x).prefetch(3)
    elements = iter(data)
    next(elements)
    until = time.monotonic() + 5
    while len(made) < 4 and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(0.02)
    assert made == [0, 1, 2, 3]
    del elements


def test_early_ends_leave_no_thread():
    data = Dataset.range(1000).map(lambda x: x, num_parallel_calls=3).batch(2).prefetch(2)
    for _ in data:
        assert len(threads()) == 4
        break
    assert threads() == []
    assert values(data.take(1)) == [[0, 1]]


@pytest.mark.parametrize("workers", [None, 3])
def test_errors_come_in_their_place(workers):
    def broken(x):
        if x == 5:
            raise RuntimeError("element five")
        return x

    elements = iter(Dataset.range(9).map(broken, num_parallel_calls=workers).prefetch(2))
    assert [int(next(elements)) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(RuntimeError, match="element five"):
        next(elements)


def test_errors_of_the_source():
    def source():
        yield 1
        raise OSError("gone")

    data = Dataset.from_generator(source).map(lambda x: x, num_parallel_calls=2)
    with pytest.raises(OSError, match="gone"):
        values(data)


def test_an_interrupt_ends_the_threads():
    def interrupted():
        for _ in ahead(iter(range(100)), lambda x: x, 2, 8):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_several_iterations_at_once():
    data = Dataset.range(50).map(lambda x: x, num_parallel_calls=2).prefetch(2)
    first, second = iter(data), iter(data)
    assert [int(a) + int(b) for a, b in zip(first, second)] == [2 * i for i in range(50)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dataset.from_tensor_slices(([1], [1, 2])), "same first size"),
        (lambda: Dataset.range(3).shuffle(0), "`buffer_size` must be at least 1, got 0"),
        (lambda: Dataset.range(3).batch(0), "`batch_size` must be at least 1, got 0"),
        (lambda: Dataset.range(3).map(abs, num_parallel_calls=0), "`num_parallel_calls` must be at least 1"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
