"""Which labels, losses and metrics belong to which of a model's outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schuss.graph import _tree


@dataclass
class Output:
    """One output of a model: its name (None where it has none), its predictions, its labels and weights (or
    None), and, where the model returns a dict, its place in that."""

    name: str | None
    y_pred: Any
    y_true: Any = None
    sample_weight: Any = None
    place: int | None = None


def paired(
    y_true: Any, y_pred: Any, sample_weight: Any, names: list[str], trained: list[bool] | None = None
) -> list[Output]:
    """The outputs with what belongs to each.

    Args:
        y_true: one array; or a list in the order of the outputs, or a dict by their names. None where there
            is none.
        y_pred: what the model returned: an array, a list, tuple or dict.
        sample_weight: as `y_true`; one array for all outputs.
        names: of the outputs of a functional model; empty for others.
        trained: which outputs have a loss; labels may be given for these alone.
    """
    outputs = outputs_of(y_pred, names)
    _distribute(y_true, outputs, "y", "y_true", trained)
    if len(_tree.leaves(sample_weight)) == 1 and len(outputs) > 1 and not isinstance(sample_weight, dict):
        for output in outputs:
            output.sample_weight = _tree.leaves(sample_weight)[0]
    else:
        _distribute(sample_weight, outputs, "sample_weight", "sample_weight", trained)
    return outputs


def outputs_of(y_pred: Any, names: list[str]) -> list[Output]:
    """The outputs of a model by name, without labels; of a dict sorted by their keys."""
    leaves = _tree.leaves(y_pred)
    if isinstance(y_pred, dict) and len(leaves) == len(y_pred):
        places = list(y_pred)
        return [
            Output(str(key), leaf, place=places.index(key))
            for key, leaf in zip(sorted(y_pred), leaves, strict=True)
        ]
    known = names if len(names) == len(leaves) else [None] * len(leaves)
    return [Output(name, leaf) for name, leaf in zip(known, leaves, strict=True)]


def _distribute(
    values: Any, outputs: list[Output], argument: str, attribute: str, trained: list[bool] | None
) -> None:
    """Give each output its part of `values`; or, if there are just so many, each output with a loss."""
    if values is None:
        return
    if isinstance(values, dict) and all(not isinstance(v, (dict, list, tuple)) for v in values.values()):
        named = {output.name: output for output in outputs}
        unknown = [key for key in values if key not in named]
        if unknown and not (len(outputs) == len(values) == 1):
            raise ValueError(
                f"{argument} has the key {unknown[0]!r}, but the model's outputs are "
                f"{', '.join(repr(o.name) for o in outputs if o.name) or 'without names'}."
            )
        for key, value in values.items():
            setattr(named.get(key, outputs[0]), attribute, value)
        return
    if isinstance(values, (list, tuple)) and len(values) == len(outputs):
        parts = [_tree.leaves(v)[0] if isinstance(v, (dict, list, tuple)) else v for v in values]
    else:
        parts = _tree.leaves(values)
    if len(parts) != len(outputs) and trained is not None and len(parts) == sum(trained):
        outputs = [output for output, has_loss in zip(outputs, trained, strict=True) if has_loss]
    if len(parts) != len(outputs):
        raise ValueError(
            f"The model has {len(outputs)} output(s), but {argument} has {len(parts)} array(s). Give one for "
            "each output, in "
            "a list or in a dict by the outputs' names."
        )
    for output, part in zip(outputs, parts, strict=True):
        setattr(output, attribute, part)


def spread(argument: str, given: Any, outputs: list[Output], same_for_all: bool = False) -> list[Any]:
    """One entry for each output, from a single value, a list in their order, or a dict by their names.

    Args:
        argument: of `compile`, for messages. given: what the user wrote.
        same_for_all: whether a single value is meant for every output.

    Raises:
        ValueError: an unknown name, or another number of entries than outputs.
    """
    if isinstance(given, dict):
        names = [output.name for output in outputs]
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(
                f"Invalid `{argument}`: it has the key {unknown[0]!r}, but the model's outputs are "
                f"{', '.join(map(repr, names)) if any(names) else 'without names; use a list in their order'}."
            )
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        if len(given) != len(outputs):
            raise ValueError(
                f"Invalid `{argument}`: for a model with {len(outputs)} outputs, a list needs one entry for "
                "each (None for "
                f"those without), got {len(given)}: {given!r}."
            )
        return list(given)
    return (
        [given] * len(outputs) if same_for_all or len(outputs) == 1 else [given] + [None] * (len(outputs) - 1)
    )
