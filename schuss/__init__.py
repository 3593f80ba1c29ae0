"""Schuss: Keras's language on top; our own graph, backpropagation and compiler below.

Everything is imported at its first use, so that ``import schuss`` costs little.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_MODULES = [
    "activations",
    "autodiff",
    "backend",
    "backends",
    "bench",
    "callbacks",
    "compat",
    "compiler",
    "config",
    "constraints",
    "data",
    "datasets",
    "dtype_policies",
    "errors",
    "graph",
    "initializers",
    "insight",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "tabular",
    "training",
    "tree",
    "utils",
]

_NAMES = {
    **dict.fromkeys(
        ("Spec", "StatelessScope", "Tensor", "Variable", "floatx", "name_scope", "set_floatx", "trace"),
        "graph",
    ),
    **dict.fromkeys(("custom_gradient", "grad", "hvp", "jvp", "value_and_grad", "vjp"), "autodiff"),
    **dict.fromkeys(("Model", "Sequential"), "models"),
    **dict.fromkeys(("Input", "InputSpec", "Layer"), "layers"),
    "DTypePolicy": "layers._dtype_policy",
    "FloatDTypePolicy": "dtype_policies",
    "KerasTensor": "layers._symbolic",
    **dict.fromkeys(("RematScope", "remat"), "layers._remat"),
    "Initializer": "initializers",
    "Loss": "losses",
    "Metric": "metrics",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "diagnose": "insight",
    "explain": "insight",
    "explain_compilation": "insight",
    "find_learning_rate": "insight",
    "gradient_check": "insight",
    "jit": "backends",
    "landscape": "insight",
    "profile": "bench",
    "report": "insight",
    "stop_gradient": "ops",
}


def version() -> str:
    """The version of this library."""
    return __version__


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"schuss.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"schuss.{_NAMES[name]}"), name)
    from schuss.utils._names import suggestion

    raise AttributeError(f"module 'schuss' has no attribute {name!r}. {suggestion(name, __dir__())}")


def __dir__() -> list[str]:
    return sorted([*_MODULES, *_NAMES, "__version__", "version"])
