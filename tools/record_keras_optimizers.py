"""Record what Keras's optimizers and schedules compute, for tests/recorded/optimizers_more.{json,npz}.

Needs Keras 3 with a backend (``KERAS_BACKEND=torch python tools/record_keras_optimizers.py``); Schuss itself
needs neither. Variables and gradients come from a fixed seed, so running it again gives the same file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np

SHAPES = {"kernel": (4, 3), "bias": (3,), "cube": (2, 4, 3)}


def schedule(name: str, **config: Any) -> dict[str, Any]:
    return {
        "module": "keras.optimizers.schedules",
        "class_name": name,
        "config": config,
        "registered_name": None,
    }


def case(
    name: str, steps: int = 5, variables: tuple[str, ...] = ("kernel", "bias"), **config: Any
) -> dict[str, Any]:
    """A case; `config` goes to the optimizer, keys that begin with ``_`` tell the recorder what else to
    do."""
    extra = {key[1:]: config.pop(key) for key in list(config) if key.startswith("_")}
    return {"class": name, "config": config, "steps": steps, "variables": list(variables), **extra}


EXPONENTIAL = schedule("ExponentialDecay", initial_learning_rate=0.1, decay_steps=3, decay_rate=0.5)
WARM_COSINE = schedule(
    "CosineDecay", initial_learning_rate=0.01, decay_steps=4, alpha=0.1, warmup_target=0.2, warmup_steps=3
)
STEPS = schedule("PiecewiseConstantDecay", boundaries=[1, 3], values=[0.2, 0.1, 0.02])

OPTIMIZERS = [
    case("SGD", learning_rate=0.1, momentum=0.9, nesterov=True),
    case("SGD", learning_rate=0.1, weight_decay=0.05),
    case("SGD", learning_rate=0.1, weight_decay=0.05, _exclude=["bias"]),
    case("SGD", learning_rate=0.1, clipvalue=0.3),
    case("SGD", learning_rate=0.1, clipnorm=0.5),
    case("SGD", learning_rate=0.1, loss_scale_factor=8.0),
    case("SGD", learning_rate=0.1, _constraint="kernel"),
    case("SGD", learning_rate=0.1, _set_learning_rate={"2": 0.02}),
    case("SGD", learning_rate=0.1, momentum=0.5, _without={"1": ["bias"], "3": ["bias"]}),
    case("SGD", learning_rate=EXPONENTIAL, momentum=0.9),
    case("SGD", steps=9, learning_rate=WARM_COSINE),
    case("SGD", steps=6, learning_rate=STEPS),
    case("SGD", steps=7, learning_rate=0.1, gradient_accumulation_steps=3),
    case("SGD", steps=7, learning_rate=0.1, momentum=0.9, nesterov=True, gradient_accumulation_steps=2),
    case("SGD", steps=7, learning_rate=EXPONENTIAL, weight_decay=0.1, gradient_accumulation_steps=2),
    case("SGD", steps=6, learning_rate=0.1, clipnorm=0.4, gradient_accumulation_steps=2),
    case("SGD", steps=6, learning_rate=0.1, global_clipnorm=0.4, gradient_accumulation_steps=3),
    case("SGD", steps=6, learning_rate=0.1, gradient_accumulation_steps=2, _constraint="kernel"),
    case("SGD", steps=7, learning_rate=0.1, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3),
    case("SGD", steps=7, learning_rate=0.1, use_ema=True, ema_momentum=0.8, _finalize=True),
    case("SGD", steps=6, learning_rate=0.1, use_ema=True, ema_overwrite_frequency=2, _constraint="kernel"),
    case(
        "SGD",
        steps=9,
        learning_rate=0.1,
        use_ema=True,
        ema_momentum=0.7,
        ema_overwrite_frequency=2,
        gradient_accumulation_steps=2,
    ),
    case("SGD", learning_rate=0.1, momentum=0.9, _dtype="float64"),
    case("RMSprop", learning_rate=0.01, momentum=0.9),
    case("RMSprop", learning_rate=0.01, rho=0.8, centered=True, weight_decay=0.01),
    case("RMSprop", steps=6, learning_rate=0.01, gradient_accumulation_steps=2),
    case("Adam", learning_rate=0.01, weight_decay=0.01, clipvalue=0.5),
    case("Adam", learning_rate=0.01, amsgrad=True, beta_2=0.5),
    case("Adam", steps=7, learning_rate=0.01, gradient_accumulation_steps=3),
    case("Adam", steps=7, learning_rate=0.01, use_ema=True, ema_overwrite_frequency=2, global_clipnorm=1.0),
    case("Adam", steps=9, learning_rate=WARM_COSINE, variables=("kernel", "bias", "cube")),
    case("Adam", learning_rate=0.01, _dtype="float64"),
    case("AdamW", learning_rate=0.01, amsgrad=True, clipnorm=0.7, _exclude=["bias"]),
    case("AdamW", steps=6, learning_rate=STEPS, weight_decay=0.1, gradient_accumulation_steps=2),
    case("Adamax", learning_rate=0.02, weight_decay=0.01),
    case("Adamax", steps=6, learning_rate=0.02, gradient_accumulation_steps=2),
    case("Nadam", learning_rate=0.02, beta_1=0.8, weight_decay=0.01),
    case("Nadam", steps=6, learning_rate=0.02, gradient_accumulation_steps=2),
    case("Adagrad", learning_rate=0.1, initial_accumulator_value=0.5, epsilon=1e-3, clipvalue=0.4),
    case("Adadelta", learning_rate=1.0, rho=0.9),
    case("Adadelta", learning_rate=0.5, weight_decay=0.01, epsilon=1e-4),
    case("Ftrl", learning_rate=0.1),
    case(
        "Ftrl",
        learning_rate=0.1,
        l1_regularization_strength=0.05,
        l2_regularization_strength=0.1,
        l2_shrinkage_regularization_strength=0.2,
        beta=0.3,
        learning_rate_power=-0.7,
    ),
    case("Ftrl", learning_rate=0.1, weight_decay=0.1, initial_accumulator_value=0.3, learning_rate_power=0.0),
    case("Lion", learning_rate=0.01, weight_decay=0.1, beta_1=0.7),
    case("Lamb", learning_rate=0.01),
    case("Lamb", learning_rate=0.02, weight_decay=0.1, variables=("kernel", "bias", "cube")),
    case("Adafactor", learning_rate=0.05, relative_step=False, clip_threshold=0.5),
    case(
        "Adafactor",
        learning_rate=0.05,
        beta_2_decay=-0.5,
        variables=("kernel", "bias", "cube"),
        weight_decay=0.1,
    ),
    case("Adafactor", learning_rate=EXPONENTIAL, epsilon_2=0.1),
    case("Muon", learning_rate=0.01, nesterov=False, rms_rate=None, ns_steps=3, weight_decay=None),
    case("Muon", learning_rate=0.01, exclude_layers=["kernel"], adam_lr_ratio=0.5),
    case(
        "Muon",
        learning_rate=0.01,
        variables=("kernel", "bias", "cube"),
        adam_weight_decay=0.1,
        weight_decay=0.2,
    ),
    case("Muon", steps=6, learning_rate=0.01, gradient_accumulation_steps=2),
]

SCHEDULES = [
    schedule("ExponentialDecay", initial_learning_rate=0.3, decay_steps=7, decay_rate=0.9, staircase=True),
    schedule("PiecewiseConstantDecay", boundaries=[5, 11], values=[0.5, 0.1, 0.01]),
    schedule("PiecewiseConstantDecay", boundaries=[0], values=[1.0, 0.5]),
    schedule(
        "PolynomialDecay", initial_learning_rate=0.1, decay_steps=12, end_learning_rate=0.01, cycle=True
    ),
    schedule("PolynomialDecay", initial_learning_rate=0.1, decay_steps=12, power=0.5),
    schedule("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.5, staircase=True),
    WARM_COSINE,
    schedule("CosineDecay", initial_learning_rate=0.01, decay_steps=20, warmup_target=0.1),
    schedule("CosineDecay", initial_learning_rate=0.0, decay_steps=20, warmup_target=0.1, warmup_steps=5),
    schedule("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=5, t_mul=1.0, m_mul=0.5),
    schedule(
        "CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=6, t_mul=1.5, m_mul=0.8, alpha=0.1
    ),
]


def record_optimizer(case: dict[str, Any], rng: np.random.Generator) -> dict[str, np.ndarray]:
    dtype, names = case.get("dtype", "float32"), case["variables"]
    variables = [keras.Variable(rng.normal(size=SHAPES[n]).astype(dtype), dtype=dtype, name=n) for n in names]
    if "constraint" in case:
        variables[names.index(case["constraint"])].constraint = keras.constraints.NonNeg()
    arrays = {f"var{i}": np.array(keras.ops.convert_to_numpy(v)) for i, v in enumerate(variables)}
    optimizer = getattr(keras.optimizers, case["class"]).from_config(dict(case["config"]))
    if "exclude" in case:
        optimizer.exclude_from_weight_decay(var_names=case["exclude"])
    optimizer.build(variables)
    for step in range(case["steps"]):
        if str(step) in case.get("set_learning_rate", {}):
            optimizer.learning_rate = case["set_learning_rate"][str(step)]
        gradients = [rng.normal(size=v.shape).astype(dtype) for v in variables]
        for i, gradient in enumerate(gradients):
            arrays[f"grad{i}.step{step}"] = gradient
        missing = case.get("without", {}).get(str(step), [])
        kept = [None if n in missing else keras.ops.convert_to_tensor(g) for n, g in zip(names, gradients)]
        optimizer.apply(kept, variables)
        for i, variable in enumerate(variables):
            arrays[f"var{i}.step{step}"] = np.array(keras.ops.convert_to_numpy(variable))
    for i, variable in enumerate(optimizer.variables):
        arrays[f"state{i}"] = np.array(keras.ops.convert_to_numpy(variable))
    case["state"] = [v.name for v in optimizer.variables]
    if case.get("finalize"):
        optimizer.finalize_variable_values(variables)
        for i, variable in enumerate(variables):
            arrays[f"var{i}.final"] = np.array(keras.ops.convert_to_numpy(variable))
    return arrays


def record_schedule(config: dict[str, Any]) -> dict[str, np.ndarray]:
    rate = keras.optimizers.schedules.deserialize(config)
    steps = np.arange(40)
    values = [float(rate(keras.ops.convert_to_tensor(int(s), dtype="int32"))) for s in steps]
    return {"step": steps, "value": np.array(values, "float32")}


def main(folder: Path) -> None:
    rng, cases, arrays = np.random.default_rng(11), [], {}

    def add(entry: dict[str, Any], found: dict[str, np.ndarray]) -> None:
        key = f"{len(cases):03d}"
        cases.append({"id": key, **entry, "arrays": sorted(found)})
        arrays.update({f"{key}/{name}": array for name, array in found.items()})

    for entry in OPTIMIZERS:
        add(entry, record_optimizer(entry, rng))
    for config in SCHEDULES:
        add({"schedule": config["class_name"], "config": config["config"]}, record_schedule(config))
    source = f"Keras {keras.__version__}, {keras.backend.backend()} backend, CPU"
    text = ",\n".join(json.dumps(entry) for entry in cases)
    (folder / "optimizers_more.json").write_text(
        f'{{"source": {json.dumps(source)}, "cases": [\n{text}\n]}}\n'
    )
    np.savez_compressed(folder / "optimizers_more.npz", **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "tests" / "recorded")
