"""RemoteMonitor: the logs, sent to a server."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np

from schuss.callbacks.callback import Callback, Logs

_PATIENCE = 30  # seconds for an answer


class RemoteMonitor(Callback):
    """Sends the logs of every epoch, and its number as ``epoch``, to ``root + path`` by HTTP POST.

    A server that does not answer is warned of; training goes on.

    Args:
        root: str, the server: ``"http://localhost:9000"``.
        path: str, ``"/publish/epoch/end/"``.
        field: str, ``"data"``: the form's field that holds the logs as JSON.
        headers: dict of further HTTP headers, or None.
        send_as_json: bool, False: a form. True: the JSON itself, as ``application/json``.

    Raises:
        ValueError: `root` is no address of a web server.

    Example:
        >>> import schuss
        >>> callback = schuss.callbacks.RemoteMonitor("http://localhost:9000")  # model.fit(…, callbacks=[callback])
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ):
        super().__init__()
        if not str(root).startswith(("http://", "https://")):
            raise ValueError(f"RemoteMonitor: `root` must begin with http:// or https://, got {root!r}.")
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        import urllib.error
        import urllib.parse
        import urllib.request

        content = json.dumps(
            {"epoch": epoch, **{name: _plain(value) for name, value in (logs or {}).items()}}
        )
        if self.send_as_json:
            kind, body = "application/json", content.encode()
        else:
            kind, body = (
                "application/x-www-form-urlencoded",
                urllib.parse.urlencode({self.field: content}).encode(),
            )
        request = urllib.request.Request(
            self.root + self.path,
            data=body,
            headers={"Content-Type": kind, **(self.headers or {})},
            method="POST",
        )
        try:
            urllib.request.urlopen(request, timeout=_PATIENCE).close()
        except urllib.error.HTTPError as error:
            error.close()  # it was reached, and does what it wants with it
        except OSError as error:
            warnings.warn(
                f"RemoteMonitor: could not reach the server at {self.root} ({error}).", stacklevel=2
            )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, (np.ndarray, np.generic)) and value.size == 1 else value
