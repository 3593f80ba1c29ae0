from __future__ import annotations

import pytest


@pytest.fixture(params=["cpu", "reference"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The evaluator on which a test runs."""
    monkeypatch.setenv("SCHUSS_BACKEND", request.param)
    return request.param
