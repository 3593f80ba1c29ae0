"""A server on this machine that hands out files, with the ways in which real ones fail."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FileServer:
    """Serves `files` (name → bytes) at `url`.

    Attributes:
        requests: ``(name, Range header)`` of every request. ranges: whether it sends parts on request.
        cut_after: how many bytes each of the next responses sends before the connection breaks.
    """

    def __init__(self, files: dict[str, bytes]):
        self.files, self.ranges = dict(files), True
        self.requests: list[tuple[str, str | None]] = []
        self.cut_after: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name, asked = request.path.lstrip("/"), request.headers.get("Range")
        self.requests.append((name, asked))
        content = self.files.get(name)
        if content is None:
            request.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and self.ranges else 0
        if start >= len(content) and start:
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        part = content[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(part)))
        request.end_headers()
        if self.cut_after:
            part = part[: self.cut_after.pop(0)]
            request.close_connection = True
        request.wfile.write(part)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
