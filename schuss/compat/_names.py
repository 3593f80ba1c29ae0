"""Which of our modules stands for which of theirs, and the few names of ``tensorflow`` that Keras programs
use."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

KERAS_VERSION = "3.15.0"
TENSORFLOW_VERSION = "2.21.0"

KERAS_MODULES = {
    "": "schuss",
    "activations": "schuss.activations",
    "callbacks": "schuss.callbacks",
    "constraints": "schuss.constraints",
    "datasets": "schuss.datasets",
    **{
        f"datasets.{name}": f"schuss.datasets.{name}"
        for name in (
            "boston_housing",
            "california_housing",
            "cifar10",
            "cifar100",
            "digits",
            "fashion_mnist",
            "imdb",
            "mnist",
            "reuters",
        )
    },
    "initializers": "schuss.initializers",
    "layers": "schuss.layers",
    "losses": "schuss.losses",
    "metrics": "schuss.metrics",
    "models": "schuss.models",
    "ops": "schuss.ops",
    "optimizers": "schuss.optimizers",
    "optimizers.schedules": "schuss.optimizers.schedules",
    "random": "schuss.random",
    "regularizers": "schuss.regularizers",
    "saving": "schuss.saving",
    "utils": "schuss.utils",
}
"""Path below ``keras`` or ``tensorflow.keras`` → our module."""


def _call(module: str, name: str) -> Callable[[], Any]:
    return lambda: getattr(importlib.import_module(module), name)


def _value(value: Any) -> Callable[[], Any]:
    return lambda: value


def _constant(value: Any, dtype: Any = None, shape: Any = None, name: Any = None) -> np.ndarray:
    """``tf.constant``: an array."""
    from schuss import ops

    array = ops.convert_to_tensor(value, dtype)
    return (
        array
        if shape is None
        else np.broadcast_to(array, shape).copy()
        if np.size(array) == 1
        else np.reshape(array, shape)
    )


def _function(function: Any = None, **options: Any) -> Any:
    """``tf.function``: the function itself; it is traced where that helps, not where it is decorated."""
    return (lambda inner: inner) if function is None else function


def _no_devices(device_type: Any = None) -> list[Any]:
    return []


EXTRA_KERAS: dict[str, Callable[[], Any]] = {
    "__version__": _value(KERAS_VERSION),
    "backend.backend": _value(lambda: "schuss"),
    "backend.clear_session": _call("schuss.utils", "clear_session"),
    "backend.epsilon": _value(lambda: 1e-7),
    "backend.floatx": _call("schuss.graph", "floatx"),
    "backend.set_floatx": _call("schuss.graph", "set_floatx"),
    "config.floatx": _call("schuss.graph", "floatx"),
    "config.set_floatx": _call("schuss.graph", "set_floatx"),
    "config.backend": _value(lambda: "schuss"),
    "config.epsilon": _value(lambda: 1e-7),
}
"""Names below ``keras`` that are no module of ours."""

_OPS = {
    "abs": "absolute",
    "add": "add",
    "argmax": "argmax",
    "argmin": "argmin",
    "cast": "cast",
    "clip_by_value": "clip",
    "concat": "concatenate",
    "convert_to_tensor": "convert_to_tensor",
    "cos": "cos",
    "divide": "divide",
    "einsum": "einsum",
    "equal": "equal",
    "exp": "exp",
    "expand_dims": "expand_dims",
    "eye": "eye",
    "gather": "take",
    "greater": "greater",
    "less": "less",
    "linspace": "linspace",
    "matmul": "matmul",
    "maximum": "maximum",
    "minimum": "minimum",
    "multiply": "multiply",
    "one_hot": "one_hot",
    "ones": "ones",
    "ones_like": "ones_like",
    "pad": "pad",
    "pow": "power",
    "range": "arange",
    "reduce_max": "max",
    "reduce_mean": "mean",
    "reduce_min": "min",
    "reduce_prod": "prod",
    "reduce_sum": "sum",
    "reshape": "reshape",
    "round": "round",
    "shape": "shape",
    "sigmoid": "sigmoid",
    "sign": "sign",
    "sin": "sin",
    "sqrt": "sqrt",
    "square": "square",
    "squeeze": "squeeze",
    "stack": "stack",
    "stop_gradient": "stop_gradient",
    "subtract": "subtract",
    "tanh": "tanh",
    "tensordot": "tensordot",
    "tile": "tile",
    "transpose": "transpose",
    "where": "where",
    "zeros": "zeros",
    "zeros_like": "zeros_like",
}
_MATH = [
    "abs",
    "add",
    "cos",
    "divide",
    "equal",
    "exp",
    "floor",
    "greater",
    "less",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "pow",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_std",
    "reduce_sum",
    "reduce_variance",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sqrt",
    "square",
    "subtract",
    "tanh",
]
_MATH_OPS = {
    "log": "log",
    "log1p": "log1p",
    "floor": "floor",
    "mod": "mod",
    "rsqrt": "rsqrt",
    "reduce_std": "std",
    "reduce_variance": "var",
    "erf": "erf",
}
_NN = [
    "elu",
    "gelu",
    "leaky_relu",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]

TENSORFLOW: dict[str, Callable[[], Any]] = {
    "__version__": _value(TENSORFLOW_VERSION),
    "version.VERSION": _value(TENSORFLOW_VERSION),
    "Tensor": _call("schuss.graph", "Tensor"),
    "Variable": _call("schuss.graph", "Variable"),
    "constant": _value(_constant),
    "function": _value(_function),
    "random.set_seed": _call("schuss.utils", "set_random_seed"),
    "random.normal": _call("schuss.random", "normal"),
    "random.uniform": _call("schuss.random", "uniform"),
    "config.list_physical_devices": _value(_no_devices),
    "config.list_logical_devices": _value(_no_devices),
    "test.is_gpu_available": _value(lambda *args, **kwargs: False),
    "newaxis": _value(None),
    **{name: _call("schuss.ops", ours) for name, ours in _OPS.items()},
    **{f"math.{name}": _call("schuss.ops", {**_OPS, **_MATH_OPS}[name]) for name in _MATH},
    "math.erf": _call("schuss.ops", "erf"),
    "math.log": _call("schuss.ops", "log"),
    "linalg.matmul": _call("schuss.ops", "matmul"),
    "linalg.norm": _call("schuss.ops", "norm"),
    **{f"nn.{name}": _call("schuss.ops", name) for name in _NN},
    **{
        name: _value(np.dtype(name))
        for name in [
            "bool",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "int8",
            "int16",
            "int32",
            "int64",
            "float16",
            "float32",
            "float64",
        ]
    },
}
"""Names below ``tensorflow`` beside ``tensorflow.keras``."""
