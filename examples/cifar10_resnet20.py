"""ResNet-20 on small photographs of ten kinds of things (He et al., 2015, https://arxiv.org/abs/1512.03385).

    python examples/cifar10_resnet20.py

CIFAR-10 (170 MB) is downloaded once; ``SCHUSS_DATASETS`` may name a folder with a ``cifar-10-python.tar.gz``. The
paper reports 91.25 % after 64,000 steps (164 epochs); ``--epochs 10`` on the command line is a shorter try.
"""

import sys

import schuss as keras
from schuss import layers


def convolution(filters: int, kernel_size: int = 3, strides: int = 1) -> layers.Conv2D:
    return layers.Conv2D(
        filters, kernel_size, strides, padding="same", use_bias=False, kernel_initializer="he_normal"
    )


def residual(x, filters: int, strides: int):
    """Two convolutions whose result is added to what they were given: the block of a residual network."""
    new = layers.BatchNormalization()(convolution(filters, strides=strides)(x))
    new = layers.BatchNormalization()(convolution(filters)(layers.ReLU()(new)))
    if strides != 1:  # the shortcut has to become smaller, too
        x = layers.BatchNormalization()(convolution(filters, 1, strides)(x))
    return layers.ReLU()(layers.Add()([x, new]))


def build_model(blocks: int = 3) -> keras.Model:
    """6 n + 2 layers deep, n being the number of blocks in each of the three stages."""
    inputs = keras.Input(shape=(32, 32, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = layers.RandomFlip("horizontal")(x)  # these two change images in training only
    x = layers.RandomCrop(32, 32)(layers.ZeroPadding2D(4)(x))
    x = layers.ReLU()(layers.BatchNormalization()(convolution(16)(x)))
    for stage, filters in enumerate((16, 32, 64)):
        for block in range(blocks):
            x = residual(x, filters, strides=2 if stage > 0 and block == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax", kernel_initializer="he_normal")(x))


def main(epochs: int = 164, batch_size: int = 128, blocks: int = 3) -> float:
    """Trains, and says how many of the test's images are named right."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()

    steps = epochs * -(-len(x_train) // batch_size)
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([steps // 2, steps * 3 // 4], [0.1, 0.01, 0.001])
    model = build_model(blocks)
    model.summary()
    model.compile(
        optimizer=keras.optimizers.SGD(
            rate, momentum=0.9, weight_decay=1e-3
        ),  # times the rate: the paper's 1e-4
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x_train, y_train, batch_size, epochs, validation_data=(x_test, y_test), verbose=2)

    accuracy = model.evaluate(x_test, y_test, batch_size, verbose=0)[1]
    print(f"Test: {accuracy:.4f} are named right")
    return accuracy


if __name__ == "__main__":
    main(epochs=int(sys.argv[sys.argv.index("--epochs") + 1]) if "--epochs" in sys.argv else 164)
