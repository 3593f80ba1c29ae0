"""Record what Keras's recurrent layers compute, for tests/recorded/rnn.json and .npz.

``KERAS_BACKEND=torch python tools/record_keras_rnn.py``. For each case: the class and its config (layers and cells within
as ``[class, config]``), the names of the weights, what `get_config` says, and arrays: ``input``, ``mask``, ``stateN`` (the
initial states), ``weightN``, ``outputN``; the gradients of ``Σ outputN · output_gradN`` by inputs, states and weights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import torch

DRAW = np.random.default_rng(11)
ALL = {"return_sequences": True, "return_state": True}
SERIES, CLIPS = (3, 4, 2), (2, 3, 4, 3, 2)
Case = tuple[str, dict[str, Any], tuple[int, ...], str]
"""Class, config, the input's shape, and what the call is given: "m" a mask, "s" states."""

CASES: list[Case] = [
    ("SimpleRNN", {"units": 3, **ALL}, SERIES, ""),
    ("SimpleRNN", {"units": 3, **ALL}, SERIES, "ms"),
    ("SimpleRNN", {"units": 2, "activation": "relu", "use_bias": False, "go_backwards": True}, SERIES, "m"),
    ("SimpleRNN", {"units": 2, "activation": None, "return_state": True, "unroll": True}, SERIES, "s"),
    ("SimpleRNN", {"units": 2, "return_sequences": True, "zero_output_for_mask": True}, SERIES, "m"),
    ("SimpleRNN", {"units": 2, "kernel_regularizer": "l2", "recurrent_regularizer": "l1"}, SERIES, ""),
    ("LSTM", {"units": 3, **ALL}, SERIES, ""),
    ("LSTM", {"units": 3, **ALL}, SERIES, "ms"),
    ("LSTM", {"units": 3, **ALL, "go_backwards": True}, SERIES, "ms"),
    ("LSTM", {"units": 2, "zero_output_for_mask": True, "return_state": True}, SERIES, "m"),
    ("LSTM", {"units": 2, "recurrent_activation": "hard_sigmoid", "activation": "softsign"}, SERIES, ""),
    ("LSTM", {"units": 2, "use_bias": False, "unroll": True, "return_sequences": True}, SERIES, "m"),
    ("LSTM", {"units": 2, "unit_forget_bias": False, "bias_initializer": "ones"}, SERIES, ""),
    ("LSTM", {"units": 1, "implementation": 1}, (1, 1, 1), "s"),
    ("GRU", {"units": 3, **ALL}, SERIES, ""),
    ("GRU", {"units": 3, **ALL}, SERIES, "ms"),
    ("GRU", {"units": 3, **ALL, "reset_after": False}, SERIES, "ms"),
    ("GRU", {"units": 2, "reset_after": False, "use_bias": False, "go_backwards": True}, SERIES, ""),
    ("GRU", {"units": 2, "use_bias": False, "return_sequences": True, "go_backwards": True}, SERIES, "m"),
    ("GRU", {"units": 2, "recurrent_activation": "tanh", "activation": "elu", "unroll": True}, SERIES, "s"),
    ("RNN", {"cell": ["LSTMCell", {"units": 2}], **ALL}, SERIES, "ms"),
    ("RNN", {"cell": ["GRUCell", {"units": 2}], "go_backwards": True}, SERIES, "m"),
    ("RNN", {"cell": [["LSTMCell", {"units": 3}], ["GRUCell", {"units": 2}]], **ALL}, SERIES, ""),
    ("RNN", {"cell": [["SimpleRNNCell", {"units": 3}], ["LSTMCell", {"units": 2}]], **ALL}, SERIES, "ms"),
    ("RNN", {"cell": [["GRUCell", {"units": 3}], ["GRUCell", {"units": 2}]], **ALL}, SERIES, "m"),
    (
        "RNN",
        {"cell": ["SimpleRNNCell", {"units": 2}], **ALL, "zero_output_for_mask": True, "go_backwards": True},
        SERIES,
        "m",
    ),
    *(
        ("Bidirectional", {"layer": ["GRU", {"units": 2, **more}], "merge_mode": mode}, SERIES, call)
        for mode, more, call in (
            ("concat", {"return_sequences": True}, "m"),
            ("sum", {"return_sequences": True, "return_state": True}, "ms"),
            ("mul", {}, "m"),
            ("ave", {"return_sequences": True}, ""),
            (None, {"return_sequences": True}, "m"),
            (None, {"return_state": True}, "s"),
        )
    ),
    ("Bidirectional", {"layer": ["LSTM", {"units": 2, **ALL}], "merge_mode": "concat"}, SERIES, "ms"),
    (
        "Bidirectional",
        {
            "layer": ["LSTM", {"units": 2}],
            "backward_layer": ["SimpleRNN", {"units": 3, "go_backwards": True}],
        },
        SERIES,
        "m",
    ),
    ("TimeDistributed", {"layer": ["LSTM", {"units": 2}]}, (2, 3, 4, 2), ""),
    ("TimeDistributed", {"layer": ["Bidirectional", {"layer": ["GRU", {"units": 2}]}]}, (2, 2, 3, 2), ""),
    ("ConvLSTM1D", {"filters": 2, "kernel_size": 2, **ALL}, (2, 3, 5, 2), "s"),
    ("ConvLSTM1D", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, (2, 3, 5, 1), "m"),
    ("ConvLSTM2D", {"filters": 2, "kernel_size": [2, 3], "padding": "same", **ALL}, CLIPS, "ms"),
    ("ConvLSTM2D", {"filters": 1, "kernel_size": 2, "use_bias": False, "go_backwards": True}, CLIPS, ""),
    (
        "ConvLSTM2D",
        {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "unit_forget_bias": False, "return_state": True},
        (2, 3, 4, 4, 2),
        "",
    ),
    ("ConvLSTM3D", {"filters": 2, "kernel_size": 2, "return_sequences": True}, (1, 2, 3, 2, 3, 1), ""),
]


def made(kind: str, config: dict[str, Any]) -> Any:
    return getattr(keras.layers, kind)(**{key: within(value) for key, value in config.items()})


def within(value: Any) -> Any:
    """The layer that ``[class, config]`` stands for, in lists, too; other values as they are."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        return made(*value)
    return [within(item) for item in value] if isinstance(value, list) else value


def flat(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, (list, tuple)) else [value]


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, requires_grad=array.dtype.kind == "f")


def normal(shape: Any) -> np.ndarray:
    return DRAW.normal(size=tuple(shape)).astype("float32")


def record(kind: str, config: dict[str, Any], shape: tuple[int, ...], call: str) -> tuple[dict, dict]:
    keras.utils.clear_session()
    layer = made(kind, config)
    layer.build(shape)
    arrays = {"input": normal(shape)}
    given: dict[str, Any] = {}
    if "m" in call:
        mask = DRAW.random(shape[:2]) < 0.6
        mask[0, 0], mask[-1, -1] = False, False
        arrays["mask"], given["mask"] = mask, torch.tensor(mask)
    states: list[torch.Tensor] = []
    if "s" in call:
        ends = (layer.forward_layer, layer.backward_layer) if kind == "Bidirectional" else (layer,)
        first = [state for end in ends for state in end.get_initial_state(shape[0])]
        given["initial_state"] = keras.tree.map_structure(lambda s: tensor(normal(s.shape)), first)
        states = flat(given["initial_state"])
        arrays |= {f"state{i}": state.detach().numpy() for i, state in enumerate(states)}
    arrays |= {f"weight{i}": 0.7 * normal(w.shape) for i, w in enumerate(layer.weights)}
    layer.set_weights([arrays[f"weight{i}"] for i in range(len(layer.weights))])
    x = tensor(arrays["input"])
    outputs = flat(layer(x, **given))
    errors = [normal(y.shape) for y in outputs]
    weighted = [(y * torch.tensor(dy)).sum() for y, dy in zip(outputs, errors, strict=True)]
    torch.stack(weighted).sum().backward()
    arrays |= {f"output{i}": y.detach().numpy() for i, y in enumerate(outputs)}
    arrays |= {f"output_grad{i}": dy for i, dy in enumerate(errors)}
    arrays["grad.input"] = x.grad.numpy()
    arrays |= {f"grad.state{i}": gradient(s) for i, s in enumerate(states)}
    arrays |= {f"grad.weight{i}": gradient(w.value) for i, w in enumerate(layer.weights)}
    described = layer.get_config()
    paths = [w.path.split("/", 1)[1] for w in layer.weights]
    case = {"class": kind, "config": config, "call": call, "weights": paths, "described": described}
    return case, arrays


def gradient(value: torch.Tensor) -> np.ndarray:
    return np.zeros(tuple(value.shape), "float32") if value.grad is None else value.grad.numpy()


def main() -> None:
    cases, arrays = [], {}
    for index, case in enumerate(CASES):
        described, figures = record(*case)
        cases.append({"id": f"{index:03}", **described})
        arrays |= {f"{index:03}/{name}": array for name, array in figures.items()}
    folder = Path(__file__).parent.parent / "tests" / "recorded"
    text = {"source": f"Keras {keras.__version__}, torch {torch.__version__}", "cases": cases}
    (folder / "rnn.json").write_text(json.dumps(text, indent=1, default=list) + "\n")
    np.savez_compressed(folder / "rnn.npz", **arrays)


if __name__ == "__main__":
    main()
