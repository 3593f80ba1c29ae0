"""What is to be said of a model and of where it was trained: layers, sizes, how to train it again."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import schuss
from schuss.graph import Variable
from schuss.models._summary import class_name, output_shape_text
from schuss.training._compile import _name_of


@dataclass
class LayerFact:
    """A layer of the model: `depth` says within how many others it lies."""

    depth: int
    name: str
    kind: str
    output: str
    parameters: int
    trainable: bool


@dataclass
class ModelFacts:
    """A model, in words and numbers.

    Attributes:
        layers: in order, nested models opened. trainable, fixed: numbers of weights. bytes, optimizer_bytes:
            memory of weights, and of what the optimizer keeps.
        optimizer, loss, metrics: as they were given to `compile`.
        config: the model's config, JSON; None where it has none.
    """

    name: str
    kind: str
    layers: list[LayerFact] = field(default_factory=list)
    trainable: int = 0
    fixed: int = 0
    bytes: int = 0
    optimizer_bytes: int = 0
    optimizer: dict[str, Any] = field(default_factory=dict)
    loss: str = ""
    metrics: list[str] = field(default_factory=list)
    config: str | None = None


def model_facts(model: Any) -> ModelFacts:
    """What there is to say of a model."""
    facts = ModelFacts(model.name, type(model).__name__)
    facts.layers = list(_layers(model.layers, 0))
    trained, weights = model.trainable_variables, model.weights
    facts.trainable = sum(v.size for v in trained)
    facts.fixed = sum(v.size for v in weights) - facts.trainable
    facts.bytes = _bytes(weights)
    facts.config = _config(model)
    optimizer = model.optimizer
    if optimizer is not None:
        facts.optimizer_bytes = _bytes(optimizer.variables)
        facts.optimizer = {"class": type(optimizer).__name__, **_plain(_attempt(optimizer.get_config) or {})}
    if model._compiled is not None:
        facts.loss = _said(model._compiled.arguments["loss"])
        facts.metrics = [
            _said(entry)
            for kind in ("metrics", "weighted_metrics")
            for entry in _entries(model._compiled.arguments[kind])
        ]
    return facts


def _layers(layers: list[Any], depth: int) -> Any:
    for layer in layers:
        parameters = layer.count_params() if layer.built else 0
        yield LayerFact(
            depth, layer.name, class_name(layer), output_shape_text(layer), parameters, layer.trainable
        )
        if hasattr(layer, "summary"):
            yield from _layers(layer.layers, depth + 1)


def _bytes(variables: list[Variable]) -> int:
    return sum(v.size * v.dtype.itemsize for v in variables)


def _config(model: Any) -> str | None:
    text = _attempt(model.to_json)
    return None if text is None else json.dumps(json.loads(text), indent=1)


def _attempt(function: Any) -> Any:
    """What it gives; None where objects of the user's own cannot be put into words."""
    try:
        return function()
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _entries(given: Any) -> list[Any]:
    if given is None:
        return []
    if isinstance(given, dict) and "class_name" not in given:
        return [(name, entry) for name, value in given.items() for entry in _entries(value)]
    return [e for part in given for e in _entries(part)] if isinstance(given, (list, tuple)) else [given]


def _said(given: Any) -> str:
    if given is None:
        return "none"
    if isinstance(given, dict) and "class_name" not in given:
        return ", ".join(f"{name}: {_said(value)}" for name, value in given.items())
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str):
        return f"{given[0]}: {_said(given[1])}"
    if isinstance(given, (list, tuple)):
        return ", ".join(_said(value) for value in given)
    return _name_of(given)


def environment() -> dict[str, str]:
    """What it ran on: versions, processor, cores."""
    return {
        "schuss": schuss.__version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "system": f"{platform.system()} {platform.release()}",
        "processor": processor(),
        "cores": str(os.cpu_count() or "?"),
        "backend": os.environ.get("SCHUSS_BACKEND", "cpu"),
        "floats": schuss.floatx(),
    }


def processor() -> str:
    """The processor's name, as the system has it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def command() -> str:
    """The command that this program was started with."""
    arguments = getattr(sys, "orig_argv", None) or [sys.executable, *sys.argv]
    return shlex.join([Path(arguments[0]).name, *arguments[1:]])


def peak_memory() -> int | None:
    """The most memory that this process has held, in bytes; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
