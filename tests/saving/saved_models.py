"""Models of all kinds, made with Keras or with Schuss, compiled, with data."""

from __future__ import annotations

from typing import Any

import numpy as np


def flat(outputs: Any) -> list[np.ndarray]:
    """The outputs as a list, those of dicts by the order of keys."""
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    return [np.asarray(value) for value in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


def rows(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).rand(8, *shape).astype("float32")


def examples(keras: Any) -> dict[str, Any]:
    """Name → function without arguments that returns a compiled model, x and y."""
    layers, ops = keras.layers, keras.ops
    register = keras.saving.register_keras_serializable

    @register("examples")
    class Block(layers.Layer):
        """Layers held in all the ways there are."""

        def __init__(self, units: int, **kwargs: Any):
            super().__init__(**kwargs)
            self.units = units
            self._private, self.public = layers.Dense(units), layers.Dense(units)
            self.held = [layers.Dense(units), {"inner": layers.Dense(units)}]

        @property
        def alias(self) -> Any:
            return self.public

        def build(self, input_shape: Any) -> None:
            inner = (*input_shape[:-1], self.units)
            self._private.build(input_shape)
            for layer in (self.public, self.held[0], self.held[1]["inner"]):
                layer.build(inner)
            self.gain = self.add_weight(shape=(self.units,), initializer="ones", name="gain")

        def call(self, inputs: Any) -> Any:
            hidden = self.held[0](self.public(self._private(inputs)))
            return self.held[1]["inner"](hidden) * self.gain

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (*input_shape[:-1], self.units)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    @register("examples")
    class Net(keras.Model):
        def __init__(self, units: int = 3, **kwargs: Any):
            super().__init__(**kwargs)
            self.units = units
            self._hidden, self.block, self.top = layers.Dense(units), Block(units), layers.Dense(2)

        def call(self, inputs: Any, training: bool = False) -> Any:
            return self.top(self.block(self._hidden(inputs)))

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    @register("examples")
    def fourth_power(y_true: Any, y_pred: Any) -> Any:
        return ops.mean((y_true - y_pred) ** 4, axis=-1)

    def stack() -> Any:
        model = keras.Sequential(
            [
                layers.Input((4,)),
                layers.Dense(3, "relu", kernel_regularizer="l2"),
                layers.BatchNormalization(),
                layers.Dense(2, activation=keras.activations.tanh),
            ],
            name="stack",
        )
        model.compile("adam", "mse", metrics=["mae"])
        return model, rows(4), rows(2)

    def branches() -> Any:
        a, b = layers.Input((4,), name="a"), layers.Input((3,), name="b")
        shared = layers.Dense(5, name="shared")
        first = layers.Dense(2, name="first")(shared(layers.Add()([layers.Dense(3)(a), b])))
        second = layers.Dense(1, name="second", use_bias=False)(shared(b))
        model = keras.Model([a, b], [first, second], name="branches")
        model.compile(
            keras.optimizers.RMSprop(0.01, momentum=0.3, centered=True),
            {
                "first": keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
                "second": "mae",
            },
            loss_weights={"first": 1.0, "second": 0.5},
        )
        return model, [rows(4), rows(3)], [rows(2), rows(1)]

    def nested() -> Any:
        a, x = layers.Input((4,)), layers.Input((4,))
        inner = keras.Model(a, layers.Dense(4, "gelu")(a), name="inner")
        small = keras.Sequential([layers.Dense(4), layers.Activation("tanh")], name="small")
        model = keras.Model(x, inner(small(small(inner(x)))), name="nested")
        rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
        model.compile(keras.optimizers.SGD(rate, momentum=0.9, nesterov=True), fourth_power)
        return model, rows(4), rows(4)

    def functions() -> Any:
        x = layers.Input((4,))
        h = layers.Dense(3)(x)
        y = ops.concatenate([ops.relu(h) * 2.0 + 1, h[:, :2]], axis=-1)
        y = ops.reshape(ops.sum(y, axis=1, keepdims=True), (-1, 1)) / ops.maximum(1.0, ops.abs(h))
        model = keras.Model(x, ops.clip(ops.einsum("bi,bi->bi", y, h), -3, 3) - 3)
        model.compile("adagrad", "mse")
        return model, rows(4), rows(3)

    def subclassed() -> Any:
        model = Net(3, name="net")
        model.compile(keras.optimizers.Adam(amsgrad=True, clipnorm=1.0, weight_decay=0.01), "mse")
        return model, rows(4), rows(2)

    def images() -> Any:
        x = layers.Input((6, 6, 2))
        a = layers.MaxPooling2D()(layers.Conv2D(4, 3, padding="same", activation="relu")(x))
        b = layers.AveragePooling2D(3, 2, "same")(layers.SeparableConv2D(4, 2, padding="same")(x))
        h = layers.BatchNormalization()(layers.concatenate([a, b]))
        h = layers.DepthwiseConv2D(3, depth_multiplier=2, depthwise_regularizer="l2")(h)
        h = layers.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=1)(h)
        h = layers.SpectralNormalization(layers.Conv2D(4, 1, groups=2, use_bias=False))(h)
        h = layers.AdaptiveAveragePooling2D(2)(layers.GroupNormalization(2)(h))
        model = keras.Model(x, layers.Dense(2)(layers.Flatten()(h)), name="images")
        model.compile("sgd", "mse")
        return model, rows(6, 6, 2), rows(2)

    def series() -> Any:
        model = keras.Sequential(
            [
                layers.Input((8, 3)),
                layers.Conv1D(4, 3, dilation_rate=2, padding="causal", activation="gelu", name="causal"),
                layers.DepthwiseConv1D(2, name="apart"),
                layers.SeparableConv1D(6, 2, strides=2, name="separable"),
                layers.Conv1DTranspose(3, 3, strides=2, kernel_constraint="max_norm", name="back"),
                layers.MaxPooling1D(2, padding="same"),
                layers.BatchNormalization(renorm=True),
                layers.GlobalAveragePooling1D(),
            ],
            name="series",
        )
        model.compile(keras.optimizers.SGD(0.05, momentum=0.5), "mse")
        return model, rows(8, 3), rows(3)

    return {f.__name__: f for f in (stack, branches, nested, functions, subclassed, images, series)}
