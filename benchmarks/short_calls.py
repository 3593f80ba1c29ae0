"""Short calls: one row predicted, one batch trained on, with a network of 784-64-10; Schuss against other libraries.

``python benchmarks/short_calls.py [--python PYTHON …]``: PYTHON are interpreters that have other libraries (torch, onnx and
onnxruntime, keras with tensorflow, jax or torch); what they lack is left out. Everybody works in a process of its own, one
after the other, in several rounds; a figure is the median of the rounds' medians, each over many calls.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

SIZES = (784, 64, 10)
BATCH = 32
LIBRARIES = ("schuss", "torch", "onnxruntime", "keras tensorflow", "keras jax", "keras torch")
Calls = dict[str, Callable[[], object]]


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One row; a batch and its labels."""
    random = np.random.default_rng(0)
    batch = random.random((BATCH, SIZES[0]), dtype=np.float32)
    return batch[:1].copy(), batch, random.integers(0, SIZES[2], BATCH)


def keras_calls(keras: Any) -> Calls:
    row, batch, labels = data()
    model = keras.Sequential(
        [
            keras.Input((SIZES[0],)),
            keras.layers.Dense(SIZES[1], "relu"),
            keras.layers.Dense(SIZES[2], "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return {
        "predict, 1 row": lambda: model.predict(row, verbose=0),
        "predict_on_batch, 1 row": lambda: model.predict_on_batch(row),
        "model(x), 1 row": lambda: model(row),
        f"predict, {BATCH} rows": lambda: model.predict(batch, verbose=0),
        "train_on_batch": lambda: model.train_on_batch(batch, labels),
        "test_on_batch": lambda: model.test_on_batch(batch, labels),
        "fit, 1 batch": lambda: model.fit(batch, labels, verbose=0),
        "evaluate, 1 batch": lambda: model.evaluate(batch, labels, verbose=0),
    }


def torch_calls() -> Calls:
    import torch

    row, batch, labels = (torch.from_numpy(array) for array in data())
    model = torch.nn.Sequential(
        torch.nn.Linear(*SIZES[:2]), torch.nn.ReLU(), torch.nn.Linear(*SIZES[1:]), torch.nn.Softmax(-1)
    )
    optimizer = torch.optim.Adam(model.parameters())
    logits, loss = model[:3], torch.nn.CrossEntropyLoss()

    def predict(x: torch.Tensor) -> np.ndarray:
        with torch.inference_mode():
            return model(x).numpy()

    def train() -> float:
        optimizer.zero_grad()
        value = loss(logits(batch), labels)
        value.backward()
        optimizer.step()
        return value.item()

    return {
        "predict, 1 row": lambda: predict(row),
        f"predict, {BATCH} rows": lambda: predict(batch),
        "train_on_batch": train,
    }


def onnx_calls() -> Calls:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    row, batch, _ = data()
    random = np.random.default_rng(1)
    arrays = {
        "w0": random.normal(0, 0.05, SIZES[:2]), "b0": np.zeros(SIZES[1]),
        "w1": random.normal(0, 0.05, SIZES[1:]), "b1": np.zeros(SIZES[2]),
    }  # fmt: skip
    nodes = [
        helper.make_node("Gemm", ["x", "w0", "b0"], ["z"]),
        helper.make_node("Relu", ["z"], ["a"]),
        helper.make_node("Gemm", ["a", "w1", "b1"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", SIZES[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", SIZES[2]])],
        [numpy_helper.from_array(array.astype("float32"), name) for name, array in arrays.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return {
        "predict, 1 row": lambda: session.run(None, {"x": row}),
        f"predict, {BATCH} rows": lambda: session.run(None, {"x": batch}),
    }


def calls_of(library: str) -> Calls:
    """What is measured of a library."""
    if library == "torch":
        return torch_calls()
    if library == "onnxruntime":
        return onnx_calls()
    if library.startswith("keras "):
        os.environ["KERAS_BACKEND"] = library.split()[1]
        import keras

        return keras_calls(keras)
    import schuss

    return keras_calls(schuss)


def median_seconds(call: Callable[[], object], seconds: float) -> float:
    """The median time of a call, over as many as take so long."""
    for _ in range(20):
        call()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def measured(python: str, library: str, seconds: float) -> dict[str, float]:
    """A library's times, in a process of its own; none if that interpreter does not have it."""
    command = [python, __file__, "--measure", library, "--seconds", str(seconds)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{library} failed in {python}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def print_table(medians: dict[str, dict[str, float]]) -> None:
    """Rows: calls. Columns: libraries, microseconds; in brackets how many times Schuss's time."""
    names = list(next(iter(medians.values())))
    print(f"\n| µs | {' | '.join(medians)} |\n|---|{'---|' * len(medians)}")
    for name in names:
        ours = medians["schuss"][name]
        cells = []
        for library, times in medians.items():
            value = times.get(name)
            ratio = "" if library == "schuss" or value is None else f" ({value / ours:.1f})"
            cells.append("–" if value is None else f"{value * 1e6:.3g}{ratio}")
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", nargs="*", default=[], help="interpreters with other libraries")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each call in each round; default 0.5")
    parser.add_argument("--measure", choices=LIBRARIES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        parts = options.measure.split()
        found = all(importlib.util.find_spec(part) for part in parts)
        calls = calls_of(options.measure) if found else {}
        print(json.dumps({name: median_seconds(call, options.seconds) for name, call in calls.items()}))
        return
    contenders = [(sys.executable, "schuss")]
    contenders += [(python, library) for python in options.python for library in LIBRARIES[1:]]
    rounds: dict[str, list[dict[str, float]]] = {}
    for number in range(options.rounds):
        for python, library in contenders:
            times = measured(python, library, options.seconds)
            if times:
                rounds.setdefault(library, []).append(times)
                print(f"round {number + 1}: {library} is done", file=sys.stderr, flush=True)
    print_table(
        {
            library: {name: statistics.median(times[name] for times in found) for name in found[0]}
            for library, found in rounds.items()
        }
    )


if __name__ == "__main__":
    main()
