"""`tf.data.Dataset`."""

import numpy as np
import pytest


def values(dataset):
    return [x.tolist() for x in dataset.as_numpy_iterator()]


@pytest.fixture
def Dataset(tf):
    return tf.data.Dataset


def test_batches(Dataset):
    data = Dataset.from_tensor_slices((np.arange(5), {"a": np.zeros((5, 2))})).batch(2)
    assert [x.numpy().tolist() for x, _ in data] == [[0, 1], [2, 3], [4]]
    assert next(iter(data))[1]["a"].shape == (2, 2)
    assert len(data) == 3
    assert (
        len(
            data.unbatch().batch(3, drop_remainder=True).take(9).concatenate(data).skip(1).cache()._rows or ""
        )
        == 0
    )
    assert values(Dataset.range(5).batch(2, drop_remainder=True)) == [[0, 1], [2, 3]]


def test_order_and_choice(Dataset):
    data = Dataset.range(6)
    assert values(data.take(2)) == [0, 1]
    assert values(data.skip(4)) == [4, 5]
    assert values(data.shard(3, 1)) == [1, 4]
    assert values(data.take(2).repeat(2)) == [0, 1, 0, 1]
    assert values(data.repeat().skip(5).take(3)) == [5, 0, 1]
    assert values(data.filter(lambda x: x % 2 == 0)) == [0, 2, 4]
    assert values(data.take(1).concatenate(Dataset.range(7, 9))) == [0, 7, 8]


def test_shuffle(Dataset):
    data = Dataset.range(50).shuffle(50, seed=1)
    first, second = values(data), values(data)
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    fixed = Dataset.range(50).shuffle(50, seed=1, reshuffle_each_iteration=False)
    assert values(fixed) == values(fixed)
    near = values(Dataset.range(50).map(lambda x: x).shuffle(3))
    assert all(place - i < 3 for i, place in enumerate(near))
    assert sorted(near) == list(range(50))


def test_map(tf, Dataset):
    data = Dataset.from_tensor_slices(([1, 2], [3, 4])).map(
        lambda a, b: (tf.cast(a, tf.float32) / 2, b), num_parallel_calls=tf.data.AUTOTUNE
    )
    assert [(float(a), int(b)) for a, b in data] == [(0.5, 3), (1.0, 4)]
    assert values(Dataset.from_tensor_slices({"a": [1, 2]}).map(lambda d: d["a"] + 1)) == [2, 3]


def test_from_generator(tf, Dataset):
    def rows(n):
        for i in range(n):
            yield [i, i + 1], i

    signature = (tf.TensorSpec((2,), tf.float32), tf.TensorSpec((), tf.int32))
    data = Dataset.from_generator(rows, output_signature=signature, args=(3,))
    assert [(a.numpy().tolist(), int(b)) for a, b in data] == [([0, 1], 0), ([1, 2], 1), ([2, 3], 2)]
    assert data.element_spec == signature
    with pytest.raises(TypeError, match="unknown length"):
        len(data)
    with pytest.raises(ValueError, match=r"shape \(2,\) where an element of shape \(3,\)"):
        list(
            Dataset.from_generator(rows, output_signature=(tf.TensorSpec((3,)), tf.TensorSpec(())), args=(1,))
        )


def test_structure(tf, Dataset):
    data = Dataset.zip((Dataset.range(3), Dataset.range(5)))
    assert [(int(a), int(b)) for a, b in data] == [(0, 0), (1, 1), (2, 2)]
    assert [int(i) for i, _ in Dataset.range(3).enumerate(start=5)] == [5, 6, 7]
    assert values(Dataset.range(3).flat_map(lambda n: Dataset.range(n))) == [0, 0, 1]
    assert values(
        Dataset.range(1, 4).interleave(lambda n: Dataset.range(n).map(lambda x: x * 0 + n), cycle_length=2)
    ) == [1, 2, 2, 3, 3, 3]
    assert [values(w) for w in Dataset.range(5).window(3, shift=2, drop_remainder=True)] == [
        [0, 1, 2],
        [2, 3, 4],
    ]
    assert int(Dataset.range(5).reduce(tf.constant(0, tf.int64), lambda s, x: s + x)) == 10


def test_padded_batch(tf, Dataset):
    data = Dataset.range(1, 4).map(lambda n: tf.fill([n], n))
    assert values(data.padded_batch(2)) == [[[1, 0], [2, 2]], [[3, 3, 3]]]
    assert values(data.padded_batch(3, padded_shapes=[4], padding_values=9))[0][0] == [1, 9, 9, 9]
    with pytest.raises(ValueError, match="Use padded_batch"):
        list(data.batch(3))


def test_cache(Dataset):
    calls = []
    data = Dataset.range(3).map(lambda x: calls.append(1) or x).cache()
    assert values(data) == values(data) == [0, 1, 2]
    assert len(calls) == 3


def test_specs(tf, Dataset):
    data = Dataset.from_tensor_slices((np.zeros((4, 3), "float32"), np.zeros(4, "int64"))).shuffle(4).batch(2)
    assert data.element_spec[0].shape.as_list() == [None, 3]
    assert data.element_spec[1].dtype == tf.int64
    assert int(data.cardinality()) == 2
    assert int(data.repeat().cardinality()) == tf.data.INFINITE_CARDINALITY


def test_bad_arguments(Dataset):
    with pytest.raises(ValueError, match="must have the same first size"):
        Dataset.from_tensor_slices((np.zeros(2), np.zeros(3)))
    with pytest.raises(ValueError, match="`batch_size` must be at least 1"):
        Dataset.range(3).batch(0)
    with pytest.raises(ValueError, match="`buffer_size` must be at least 1"):
        Dataset.range(3).shuffle(0)


def test_training(tf, Dataset):
    x = np.linspace(-1, 1, 40, dtype="float32").reshape(-1, 1)
    data = Dataset.from_tensor_slices((x, 2 * x)).shuffle(40).batch(8).prefetch(1)
    model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
    model.compile(optimizer=tf.keras.optimizers.SGD(0.3), loss="mse")
    history = model.fit(data, validation_data=data, epochs=10, verbose=0)
    assert history.history["val_loss"][-1] < 0.01
    assert model.predict(data, verbose=0).shape == (40, 1)


def test_data_sets_from_folders_and_arrays_have_tensors(tf, Dataset, tmp_path):
    from PIL import Image

    keras = tf.keras
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.new("RGB", (4, 4), (9, 0, 0)).save(tmp_path / name / "1.png")
    data = keras.utils.image_dataset_from_directory(tmp_path, image_size=(4, 4), shuffle=False, verbose=False)
    assert data.class_names == ["a", "b"]
    assert isinstance(data, Dataset)
    for images, labels in data.take(1):
        assert images[0].numpy().astype("uint8")[0, 0].tolist() == [9, 0, 0]
        assert labels.numpy().tolist() == [0, 1]
    assert data.element_spec[0] == tf.TensorSpec((None, 4, 4, 3), tf.float32)
    data = data.map(lambda x, y: (x / 9, y), num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    assert [float(x.numpy().max()) for x, _ in data] == [1.0]
    windows = keras.preprocessing.timeseries_dataset_from_array(np.arange(5), None, 2, batch_size=None)
    assert values(windows) == [[0, 1], [1, 2], [2, 3], [3, 4]]
    left, right = keras.utils.split_dataset(np.arange(5), 2)
    assert (int(left.cardinality()), [int(x.numpy()) for x in right]) == (2, [2, 3, 4])


def test_texts_from_folders_are_read_by_layers(tf, tmp_path):
    for name, text in (("bad", "very boring"), ("good", "very funny")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text(text)
    data = tf.keras.utils.text_dataset_from_directory(tmp_path, shuffle=False, verbose=False)
    assert data.element_spec[0] == tf.TensorSpec((None,), tf.string)
    assert [x.numpy().tolist() for x, _ in data] == [[b"very boring", b"very funny"]]
    read = tf.keras.layers.TextVectorization()
    read.adapt(data.map(lambda x, y: x))
    assert [x.numpy().tolist() for x, _ in data.map(lambda x, y: (read(x), y))] == [[[2, 4], [2, 3]]]
