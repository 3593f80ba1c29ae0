"""Bad input: what the messages say, and that nothing has changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import schuss
from schuss import layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 4)).astype("float32")
Y = RNG.integers(0, 3, 20)


@pytest.fixture(autouse=True)
def _reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_BACKEND", "reference")


def model(loss: Any = "sparse_categorical_crossentropy", **compile: Any) -> schuss.Sequential:
    made = schuss.Sequential(
        [schuss.Input((4,)), layers.Dense(5, "relu"), layers.Dense(3, "softmax", name="out")], name="net"
    )
    made.compile(**{"optimizer": "sgd", "loss": loss, **compile})
    return made


def with_value(value: float, row: int = 7, column: int = 2) -> np.ndarray:
    x = X.copy()
    x[row, column] = value
    return x


CASES = {
    "wrong feature count": ((X[:, :3], Y), {}, r'Input 0 of layer "net" .* expected shape=\(None, 4\), found shape=\(20, 3\)\. Give it examples of shape \(4,\), or build it for'),
    "wrong rank": ((X[:, None, :], Y), {}, r'layer "net" .* expected shape=\(None, 4\), found ndim=3'),
    "one example": ((X[0], Y[:4]), {}, r"Is the batch axis missing\?"),
    "label too large": ((X, np.where(np.arange(20) == 5, 7, Y)), {}, r"y has the label 7 in row 5, .* has 3 classes: .* 0 to 2"),
    "label negative": ((X, np.where(np.arange(20) == 5, -1, Y)), {}, r"y has the label -1 in row 5"),
    "one-hot with sparse": ((X, np.eye(3)[Y]), {}, r"look like one-hot labels: use categorical_crossentropy"),
    "nan": ((with_value(np.nan), Y), {}, r"x has NaN in row 7, column 2"),
    "infinity": ((with_value(-np.inf), Y), {}, r"x has an infinite number in row 7, column 2"),
    "empty": ((X[:0], Y[:0]), {}, r"The data is empty: x has 0 rows"),
    "nothing": ((None, None), {}, r"There is no data"),
    "lengths": ((X, Y[:5]), {}, r"x has 20 rows, y has 5 rows"),
    "weights' length": ((X, Y), {"sample_weight": np.ones(3)}, r"sample_weight has 3 rows"),
    "weights' shape": ((X, Y), {"sample_weight": np.ones((20, 7))}, r"`sample_weight` must have one number for each sample"),
    "objects": ((X.astype(object), Y), {}, r"x has dtype object.* Convert it with np\.asarray"),
    "text": ((X, np.array(["a"] * 20)), {}, r"y has dtype <U1.* Encode text as numbers"),
    "complex": ((X.astype(complex), Y), {}, r"x has dtype complex128"),
    "ragged": (([[1.0], [1.0, 2.0]], [0, 1]), {}, r"x cannot become one array: .* All rows must have the same length"),
    "no labels": ((X,), {}, r"There are no labels \(y\) for output 'out'"),
    "batch size 0": ((X, Y), {"batch_size": 0}, r"`batch_size` must be an integer of at least 1, got 0"),
    "batch size negative": ((X, Y), {"batch_size": -4}, r"`batch_size` .* got -4"),
    "batch size no integer": ((X, Y), {"batch_size": 1.5}, r"`batch_size` .* got 1.5"),
    "epochs negative": ((X, Y), {"epochs": -1}, r"`epochs` must be an integer of at least 0, got -1"),
    "epochs no integer": ((X, Y), {"epochs": "3"}, r"`epochs` .* got '3'"),
    "steps": ((X, Y), {"steps_per_epoch": 0}, r"`steps_per_epoch` must be an integer of at least 1"),
    "verbose": ((X, Y), {"verbose": 7}, r"`verbose` must be 0, 1, 2 or 'auto', got 7"),
    "shuffle": ((X, Y), {"shuffle": "rows"}, r"`shuffle` must be True, False or 'batch'"),
    "split": ((X, Y), {"validation_split": 1.0}, r"not sufficient to split it"),
    "split negative": ((X, Y), {"validation_split": -0.1}, r"`validation_split` must be at least 0"),
    "validation data": ((X, Y), {"validation_data": X}, r"`validation_data` must be \(x, y\)"),
    "validation nan": ((X, Y), {"validation_data": (with_value(np.nan), Y)}, r"Validation data: x has NaN in row 7, column 2"),
    "validation label": ((X, Y), {"validation_data": (X, Y + 1)}, r"Validation data: y has the label 3"),
    "class weights": ((X, Y), {"class_weight": [1, 2, 3]}, r"`class_weight` must be a dict from class to weight"),
    "both weights": ((X, Y), {"class_weight": {0: 2.0}, "sample_weight": np.ones(20)}, r"at the same time"),
    "labels beside batches": (((b for b in [(X, Y)]), Y), {}, r"When `x` gives batches, `y` must not be passed"),
    "file's name": (("data.csv", Y), {}, r"x must be an array, got the text 'data.csv'"),
    "nothing but labels": ((None, Y), {}, r"There is no data: x is None"),
    "label in between": ((X, np.where(np.arange(20) == 5, 0.5, Y)), {}, r"y has the label 0.5 in row 5"),
    "lengths in a dict": (({"a": X, "b": X[:5]}, Y), {}, r"x\['a'\] has 20 rows, x\['b'\] has 5 rows"),
    "split text": ((X, Y), {"validation_split": "0.2"}, r"`validation_split` must be at least 0 .* got '0.2'"),
    "frequency": ((X, Y), {"validation_split": 0.5, "validation_freq": 0}, r"`validation_freq` must be an integer"),
    "validation steps": ((X, Y), {"validation_split": 0.5, "validation_steps": 0}, r"`validation_steps` must be"),
    "class that is text": ((X, Y), {"class_weight": {"a": 1.0}}, r"got the entry 'a': 1.0"),
    "class weight that is text": ((X, Y), {"class_weight": {0: "1"}}, r"got the entry 0: '1'"),
    "class weights alone": ((X,), {"class_weight": {0: 1.0}}, r"`class_weight` needs labels"),
    "sample weight nan": ((X, Y), {"sample_weight": np.full(20, np.nan)}, r"sample_weight has NaN in row 0"),
    "no batches": ((iter([]),), {}, r"The data is empty: list_iterator gave no batch"),
    "batch of four": ((iter([(X, Y, Y, Y)]),), {}, r"A batch must be x, \(x, y\) or .* a tuple of 4"),
    "class of data": ((schuss.utils.PyDataset,), {}, r"x is the class PyDataset; pass an object of it"),
    "callback's name": ((X, Y), {"callbacks": ["x"]}, r"must be an instance of .*Callback"),
    "callback": ((X, Y), {"callbacks": [schuss.callbacks.Callback]}, r"must be an instance of .*Callback"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_fit(name: str) -> None:
    args, kwargs, message = CASES[name]
    made = model()
    before = made.get_weights()
    with pytest.raises((ValueError, TypeError), match=message):
        made.fit(*args, **{"verbose": 0, **kwargs})
    for a, b in zip(before, made.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert made.optimizer.iterations.numpy() == 0


@pytest.mark.parametrize("y", [Y, Y[:, None]])
def test_integer_labels_with_categorical_crossentropy(y: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"integer labels: use sparse_categorical_crossentropy"):
        model("categorical_crossentropy").fit(X, y, verbose=0)


def test_evaluate_and_batches_check_too() -> None:
    with pytest.raises(ValueError, match="label 3 in row"):
        model().evaluate(X, Y + 1, verbose=0)
    with pytest.raises(ValueError, match=r"label 3 in row . of the batch"):
        model().train_on_batch(X, Y + 1)
    with pytest.raises(ValueError, match=r"label 3 in row . of the batch"):
        model().fit((batch for batch in [(X, Y + 1)]), verbose=0)


def test_a_frames_column_is_named() -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"x has an infinite number in row 7, column 2 \('age'\)"):
        model().fit(pandas.DataFrame(with_value(np.inf), columns=["a", "b", "age", "d"]), Y, verbose=0)


def test_images_and_labels_with_nan_are_placed() -> None:
    image = np.zeros((3, 2, 2), "float32")
    image[1, 0, 1] = np.nan
    made = schuss.Sequential([schuss.Input((2, 2)), layers.Flatten(), layers.Dense(1)])
    made.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"x has NaN in row 1, at \(0, 1\)"):
        made.fit(image, np.zeros(3), verbose=0)
    with pytest.raises(ValueError, match=r"y has NaN in row 2"):
        made.fit(np.zeros((3, 2, 2)), np.array([0, 0, np.nan]), verbose=0)


def test_nan_that_the_model_is_made_for_is_no_error() -> None:
    class Filled(layers.Layer):
        def call(self, x: Any) -> Any:
            return schuss.ops.nan_to_num(x)

    made = schuss.Sequential([schuss.Input((4,)), Filled(), layers.Dense(1)])
    made.compile("sgd", "mse")
    assert np.isfinite(made.fit(with_value(np.nan), X[:, :1], verbose=0).history["loss"]).all()


def test_labels_that_are_ignored_may_be_outside() -> None:
    loss = schuss.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    made = model(loss)
    made.fit(X, np.where(Y == 0, -1, Y), verbose=0)
    with pytest.raises(ValueError, match="label -2"):
        made.fit(X, np.where(Y == 0, -2, Y), verbose=0)


def test_not_compiled() -> None:
    plain = schuss.Sequential([schuss.Input((4,)), layers.Dense(3)])
    for call in (lambda: plain.fit(X, Y), lambda: plain.evaluate(X, Y), lambda: plain.train_on_batch(X, Y)):
        with pytest.raises(ValueError, match=r"You must call `compile\(\)` before"):
            call()
    assert plain.predict(X, verbose=0).shape == (20, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"loss": "sparse_categorical_crosentropy"},
            "Unknown loss .* Did you mean 'sparse_categorical_crossentropy'",
        ),
        ({"loss": 3}, "A loss is a name, a Loss, or a function"),
        ({"optimizer": "addam"}, "Unknown optimizer 'addam'. Did you mean 'adam'"),
        ({"metrics": ["acuracy"]}, "Unknown metric 'acuracy'. Did you mean 'accuracy'"),
        (
            {"metrics": "accuracy"},
            r"Expected `metrics` argument to be a list, tuple, or dict.* metrics=\['accuracy'\]",
        ),
        ({"metrics": [3]}, "A metric is a name, a Metric, or a function"),
        ({"steps_per_execution": 0}, "`steps_per_execution` must be an integer of at least 1"),
        ({"optimizer": 3}, "An optimizer is an Optimizer, a name"),
    ],
)
def test_compile(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model(**{"loss": "mse", **arguments})


def test_outputs_that_do_not_fit() -> None:
    x = schuss.Input((4,))
    two = schuss.Model(x, [layers.Dense(3, "softmax", name="a")(x), layers.Dense(1, name="b")(x)])
    for compile, y, message in (
        (
            {"loss": {"a": "mse", "c": "mse"}},
            [Y, X[:, :1]],
            "Invalid `loss`: it has the key 'c', .* 'a', 'b'",
        ),
        ({"loss": ["mse"]}, [Y, X[:, :1]], "with 2 outputs, a list needs one entry for each"),
        (
            {"loss": "mse", "metrics": ["mae"]},
            [np.eye(3)[Y], X[:, :1]],
            "Invalid `metrics`: for a model with 2 outputs",
        ),
        (
            {"loss": "mse", "metrics": {"z": "mae"}},
            [np.eye(3)[Y], X[:, :1]],
            "Invalid `metrics`: it has the key 'z'",
        ),
        ({"loss": "mse"}, [X[:, :1]], r"The model has 2 output\(s\), but y has 1 array\(s\)"),
        (
            {"loss": "mse"},
            {"a": X[:, :3], "z": X[:, :1]},
            "y has the key 'z', but the model's outputs are 'a', 'b'",
        ),
    ):
        two.compile("sgd", **compile)
        with pytest.raises(ValueError, match=message):
            two.fit(X, y, verbose=0)


def test_a_batch_of_another_shape_leaves_whole_steps() -> None:
    def changing() -> Any:
        yield X[:8], Y[:8]
        yield X[:8, :2], Y[:8]

    made, other = model(), model()
    other.set_weights(made.get_weights())
    with pytest.raises(ValueError, match=r"expected shape=\(None, 4\), found shape=\(8, 2\)"):
        made.fit(changing(), verbose=0)
    other.train_on_batch(X[:8], Y[:8])
    for a, b in zip(made.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_data_set_that_raises(workers: int) -> None:
    class Broken(schuss.utils.PyDataset):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            if index == 1:
                raise KeyError("batch one is gone")
            return X, Y

    made = model()
    with pytest.raises(KeyError, match="batch one is gone"):
        made.fit(Broken(workers=workers), shuffle=False, verbose=0)
    assert made.optimizer.iterations.numpy() == 1


def test_large_data_are_looked_through_once_and_changes_since_are_found_by_the_guard() -> None:
    x, y = np.zeros((3000, 100), "float32"), np.zeros((3000, 1), "float32")
    model = schuss.Sequential([schuss.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, y, batch_size=1000, verbose=0)
    x[1500, 3] = np.nan
    with pytest.raises(schuss.errors.NonFiniteLossError, match="in the data itself"):
        model.fit(x, y, batch_size=1000, verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    with pytest.raises(ValueError, match="x has NaN in row 1500, column 3"):
        model.fit(x.copy(), y, batch_size=1000, verbose=0)


@pytest.mark.parametrize("dtype", ["int32", "float32", "uint8"])
@pytest.mark.parametrize("verb", ["fit", "evaluate", "train_on_batch", "predict", "predict_on_batch"])
def test_integers_for_which_an_embedding_has_no_row(verb, dtype):
    model = schuss.Sequential([layers.Embedding(10, 3, name="e"), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.array([[3, 9], [3, 12]], dtype), np.zeros((2, 1))
    targets = () if verb.startswith("predict") else (y,)
    with pytest.raises(
        ValueError, match=r'x has 12 in row 1.* layer "e" \(Embedding\) .* integers 0 to 9. Make'
    ):
        getattr(model, verb)(x, *targets)
    getattr(model, verb)(x % 10, *targets)


def test_short_predictions_look_at_integers_too():
    model = schuss.Sequential([layers.Embedding(10, 3, name="e"), layers.Flatten(), layers.Dense(1)])
    good = model.predict(np.array([[3, 9]]), verbose=0)
    for _ in range(3):
        with pytest.raises(ValueError, match=r"x has -1 in row 0.* layer \"e\" .* Count them from 0"):
            model.predict(np.array([[3, -1]]), verbose=0)
        np.testing.assert_array_equal(model.predict(np.array([[3, 9]]), verbose=0), good)


def test_integers_that_are_made_fit_before_they_are_looked_up():
    x = schuss.Input((2,), dtype="int32")
    y = layers.Embedding(10, 3)(schuss.ops.where(x < 0, 0, x))
    model = schuss.Model(x, layers.Flatten()(y))
    model.compile("sgd", "mse")
    model.fit(np.array([[3, -5]]), np.zeros((1, 6)), verbose=0)
