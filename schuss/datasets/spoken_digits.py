"""Spoken digits: 3,000 recordings of zero to nine by six speakers, 8,000 samples in a second (Jackson et al.,
Free Spoken Digit Dataset, CC BY-SA 4.0). https://github.com/Jakobovski/free-spoken-digit-dataset"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from schuss.data._sound import decoded_wav
from schuss.datasets._files import cached_path, damaged, get_file, given_file, read_members, read_npz

SAMPLING_RATE = 8000
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
TEST_TAKES = 5
"""Customary: the first five takes of each digit by each speaker are for testing."""

Split = tuple[np.ndarray, np.ndarray]
_URL = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz"
_ARCHIVE = "free-spoken-digit-dataset-1.0.10.tar.gz"
_ARRAYS = "signal", "offset", "label", "speaker", "index"
_NAME = re.compile(r"(\d)_(\w+)_(\d+)\.wav")


class Recordings(NamedTuple):
    """All recordings, sorted by the names of their files.

    Attributes:
        signals: list of int16 arrays [samples]. digits: uint8 [3000]. speakers: str [3000], of `SPEAKERS`.
        takes: int16 [3000], 0 to 49 for each digit and speaker.
    """

    signals: list[np.ndarray]
    digits: np.ndarray
    speakers: np.ndarray
    takes: np.ndarray


def load_data(output_sequence_length: int = 8000) -> tuple[Split, Split]:
    """Recordings of one length as ``(x_train, y_train), (x_test, y_test)``.

    Args:
        output_sequence_length: samples; longer recordings are cut at the end, shorter ones filled up with
            zeros. 8,000, a second, keeps 99 % of them whole.

    Returns:
        x: float32 (2700, samples) and (300, samples), −1 to 1. y: uint8, the digits.

    Raises:
        DownloadError: they are not here and cannot be downloaded.
        ValueError: the file is damaged, or a length below 1.
    """
    if output_sequence_length < 1:
        raise ValueError(f"output_sequence_length must be at least 1, got {output_sequence_length}.")
    recordings = load_recordings()
    x = np.zeros((len(recordings.signals), output_sequence_length), np.float32)
    for i, signal in enumerate(recordings.signals):
        kept = signal[:output_sequence_length]
        x[i, : len(kept)] = kept.astype(np.float32) / 2**15
    test = recordings.takes < TEST_TAKES
    return (x[~test], recordings.digits[~test]), (x[test], recordings.digits[test])


def load_recordings() -> Recordings:
    """The recordings in their own lengths, with their speakers.

    Raises:
        DownloadError: they are not here and cannot be downloaded.
        ValueError: the file is damaged.
    """
    path = given_file("fsdd.npz") or cached_path("fsdd.npz")
    if path.is_file():
        arrays = dict(zip(_ARRAYS, read_npz(path, *_ARRAYS), strict=True))
    else:
        arrays = _from_archive()
        with suppress(OSError):  # a cache that cannot be written: they are unpacked each time
            _keep(arrays, path)
    signal, offset, label, speaker, index = (arrays[name] for name in _ARRAYS)
    if not len(offset) - 1 == len(label) == len(speaker) == len(index) or offset[-1] != len(signal):
        raise damaged(path, ValueError("its arrays have different lengths"))
    return Recordings(np.split(signal, offset[1:-1]), label, speaker, index)


def _from_archive() -> dict[str, np.ndarray]:
    """The arrays from the archive of WAV files, which is downloaded if need be."""
    path = get_file(_ARCHIVE, _URL)
    files = read_members(path, lambda name: "/recordings/" in name and name.endswith(".wav"))
    matches = [_NAME.fullmatch(name) for name in files]
    if not files or None in matches:
        raise damaged(path, ValueError("its recordings are not named digit_speaker_take.wav"))
    try:
        signals = [_signal(content) for content in files.values()]
    except ValueError as error:
        raise damaged(path, error) from error
    named = [match.groups() for match in matches if match]
    return {
        "signal": np.concatenate(signals),
        "offset": np.cumsum([0, *map(len, signals)]),
        "label": np.array([int(digit) for digit, _, _ in named], np.uint8),
        "speaker": np.array([speaker for _, speaker, _ in named]),
        "index": np.array([int(take) for _, _, take in named], np.int16),
    }


def _signal(content: bytes) -> np.ndarray:
    samples, rate = decoded_wav(content)
    if rate != SAMPLING_RATE or samples.shape[1] != 1:
        raise ValueError(f"a recording has {samples.shape[1]} channels and {rate} samples in a second")
    return np.rint(samples[:, 0] * 2**15).astype(np.int16)


def _keep(arrays: dict[str, Any], path: Path) -> None:
    """Write the file; it has its name only when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.stem}.{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(part, path)
