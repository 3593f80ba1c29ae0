"""Folders of files as data sets: which files there are, their labels, the split, and the pipeline that loads
them. What a file holds, the loaders know."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schuss.data._elements import ElementSpec
from schuss.data.dataset import AUTOTUNE, Dataset

LABEL_MODES = ("int", "categorical", "binary", None)
SUBSETS = ("training", "validation", "both", None)
_WAITING = 1024  # elements in the buffer of the local shuffle where there are no batches


@dataclass(frozen=True)
class Loader:
    """How files become arrays.

    Args:
        read: path → array; a `ValueError` or `OSError` says that it cannot.
        shape, dtype: of the arrays, None for unknown sizes.
        on_error: ``"raise"``, or ``"skip"``: warn and leave the file out.
        workers: threads that read; None: one for each core.
        pad: whether arrays of different sizes are filled up in a batch.
    """

    read: Callable[[str], np.ndarray]
    shape: tuple[int | None, ...]
    dtype: Any
    on_error: str
    workers: int | None
    pad: bool = False

    def __post_init__(self) -> None:
        if self.on_error not in ("raise", "skip"):
            raise ValueError(f'`on_error` must be "raise" or "skip". Received: on_error={self.on_error!r}')
        if self.workers is not None and (not isinstance(self.workers, int) or self.workers < 1):
            raise ValueError(
                f"`workers` must be a positive integer or None. Received: workers={self.workers!r}"
            )


@dataclass(frozen=True)
class Found:
    """Files, their labels (None: no labels) and the classes' names."""

    paths: list[str]
    labels: np.ndarray | None
    class_names: list[str] | None


@dataclass
class Folder:
    """What is asked of a folder, with the meaning that `image_dataset_from_directory` describes.

    Args:
        kind: what its files are called in messages. formats: endings of their names.
    """

    kind: str
    formats: tuple[str, ...]
    directory: Any
    labels: Any
    label_mode: str | None
    class_names: Sequence[str] | None
    batch_size: int | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: str | None
    follow_links: bool
    verbose: bool

    def __post_init__(self) -> None:
        self._check_labels()
        if self.labels is None or self.label_mode is None:
            self.labels = self.label_mode = None
        self._check_split()
        if self.batch_size is not None and (not isinstance(self.batch_size, int) or self.batch_size < 1):
            raise ValueError(
                f"`batch_size` must be a positive integer or None. Received: batch_size={self.batch_size!r}"
            )

    def _check_labels(self) -> None:
        if not (self.labels is None or (isinstance(self.labels, str) and self.labels == "inferred")):
            if not isinstance(self.labels, (list, tuple)):
                raise ValueError(
                    "`labels` argument should be a list/tuple of integer labels, of the same size as the number "
                    f"of {self.kind} files in the target directory. If you wish to infer the labels from the "
                    'subdirectory names in the target directory, pass `labels="inferred"`. If you wish to get a '
                    f"dataset that only contains {self.kind} samples (no labels), pass `labels=None`. Received: "
                    f"labels={self.labels}"
                )
            if self.class_names:
                raise ValueError(
                    'You can only pass `class_names` if `labels="inferred"`. Received: '
                    f"labels={self.labels}, and class_names={self.class_names}"
                )
            if np.asarray(self.labels).dtype.kind not in "biuf" and len(self.labels):
                raise ValueError(
                    f"`labels` must be numbers, one for each file. Received: labels={self.labels}"
                )
        if self.label_mode not in LABEL_MODES:
            raise ValueError(
                '`label_mode` argument must be one of "int", "categorical", "binary", or None. Received: '
                f"label_mode={self.label_mode}"
            )
        if None in (self.labels, self.label_mode) and self.class_names is not None:
            raise ValueError(
                "When `labels=None` or `label_mode=None` (no labels), argument `class_names` cannot be specified. Received: "
                f"class_names={self.class_names}"
            )

    def _check_split(self) -> None:
        split, subset = self.validation_split, self.subset
        if split and not 0 < split < 1:
            raise ValueError(f"`validation_split` must be between 0 and 1, received: {split}")
        if bool(split) != bool(subset):
            raise ValueError("If `subset` is set, `validation_split` must be set, and inversely.")
        if subset not in SUBSETS:
            raise ValueError(
                f'`subset` must be either "training", "validation" or "both", received: {subset}'
            )
        if split and self.shuffle and self.seed is None:
            raise ValueError(
                "If using `validation_split` and shuffling the data, you must provide a `seed` argument, to make "
                "sure that there is no overlap between the training and validation subset."
            )

    def dataset(self, loader: Loader) -> Any:
        """The data set; for ``subset="both"`` the one for training and the one for validation.

        Raises:
            ValueError: there are no such files, or labels and files do not go together.
            FileNotFoundError, NotADirectoryError: there is no such folder.
        """
        seed = int(np.random.randint(1_000_000)) if self.seed is None else self.seed
        found = self._files()
        if self.label_mode == "binary" and len(found.class_names or ()) != 2:
            raise ValueError(
                'When passing `label_mode="binary"`, there must be exactly 2 class_names. Received: '
                f"class_names={found.class_names}"
            )
        found = _shuffled(found, seed) if self.shuffle else found
        if self.subset != "both":
            part = self._part(found, self.subset)
            return self._pipeline(part, loader, seed if self.shuffle else None)
        training, validation = self._part(found, "training"), self._part(found, "validation")
        return (
            self._pipeline(training, loader, seed if self.shuffle else None),
            self._pipeline(validation, loader, None),
        )

    # Files ---

    def _files(self) -> Found:
        """All files in alphanumeric order, class by class, with their labels."""
        top = os.fspath(self.directory)
        if not os.path.isdir(top):
            problem = NotADirectoryError if os.path.exists(top) else FileNotFoundError
            raise problem(f"`directory` must be a folder of {self.kind} files. Received: directory={top!r}")
        if not isinstance(self.labels, str):
            paths = self._files_below(top)
            labels, names = self._given_labels(paths)
        else:
            names = self._classes(top)
            by_class = [self._files_below(os.path.join(top, name)) for name in names]
            paths = [path for paths in by_class for path in paths]
            labels = np.repeat(np.arange(len(names), dtype=np.int32), [len(p) for p in by_class])
        if self.verbose:
            classes = "" if names is None else f" belonging to {len(names)} classes"
            print(f"Found {len(paths)} files{classes}.")
        return Found(paths, labels, names)

    def _files_below(self, folder: str) -> list[str]:
        return [
            os.path.join(place, name)
            for place, _, names in sorted(os.walk(folder, followlinks=self.follow_links), key=lambda w: w[0])
            for name in sorted(names)
            if name.lower().endswith(self.formats)
        ]

    def _classes(self, top: str) -> list[str]:
        there = [
            name
            for name in sorted(os.listdir(top))
            if os.path.isdir(os.path.join(top, name)) and not name.startswith(".")
        ]
        if self.class_names is None:
            return there
        names = list(self.class_names)
        if not set(names) <= set(there) or len(set(names)) < len(names):
            raise ValueError(
                "The `class_names` passed did not match the names of the subdirectories of the target "
                f"directory. Expected: {there} (or a subset of it), but received: class_names={names}"
            )
        return names

    def _given_labels(self, paths: list[str]) -> tuple[np.ndarray | None, list[str] | None]:
        if self.labels is None:
            return None, None
        if len(self.labels) != len(paths):
            raise ValueError(
                "Expected the lengths of `labels` to match the number of files in the target directory. "
                f"len(labels) is {len(self.labels)} while we found {len(paths)} files in directory "
                f"{self.directory}."
            )
        array = np.asarray(self.labels)
        names = [str(label) for label in sorted(set(self.labels))]
        if self.label_mode == "categorical" and not set(self.labels) <= set(range(len(names))):
            raise ValueError(
                f'With label_mode="categorical", `labels` must be the integers from 0 to {len(names) - 1}, one '
                f"for each of {len(names)} classes. Received the classes {names}"
            )
        return array.astype(np.float32 if array.dtype.kind == "f" else np.int32), names

    def _part(self, found: Found, subset: str | None) -> Found:
        """The files of one side of the split."""
        count = len(found.paths)
        held_back = int((self.validation_split or 0) * count)
        places = {
            "training": slice(0, count - held_back),
            "validation": slice(count - held_back, count),
            None: slice(0, count),
        }[subset]
        part = Found(
            found.paths[places], None if found.labels is None else found.labels[places], found.class_names
        )
        if subset and self.verbose:
            print(f"Using {len(part.paths)} files for {subset}.")
        if not part.paths:
            raise ValueError(self._nothing(found, subset))
        return part

    def _nothing(self, found: Found, subset: str | None) -> str:
        which = "" if subset is None else f"{subset} "
        message = f"No {which}{self.kind} files found in directory {self.directory}. Allowed formats: {self.formats}"
        if found.paths:
            share = f"validation_split={self.validation_split} of {len(found.paths)} files"
            return f"{message}. {share} leaves none for {subset}: choose another `validation_split`."
        if found.class_names == []:
            return f"{message}, in one subfolder for each class; or pass labels=None or a list of labels."
        return message

    # Pipeline ---

    def _pipeline(self, found: Found, loader: Loader, seed: int | None) -> Dataset:
        """The files of `found` as batches of arrays; shuffled in a buffer, anew in each pass, if `seed` is
        given."""
        paths = np.array(found.paths, object)
        labels = self._encoded(found)
        rows = Dataset.from_tensor_slices((paths,) if labels is None else (paths, labels))
        if seed is not None:
            rows = rows.shuffle(_WAITING if self.batch_size is None else 8 * self.batch_size, seed)
        made = _loaded(rows, loader)
        if self.batch_size is not None:
            made = made.padded_batch(self.batch_size) if loader.pad else made.batch(self.batch_size)
        made = made.prefetch(AUTOTUNE)
        made.class_names, made.file_paths = found.class_names, found.paths
        return made

    def _encoded(self, found: Found) -> np.ndarray | None:
        """Labels as the mode wants them: numbers, [0 or 1], or rows of a unit matrix."""
        labels = found.labels
        if labels is None or self.label_mode == "int":
            return labels
        if self.label_mode == "binary":
            return labels.astype(np.float32)[:, None]
        return np.eye(len(found.class_names or ()), dtype=np.float32)[labels.astype(np.int64)]


def _shuffled(found: Found, seed: int) -> Found:
    order = np.arange(len(found.paths))
    np.random.RandomState(seed).shuffle(order)
    labels = None if found.labels is None else found.labels[order]
    return Found([found.paths[i] for i in order], labels, found.class_names)


def _loaded(rows: Dataset, loader: Loader) -> Dataset:
    """Each path (first in a row) replaced by what the file holds."""
    told: set[str] = set()

    def load(row: Any) -> Any:
        path, *labels = row
        try:
            content = loader.read(path.item())
        except (ValueError, OSError) as error:
            if loader.on_error == "raise":
                raise
            if path.item() not in told:
                told.add(path.item())
                warnings.warn(f"Left out: {error}", stacklevel=2)
            return None
        return (content, *labels) if labels else content

    content = ElementSpec(loader.shape, np.dtype(loader.dtype))
    labels = rows.element_spec[1:]
    spec = (content, *labels) if labels else content
    made = rows._made_by(load, AUTOTUNE if loader.workers is None else loader.workers, spec)
    if loader.on_error == "raise":
        return made
    return made._derived(lambda: (e for e in made._elements() if e is not None), made._count, spec)
