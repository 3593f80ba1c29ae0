"""Training that is interrupted and taken up again ends with the weights of training that was not."""

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.callbacks import BackupAndRestore, Callback, ModelCheckpoint

RANDOM = np.random.RandomState(0)
IMAGES, TOKENS = RANDOM.rand(12, 8, 8, 2).astype("float32"), RANDOM.randint(1, 9, (12, 3))
Y = RANDOM.rand(12, 2).astype("float32")


def images():
    return schuss.Sequential(
        [
            schuss.Input((8, 8, 2)),
            layers.RandomFlip(seed=1),
            layers.Conv2D(3, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.SpatialDropout2D(0.2, seed=2),
            layers.DepthwiseConv2D(2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )


def words():
    x = schuss.Input((3,), dtype="int32")
    h = layers.Embedding(9, 4, mask_zero=True)(x)
    h = layers.MultiHeadAttention(2, 3, dropout=0.1, seed=3)(h, h)
    h = layers.Bidirectional(layers.GRU(2, dropout=0.2, seed=4))(layers.LayerNormalization()(h))
    return schuss.Model(x, layers.Dense(2)(h))


MODELS = {"images": (images, IMAGES), "words": (words, TOKENS)}


class Interruption(Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def made(name, start):
    model = MODELS[name][0]()
    model.set_weights(start or model.get_weights())
    model.compile(
        schuss.optimizers.Adam(schuss.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5), clipnorm=1.0),
        "mse",
    )
    return model


def fit(model, name, *callbacks, **arguments):
    x = MODELS[name][1]
    model.fit(x, Y, batch_size=4, epochs=4, shuffle=False, verbose=0, callbacks=list(callbacks), **arguments)
    return model


def state(model):
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


def assert_equal(a, b):
    assert len(state(a)) == len(state(b))
    assert all(np.array_equal(v, w) for v, w in zip(state(a), state(b), strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_from_a_backup(name, tmp_path):
    first = made(name, None)
    start = first.get_weights()
    fit(first, name)
    stopped = made(name, start)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, name, BackupAndRestore(tmp_path / "backup"), Interruption())
    again = fit(made(name, None), name, BackupAndRestore(tmp_path / "backup"))
    assert_equal(first, again)


@pytest.mark.parametrize("name", MODELS)
def test_from_a_checkpoint_of_the_whole_model(name, tmp_path):
    first = fit(made(name, None), name, ModelCheckpoint(tmp_path / "{epoch}.keras"))
    again = schuss.models.load_model(tmp_path / "2.keras")
    fit(again, name, initial_epoch=2)
    assert_equal(first, again)


def test_from_the_middle_of_an_epoch(tmp_path):
    model = made("images", None)
    fit(model, "images", ModelCheckpoint(tmp_path / "{epoch}-{batch}.keras", save_freq=2))
    again = schuss.models.load_model(tmp_path / "4-1.keras")
    again.fit(IMAGES[4:], Y[4:], batch_size=4, shuffle=False, verbose=0)
    assert_equal(model, again)
