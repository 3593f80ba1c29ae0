"""A cache of its own and a server on this machine for each test; nothing reaches the network."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from server import FileServer


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCHUSS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SCHUSS_DATASETS", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def server():
    server = FileServer({})
    yield server
    server.close()
