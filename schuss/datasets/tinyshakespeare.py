"""Tiny Shakespeare: 40,000 lines of his plays, for models that write character by character (Karpathy, 2015).
https://github.com/karpathy/char-rnn"""

from __future__ import annotations

from schuss.datasets._files import damaged, get_file

_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def load_data(path: str = "tinyshakespeare.txt") -> str:
    """The text: 1,115,394 characters, 65 different ones.

    Customary: the first 90 % to train, the rest to test: ``text[:cut], text[cut:]``,
    ``cut = int(0.9 * len(text))``.

    Raises:
        DownloadError: it is not here and cannot be downloaded.
        ValueError: the file is no text.
    """
    file = get_file(path, _URL, _SHA256)
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise damaged(file, error) from error
