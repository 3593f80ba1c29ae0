"""fit, evaluate and predict on data sets: the same as on arrays, batches made ahead, no thread left behind."""

import threading
import time

import numpy as np
import pytest
from PIL import Image

import schuss
from schuss import layers
from schuss.data import Dataset

RNG = np.random.default_rng(3)
X = RNG.normal(size=(20, 3)).astype("float32")
Y = X @ np.array([[1.0], [2.0], [3.0]], "float32")


@pytest.fixture(autouse=True)
def _reference(monkeypatch):
    monkeypatch.setenv("SCHUSS_BACKEND", "reference")


def model():
    schuss.utils.set_random_seed(9)
    made = schuss.Sequential([schuss.Input((3,)), layers.Dense(1)])
    made.compile(schuss.optimizers.SGD(0.05), "mse")
    return made


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("schuss-data")]


def pipeline(function=lambda x, y: (x, y)):
    return Dataset.from_tensor_slices((X, Y)).map(function, num_parallel_calls=2).batch(8).prefetch(2)


def test_the_same_as_on_arrays():
    by_arrays, by_batches = model(), model()
    wanted = by_arrays.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0, validation_data=(X, Y))
    found = by_batches.fit(pipeline(), epochs=3, verbose=0, validation_data=pipeline())
    for name, losses in wanted.history.items():
        np.testing.assert_allclose(found.history[name], losses, rtol=1e-5)
    np.testing.assert_allclose(
        by_batches.evaluate(pipeline(), verbose=0), by_arrays.evaluate(X, Y, verbose=0), 1e-5
    )
    np.testing.assert_allclose(
        by_batches.predict(pipeline(), verbose=0), by_arrays.predict(X, verbose=0), 1e-5
    )
    assert threads() == []


def test_epochs_of_some_steps_go_on_where_the_last_one_stopped():
    seen = []
    data = pipeline(lambda x, y: seen.append(float(y[0])) or (x, y)).repeat()
    model().fit(data, epochs=2, steps_per_epoch=2, verbose=0)
    assert seen[:20] == Y[:, 0].tolist()
    assert threads() == []


def test_no_thread_is_left_after_an_error_or_interrupt():
    class Interrupting(schuss.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    try:
        model().fit(pipeline().repeat(), steps_per_epoch=9, verbose=0, callbacks=[Interrupting()])
    except KeyboardInterrupt as error:
        kept = error  # with its traceback, as an interactive session keeps it
    assert kept.__traceback__ is not None
    assert threads() == []


def test_errors_while_decoding_come_out_of_fit(tmp_path):
    for i in range(4):
        Image.new("RGB", (4, 4)).save(tmp_path / f"{i}.png")
    (tmp_path / "3.png").write_bytes(b"nothing")
    data = schuss.utils.image_dataset_from_directory(
        tmp_path, labels=[0, 1, 0, 1], image_size=4, batch_size=2, shuffle=False, verbose=False
    )
    made = schuss.Sequential(
        [schuss.Input((4, 4, 3)), layers.Flatten(), layers.Dense(2, activation="softmax")]
    )
    made.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"3\.png cannot be decoded"):
        made.fit(data, verbose=0)
    assert threads() == []


def test_batches_are_made_while_a_step_runs():
    """Batch n + 1 is asked for before step n has ended: the step waits for it, which would never come otherwise."""
    begun = [threading.Event() for _ in range(3)]

    def note(x, y):
        begun[int(x[0])].set()
        return x, y

    numbers = np.arange(3, dtype="float32")[:, None]
    data = Dataset.from_tensor_slices((numbers, numbers)).map(note).batch(1).prefetch(2)
    ahead = []

    class Waiting(schuss.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            ahead.append(begun[min(batch + 1, 2)].wait(5))

    made = schuss.Sequential([schuss.Input((1,)), layers.Dense(1)])
    made.compile("sgd", "mse")
    made.fit(data, verbose=0, callbacks=[Waiting()])
    assert ahead == [True, True, True]


def test_slow_batches_of_a_py_dataset_are_made_by_threads():
    class Slow(schuss.utils.PyDataset):
        at_once = most = 0
        lock = threading.Lock()

        def __len__(self):
            return 6

        def __getitem__(self, index):
            with self.lock:
                self.at_once += 1
                self.most = max(self.most, self.at_once)
            time.sleep(0.02)
            with self.lock:
                self.at_once -= 1
            return X[index : index + 2], Y[index : index + 2]

    data = Slow(workers=3)
    model().fit(data, verbose=0)
    assert 1 < data.most <= 3
    assert threads() == []
