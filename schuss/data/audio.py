"""audio_dataset_from_directory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss.data._folders import Folder, Loader
from schuss.data._sound import read_wav, resampled

FORMATS = (".wav",)


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
    on_error: str = "raise",
    workers: int | None = None,
) -> Any:
    """WAV files in a folder as batches, decoded by threads ahead of training.

    Files are PCM of 8, 16, 24 or 32 bits, or floats. Folders, labels, splits and the other arguments are as
    for `image_dataset_from_directory`.

    Args:
        sampling_rate: samples in a second that sounds are brought to; None: they stay as they are.
        output_sequence_length: number of samples: longer sounds are cut (after resampling), shorter ones
            filled up with zeros. None: a batch is as long as its longest sound.
        ragged: must be False: there are no ragged tensors.

    Returns:
        A `Dataset` of batches ``(sounds, labels)`` or ``sounds``: float32 [batch, samples, channels], −1 to
        1. It has ``class_names`` and ``file_paths``. Two for ``subset="both"``.

    Raises:
        ValueError: bad arguments; no such files. While iterating: a file that is no WAV, or damaged, with
            its name.
        FileNotFoundError, NotADirectoryError: there is no such folder.

    Example:
        >>> import pathlib, tempfile, wave, schuss
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> (folder / "yes").mkdir()
        >>> with wave.open(str(folder / "yes" / "1.wav"), "wb") as file:
        ...     file.setparams((1, 2, 8000, 0, "NONE", ""))
        ...     file.writeframes(bytes(2 * 800))
        >>> data = schuss.utils.audio_dataset_from_directory(folder, sampling_rate=16000)
        Found 1 files belonging to 1 classes.
        >>> [(x.shape, y.tolist()) for x, y in data]
        [((1, 1600, 1), [0])]
    """
    folder = Folder(
        "audio", FORMATS, directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, verbose,
    )  # fmt: skip
    if ragged and output_sequence_length is not None:
        raise ValueError("Cannot set both `ragged` and `output_sequence_length`")
    if ragged:
        raise ValueError(
            "ragged=True is not supported: there are no ragged tensors. Without it, batches are filled up with "
            "zeros; or set `output_sequence_length`."
        )
    for name, value in (("sampling_rate", sampling_rate), ("output_sequence_length", output_sequence_length)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise ValueError(f"`{name}` should have an integer value. Received: {name}={value}")
        if value is not None and value <= 0:
            raise ValueError(f"`{name}` should be higher than 0. Received: {name}={value}")

    def read(path: str) -> np.ndarray:
        samples, rate = read_wav(path)
        if sampling_rate is not None:
            samples = resampled(samples, rate, sampling_rate)
        return samples if output_sequence_length is None else _of_length(samples, output_sequence_length)

    pad = output_sequence_length is None
    shape = (output_sequence_length, None)
    return folder.dataset(Loader(read, shape, "float32", on_error, workers, pad))


def _of_length(samples: np.ndarray, length: int) -> np.ndarray:
    """Cut, or filled up with zeros at the end."""
    missing = max(0, length - len(samples))
    return np.pad(samples[:length], ((0, missing), (0, 0)))
