"""What holds for all tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_cache() -> Iterator[None]:
    """The user's cache is neither read nor written."""
    with tempfile.TemporaryDirectory(prefix="schuss-tests-") as folder:
        before = os.environ.get("SCHUSS_CACHE")
        os.environ["SCHUSS_CACHE"] = folder
        yield
        if before is None:
            del os.environ["SCHUSS_CACHE"]
        else:
            os.environ["SCHUSS_CACHE"] = before
