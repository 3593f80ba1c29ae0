"""What can be given as data: arrays in all their forms, frames, generators, data sets made of batches."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.training._data import ArrayData, class_weights_of

RNG = np.random.default_rng(4)
X = RNG.normal(size=(20, 3)).astype("float32")
Y = (X @ np.array([[1.0], [2.0], [3.0]])).astype("float32")


@pytest.fixture(autouse=True)
def _reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_BACKEND", "reference")


def model() -> schuss.Sequential:
    schuss.utils.set_random_seed(9)
    made = schuss.Sequential([schuss.Input((3,)), layers.Dense(1)])
    made.compile(schuss.optimizers.SGD(0.05), "mse", metrics=["mae"])
    return made


def losses(x: Any, y: Any = None, **fit: Any) -> list[float]:
    return (
        model()
        .fit(x, y, **{"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0, **fit})
        .history["loss"]
    )


@pytest.fixture
def expected() -> list[float]:
    return losses(X, Y)


def test_lists(expected: list[float]) -> None:
    np.testing.assert_allclose(losses(X.tolist(), Y.tolist()), expected, rtol=1e-5)
    np.testing.assert_allclose(losses(X.tolist(), Y[:, 0].tolist()), expected, rtol=1e-5)


def test_other_layouts(expected: list[float]) -> None:
    for x in (X.astype("float64"), np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], X.astype(">f4")):
        np.testing.assert_allclose(losses(x, Y), expected, rtol=1e-5)


def test_objects_that_become_arrays(expected: list[float]) -> None:
    class Foreign:
        shape = X.shape

        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return X if dtype is None else X.astype(dtype)

    np.testing.assert_allclose(losses(Foreign(), Y), expected, rtol=1e-5)


def test_pandas(expected: list[float]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abc"))
    np.testing.assert_allclose(losses(pandas.DataFrame(X), pandas.DataFrame(Y)), expected, rtol=1e-5)
    np.testing.assert_allclose(losses(frame, pandas.Series(Y[:, 0])), expected, rtol=1e-5)
    with pytest.raises(ValueError, match=r"x: column 'b' has no value in row 2"):
        losses(frame.astype("Float64").assign(b=pandas.array([1.0, 2.0, None] + [0.0] * 17, "Float64")), Y)


def test_polars(expected: list[float]) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(X, schema=list("abc"))
    np.testing.assert_allclose(losses(frame, polars.Series(Y[:, 0])), expected, rtol=1e-5)
    np.testing.assert_allclose(losses(frame.lazy(), Y), expected, rtol=1e-5)
    with pytest.raises(ValueError, match=r"x: column 'c' has dtype String, which networks cannot read"):
        losses(frame.with_columns(c=polars.lit("text")), Y)


def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, 20, 8):
        yield X[start : start + 8], Y[start : start + 8]


def forever() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    while True:
        yield from batches()


class Loader:
    """An iterable that can be begun again."""

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return batches()


class Rows(schuss.utils.PyDataset):
    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.ended, self.threads = 0, set()

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        self.threads.add(threading.current_thread().name)
        return X[index * 8 : index * 8 + 8], Y[index * 8 : index * 8 + 8]

    def on_epoch_end(self) -> None:
        self.ended += 1


def test_generators(expected: list[float]) -> None:
    np.testing.assert_allclose(losses(forever(), steps_per_epoch=3), expected, rtol=1e-5)
    np.testing.assert_allclose(losses(batches(), epochs=1), expected[:1], rtol=1e-5)
    np.testing.assert_allclose(losses(Loader()), expected, rtol=1e-5)
    np.testing.assert_allclose(losses(Loader(), steps_per_epoch=3), expected, rtol=1e-5)


def test_a_generator_that_ends_early_says_so() -> None:
    with pytest.warns(UserWarning, match="ran out of data after 3 of 5 steps"):
        assert len(losses(batches(), steps_per_epoch=5, epochs=1)) == 1
    with pytest.warns(UserWarning, match="ran out of data"):
        assert len(losses(batches(), epochs=3)) == 1


def test_generators_elsewhere() -> None:
    trained = model()
    by_arrays = trained.evaluate(X, Y, verbose=0)
    np.testing.assert_allclose(trained.evaluate(batches(), verbose=0), by_arrays, rtol=1e-5)
    np.testing.assert_allclose(trained.evaluate(forever(), steps=3, verbose=0), by_arrays, rtol=1e-5)
    np.testing.assert_allclose(
        trained.predict(batches(), verbose=0), trained.predict(X, verbose=0), rtol=1e-5
    )
    np.testing.assert_allclose(
        trained.predict((x for x, _ in batches()), verbose=0), trained.predict(X, verbose=0)
    )
    history = trained.fit(X, Y, validation_data=Loader(), epochs=2, verbose=0).history
    np.testing.assert_allclose(history["val_loss"][-1], trained.evaluate(X, Y, verbose=0)[0], rtol=1e-5)


def test_py_dataset(expected: list[float]) -> None:
    for dataset in (Rows(), Rows(workers=3, max_queue_size=2)):
        np.testing.assert_allclose(losses(dataset), expected, rtol=1e-5)
        assert dataset.ended == 2
    assert "MainThread" not in dataset.threads
    shuffled = Rows()
    assert len(losses(shuffled, shuffle=True)) == 2


def test_py_dataset_without_end() -> None:
    class Endless(Rows):
        @property
        def num_batches(self) -> None:
            return None

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            return super().__getitem__(index % 3)

    np.testing.assert_allclose(losses(Endless(), steps_per_epoch=3), losses(X, Y), rtol=1e-5)
    with pytest.raises(ValueError, match="has no end"):
        losses(Endless())


def test_an_error_in_a_generator_leaves_whole_steps() -> None:
    def broken() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield X[:8], Y[:8]
        raise OSError("the disk is gone")

    trained, other = model(), model()
    with pytest.raises(OSError, match="the disk is gone"):
        trained.fit(broken(), verbose=0)
    other.train_on_batch(X[:8], Y[:8])
    np.testing.assert_array_equal(trained.get_weights()[0], other.get_weights()[0])


def test_class_weight_with_batches() -> None:
    labels = (Y[:, 0] > 0).astype("int32")

    def labelled() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, 20, 8):
            yield X[start : start + 8], labels[start : start + 8]

    weights = {0: 3.0, 1: 0.5}
    np.testing.assert_allclose(
        losses(labelled(), class_weight=weights, epochs=1),
        losses(X, labels, class_weight=weights, epochs=1),
        rtol=1e-5,
    )


@pytest.mark.parametrize("labels", [[0, 2, 1], [[0], [2], [1]], [[1, 0, 0], [0, 0, 1], [0, 1, 0]]])
def test_class_weights(labels: Any) -> None:
    assert class_weights_of(np.array(labels), {0: 5.0, 1: 0.5}).tolist() == [5.0, 1.0, 0.5]


def test_rows_stay_where_they_are() -> None:
    data = ArrayData(X, Y, batch_size=8)
    assert data.structure[0] is X
    train, held = data.split(0.3)
    assert (train.size, held.size, train.steps, held.steps) == (14, 6, 2, 1)
    assert all(np.shares_memory(part.structure[0], X) for part in (train, held))
    assert [(p.batch, p.steps) for p in data.pieces()] == [(8, 2), (4, 1)]


def test_epochs_of_some_steps_end_with_the_data() -> None:
    data = ArrayData(X, Y, batch_size=8)
    assert [(p.batch, p.steps) for p in data.pieces(2)] == [(8, 2)]
    with pytest.warns(UserWarning, match="ran out of data after 1 of 2 steps"):
        assert [(p.batch, p.steps) for p in data.pieces(2)] == [(4, 1)]
    assert [(p.batch, p.steps) for p in data.pieces(2)] == [(8, 2)]
    data.restart()
    assert [(p.batch, p.steps) for p in data.pieces(3)] == [(8, 2), (4, 1)]
    for given in ((X, Y), (Rows(),), (Loader(),)):
        with pytest.warns(UserWarning, match="ran out of data after 1 of 2 steps"):
            assert len(losses(*given, steps_per_epoch=2, epochs=4)) == 4


def test_without_a_batch_size_steps_say_it(expected: list[float]) -> None:
    np.testing.assert_allclose(losses(X, Y, batch_size=None, steps_per_epoch=3), losses(X, Y, batch_size=7))
    assert model().predict(X, steps=2, verbose=0).shape == (20, 1)
    np.testing.assert_allclose(
        model().evaluate(X, Y, steps=1, verbose=0), model().evaluate(X, Y, batch_size=20, verbose=0)
    )


def test_outputs_in_a_dict_keep_its_order() -> None:
    """In predictions; the losses of the outputs are listed in the order of the dict of losses."""
    x = schuss.Input((3,))
    heads = {name: layers.Dense(k + 1, name=name)(x) for k, name in enumerate(["z", "a", "m"])}
    model = schuss.Model(x, heads)
    model.compile("sgd", {"m": "mse", "z": "mae", "a": "mse"})
    labels = {name: np.full((20, k + 1), 10.0**k, "float32") for k, name in enumerate(["z", "a", "m"])}
    assert {k: v.shape for k, v in model.predict(X, verbose=0).items()} == {
        "z": (20, 1),
        "a": (20, 2),
        "m": (20, 3),
    }
    assert list(model.predict(X, verbose=0)) == ["z", "a", "m"]
    listed = model.evaluate(X, labels, verbose=0)
    named = model.evaluate(X, labels, verbose=0, return_dict=True)
    assert [m.name for m in model.metrics[1:]] == ["m_loss", "z_loss", "a_loss"]
    assert listed == [named[name] for name in ("loss", "m_loss", "z_loss", "a_loss")]
    assert listed[1] > 1000
    assert listed[2] < 10


def test_losses_of_a_dict_of_outputs_given_as_a_list() -> None:
    """They belong to the outputs in the order of the names, and are reported in the order of the dict."""
    x = schuss.Input((3,))
    z, a = layers.Dense(1, kernel_initializer="zeros"), layers.Dense(1, kernel_initializer="zeros")
    model = schuss.Model(x, {"z": z(x), "a": a(x)})
    model.compile("sgd", ["mape", "mse"], loss_weights=[1.0, 10.0])
    labels = {"z": np.full((20, 1), 3.0), "a": np.full((20, 1), 5.0)}
    named = model.evaluate(X, labels, verbose=0, return_dict=True)
    assert named == pytest.approx({"a_loss": 100.0, "loss": 190.0, "z_loss": 9.0})
    assert model.evaluate(X, labels, verbose=0) == pytest.approx([190.0, 9.0, 100.0])
