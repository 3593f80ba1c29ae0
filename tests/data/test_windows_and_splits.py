"""timeseries_dataset_from_array and split_dataset, as Keras has them."""

from pathlib import Path

import numpy as np
import pytest
from data_folders import SERIES, SPLITS, TARGETS, WINDOWS, split_data

from schuss.data import Dataset
from schuss.utils import split_dataset, timeseries_dataset_from_array

FIGURES = np.load(Path(__file__).parent.parent / "recorded" / "data.npz")


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_are_those_of_keras(name):
    data = timeseries_dataset_from_array(SERIES, TARGETS if "targets" in name else None, **WINDOWS[name])
    wanted = {k: v for k, v in FIGURES.items() if k.startswith(f"windows/{name}/")}
    made = {}
    for i, batch in enumerate(data):
        for part, array in zip("xy", batch if isinstance(batch, tuple) else (batch,)):
            made[f"windows/{name}/{i}/{part}"] = array
    assert made.keys() == wanted.keys()
    assert all(np.array_equal(made[k], wanted[k]) and made[k].dtype == wanted[k].dtype for k in wanted)


def test_shuffled_windows_keep_their_targets():
    data = timeseries_dataset_from_array(
        np.arange(50), np.arange(50) * 2, 3, shuffle=True, seed=1, batch_size=8
    )
    rows = [(window.tolist(), int(y)) for batch in data for window, y in zip(*batch)]
    assert rows != sorted(rows)
    assert sorted(rows) == [([i, i + 1, i + 2], 2 * i) for i in range(48)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start_index": -1}, "`start_index` must be 0 or greater"),
        ({"start_index": 23}, "`start_index` must be lower"),
        ({"end_index": 23}, "`end_index` must be lower"),
        ({"end_index": 0}, "`end_index` must be higher than 0"),
        ({"start_index": 5, "end_index": 5}, "`end_index` must be higher than `start_index`"),
        ({"sampling_rate": 0}, "`sampling_rate` must be higher than 0"),
        ({"sequence_stride": 23}, "`sequence_stride` must be lower"),
        ({"sequence_length": 0}, "`sequence_length` must be higher than 0"),
        ({"sequence_length": 24}, "No window fits: 24 steps .* take 24 steps, the data have 23"),
        ({"format": "numpy"}, '"tf" or "grain"'),
    ],
)
def test_bad_windows(arguments, message):
    with pytest.raises(ValueError, match=message):
        timeseries_dataset_from_array(SERIES, None, **{"sequence_length": 3, **arguments})


@pytest.mark.parametrize("name", SPLITS)
def test_splits_are_those_of_keras(name):
    for side, part in zip(("left", "right"), split_dataset(split_data(), **SPLITS[name])):
        rows = np.array([[float(b), *a] for a, b in part])
        assert np.array_equal(rows, FIGURES[f"splits/{name}/{side}"])


def test_arrays_data_sets_and_others():
    left, right = split_dataset(np.arange(5), left_size=2)
    assert [[int(x) for x in part] for part in (left, right)] == [[0, 1], [2, 3, 4]]
    batches = Dataset.from_tensor_slices((np.arange(5), np.arange(5) * 2)).batch(2).prefetch(1)
    left, right = split_dataset(batches, right_size=2)
    assert [x.tolist() for x, _ in left] == [[0, 1], [2]]
    assert [y.tolist() for _, y in right] == [[6, 8]]

    class Others:
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return [np.full(2, i), i]

    left, _ = split_dataset(Others(), left_size=1)
    assert [(x.tolist(), int(y)) for x, y in left] == [([0, 0], 0)]


@pytest.mark.parametrize(
    ("data", "sizes", "error", "message"),
    [
        (np.arange(5), {}, ValueError, "At least one of"),
        (np.arange(5), {"left_size": 5}, ValueError, "positive integer smaller than 5"),
        (np.arange(5), {"left_size": 1.0}, ValueError, "within the range"),
        (np.arange(5), {"right_size": -1}, ValueError, "`right_size` should be"),
        (np.arange(5), {"left_size": "1"}, TypeError, "`left_size` Type"),
        (np.arange(5), {"left_size": 0.7, "right_size": 0.7}, ValueError, "greater than 1"),
        (np.arange(5), {"left_size": 3, "right_size": 3}, ValueError, "smaller than the 5"),
        (np.arange(5), {"left_size": 0.01}, ValueError, "left side dataset split will be empty"),
        (np.arange(0), {"left_size": 1}, ValueError, "empty dataset"),
        (
            [np.arange(5), np.arange(4)],
            {"left_size": 1},
            ValueError,
            "different lengths. Mismatch found at index 1",
        ),
        ([1, 2], {"left_size": 1}, ValueError, "Received: <class 'int'> at index 0"),
        ({"a": np.arange(5)}, {"left_size": 1}, TypeError, "Received: dataset="),
        (Dataset.range(3).repeat(), {"left_size": 1}, ValueError, "has no end"),
    ],
)
def test_bad_splits(data, sizes, error, message):
    with pytest.raises(error, match=message):
        split_dataset(data, **sizes)
