"""A program that does not fit into memory says so before it computes anything."""

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.backends.cpu import _memory
from schuss.backends.cpu._memory import available_bytes

GIB = 1 << 30


@pytest.fixture
def model(monkeypatch):
    """One whose step needs some 2 MiB, about which is asked here."""
    monkeypatch.setattr(_memory, "_SMALL", 1)
    model = schuss.Sequential(
        [layers.Input((64,)), layers.Dense(512, activation="tanh", name="huge"), layers.Dense(1, name="out")]
    )
    model.compile("sgd", "mse")
    return model


def fit(model):
    x = np.zeros((512, 64), "float32")
    model.fit(x, np.zeros((512, 1), "float32"), batch_size=512, verbose=0)


def test_too_little_memory_is_an_error_that_names_the_layer_and_what_to_do(model, monkeypatch):
    monkeypatch.setattr(_memory, "available_bytes", lambda: 1 << 20)
    with pytest.raises(MemoryError, match=r"needs 2\.\d MiB.*available: 1.0 MiB.*huge.*batch_size.*remat"):
        fit(model)


def test_if_it_takes_most_of_the_memory_a_warning_says_how_much(model, monkeypatch):
    monkeypatch.setattr(_memory, "available_bytes", lambda: 3 << 20)
    with pytest.warns(UserWarning, match=r"needs 2\.\d MiB.*available: 3.0 MiB.*huge"):
        fit(model)


@pytest.mark.parametrize("available", [None, GIB])
def test_enough_or_unknown_memory_is_no_matter(model, monkeypatch, available, recwarn):
    monkeypatch.setattr(_memory, "available_bytes", lambda: available)
    fit(model)
    assert not recwarn.list


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with 8 GiB of memory, of which files tell."""
    (tmp_path / "meminfo").write_text(f"MemTotal: 9999999 kB\nMemAvailable: {8 * GIB >> 10} kB\n")
    (tmp_path / "groups").mkdir()
    monkeypatch.setattr(_memory, "_SYSTEM", tmp_path / "meminfo")
    monkeypatch.setattr(_memory, "_GROUPS", tmp_path / "groups")
    monkeypatch.setattr(_memory, "_GROUP", tmp_path / "group")
    return tmp_path


def test_available_is_what_the_system_says(machine):
    assert available_bytes() == 8 * GIB


def test_a_group_leaves_less(machine):
    (machine / "group").write_text("0::/outer/inner\n")
    inner = machine / "groups" / "outer" / "inner"
    inner.mkdir(parents=True)
    (inner / "memory.max").write_text("max\n")
    (inner.parent / "memory.max").write_text(f"{4 * GIB}\n")
    (inner.parent / "memory.current").write_text(f"{3 * GIB}\n")
    assert available_bytes() == GIB
    (inner.parent / "memory.stat").write_text(f"anon 1\ninactive_file {GIB}\n")  # can be dropped
    assert available_bytes() == 2 * GIB


def test_groups_of_the_first_version(machine):
    (machine / "group").write_text("4:cpu,memory:/job\n0::/\n")
    job = machine / "groups" / "memory" / "job"
    job.mkdir(parents=True)
    (job / "memory.limit_in_bytes").write_text(f"{2 * GIB}")
    (job / "memory.usage_in_bytes").write_text(f"{GIB}")
    (job.parent / "memory.limit_in_bytes").write_text(f"{2**63 - 4096}")
    assert available_bytes() == GIB


def test_systems_that_do_not_say(machine):
    (machine / "meminfo").unlink()
    assert available_bytes() is None
