"""text_dataset_from_directory."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Any

import numpy as np

from schuss.data._folders import Folder, Loader

FORMATS = (".txt",)


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
    encoding: str = "utf-8",
    on_error: str = "raise",
    workers: int | None = None,
) -> Any:
    """Text files (.txt) in a folder as batches of strings, read by threads ahead of their use.

    Folders, labels, splits and the other arguments are as for `image_dataset_from_directory`.

    Args:
        max_length: characters that are kept of a text; None: all.
        encoding: of the files; default UTF-8.

    Returns:
        A `Dataset` of batches ``(texts, labels)`` or ``texts``: object arrays [batch] of str. It has
        ``class_names`` and ``file_paths``. Two for ``subset="both"``.

    Raises:
        ValueError: bad arguments; no such files. While iterating: a file in another encoding, with its name.
        FileNotFoundError, NotADirectoryError: there is no such folder.

    Example:
        >>> import pathlib, tempfile, schuss
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for name, text in (("bad", "Boring."), ("good", "Funny!")):
        ...     (folder / name).mkdir()
        ...     _ = (folder / name / "1.txt").write_text(text)
        >>> data = schuss.utils.text_dataset_from_directory(folder, shuffle=False)
        Found 2 files belonging to 2 classes.
        >>> [(x.tolist(), y.tolist()) for x, y in data]
        [(['Boring.', 'Funny!'], [0, 1])]
    """
    folder = Folder(
        "text", FORMATS, directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, verbose,
    )  # fmt: skip
    if max_length is not None and (not isinstance(max_length, int) or max_length < 0):
        raise ValueError(f"`max_length` must be an integer ≥ 0 or None. Received: max_length={max_length!r}")
    if format not in ("tf", "grain"):
        raise ValueError(f'`format` should be either "tf" or "grain". Received: format={format}')
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise ValueError(f"`encoding` is not known. Received: encoding={encoding!r}") from error

    def read(path: str) -> np.ndarray:
        with open(path, "rb") as file:
            content = file.read()
        try:
            return np.array(content.decode(encoding)[:max_length], object)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path} is no text in {encoding}: {error}. Pass the right `encoding`, such as "
                'encoding="latin-1"; on_error="skip" leaves such files out.'
            ) from error

    return folder.dataset(Loader(read, (), object, on_error, workers))
