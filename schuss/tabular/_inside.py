"""The network within a table's model, compiled, with rows as it takes them: for tools that look inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import schuss
from schuss.tabular._encode import Part, targets
from schuss.tabular._encoder import raw_inputs
from schuss.tabular._kinds import Column
from schuss.tabular._network import Size, network, size_for
from schuss.tabular._recipe import compiled
from schuss.tabular._sources import Source, source_of
from schuss.tabular._target import Target
from schuss.tabular._train import build
from schuss.tabular._trained import Trained, check_columns, load

MOST_ROWS = 100_000


@dataclass
class Inside:
    """A network and its rows.

    Attributes:
        network: compiled, as training compiles it. rows: what it takes, ready for `fit`. target: what is predicted.
        size: of the network; ``size.batch`` rows are a step. trained: the model that it is a part of, if there is one.
    """

    network: Any
    rows: Part
    target: Target
    size: Size
    columns: list[Column]
    encoder: Any
    trained: Trained | None = None

    def encoded(self, data: Any, encoding: str | None = None, delimiter: str | None = None) -> Part:
        """The rows of another table, which has a target, as the network takes them."""
        source = source_of(data, encoding, delimiter)
        check_columns(source, self.columns)
        return _rows(source, self.encoder, self.columns, self.target)


def inside_of_model(
    model: Any, data: Any, encoding: str | None = None, delimiter: str | None = None
) -> Inside:
    """The (first) network of a model that `train` has made, and the rows of a table for it.

    Args:
        model: path of a ``.keras`` file, or a `Trained`. data: a table with the target's column; of more than 100,000 rows
            the first ones.

    Raises:
        ValueError: the table lacks columns or the target; or the model was made otherwise.
    """
    trained = model if isinstance(model, Trained) else load(model)
    source = source_of(data, encoding, delimiter)
    check_columns(source, trained.columns)
    if trained.target.name not in source.names:
        raise ValueError(f"{source.shown} has no column {trained.target.name!r}, the model's target.")
    member = trained.members[0]
    encoder = schuss.Model(trained.model.input, _encoded_tensors(trained.model, member), name="encoder")
    rows = _rows(source, encoder, trained.columns, trained.target)
    details = trained.details
    size = size_for(len(rows), trained.target)
    if details:
        units = tuple(details["hidden_units"])
        size = Size(units, details["dropout"], details["weight_decay"], details["batch_size"])
    compiled(member, trained.target, size, details.get("learning_rate", 1e-3))
    return Inside(member, rows, trained.target, size, trained.columns, encoder, trained)


def inside_of_table(
    data: Any,
    target: str,
    task: str | None = None,
    ignore: Sequence[str] = (),
    units: Sequence[int] | None = None,
    seed: int = 0,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Inside:
    """The network that `train` would begin with, and the rows of a table for it.

    Args:
        units: of each hidden layer; default as in `train`. Others: as for `train`.
    """
    prepared = build(data, target, task, ignore, seed, encoding, delimiter)
    encoder, what = prepared.encoded.model(), prepared.target
    rows = _rows(prepared.source, encoder, prepared.columns, what)
    size = size_for(len(rows), what)
    size = size if units is None else replace(size, units=tuple(units))
    made = compiled(network(prepared.encoded, what, size, seed), what, size, 1e-3)
    return Inside(made, rows, what, size, prepared.columns, encoder)


def _encoded_tensors(model: Any, member: Any) -> Any:
    """What a network within a model is called on there."""
    for node in model._function.nodes:
        if node.operation is member:
            return node.args[0]
    raise ValueError(f"The network {member.name!r} is not used in the model.")


def _rows(source: Source, encoder: Any, columns: list[Column], target: Target) -> Part:
    found: list[tuple[dict[str, np.ndarray], np.ndarray]] = []
    count = 0
    for chunk in source.chunks():
        y = target.values(chunk, source.decimal)
        keep = np.flatnonzero(~np.isnan(y))[: MOST_ROWS - count]
        if not len(keep):
            continue
        raw = {name: values[keep] for name, values in raw_inputs(chunk, columns, source.decimal).items()}
        found.append((encoder.predict(raw, batch_size=4096, verbose=0), targets(target, y[keep])))
        count += len(keep)
        if count >= MOST_ROWS:
            break
    if not found:
        raise ValueError(f"{source.shown} has no row with a value of {target.name!r} that the model knows.")
    x = {name: np.concatenate([numbers[name] for numbers, _ in found]) for name in found[0][0]}
    return Part(x, np.concatenate([y for _, y in found]))
