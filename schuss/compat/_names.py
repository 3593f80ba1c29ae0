"""Which of our modules stands for which of theirs, and the names that are no module's."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

KERAS_VERSION = "3.15.0"
TENSORFLOW_VERSION = "2.21.0"

Make = Callable[[], Any]


def _of(module: str, name: str) -> Make:
    return lambda: getattr(importlib.import_module(module), name)


def _value(value: Any) -> Make:
    return lambda: value


KERAS_MODULES: dict[str, str | None] = {
    "": None,
    "activations": "schuss.activations",
    "backend": "schuss.compat.backend",
    "callbacks": "schuss.callbacks",
    "config": "schuss.config",
    "constraints": "schuss.constraints",
    "datasets": "schuss.datasets",
    **{
        f"datasets.{name}": f"schuss.datasets.{name}"
        for name in (
            "boston_housing",
            "california_housing",
            "cifar10",
            "cifar100",
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
    "ops.image": "schuss.ops.image",
    "ops.linalg": "schuss.ops.linalg",
    "ops.nn": "schuss.ops.nn",
    "ops.numpy": "schuss.ops.numpy",
    "optimizers": "schuss.optimizers",
    "optimizers.schedules": "schuss.optimizers.schedules",
    "dtype_policies": "schuss.dtype_policies",
    "mixed_precision": "schuss.mixed_precision",
    "preprocessing": "schuss.preprocessing",
    "preprocessing.image": "schuss.preprocessing.image",
    "preprocessing.sequence": "schuss.preprocessing.sequence",
    "random": "schuss.random",
    "regularizers": "schuss.regularizers",
    "saving": "schuss.saving",
    "tree": "schuss.tree",
    "utils": "schuss.utils",
    "utils.bounding_boxes": "schuss.utils.bounding_boxes",
}
"""Path below ``keras`` or ``tensorflow.keras`` → our module; None: only the names below."""

KERAS_NAMES: dict[str, Make] = {
    "__version__": _value(KERAS_VERSION),
    "version": _value(lambda: KERAS_VERSION),
    "DTypePolicy": _of("schuss.layers._dtype_policy", "DTypePolicy"),
    "FloatDTypePolicy": _of("schuss.layers._dtype_policy", "DTypePolicy"),
    "Initializer": _of("schuss.initializers", "Initializer"),
    "Input": _of("schuss.layers", "Input"),
    "InputSpec": _of("schuss.layers", "InputSpec"),
    "KerasTensor": _of("schuss.layers._symbolic", "KerasTensor"),
    "Layer": _of("schuss.layers", "Layer"),
    "Loss": _of("schuss.losses", "Loss"),
    "Metric": _of("schuss.metrics", "Metric"),
    "Model": _of("schuss.models", "Model"),
    "Optimizer": _of("schuss.optimizers", "Optimizer"),
    "Regularizer": _of("schuss.regularizers", "Regularizer"),
    "RematScope": _of("schuss.layers._remat", "RematScope"),
    "Sequential": _of("schuss.models", "Sequential"),
    "StatelessScope": _of("schuss.graph", "StatelessScope"),
    "Variable": _of("schuss.graph", "Variable"),
    "device": _of("schuss.compat.tf.environment", "device"),
    "remat": _of("schuss.layers._remat", "remat"),
    "name_scope": _of("schuss.compat.tf.environment", "name_scope"),
    "backend.name_scope": _of("schuss.compat.tf.environment", "name_scope"),
    "models.Functional": _of("schuss.models", "Model"),
    **{
        f"{room}.{name}": _of("schuss.compat.tf.data", name)
        for room, name in (
            ("preprocessing", "image_dataset_from_directory"),
            ("preprocessing", "text_dataset_from_directory"),
            ("preprocessing", "timeseries_dataset_from_array"),
            ("utils", "audio_dataset_from_directory"),
            ("utils", "image_dataset_from_directory"),
            ("utils", "split_dataset"),
            ("utils", "text_dataset_from_directory"),
            ("utils", "timeseries_dataset_from_array"),
        )
    },
}
"""Names below ``keras`` that are not in the module of the same path."""

_SHORT = {
    "KLD": "kl_divergence",
    "MAE": "mean_absolute_error",
    "MAPE": "mean_absolute_percentage_error",
    "MSE": "mean_squared_error",
    "MSLE": "mean_squared_logarithmic_error",
}

OLDER_NAMES: dict[str, Make] = {
    f"{room}.{short}": _of("schuss.losses", name)
    for room in ("losses", "metrics")
    for short, name in {
        **_SHORT,
        **{short.lower(): name for short, name in _SHORT.items()},
        "kullback_leibler_divergence": "kl_divergence",
        "logcosh": "log_cosh",
    }.items()
}
"""Names that only ``tensorflow.keras`` still has."""

_TF_CONFIG = "schuss.compat.tf.config"

TENSORFLOW_MODULES: dict[str, str | None] = {
    "": "schuss.compat.tf",
    "config": _TF_CONFIG,
    "config.experimental": None,
    "config.optimizer": None,
    "config.threading": None,
    "data": "schuss.compat.tf.data",
    "data.experimental": None,
    "dtypes": "schuss.compat.tf.dtypes",
    "errors": None,
    "linalg": "schuss.compat.tf.linalg",
    "math": "schuss.compat.tf.math",
    "nn": "schuss.compat.tf.nn",
    "random": "schuss.compat.tf.random",
    "test": None,
    "version": None,
}
"""Path below ``tensorflow``, beside ``tensorflow.keras`` → our module."""

TENSORFLOW_NAMES: dict[str, Make] = {
    "__version__": _value(TENSORFLOW_VERSION),
    "version.VERSION": _value(TENSORFLOW_VERSION),
    **{
        f"config.{name}": (lambda name=name: importlib.import_module(_TF_CONFIG).SUBMODULES[name])
        for name in (
            "experimental.list_physical_devices",
            "experimental.set_memory_growth",
            "optimizer.set_jit",
            "threading.set_inter_op_parallelism_threads",
            "threading.set_intra_op_parallelism_threads",
        )
    },
    "data.experimental.AUTOTUNE": _value(-1),
    "data.experimental.INFINITE_CARDINALITY": _value(-1),
    "data.experimental.UNKNOWN_CARDINALITY": _value(-2),
    "data.experimental.cardinality": _value(lambda dataset: dataset.cardinality()),
    "errors.InvalidArgumentError": _value(ValueError),
    "errors.OutOfRangeError": _value(StopIteration),
    **{
        f"{name}_initializer": _of("schuss.initializers", ours)
        for name, ours in (
            ("constant", "Constant"),
            ("ones", "Ones"),
            ("random_normal", "RandomNormal"),
            ("random_uniform", "RandomUniform"),
            ("zeros", "Zeros"),
        )
    },
    "test.gpu_device_name": _value(lambda: ""),
    "test.is_built_with_cuda": _value(lambda: False),
    "test.is_built_with_gpu_support": _value(lambda: False),
    "test.is_gpu_available": _value(lambda *args, **kwargs: False),
}
"""Names below ``tensorflow`` that are not in the module of the same path."""


def _below(prefix: str, table: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}.{path}" if path else prefix: value for path, value in table.items()}


MODULES: dict[str, str | None] = {
    **_below("keras", KERAS_MODULES),
    **_below("tensorflow", TENSORFLOW_MODULES),
    **_below("tensorflow.keras", KERAS_MODULES),
}
"""Full name of a module of theirs → our module that has its names, or None."""

NAMES: dict[str, Make] = {
    **_below("keras", KERAS_NAMES),
    **_below("tensorflow", TENSORFLOW_NAMES),
    **_below("tensorflow.keras", {**KERAS_NAMES, **OLDER_NAMES}),
}
"""Full name of a function or value of theirs → what gives ours."""
