"""The cases of `optimizers_wrapping.json`, for Keras and for Schuss alike: optimizers within optimizers, and
short fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

SHAPES = {"kernel": (4, 3), "bias": (3,), "scalar": (), "cube": (2, 2, 3)}


def applied(o: Any) -> dict[str, Any]:
    """Optimizers of the module `o` that are applied to random gradients."""
    return {
        "schedule_free": o.ScheduleFreeAdamW(0.05),
        "schedule_free_warm": o.ScheduleFreeAdamW(0.05, beta_1=0.8, warmup_steps=4, weight_decay=0.1),
        "loss_scale": o.LossScaleOptimizer(o.Adam(0.05), initial_scale=64.0, dynamic_growth_steps=3),
        "loss_scale_accumulated": o.LossScaleOptimizer(
            o.SGD(0.05, momentum=0.9, gradient_accumulation_steps=2, clipnorm=0.5), 8.0, 2
        ),
        "several": o.MultiOptimizer(
            o.OptimizerMap(o.SGD(0.1), {".*bias": o.Adam(0.02), "cube": o.RMSprop(0.01, use_ema=True)})
        ),
    }


def fitted(o: Any) -> dict[str, Callable[[], Any]]:
    """Makers of optimizers of the module `o`, with which a model is fitted."""
    s = o.schedules
    return {
        "sgd": lambda: o.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=0.5),
        "rmsprop": lambda: o.RMSprop(0.01, centered=True, momentum=0.5, weight_decay=0.02),
        "adamw": lambda: o.AdamW(0.02, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3),
        "nadam": lambda: o.Nadam(s.ExponentialDecay(0.05, 3, 0.7), global_clipnorm=0.4),
        "adagrad": lambda: o.Adagrad(0.1, gradient_accumulation_steps=3),
        "lion": lambda: o.Lion(s.CosineDecay(0.001, 10, warmup_target=0.01, warmup_steps=3)),
        "loss_scale": lambda: o.LossScaleOptimizer(o.Adam(0.02, clipnorm=0.3), 2.0**10, 4),
        "several": lambda: o.MultiOptimizer(o.OptimizerMap(o.SGD(0.1), {".*bias": o.Adam(0.02)})),
    }


def gradients(rng: np.random.Generator, step: int) -> list[np.ndarray]:
    """Those of a step; in step 5 one is infinite."""
    found = [np.asarray(rng.normal(size=shape), "float32") for shape in SHAPES.values()]
    if step == 5:
        found[0][0, 0] = np.inf
    return found


def fit(keras: Any, optimizer: Any) -> tuple[dict[str, list[float]], list[np.ndarray]]:
    """The history and the weights of a short fit, from given weights and without shuffling."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 5)).astype("float32"), rng.integers(0, 3, 40)
    layers = [keras.layers.Dense(7, activation="tanh"), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.layers.Input((5,)), *layers])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.set_weights([0.5 * rng.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    history = model.fit(x, y, batch_size=16, epochs=4, shuffle=False, verbose=0)
    return history.history, model.get_weights()
