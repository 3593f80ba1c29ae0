"""The collector waits where it is asked to, and is afterwards as it was before."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from schuss.utils._garbage import without_collections


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    yield
    gc.enable()


@pytest.mark.parametrize("before", [True, False])
def test_it_waits_and_is_then_as_before(before: bool) -> None:
    if not before:
        gc.disable()
    with without_collections():
        assert not gc.isenabled()
    assert gc.isenabled() is before


def test_after_an_error_too() -> None:
    with pytest.raises(ValueError, match="inside"), without_collections():
        raise ValueError("inside")
    assert gc.isenabled()
