"""Record what Keras's attention layers compute, for tests/recorded/attention.json and .npz.

``KERAS_BACKEND=tensorflow python tools/record_keras_attention.py [seed count folder]``. Configs and inputs are drawn at
random (no heads of size 1, whose biases Keras adds along a wrong axis on TensorFlow); each case says what the layer was made with and called with, and what came out: results, gradients (of the sum
of the first result times ``dy``), penalties, the config and whether the result has a mask.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

FOLDER = Path(__file__).parent.parent / "tests" / "recorded"


class Draw:
    """Random configs and arrays."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)

    def maybe(self, chance: float = 0.5) -> bool:
        return bool(self.random.random() < chance)

    def of(self, *choices: Any) -> Any:
        return choices[int(self.random.integers(len(choices)))]

    def size(self, low: int = 1, high: int = 5) -> int:
        return int(self.random.integers(low, high))

    def normal(self, *shape: int) -> np.ndarray:
        return self.random.normal(size=shape).astype("float32")

    def mask(self, *shape: int) -> np.ndarray:
        return self.random.random(shape) < 0.7

    def dtype(self) -> dict[str, Any]:
        return {"dtype": self.of("float64", "mixed_float16")} if self.maybe(0.15) else {}

    def sequences(self, *between: int, width: int | None = None) -> dict[str, np.ndarray]:
        batch, queries, keys = 2, self.size(1, 6), self.size(1, 6)
        q, v = width or self.size(2, 6), width or self.size(2, 6)
        found = {
            "query": self.normal(batch, *between, queries, q),
            "value": self.normal(batch, *between, keys, v),
        }
        if self.maybe(0.3):
            found["key"] = self.normal(batch, *between, keys, self.size(2, 6))
        return found


def plain(draw: Draw) -> dict[str, Any]:
    """A case of Attention or AdditiveAttention."""
    kind, width = draw.of("Attention", "AdditiveAttention"), draw.size(2, 6)
    xs = draw.sequences(width=width)
    xs |= {"key": xs["value"][..., ::-1].copy()} if "key" in xs else {}
    config: dict[str, Any] = {"use_scale": draw.maybe(), **draw.dtype()}
    config |= {"score_mode": draw.of("dot", "concat")} if kind == "Attention" else {}
    call = {"use_causal_mask": True} if draw.maybe(0.4) else {}
    call |= {"return_attention_scores": True} if draw.maybe(0.3) else {}
    masks = {}
    if draw.maybe(0.6):
        masks = {
            "mask.query": draw.mask(2, xs["query"].shape[1]),
            "mask.value": draw.mask(2, xs["value"].shape[1]),
        }
        if draw.maybe(0.3):
            del masks[draw.of("mask.query", "mask.value")]
    return {"class": kind, "config": config, "call": call, "arrays": xs | masks}


def projected(draw: Draw) -> dict[str, Any]:
    """A case of MultiHeadAttention or GroupQueryAttention."""
    grouped = draw.maybe(0.4)
    config: dict[str, Any] = draw.dtype()
    config |= {"use_bias": False} if draw.maybe(0.3) else {}
    config |= {"use_gate": True} if draw.maybe(0.3) else {}
    config |= {"sliding_window": draw.size(1, 4)} if draw.maybe(0.25) else {}
    config |= {"kernel_regularizer": "l2"} if draw.maybe(0.15) else {}
    config |= {"activity_regularizer": "l1"} if draw.maybe(0.15) else {}
    between = ()
    if grouped:
        groups = draw.size(1, 4)
        config |= {
            "head_dim": draw.size(2, 6),
            "num_query_heads": groups * draw.size(1, 4),
            "num_key_value_heads": groups,
        }
    else:
        config |= {"num_heads": draw.size(), "key_dim": draw.size(2, 6)}
        config |= {"value_dim": draw.size(2, 6)} if draw.maybe(0.4) else {}
        config |= {"output_shape": draw.of(3, [5], [2, 3])} if draw.maybe(0.3) else {}
        between = draw.of((), (), (), (3,))
        config |= {"attention_axes": draw.of([1], [2], [1, 2], -2)} if between and draw.maybe(0.8) else {}
    xs = draw.sequences(*between)
    if between and config.get("attention_axes") != [2]:  # the other axes have equal sizes
        steps = xs["query"].shape[2]
        xs = {name: np.resize(x, (*x.shape[:2], steps, x.shape[3])) for name, x in xs.items()}
    call = {name: True for name in ("use_causal_mask", "return_attention_scores") if draw.maybe(0.4)}
    lengths = xs["query"].shape[1], xs["value"].shape[1]
    arrays = dict(xs)
    if between:
        call.pop("use_causal_mask", None)
        config.pop("sliding_window", None)
        return {"class": "MultiHeadAttention", "config": config, "call": call, "arrays": arrays}
    if draw.maybe(0.4):
        heads = config.get("num_heads", config.get("num_query_heads"))
        shape = draw.of((2, *lengths), (1, *lengths), (2, 1, *lengths), (2, heads, *lengths))
        arrays["attention_mask"] = draw.mask(*shape)
    apart = (
        arrays.get("attention_mask", np.ones(1)).ndim < 4
    )  # else masks of inputs do not broadcast with it in Keras
    for name in xs:
        if draw.maybe(0.25) and apart:
            arrays[f"mask.{name}"] = draw.mask(2, xs[name].shape[1])
    if draw.maybe(0.1) and apart:
        arrays["value_mask"] = draw.mask(2, lengths[1])
    if draw.maybe(0.1) and apart:
        arrays["query_mask"] = draw.mask(2, lengths[0])
    kind = "GroupQueryAttention" if grouped else "MultiHeadAttention"
    return {"class": kind, "config": config, "call": call, "arrays": arrays}


def recorded(case: dict[str, Any], draw: Draw) -> dict[str, np.ndarray]:
    """Run the case; note what came out in it, and return all its arrays."""
    layer = getattr(keras.layers, case["class"])(**case["config"])
    arrays = dict(case["arrays"])
    xs = {name: tf.constant(arrays[name]) for name in ("query", "value", "key") if name in arrays}
    masks = {name: arrays[name] for name in ("attention_mask", "query_mask", "value_mask") if name in arrays}

    def called() -> Any:
        for name, x in xs.items():
            mask = arrays.get(f"mask.{name}")
            keras.src.backend.set_keras_mask(x, None if mask is None else tf.constant(mask))
        listed = "Attention" in (case["class"], case["class"][8:])
        given: dict[str, Any] = {"inputs": list(xs.values())} if listed else xs
        return layer(**given, **case["call"], **masks)

    called()
    for variable in layer.weights:
        variable.assign(draw.normal(*variable.shape))
    weights = [np.array(v) for v in layer.weights]
    with tf.GradientTape() as tape:
        tape.watch(list(xs.values()))
        result = called()
        losses = list(layer.losses)
        results = list(result) if isinstance(result, tuple) else [result]
        dy = draw.normal(*results[0].shape).astype(results[0].dtype.name)
        total = tf.reduce_sum(results[0] * dy)
    places = {f"grad.weight{i}": v.value for i, v in enumerate(layer.weights)} | {
        f"grad.{n}": x for n, x in xs.items()
    }
    gradients: Any = tape.gradient(
        total, list(places.values()), unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    arrays |= {f"weight{i}": w for i, w in enumerate(weights)}
    arrays |= {name: np.array(tf.convert_to_tensor(g)) for name, g in zip(places, gradients, strict=True)}
    arrays |= {f"output{i}": np.array(y) for i, y in enumerate(results)} | {"dy": dy}
    case["weights"] = [v.path.split("/", 1)[1] for v in layer.weights]
    case["losses"] = [float(v) for v in losses]
    case["described"] = {k: v for k, v in layer.get_config().items() if k != "name"}
    case["masked"] = getattr(results[0], "_keras_mask", None) is not None
    case["arrays"] = sorted(arrays)
    return arrays


def main(seed: int, count: int, folder: Path) -> None:
    draw = Draw(seed)
    cases, kept = [], {}
    while len(cases) < count:
        case = draw.of(plain, projected, projected)(draw)
        arrays = recorded(case, draw)
        number = f"{len(cases):03}"
        cases.append({"id": number, **case})
        kept |= {f"{number}/{name}": array for name, array in arrays.items()}
    source = f"Keras {keras.__version__}, TensorFlow backend {tf.__version__}, CPU"
    lines = ",\n".join(json.dumps(case, default=list) for case in cases)
    (folder / "attention.json").write_text(f'{{"source": {json.dumps(source)}, "cases": [\n{lines}\n]}}\n')
    np.savez_compressed(folder / "attention.npz", **kept)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]), int(given[1]), Path(given[2])) if given else main(11, 70, FOLDER)
