"""The data sets' files, small ones of the same form: shapes, types, order; damaged and hostile ones."""

import gzip
import io
import json
import os
import pickle
import tarfile
import wave

import numpy as np
import pytest

from schuss import datasets
from schuss.datasets import _files
from schuss.utils._download import DownloadError


@pytest.fixture
def given(tmp_path, monkeypatch):
    folder = tmp_path / "given"
    folder.mkdir()
    monkeypatch.setenv("SCHUSS_DATASETS", str(folder))
    return folder


def cifar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            data = content if isinstance(content, bytes) else pickle.dumps(content, protocol=2)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def batch(count, value, *keys):
    data = np.repeat(np.array([[value, value + 1, value + 2]], np.uint8), 1024, axis=1).repeat(count, axis=0)
    return {b"data": data, **{key: list(range(count)) for key in keys}}


def texts(*lists):
    array = np.empty(len(lists), object)
    array[:] = lists
    return array


class Hostile:
    def __reduce__(self):
        return os.system, ("echo harm",)


def test_mnist(given):
    x, y = np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28), np.array([1, 2], np.uint8)
    np.savez(given / "mnist.npz", x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    (x_train, y_train), (x_test, y_test) = datasets.mnist.load_data()
    assert np.array_equal(x_train, x)
    assert np.array_equal(y_train, y)
    assert x_test.shape == (1, 28, 28)
    assert y_test.dtype == np.uint8


def test_fashion_mnist(given):
    for kind, count in (("train", 3), ("t10k", 2)):
        (given / f"{kind}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(8) + bytes(range(count))))
        (given / f"{kind}-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(16) + bytes(count * 784)))
    (x_train, y_train), (x_test, _) = datasets.fashion_mnist.load_data()
    assert x_train.shape == (3, 28, 28)
    assert x_test.shape == (2, 28, 28)
    assert y_train.tolist() == [0, 1, 2]


def test_fashion_mnist_damaged(given):
    (given / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(11))[:-6])
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte\.gz is not the file it should be"):
        datasets.fashion_mnist.load_data()


def test_cifar10(given):
    members = {f"cifar-10-batches-py/data_batch_{i}": batch(2, 10 * i, b"labels") for i in range(1, 6)}
    members["cifar-10-batches-py/test_batch"] = batch(3, 100, b"labels")
    cifar(given / "cifar-10-python.tar.gz", members)
    (x_train, y_train), (x_test, y_test) = datasets.cifar10.load_data()
    assert (x_train.shape, x_train.dtype, y_train.shape, y_train.dtype) == (
        (10, 32, 32, 3),
        np.uint8,
        (10, 1),
        np.uint8,
    )
    assert x_train[2, 5, 7].tolist() == [20, 21, 22]
    assert (x_test.shape, y_test.shape) == ((3, 32, 32, 3), (3, 1))


def test_cifar100(given):
    both = (b"fine_labels", b"coarse_labels")
    cifar(
        given / "cifar-100-python.tar.gz",
        {"cifar-100-python/train": batch(4, 1, *both), "cifar-100-python/test": batch(2, 1, *both)},
    )
    (x_train, y_train), (_, y_test) = datasets.cifar100.load_data(label_mode="coarse")
    assert x_train.shape == (4, 32, 32, 3)
    assert y_train.shape == (4, 1)
    assert y_test.shape == (2, 1)
    with pytest.raises(ValueError, match="label_mode must be 'fine' or 'coarse', got 'rough'"):
        datasets.cifar100.load_data("rough")


@pytest.mark.parametrize(
    "content",
    [
        {"../../cifar-100-python/train": b""},
        {"cifar-100-python/train": Hostile(), "cifar-100-python/test": Hostile()},
        {"cifar-100-python/train": b"cos\nsystem\n(S'echo harm'\ntR."},
        {"cifar-100-python/train": [1, 2]},
        {"cifar-100-python/train": b""},
    ],
)
def test_hostile_archives(given, capfd, content):
    cifar(given / "cifar-100-python.tar.gz", content)
    with pytest.raises(ValueError, match=r"cifar-100-python\.tar\.gz is not the file it should be"):
        datasets.cifar100.load_data()
    assert "harm" not in capfd.readouterr().out
    assert os.listdir(given) == ["cifar-100-python.tar.gz"]


def test_a_truncated_archive(given):
    cifar(given / "cifar-100-python.tar.gz", {"cifar-100-python/train": batch(4, 1, b"fine_labels")})
    path = given / "cifar-100-python.tar.gz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match="Delete it, so that it is downloaded again"):
        datasets.cifar100.load_data()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"text"])
def test_a_damaged_npz(given, content):
    (given / "mnist.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"mnist\.npz is not the file it should be"):
        datasets.mnist.load_data()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_one_wrong_byte_of_an_npz_is_found(given, save):
    image = np.arange(784, dtype=np.uint8).reshape(1, 28, 28).repeat(1000, axis=0)
    save(given / "mnist.npz", x_train=image, y_train=image[:, 0, 0], x_test=image[:1], y_test=image[:1, 0, 0])
    content = bytearray((given / "mnist.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (given / "mnist.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"mnist\.npz is not the file it should be"):
        datasets.mnist.load_data()


def test_an_npz_without_the_arrays(given):
    np.savez(given / "mnist.npz", x=np.zeros(2))
    with pytest.raises(ValueError, match=r"x_train\.npy"):
        datasets.mnist.load_data()


def test_a_hostile_npz(given, capfd):
    np.savez(given / "reuters.npz", x=texts(Hostile(), [1]), y=np.zeros(2))
    with pytest.raises(ValueError, match=r"asks for posix\.system|asks for nt\.system"):
        datasets.reuters.load_data()
    assert "harm" not in capfd.readouterr().out


IMDB = {
    "x_train": texts([1, 2, 3], [4, 5], [6], [7, 8, 9, 10]),
    "y_train": np.array([0, 1, 0, 1]),
    "x_test": texts([2, 2], [3]),
    "y_test": np.array([1, 0]),
}


def test_imdb(given):
    np.savez(given / "imdb.npz", **IMDB)
    (x_train, y_train), (x_test, y_test) = datasets.imdb.load_data()
    assert [list(t) for t in x_train] == [[1, 10, 11, 12, 2], [1, 9], [1, 4, 5, 6], [1, 7, 8]]
    assert y_train.tolist() == [1, 0, 0, 1]
    assert [list(t) for t in x_test] == [[1, 6], [1, 5, 5]]
    assert y_test.tolist() == [0, 1]


def test_imdb_options(given):
    np.savez(given / "imdb.npz", **IMDB)
    (x_train, y_train), (x_test, _) = datasets.imdb.load_data(
        num_words=8, skip_top=5, maxlen=4, oov_char=None
    )
    assert [list(t) for t in x_train] == [[], [7]]
    assert y_train.tolist() == [0, 1]
    assert [list(t) for t in x_test] == [[6], [5, 5]]
    (x_train, _), _ = datasets.imdb.load_data(start_char=None, index_from=0, num_words=8)
    assert [list(t) for t in x_train] == [[7, 2, 2, 2], [6], [1, 2, 3], [4, 5]]
    with pytest.raises(ValueError, match="maxlen=1"):
        datasets.imdb.load_data(maxlen=1)


def test_reuters(given):
    np.savez(given / "reuters.npz", x=texts(*[[i] for i in range(1, 11)]), y=np.arange(10))
    (x_train, y_train), (x_test, y_test) = datasets.reuters.load_data(num_words=100, test_split=0.3)
    assert len(x_train) == len(y_train) == 7
    assert len(x_test) == len(y_test) == 3
    assert [list(t) for t in x_train] == [[1, label + 4] for label in y_train]
    assert len(datasets.reuters.get_label_names()) == 46


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_word_index(given, name):
    (given / f"{name}_word_index.json").write_text(json.dumps({"the": 1}))
    assert getattr(datasets, name).get_word_index() == {"the": 1}


@pytest.mark.parametrize("name", ["boston_housing", "california_housing"])
def test_housing(given, name):
    x = np.arange(20.0).reshape(10, 2)
    np.savez(given / f"{name}.npz", x=x, y=x[:, 0])
    (x_train, y_train), (x_test, y_test) = getattr(datasets, name).load_data(test_split=0.2, seed=113)
    order = np.arange(10)
    np.random.RandomState(113).shuffle(order)
    assert np.array_equal(x_train, x[order[:8]])
    assert np.array_equal(y_test, x[order[8:], 0])
    assert (len(y_train), len(x_test)) == (8, 2)


def test_california_versions(given):
    np.savez(given / "california_housing.npz", x=np.zeros((700, 8)), y=np.zeros(700))
    (x_train, _), _ = datasets.california_housing.load_data(version="small")
    assert len(x_train) == 480
    with pytest.raises(ValueError, match="version must be 'large' or 'small', got 'tiny'"):
        datasets.california_housing.load_data(version="tiny")


def test_digits():
    pytest.importorskip("sklearn")
    (x_train, y_train), (x_test, _) = datasets.digits.load_data()
    assert (x_train.shape, x_test.shape, x_train.dtype) == ((1437, 8, 8), (360, 8, 8), np.uint8)
    assert set(y_train) == set(range(10))


def test_downloads_into_the_cache(server, cache, monkeypatch):
    file = io.BytesIO()
    np.savez(file, x=np.zeros((5, 2)), y=np.arange(5.0))
    server.files["boston_housing.npz"] = file.getvalue()
    module = datasets.boston_housing
    monkeypatch.setattr(module, "KERAS_URL", server.url)
    with pytest.raises(DownloadError, match="its hash is"):
        module.load_data()
    monkeypatch.setattr(module, "_SHA256", None)
    module.load_data()
    module.load_data()
    assert len(server.requests) == 2
    assert (cache / "datasets" / "boston_housing.npz").read_bytes() == file.getvalue()


def test_path_of_an_own_file(tmp_path):
    np.savez(tmp_path / "mine.npz", x=np.zeros((5, 2)), y=np.arange(5.0))
    (x_train, _), _ = datasets.boston_housing.load_data(path=str(tmp_path / "mine.npz"))
    assert len(x_train) == 4


def test_path_with_folders():
    with pytest.raises(ValueError, match="must be a file's name within the cache"):
        datasets.mnist.load_data(path="../mnist.npz")


def test_addresses():
    assert _files.KERAS_URL == "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def wav(samples, rate=8000):
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, rate, 0, "NONE", ""))
        sound.writeframes(np.asarray(samples, np.int16).tobytes())
    return file.getvalue()


def fsdd(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"free-spoken-digit-dataset-1.0.10/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


RECORDINGS = {
    "README.md": b"Digits",
    "recordings/1_theo_7.wav": wav([4, -5, 6, 2**15 - 1]),
    "recordings/0_lucas_4.wav": wav([-(2**15), 1]),
    "recordings/9_theo_12.wav": wav([3]),
}


def test_spoken_digits(given):
    (given / "free-spoken-digit-dataset-1.0.10.tar.gz").write_bytes(fsdd(RECORDINGS))
    (x_train, y_train), (x_test, y_test) = datasets.spoken_digits.load_data(3)
    assert x_train.tolist() == [[4 / 2**15, -5 / 2**15, 6 / 2**15], [3 / 2**15, 0, 0]]
    assert x_test.tolist() == [[-1, 1 / 2**15, 0]]
    assert (x_train.dtype, y_train.tolist(), y_test.tolist()) == (np.float32, [1, 9], [0])
    with pytest.raises(ValueError, match="at least 1, got 0"):
        datasets.spoken_digits.load_data(0)


def test_spoken_digits_are_kept_as_arrays(given, cache):
    archive = given / "free-spoken-digit-dataset-1.0.10.tar.gz"
    archive.write_bytes(fsdd(RECORDINGS))
    first = datasets.spoken_digits.load_recordings()
    archive.unlink()
    assert [path.name for path in (cache / "datasets").iterdir()] == ["fsdd.npz"]
    again = datasets.spoken_digits.load_recordings()
    assert [s.tolist() for s in again.signals] == [[-(2**15), 1], [4, -5, 6, 2**15 - 1], [3]]
    assert again.speakers.tolist() == first.speakers.tolist() == ["lucas", "theo", "theo"]
    assert again.takes.tolist() == [4, 7, 12]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("recordings/1_theo_7.wav", wav([1], rate=16000), "1 channels and 16000 samples"),
        ("recordings/1_theo_7.wav", wav([1, 2, 3])[:-2], "cut off"),
        ("recordings/hello.wav", wav([1]), "not named digit_speaker_take"),
    ],
)
def test_spoken_digits_damaged(given, name, content, message):
    archive = given / "free-spoken-digit-dataset-1.0.10.tar.gz"
    archive.write_bytes(fsdd({name: content}))
    with pytest.raises(ValueError, match=rf"1\.0\.10\.tar\.gz is not the file it should be.*{message}"):
        datasets.spoken_digits.load_data()


def test_tinyshakespeare(given):
    (given / "tinyshakespeare.txt").write_text("First Citizen:\n", encoding="utf-8")
    assert datasets.tinyshakespeare.load_data() == "First Citizen:\n"
    (given / "tinyshakespeare.txt").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="is not the file it should be"):
        datasets.tinyshakespeare.load_data()
