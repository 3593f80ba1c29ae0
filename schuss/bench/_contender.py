"""One contender on one workload, in a process of its own: ``python _contender.py '{"contender": …, "workload": …}'``.

Prints the times of its steps in microseconds, as JSON. It is run by its path, by any Python, and imports nothing but the
contender, so that it measures the same where Schuss is not installed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Run = Callable[[], Any]  # one epoch, or one call of predict


def data_of(w: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Random rows and labels, float32; the same for everybody."""
    rng = np.random.default_rng(0)
    rows, outputs = w["batch"] * w["steps"], w["layers"][-1][0]
    x = rng.standard_normal((rows, w["inputs"]), dtype="float32")
    if w["loss"] == "categorical_crossentropy":
        return x, np.eye(outputs, dtype="float32")[rng.integers(0, outputs, rows)]
    if w["loss"] == "binary_crossentropy":
        return x, rng.integers(0, 2, (rows, outputs)).astype("float32")
    return x, rng.standard_normal((rows, outputs), dtype="float32")


def keras_run(w: dict[str, Any], keras: Any) -> Run:
    """`fit` or `predict` of Keras, or of Schuss, whose names are the same."""
    x, y = data_of(w)
    layers = [keras.layers.Dense(units, activation=activation) for units, activation in w["layers"]]
    model = keras.Sequential([keras.Input((w["inputs"],)), *layers])
    optimizer = keras.optimizers.SGD(0.01) if w["optimizer"] == "sgd" else keras.optimizers.Adam(1e-3)
    model.compile(optimizer=optimizer, loss=w["loss"])
    if w["kind"] == "predict":
        return lambda: model.predict(x, batch_size=w["batch"], verbose=0)
    return lambda: model.fit(x, y, batch_size=w["batch"], epochs=1, verbose=0)


def torch_run(w: dict[str, Any], compiled: bool) -> Run:
    """A training loop of PyTorch as its tutorials write it, batches taken by a random permutation."""
    import torch
    from torch import nn

    x, y = map(torch.from_numpy, data_of(w))
    parts: list[nn.Module] = []
    size = w["inputs"]
    names = {"relu": nn.ReLU, "tanh": nn.Tanh}
    for units, activation in w["layers"]:
        parts.append(nn.Linear(size, units))
        size = units
        if activation in names:
            parts.append(names[activation]())
    model = nn.Sequential(*parts)
    if w["kind"] == "predict":
        model.eval()
        forward = torch.compile(model) if compiled else model

        def predict() -> Any:
            with torch.inference_mode():
                return torch.softmax(forward(x), -1)

        return predict
    if w["loss"] == "categorical_crossentropy":
        loss_of, y = nn.CrossEntropyLoss(), y.argmax(1)
    else:
        loss_of = nn.BCEWithLogitsLoss() if w["loss"] == "binary_crossentropy" else nn.MSELoss()
    parameters = model.parameters()
    optimizer = (
        torch.optim.SGD(parameters, 0.01) if w["optimizer"] == "sgd" else torch.optim.Adam(parameters, 1e-3)
    )

    def step(xb: Any, yb: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(xb), yb)
        loss.backward()
        return loss

    compiled_step = torch.compile(step) if compiled else step

    def epoch() -> None:
        for rows in torch.randperm(len(x)).split(w["batch"]):
            compiled_step(x[rows], y[rows])
            optimizer.step()

    return epoch


def jax_run(w: dict[str, Any], scan: bool) -> Run:
    """Hand-written JAX: `jit` of a step, or a whole epoch of steps in one `scan`."""
    import jax
    import jax.numpy as jnp

    x, y = map(jnp.asarray, data_of(w))
    sizes = [w["inputs"], *(units for units, _ in w["layers"])]
    keys = jax.random.split(jax.random.key(0), len(w["layers"]))
    initial = [
        (jax.random.normal(k, (a, b)) * (2 / (a + b)) ** 0.5, jnp.zeros(b))
        for k, a, b in zip(keys, sizes, sizes[1:], strict=False)
    ]
    activations = {"relu": jax.nn.relu, "tanh": jnp.tanh}

    def forward(weights: Any, x: Any) -> Any:
        for (W, b), (_, activation) in zip(weights, w["layers"], strict=True):
            x = activations.get(activation, lambda z: z)(x @ W + b)
        return x

    def loss_of(weights: Any, x: Any, y: Any) -> Any:
        z = forward(weights, x)
        if w["loss"] == "categorical_crossentropy":
            return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(z), -1))
        if w["loss"] == "binary_crossentropy":
            return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
        return jnp.mean((z - y) ** 2)

    def updated(state: Any, x: Any, y: Any) -> Any:
        weights, m, v, t = state
        grads = jax.grad(loss_of)(weights, x, y)
        if w["optimizer"] == "sgd":
            return jax.tree.map(lambda p, g: p - 0.01 * g, weights, grads), m, v, t
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), weights, m, v), m, v, t

    if w["kind"] == "predict":
        call = jax.jit(lambda weights, x: jax.nn.softmax(forward(weights, x)))
        return lambda: np.asarray(call(initial, x))
    zeros = jax.tree.map(jnp.zeros_like, initial)
    state = [(initial, zeros, zeros, jnp.zeros(()))]
    rng = np.random.default_rng(1)
    one = jax.jit(lambda state, rows: updated(state, x[rows], y[rows]))
    all_steps = jax.jit(
        lambda state, rows: jax.lax.scan(lambda s, r: (updated(s, x[r], y[r]), None), state, rows)[0]
    )

    def epoch() -> None:
        rows = jnp.asarray(rng.permutation(len(x)).reshape(w["steps"], w["batch"]))
        if scan:
            state[0] = all_steps(state[0], rows)
        else:
            for r in rows:
                state[0] = one(state[0], r)
        jax.block_until_ready(state[0])

    return epoch


def run_of(contender: str, w: dict[str, Any]) -> Run:
    """What the contender does again and again."""
    if contender == "schuss":
        import schuss

        return keras_run(w, schuss)
    if contender.startswith("keras"):
        import keras

        return keras_run(w, keras)
    if contender.startswith("torch"):
        return torch_run(w, compiled=contender == "torch compile")
    return jax_run(w, scan=contender == "jax scan")


def times_of(run: Run, steps: int, seconds: float) -> list[float]:
    """Microseconds of a step in at least five runs, and so many that they take `seconds`."""
    run()
    run()
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < 5 or (time.perf_counter() - begin < seconds and len(times) < 2000):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) / steps * 1e6)
    return times


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    run = run_of(asked["contender"], asked["workload"])
    print(json.dumps(times_of(run, asked["workload"]["steps"], asked["seconds"])))
