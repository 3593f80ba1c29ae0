"""timeseries_dataset_from_array."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.data.dataset import Dataset


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Dataset:
    """Windows of a series as batches: window n is ``data[p], data[p + r], …``, `sequence_length` of them,
    from ``p = start_index + n · sequence_stride`` on, r being `sampling_rate`.

    Windows are gathered from `data` batch by batch; it is not copied.

    Args:
        data: array [steps, …].
        targets: array: ``targets[p]`` belongs to the window that begins at p. None: windows alone.
        sequence_length: steps in a window. sequence_stride: from one window's beginning to the next one's.
        sampling_rate: from one step in a window to the next one.
        batch_size: default 128; None: single windows.
        shuffle: default False. seed: int or None, of the shuffle.
        start_index, end_index: only ``data[start_index:end_index]`` is used.
        format: taken for Keras's sake; a `Dataset` comes back in any case.

    Returns:
        A `Dataset` of batches ``(windows, targets)`` or ``windows``: [batch, sequence_length, …].

    Raises:
        ValueError: indices, strides or rates out of range; no window fits.

    Example:
        >>> import numpy as np, schuss
        >>> series = np.arange(10)
        >>> data = schuss.utils.timeseries_dataset_from_array(series[:-3], series[3:], 3, sequence_stride=2)
        >>> for windows, targets in data:
        ...     print(windows.tolist(), targets.tolist())
        [[0, 1, 2], [2, 3, 4], [4, 5, 6]] [3, 5, 7]
    """
    data = np.asarray(data)
    size = len(data)
    _check_range(size, start_index, end_index)
    for name, value in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if value <= 0:
            raise ValueError(f"`{name}` must be higher than 0. Received: {name}={value}")
        if value >= size:
            raise ValueError(
                f"`{name}` must be lower than the length of the data. Received: {name}={value}, for data of "
                f"length {size}"
            )
    if sequence_length < 1:
        raise ValueError(
            f"`sequence_length` must be higher than 0. Received: sequence_length={sequence_length}"
        )
    if format not in ("tf", "grain"):
        raise ValueError(f'`format` should be either "tf" or "grain". Received: format={format}')
    first, last = start_index or 0, size if end_index is None else end_index
    series = data[first:last]
    goals = None if targets is None else np.asarray(targets)[first:last]
    begins = _begins(series, goals, sequence_length, sequence_stride, sampling_rate)
    if shuffle:
        seed = int(np.random.randint(1_000_000)) if seed is None else seed
        np.random.RandomState(seed).shuffle(begins)
    offsets = np.arange(sequence_length) * sampling_rate

    def gather(at: np.ndarray) -> Any:
        windows = series[at[..., None] + offsets]
        return windows if goals is None else (windows, goals[at])

    places = Dataset.from_tensor_slices(begins)
    if shuffle:
        places = places.shuffle(1024 if batch_size is None else 8 * batch_size, seed)
    if batch_size is None:
        return places._made_by(gather)
    made = places.batch(batch_size)._made_by(gather)
    made._batch_size, made._in_memory = int(batch_size), True
    return made


def _check_range(size: int, start: int | None, end: int | None) -> None:
    if start is not None and start < 0:
        raise ValueError(f"`start_index` must be 0 or greater. Received: start_index={start}")
    if start is not None and start >= size:
        raise ValueError(
            f"`start_index` must be lower than the length of the data. Received: start_index={start}, for data "
            f"of length {size}"
        )
    if end is None:
        return
    if end <= 0:
        raise ValueError(f"`end_index` must be higher than 0. Received: end_index={end}")
    if start and end <= start:
        raise ValueError(
            f"`end_index` must be higher than `start_index`. Received: start_index={start}, and end_index={end}"
        )
    if end >= size:
        raise ValueError(
            f"`end_index` must be lower than the length of the data. Received: end_index={end}, for data of "
            f"length {size}"
        )


def _begins(series: np.ndarray, goals: Any, length: int, stride: int, rate: int) -> np.ndarray:
    """Where windows begin."""
    count = len(series) - (length - 1) * rate
    count = count if goals is None else min(count, len(goals))
    if count < 1:
        raise ValueError(
            f"No window fits: {length} steps that are {rate} apart take {(length - 1) * rate + 1} steps, the "
            f"data have {len(series)}" + ("." if goals is None else f", the targets {len(goals)}.")
        )
    return np.arange(0, count, stride)
