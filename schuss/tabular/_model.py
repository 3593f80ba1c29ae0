"""TableModel: a model for the rows of a table, which knows the table's columns."""

from __future__ import annotations

from typing import Any

import schuss
from schuss import layers
from schuss.models import Model
from schuss.tabular._encoder import Encoded
from schuss.tabular._kinds import Column
from schuss.tabular._network import loss_of
from schuss.tabular._target import Target

_NOT_KEPT = ("values", "words")  # which the lookups have


class TableModel(Model):
    """A functional `Model` from raw rows (a dict: column → ``[rows, 1]`` of strings or float64) to predictions, with what is
    needed to read rows from files. `schuss.tabular.train` makes it; `schuss.tabular.load` reads it with its table.

    Attributes:
        table: plain values: ``"columns"`` and ``"target"`` as they were found, and what was measured in training.
    """

    table: dict[str, Any] = {}  # noqa: RUF012  # replaced, never changed

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "table": self.table}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        table = config["table"]
        made = super().from_config({k: v for k, v in config.items() if k != "table"}, custom_objects)
        made.table = table
        return made

    @property
    def columns(self) -> list[Column]:
        """The columns and what is done with each."""
        return [Column(**column) for column in self.table["columns"]]

    @property
    def target(self) -> Target:
        """What is predicted."""
        return Target(**self.table["target"])


def table_model(encoded: Encoded, members: list[Any], columns: list[Column], target: Target) -> TableModel:
    """Encoder and networks as one model, which gives the mean of what the networks say.

    Args:
        encoded: the encoder's tensors. members: networks. columns, target: of the table.
    """
    answers = [member(encoded.outputs) for member in members]
    y = answers[0] if len(answers) == 1 else layers.Average(name="mean_of_members")(answers)
    if target.task == "regression":
        y = layers.Rescaling(target.deviation, target.mean, name="in_units_of_the_target")(y)
    model = TableModel(encoded.inputs, y, name="table")
    kept = [
        {**column.to_dict(), "settings": {k: v for k, v in column.settings.items() if k not in _NOT_KEPT}}
        for column in columns
    ]
    model.table = {"columns": kept, "target": target.to_dict()}
    metrics = ["mae"] if target.task == "regression" else ["accuracy"]
    optimizer = schuss.optimizers.AdamW()
    model.compile(optimizer, loss_of(target), metrics=metrics)
    optimizer.build(model.trainable_variables)  # files of optimizers without their variables cannot be read
    return model
