"""Each example runs from its first line to its last, on a few made-up rows in place of the data."""

from __future__ import annotations

import importlib.util
import io
import pickle
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import schuss

EXAMPLES = Path(__file__).parents[2] / "examples"
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the examples find their data."""
    monkeypatch.setenv("SCHUSS_DATASETS", str(tmp_path))
    return tmp_path


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """An example as a module, some of its constants made smaller."""

    def load(name: str, **constants: int) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        for constant, value in constants.items():
            monkeypatch.setattr(module, constant, value)
        return module

    return load


@pytest.fixture
def mnist(folder: Path) -> None:
    """Bright squares, where they are tells the digit."""

    def images(labels: np.ndarray) -> np.ndarray:
        x = RNG.integers(0, 40, (len(labels), 28, 28)).astype("uint8")
        for image, label in zip(x, labels):
            image[4 + 10 * (label // 5) :, 4 * (label % 5) + 4 :][:6, :6] = 250
        return x

    y_train, y_test = (np.arange(n).astype("uint8") % 10 for n in (200, 60))
    np.savez(
        folder / "mnist.npz", x_train=images(y_train), y_train=y_train, x_test=images(y_test), y_test=y_test
    )


@pytest.fixture
def shakespeare(folder: Path) -> None:
    speeches = [
        f"{('GLOUCESTER', 'DUKE VINCENTIO')[i % 2]}:\n"
        + "\n".join([("I am a king", "Good friar, peace")[i % 2]] * 4)
        for i in range(100)
    ]
    (folder / "tinyshakespeare.txt").write_text("\n\n".join(speeches), encoding="utf-8")


def test_mnist_convnet(example: Any, mnist: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert example("mnist_convnet").main(epochs=5, batch_size=20) > 0.9
    assert "digits are read wrong" in capsys.readouterr().out


def test_autoencoder(example: Any, mnist: None, capsys: pytest.CaptureFixture[str]) -> None:
    error = example("autoencoder").main(epochs=5, batch_size=20)
    assert error < 0.1
    assert f"mean squared error {error:.4f}" in capsys.readouterr().out


def test_cifar10_resnet(example: Any, folder: Path) -> None:
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
            batch = {b"data": RNG.integers(0, 256, (8, 3072), "uint8"), b"labels": list(range(8))}
            content = pickle.dumps(batch)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert 0 <= example("cifar10_resnet20").main(epochs=1, batch_size=8, blocks=1) <= 1


def test_resnet20_has_the_papers_size(example: Any) -> None:
    """0.27 M parameters, and what normalization keeps."""
    model = example("cifar10_resnet20").build_model()
    assert 270_000 < sum(variable.size for variable in model.trainable_variables) < 280_000
    assert sum(isinstance(layer, schuss.layers.Conv2D) for layer in model.layers) == 19 + 2


def test_shakespeare_gpt(example: Any, shakespeare: None, capsys: pytest.CaptureFixture[str]) -> None:
    module = example("shakespeare_gpt", CONTEXT=8, WIDTH=16, HEADS=2, LAYERS=1)
    assert module.main(steps=60, steps_per_epoch=30, batch_size=4, length=20) < 3.5
    assert "nats a character" in capsys.readouterr().out


def test_gpt_sees_nothing_that_comes_later(example: Any) -> None:
    model = example("shakespeare_gpt", CONTEXT=8, WIDTH=16, HEADS=2, LAYERS=1).build_model(5)
    text = RNG.integers(0, 5, (1, 8)).astype("int32")
    other = text.copy()
    other[0, 5:] = (text[0, 5:] + 1) % 5
    before, after = (model.predict(x, verbose=0)[0] for x in (text, other))
    np.testing.assert_array_equal(before[:5], after[:5])
    assert np.abs(before[5:] - after[5:]).max() > 0


def test_shakespeare_lstm(example: Any, shakespeare: None, capsys: pytest.CaptureFixture[str]) -> None:
    module = example("shakespeare_lstm", LENGTH=4, WIDTH=8, UNITS=16)
    assert module.main(epochs=3, batch_size=16, length=20) < 3.5
    assert "nats a character" in capsys.readouterr().out


def test_the_writing_lstm_thinks_as_the_learning_one(example: Any) -> None:
    """Character by character with a state that stays, or all at once."""
    module = example("shakespeare_lstm", WIDTH=4, UNITS=8)
    whole, single = module.build_model(5, 6, None, False), module.build_model(5, 1, 1, True)
    single.set_weights(whole.get_weights())
    text = RNG.integers(0, 5, (1, 6)).astype("int32")
    steps = [single.predict_on_batch(text[:, i : i + 1])[0, 0] for i in range(6)]
    np.testing.assert_allclose(steps, whole.predict(text, verbose=0)[0], atol=1e-5)


def test_text_classification(example: Any, shakespeare: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert example("text_classification").main(epochs=10, batch_size=8) > 0.9
    assert "DUKE VINCENTIO with a probability of" in capsys.readouterr().out


def test_spoken_digits(example: Any, folder: Path) -> None:
    """Tones, whose pitches are the digits."""
    labels, takes = np.repeat(np.arange(10), 8), np.tile(np.arange(8), 10)
    waves = [3000 * np.sin(np.arange(2000) * (label + 1) * 0.1) for label in labels]
    np.savez(
        folder / "fsdd.npz",
        signal=np.concatenate(waves).astype("int16"),
        offset=np.arange(81) * 2000,
        label=labels.astype("uint8"),
        speaker=np.array(["theo"] * 80),
        index=takes.astype("int16"),
    )
    module = example("spoken_digits")
    (x, y), _ = module.spoken_digits.load_data(output_sequence_length=1000)
    model = module.build_model(1000)
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(x, y, batch_size=10, epochs=4, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_tabular(example: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pandas = pytest.importorskip("pandas")
    horsepower = RNG.integers(50, 200, 120).astype("float64")
    frame = pandas.DataFrame(
        {
            "Name": RNG.choice(["ford pinto", "bmw 2002", "vw dasher"], 120),
            "Miles_per_Gallon": np.where(np.arange(120) % 30 == 0, np.nan, 40 - horsepower / 8),
            "Cylinders": RNG.integers(4, 9, 120),
            "Displacement": horsepower * 2,
            "Horsepower": np.where(np.arange(120) % 11 == 0, np.nan, horsepower),
            "Weight_in_lbs": RNG.integers(2000, 4000, 120),
            "Acceleration": RNG.normal(15, 2, 120),
            "Year": pandas.date_range("1970-01-01", periods=120, freq="30D"),
            "Origin": RNG.choice(["USA", "Europe"], 120),
        }
    )
    assert example("tabular").main(frame, epochs=60, batch_size=16) < 3
    assert "predicted" in capsys.readouterr().out


def test_forecast(example: Any, capsys: pytest.CaptureFixture[str]) -> None:
    pandas = pytest.importorskip("pandas")
    days = np.arange(160)
    frame = pandas.DataFrame(
        {
            "date": pandas.date_range("2012-01-01", periods=160),
            **{
                name: 10 + 5 * np.sin(days * 0.7)
                for name in ("temp_max", "temp_min", "precipitation", "wind")
            },
        }
    )
    assert example("forecast", DAYS=3).main(frame, epochs=15, batch_size=8) < 1.5
    assert "expected, after" in capsys.readouterr().out
