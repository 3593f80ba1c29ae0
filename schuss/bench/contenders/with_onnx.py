"""ONNX Runtime: a graph made by hand, run by a session with its own settings. It predicts only."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import Run, UnableError, builder
from ._data import data_of

_OPSET, _FORMAT = 17, 8  # so old that every runtime of the last years takes them
_ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "softmax": "Softmax"}


def run_of(workload: dict[str, Any]) -> Run:
    if workload["kind"] != "predict":
        raise UnableError("ONNX Runtime does not train")
    import onnxruntime
    from onnx import TensorProto, helper

    x, _ = data_of(workload)
    nodes, weights, result = builder(MODELS, workload, "ONNX Runtime")(workload)
    graph = helper.make_graph(
        nodes,
        "workload",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info(result, TensorProto.FLOAT, (len(x), workload["outputs"]))],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_FORMAT)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})[0]


def dense(workload: dict[str, Any]) -> tuple[list[Any], list[Any], str]:
    """Nodes, weights, and the name of the result of a dense network."""
    from onnx import helper, numpy_helper

    rng = np.random.default_rng(0)
    nodes, weights, value = [], [], "x"
    (size,) = workload["inputs"]
    for n, (units, activation) in enumerate(workload["layers"]):
        W = rng.standard_normal((size, units), dtype="float32") * np.float32((2 / (size + units)) ** 0.5)
        weights += [
            numpy_helper.from_array(W, f"W{n}"),
            numpy_helper.from_array(np.zeros(units, "float32"), f"b{n}"),
        ]
        nodes.append(helper.make_node("Gemm", [value, f"W{n}", f"b{n}"], [f"z{n}"]))
        value, size = f"z{n}", units
        if activation in _ACTIVATIONS:
            nodes.append(helper.make_node(_ACTIVATIONS[activation], [value], [f"a{n}"]))
            value = f"a{n}"
    return nodes, weights, value


MODELS = {"dense": dense}
