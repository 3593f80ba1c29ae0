"""Hand-written JAX: `jit` of a step, or a whole epoch of steps in one `scan`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import Run, UnableError, builder
from ._data import data_of


def run_of(workload: dict[str, Any], scan: bool) -> Run:
    """`scan`: an epoch in one call."""
    import jax
    import jax.numpy as jnp

    x, y = map(jnp.asarray, data_of(workload))
    initial, forward = builder(MODELS, workload, "JAX")(workload)
    if workload["kind"] == "predict":
        if scan:
            raise UnableError("a scan is over steps of training")
        last = {
            "categorical_crossentropy": jax.nn.softmax,
            "binary_crossentropy": jax.nn.sigmoid,
        }.get(workload["loss"], lambda z: z)
        call = jax.jit(lambda weights, x: last(forward(weights, x)))
        return lambda: np.asarray(call(initial, x))
    update = _update(forward, workload)
    zeros = jax.tree.map(jnp.zeros_like, initial)
    state = [(initial, zeros, zeros, jnp.zeros(()))]
    rng = np.random.default_rng(1)
    one = jax.jit(lambda state, rows: update(state, x[rows], y[rows]))
    all_steps = jax.jit(
        lambda state, rows: jax.lax.scan(lambda s, r: (update(s, x[r], y[r]), None), state, rows)[0]
    )

    def epoch() -> None:
        rows = jnp.asarray(rng.permutation(len(x)).reshape(workload["steps"], workload["batch"]))
        if scan:
            state[0] = all_steps(state[0], rows)
        else:
            for r in rows:
                state[0] = one(state[0], r)
        jax.block_until_ready(state[0])

    return epoch


def dense(workload: dict[str, Any]) -> tuple[Any, Callable[[Any, Any], Any]]:
    """First weights, and the function of weights and rows; its results are logits, where the loss is a
    cross-entropy."""
    import jax
    import jax.numpy as jnp

    sizes = [*workload["inputs"], *(units for units, _ in workload["layers"])]
    keys = jax.random.split(jax.random.key(0), len(workload["layers"]))
    initial = [
        (jax.random.normal(k, (a, b)) * (2 / (a + b)) ** 0.5, jnp.zeros(b))
        for k, a, b in zip(keys, sizes, sizes[1:], strict=False)
    ]
    activations = {"relu": jax.nn.relu, "tanh": jnp.tanh}

    def forward(weights: Any, x: Any) -> Any:
        for (W, b), (_, activation) in zip(weights, workload["layers"], strict=True):
            x = activations.get(activation, lambda z: z)(x @ W + b)
        return x

    return initial, forward


def stack(workload: dict[str, Any]) -> tuple[Any, Callable[[Any, Any], Any]]:
    """As `dense`, for layers of several kinds."""
    from . import jax_stack

    return jax_stack.stack(workload)


MODELS = {"dense": dense, "stack": stack}


def _update(forward: Callable[[Any, Any], Any], workload: dict[str, Any]) -> Callable[..., Any]:
    """One step: from the weights and the optimizer's state, and a batch, to the new ones."""
    import jax
    import jax.numpy as jnp

    def loss_of(weights: Any, x: Any, y: Any) -> Any:
        z = forward(weights, x)
        if workload["loss"] == "categorical_crossentropy":
            return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(z), -1))
        if workload["loss"] == "sparse_categorical_crossentropy":
            return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[..., None], -1))
        if workload["loss"] == "binary_crossentropy":
            return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
        return jnp.mean((z - y) ** 2)

    def update(state: Any, x: Any, y: Any) -> Any:
        weights, m, v, t = state
        grads = jax.grad(loss_of)(weights, x, y)
        if workload["optimizer"] == "sgd":
            return jax.tree.map(lambda p, g: p - 0.01 * g, weights, grads), m, v, t
        if workload["optimizer"] == "momentum":
            m = jax.tree.map(lambda m, g: 0.9 * m - 0.01 * g, m, grads)
            return jax.tree.map(jnp.add, weights, m), m, v, t
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), weights, m, v), m, v, t

    return update
