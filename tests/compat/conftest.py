"""``tf``: the stand-in for tensorflow, within a test."""

import importlib

import pytest

from schuss.compat import install, uninstall


@pytest.fixture
def tf():
    install()
    yield importlib.import_module("tensorflow")
    uninstall()
