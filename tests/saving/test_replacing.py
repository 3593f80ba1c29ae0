"""Files are replaced as a whole, or not at all."""

import os
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest

import schuss
from schuss import layers

unix = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and limits of Unix")


def net():
    return schuss.Sequential([schuss.Input((4,)), layers.Dense(3), layers.Dense(2)])


def save(model, path):
    (model.save if path.suffix == ".keras" else model.save_weights)(path)


NAMES = ["w.weights.h5", "m.keras"]

KILLED = """
import os, signal, sys, schuss
from schuss import layers
model = schuss.Sequential([schuss.Input((4,)), layers.Dense(3), layers.Dense(2)])
written = layers.Dense.save_own_variables
def killed(self, store):
    written(self, store)
    if self is model.layers[-1]:
        os.kill(os.getpid(), signal.SIGKILL)
layers.Dense.save_own_variables = killed
path = sys.argv[1]
(model.save if path.endswith(".keras") else model.save_weights)(path)
"""

FULL = """
import resource, signal, sys, schuss
from schuss import layers
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # no file may grow larger: as on a full disk
model = schuss.Sequential([schuss.Input((4,)), layers.Dense(3000), layers.Dense(2)])
path = sys.argv[1]
try:
    (model.save if path.endswith(".keras") else model.save_weights)(path)
except OSError as error:
    print(error)
"""


@unix
@pytest.mark.parametrize("name", NAMES)
def test_killed_in_the_middle(tmp_path, name):
    path = tmp_path / name
    model = net()
    save(model, path)
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    save(model, path)
    assert os.listdir(tmp_path) == [name]


@unix
def test_files_that_others_are_writing_are_left_alone(tmp_path):
    import fcntl

    other, stale, unrelated = (
        tmp_path / f".w.weights.h5.{end}" for end in ("abcdefgh.part", "ijklmnop.part", "x.part")
    )
    for path in (other, stale, unrelated):
        path.write_bytes(b"x")
    with open(other, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        save(net(), tmp_path / "w.weights.h5")
    assert sorted(os.listdir(tmp_path)) == sorted(["w.weights.h5", other.name, unrelated.name])


@unix
@pytest.mark.parametrize("name", NAMES)
def test_no_space(tmp_path, name):
    path = tmp_path / name
    save(net(), path)
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert "cannot be written. What was there before is unchanged" in done.stdout
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_places_that_cannot_be_written(tmp_path, name):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        save(net(), tmp_path / "none" / name)
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        save(net(), tmp_path / name)
    assert os.listdir(tmp_path) == [name]


@unix
@pytest.mark.parametrize("name", NAMES)
def test_devices_are_not_replaced(tmp_path, name):
    (tmp_path / name).symlink_to("/dev/null")
    with pytest.raises(OSError, match="not a regular file"):
        save(net(), tmp_path / name)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@unix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("name", NAMES)
def test_no_permission(tmp_path, name):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="no permission"):
            save(net(), tmp_path / name)
    finally:
        tmp_path.chmod(0o700)


@unix
@pytest.mark.parametrize("name", NAMES)
def test_links_and_permissions_are_kept(tmp_path, name):
    real, link = tmp_path / f"real.{name}", tmp_path / name
    save(net(), real)
    real.chmod(0o640)
    link.symlink_to(real)
    model = net()
    save(model, link)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    again = net()
    again.load_weights(real)
    assert np.array_equal(again.get_weights()[0], model.get_weights()[0])
