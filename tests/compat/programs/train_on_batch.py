"""A training loop of one's own over `train_on_batch` and `test_on_batch`."""

import argparse

import numpy as np
from keras.layers import Activation, Dense
from keras.models import Sequential
from keras.utils import to_categorical

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch-size", type=int, default=25)
args = parser.parse_args()


def batches(x, y, size):
    for start in range(0, len(x), size):
        yield x[start : start + size], y[start : start + size]


def main():
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 4, 100)
    x, y = np.eye(4)[labels] + 0.1 * rng.normal(size=(100, 4)), to_categorical(labels)
    model = Sequential()
    model.add(Dense(12, input_shape=(4,)))
    model.add(Activation("relu"))
    model.add(Dense(4))
    model.add(Activation("softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    losses = []
    for epoch in range(args.epochs):
        results = [model.train_on_batch(bx, by) for bx, by in batches(x, y, args.batch_size)]
        losses.append(np.mean([r[0] for r in results]))
        print("epoch %d: loss %.3f" % (epoch, losses[-1]))
    print(len(losses), model.predict_on_batch(x[:3]).shape, len(model.test_on_batch(x, y)))
    assert losses[-1] < losses[0]


if __name__ == "__main__":
    main()
