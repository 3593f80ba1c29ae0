"""Models learn and predict from strings: these are read on the host, ahead of the compiled steps."""

import numpy as np
import pytest

import schuss
from schuss import layers

RNG = np.random.default_rng(0)
GOOD, BAD = ["great", "lovely", "fine"], ["awful", "poor", "sad"]
LABELS = np.arange(60) % 2
TEXTS = [
    " ".join(RNG.permutation([*RNG.choice(GOOD if y else BAD, 2), "the", "film", "was"])) for y in LABELS
]


def vectorize(**config):
    layer = layers.TextVectorization(**{"output_sequence_length": 6, **config})
    layer.adapt(TEXTS)
    return layer


def classifier(*stack, shape=(1,)):
    model = schuss.Sequential([schuss.Input(shape, dtype="string"), *stack, layers.Dense(1, "sigmoid")])
    model.compile(schuss.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    return model


def words():
    return [vectorize(), layers.Embedding(20, 4), layers.GlobalAveragePooling1D()]


@pytest.mark.parametrize(
    "x",
    [TEXTS, np.array(TEXTS), np.array(TEXTS)[:, None], np.array(TEXTS, object), [[text] for text in TEXTS]],
)
def test_strings_of_all_kinds(x):
    model = classifier(*words())
    history = model.fit(x, LABELS, epochs=8, validation_split=0.2, verbose=0)
    assert history.history["accuracy"][-1] > 0.9
    p = model.predict(x, verbose=0)
    np.testing.assert_allclose(p, model(np.array(TEXTS)), atol=1e-6)
    assert model.evaluate(x, LABELS, verbose=0)[1] == pytest.approx(np.mean((p[:, 0] > 0.5) == LABELS))


def test_the_reference_evaluator_agrees():
    model = classifier(vectorize(output_mode="tf_idf", output_sequence_length=None))
    other = schuss.models.clone_model(model)
    other.layers[0].set_vocabulary(
        model.layers[0].get_vocabulary(), model.layers[0]._lookup_layer.idf_weights
    )
    other.set_weights(model.get_weights())
    other.compile(schuss.optimizers.Adam(0.1), "binary_crossentropy", run_eagerly=True)
    for each in (model, other):
        each.fit(TEXTS, LABELS, epochs=2, verbose=0, shuffle=False)
    np.testing.assert_allclose(model.predict(TEXTS, verbose=0), other.predict(TEXTS, verbose=0), rtol=1e-5)


def test_text_is_read_once_for_a_training(monkeypatch):
    reads = []
    read = layers.TextVectorization._read
    monkeypatch.setattr(
        layers.TextVectorization,
        "_read",
        lambda self, strings: reads.append(len(strings)) or read(self, strings),
    )
    classifier(*words()).fit(TEXTS, LABELS, epochs=5, batch_size=16, verbose=0)
    assert reads == [60]


def test_batches_of_strings():
    def batches():
        for start in range(0, 60, 20):
            yield np.array(TEXTS[start : start + 20]), LABELS[start : start + 20]

    class Batches(schuss.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return TEXTS[20 * i : 20 * i + 20], LABELS[20 * i : 20 * i + 20]

    model = classifier(*words())
    model.fit(batches(), verbose=0)
    model.fit(Batches(), epochs=8, validation_data=Batches(), verbose=0)
    assert model.evaluate(Batches(), verbose=0)[1] > 0.9
    assert model.predict(batches(), verbose=0).shape == (60, 1)
    assert model.train_on_batch(TEXTS, LABELS)[1] > 0.9
    assert model.test_on_batch(TEXTS, LABELS)[1] > 0.9
    assert model.predict_on_batch(np.array(TEXTS[:7])).shape == (7, 1)


def test_rows_are_as_long_as_the_longest_text():
    model = schuss.Sequential([schuss.Input((1,), dtype="string"), vectorize(output_sequence_length=None)])
    assert model.output_shape == (None, None)
    assert model.predict(["a", "the film was", "poor"], verbose=0, batch_size=1).shape == (3, 3)


def test_several_inputs_of_text_and_numbers():
    look = layers.StringLookup(output_mode="one_hot", vocabulary=["u", "v"])
    text, kind = (
        schuss.Input((1,), dtype="string", name="text"),
        schuss.Input((), dtype="string", name="kind"),
    )
    number = schuss.Input((2,), name="number")
    counts = vectorize(output_mode="count", output_sequence_length=None)(text)
    y = layers.Dense(1)(layers.Concatenate()([counts, look(kind), number]))
    model = schuss.Model({"text": text, "kind": kind, "number": number}, y)
    model.compile("adam", "mse")
    data = {"text": TEXTS, "kind": np.array(["u", "w"] * 30), "number": np.ones((60, 2), "float32")}
    data["text"] = np.array(TEXTS)
    model.fit(data, LABELS, epochs=2, verbose=0)
    np.testing.assert_allclose(model.predict(data, verbose=0), model(data), atol=1e-5)


def test_models_within_models_and_subclasses():
    inner = schuss.Sequential([schuss.Input((1,), dtype="string"), *words()])

    class Outer(schuss.Model):
        def __init__(self):
            super().__init__()
            self.inner, self.out = inner, layers.Dense(1, "sigmoid")

        def call(self, inputs):
            return self.out(self.inner(inputs))

    text = schuss.Input((1,), dtype="string")
    functional = schuss.Model(text, layers.Dense(1, "sigmoid")(inner(text)))
    for model in (Outer(), functional):
        model.compile(schuss.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
        assert model.fit(TEXTS, LABELS, epochs=8, verbose=0).history["accuracy"][-1] > 0.9


def test_own_steps_get_text():
    class Own(schuss.Sequential):
        def train_step(self, data):
            x, y = data
            loss = schuss.ops.mean(schuss.ops.square(self(x, training=True)[:, 0] - y))
            weights = self.trainable_variables
            self.optimizer.apply(schuss.autodiff.gradients(loss, weights), weights)
            return {"loss": loss}

    model = Own([*words(), layers.Dense(1)])
    model.compile("adam")
    assert len(model.fit(TEXTS, LABELS.astype("float32"), epochs=2, verbose=0).history["loss"]) == 2


def test_a_new_vocabulary_counts_at_once():
    look = layers.StringLookup()
    look.adapt(["a", "b", "b"])
    model = schuss.Sequential([schuss.Input((1,), dtype="string"), look])
    data = np.array([["a"], ["b"]], object)
    assert model.predict(data, verbose=0).tolist() == [[2], [1]]
    look.adapt(["a", "a", "b"])
    assert model.predict(data, verbose=0).tolist() == [[1], [2]]
    whole = layers.IntegerLookup()
    whole.adapt([7, 8, 8])
    model = schuss.Sequential([schuss.Input((1,), dtype="int64"), whole])
    numbers = np.array([[7], [8]])
    assert model.predict(numbers, verbose=0).tolist() == [[2], [1]]
    whole.adapt([7, 7, 8])
    assert model.predict(numbers, verbose=0).tolist() == [[1], [2]]


def test_unknown_integers_without_a_number_stop_training():
    whole = layers.IntegerLookup(vocabulary=[1, 2], num_oov_indices=0, name="whole")
    model = schuss.Sequential(
        [schuss.Input((1,), dtype="int64"), whole, layers.Embedding(3, 2), layers.Flatten()]
    )
    with pytest.raises(ValueError, match=r'Layer "whole".*found \[3\]'):
        model.predict(np.array([[1], [3]]), verbose=0)


def test_columns_of_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"text": TEXTS, "y": LABELS})
    model = classifier(*words())
    model.fit(frame["text"], frame["y"], epochs=1, verbose=0)
    assert model.predict(frame[["text"]], verbose=0).shape == (60, 1)


def test_strings_for_models_of_numbers_and_the_other_way_round():
    numbers = schuss.Sequential([schuss.Input((1,)), layers.Dense(1)])
    with pytest.raises(ValueError, match="Encode text as numbers first"):
        numbers.predict(TEXTS, verbose=0)
    with pytest.raises(TypeError, match=r'input "input_layer.*" takes text, but received float32'):
        classifier(*words()).predict(np.ones((3, 1), "float32"), verbose=0)
    text = schuss.Input((1,), dtype="string", name="text")
    number = schuss.Input((1,), name="number")
    both = schuss.Model([text, number], layers.Concatenate()([vectorize()(text), number]))
    with pytest.raises(TypeError, match=r'input "number" takes float32, but received text'):
        both.predict([np.array(TEXTS), np.array(TEXTS)], verbose=0)


def test_labels_are_no_text():
    with pytest.raises(ValueError, match=r"^y has dtype"):
        classifier(*words()).fit(TEXTS, np.array(["a", "b"] * 30), verbose=0)


def test_a_layer_without_vocabulary_is_named():
    model = classifier(
        layers.TextVectorization(name="words"), layers.Embedding(5, 2), layers.GlobalAveragePooling1D()
    )
    with pytest.raises(RuntimeError, match=r'Layer "words" has no vocabulary yet'):
        model.fit(TEXTS, LABELS, verbose=0)
