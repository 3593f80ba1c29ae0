"""RemoteMonitor: what a server is sent."""

import http.server
import json
import threading
import urllib.parse

import numpy as np
import pytest

from schuss.callbacks import RemoteMonitor


@pytest.fixture
def server():
    """An address, and what was posted there: (path, headers, body)."""
    posted = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posted.append((self.path, dict(self.headers), body))
            self.send_response(404 if "missing" in self.path else 200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", posted
        running.shutdown()
        thread.join()


def test_as_a_form(server):
    root, posted = server
    RemoteMonitor(root, field="logs", headers={"X-Run": "7"}).on_epoch_end(2, {"loss": np.float32(0.5)})
    ((path, headers, body),) = posted
    assert path == "/publish/epoch/end/"
    assert headers["X-Run"] == "7"
    assert json.loads(urllib.parse.parse_qs(body)["logs"][0]) == {"epoch": 2, "loss": 0.5}


def test_as_json(server):
    root, posted = server
    RemoteMonitor(root, "/missing", send_as_json=True).on_epoch_end(0, {"loss": 1.0})
    assert posted[0][1]["Content-Type"] == "application/json"
    assert json.loads(posted[0][2]) == {"epoch": 0, "loss": 1.0}


def test_a_server_that_is_not_there():
    with pytest.warns(UserWarning, match="could not reach the server"):
        RemoteMonitor("http://127.0.0.1:9").on_epoch_end(0, {})
    with pytest.raises(ValueError, match="must begin with http"):
        RemoteMonitor("file:///etc/passwd")
