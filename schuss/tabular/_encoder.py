"""The encoder: a model of preprocessing layers, from raw rows to what a network takes."""

from __future__ import annotations

from typing import Any

import numpy as np

import schuss
from schuss import layers, ops
from schuss.tabular._chunk import Chunk
from schuss.tabular._dates import SIZES
from schuss.tabular._kinds import Column
from schuss.tabular._layers import DateParts, FillMissing, WholeNumbers

MOST_NUMBER_INPUTS = 64
"""Columns of numbers with an input of their own; more than that share one, ``"numbers"``."""

NUMBERS = "numbers"
_GAP = -(2**31) + 1


def used(columns: list[Column]) -> list[Column]:
    return [column for column in columns if column.kind != "dropped"]


def _numeric(columns: list[Column]) -> list[Column]:
    return [column for column in used(columns) if column.kind in ("number", "whole")]


def shares_input(columns: list[Column]) -> bool:
    """Whether there are so many columns of numbers that they share an input."""
    return len(_numeric(columns)) > MOST_NUMBER_INPUTS


def raw_inputs(chunk: Chunk, columns: list[Column], decimal: str) -> dict[str, np.ndarray]:
    """Rows as the model takes them: for each column an array ``[rows, 1]`` of float64 or strings."""
    found: dict[str, np.ndarray] = {}
    for column in used(columns):
        if column.kind in ("number", "whole"):
            found[column.name] = chunk.numbers(column.name, decimal)[0][:, None]
        else:
            found[column.name] = np.array(chunk.texts(column.name), object)[:, None]
    if shares_input(columns):
        together = [found.pop(column.name) for column in _numeric(columns)]
        found = {NUMBERS: np.concatenate(together, axis=1), **found}
    return found


class Encoded:
    """What the encoder gives, as symbolic tensors, and how the network is to take it.

    Attributes:
        inputs: name → the model's input. outputs: ``"numbers"`` float32 ``[batch, n]``, ``"codes"`` int32 ``[batch, c]``,
            and for each text its words' numbers, int32 ``[batch, length]``.
        sizes: how many values each code has. words: name of an output of words → how many words there are.
    """

    def __init__(self, columns: list[Column]):
        self.columns = used(columns)
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.sizes: list[int] = []
        self.words: dict[str, int] = {}
        self._floats: list[Any] = []
        self._codes: list[Any] = []
        self._add_numbers(_numeric(columns))
        for place, column in enumerate(self.columns):
            self._add(place, column)
        if self._floats:
            joined = (
                self._floats
                if len(self._floats) == 1
                else [layers.Concatenate(name="all_numbers")(self._floats)]
            )
            self.outputs["numbers"] = joined[0]
        if self._codes:
            joined = (
                self._codes
                if len(self._codes) == 1
                else [layers.Concatenate(name="all_codes", dtype="int32")(self._codes)]
            )
            self.outputs["codes"] = joined[0]

    def model(self) -> Any:
        return schuss.Model(self.inputs, self.outputs, name="encoder")

    def _add_numbers(self, columns: list[Column]) -> None:
        if not columns:
            return
        if len(columns) > MOST_NUMBER_INPUTS:
            everything = layers.Input((len(columns),), dtype="float64", name=NUMBERS)
            self.inputs[NUMBERS] = everything
        else:
            made = [
                layers.Input((1,), dtype="float64", name=f"column_{place}")
                for place in _places(self.columns, columns)
            ]
            self.inputs |= dict(zip((column.name for column in columns), made))
            everything = (
                made[0] if len(made) == 1 else layers.Concatenate(name="columns", dtype="float64")(made)
            )
        self._numbers, self._number_columns = everything, columns
        figures = [column.settings for column in columns]
        gaps = [place for place, column in enumerate(columns) if column.missing or column.stray]
        x = FillMissing([f["fill"] for f in figures], gaps, name="fill_missing")(everything)
        x = self._without_tails(x, figures, len(gaps))
        mean = [f["mean"] for f in figures] + [0.0] * len(gaps)
        variance = [f["deviation"] ** 2 for f in figures] + [1.0] * len(gaps)
        x = layers.Normalization(mean=mean, variance=variance, dtype="float64", name="scale")(x)
        self._floats.append(ops.cast(x, "float32"))

    def _without_tails(self, x: Any, figures: list[dict[str, Any]], gaps: int) -> Any:
        """Columns with long tails go through asinh, which is a logarithm far out."""
        tails = np.array([("median" in f) for f in figures] + [False] * gaps)
        if not tails.any():
            return x
        middle = np.array([f.get("median", 0.0) for f in figures] + [0.0] * gaps)
        spread = np.array([f.get("spread", 1.0) for f in figures] + [1.0] * gaps)
        return ops.where(tails, ops.arcsinh((x - middle) / spread), x)

    def _add(self, place: int, column: Column) -> None:
        settings = column.settings
        if column.kind == "whole":
            self._add_whole(place, column)
        if column.kind in ("number", "whole"):
            return
        text = layers.Input((1,), dtype="string", name=f"column_{place}")
        self.inputs[column.name] = text
        if column.kind == "date":
            parts = DateParts(
                settings["format"],
                settings["parts"],
                settings["origin"],
                settings["scale"],
                name=f"date_{place}",
            )
            self._floats.append(parts(text))
        elif column.kind == "text":
            words = layers.TextVectorization(
                vocabulary=settings["words"],
                split=settings["split"],
                output_sequence_length=settings["length"],
                name=f"words_{place}",
            )
            name = f"text_{len(self.words)}"
            self.outputs[name] = ops.cast(words(text), "int32")
            self.words[name] = len(settings["words"]) + 2
        else:
            lookup = layers.StringLookup(vocabulary=settings["values"], mask_token="", name=f"lookup_{place}")
            self._codes.append(ops.cast(lookup(text), "int32"))
            self.sizes.append(len(settings["values"]) + 2)

    def _add_whole(self, place: int, column: Column) -> None:
        at = self._number_columns.index(column)
        number = self.inputs.get(column.name)
        if number is None:
            number = self._numbers[:, at : at + 1]
        lookup = layers.IntegerLookup(
            vocabulary=column.settings["values"], mask_token=_GAP, name=f"lookup_{place}"
        )
        whole = WholeNumbers(_GAP, name=f"whole_{place}")(number)
        self._codes.append(ops.cast(lookup(whole), "int32"))
        self.sizes.append(len(column.settings["values"]) + 2)


def encoded_names(columns: list[Column]) -> dict[str, list[str]]:
    """What the encoder's numbers and codes are, in words."""
    numeric, rest = _numeric(columns), [c for c in used(columns) if c.kind == "date"]
    numbers = [c.name for c in numeric] + [f"{c.name} is missing" for c in numeric if c.missing or c.stray]
    for column in rest:
        for part in column.settings["parts"]:
            count = SIZES[part]
            numbers += [f"{column.name}: {part}" + (f" {n + 1}" if count > 1 else "") for n in range(count)]
        numbers.append(f"{column.name} is missing")
    codes = [c.name for c in used(columns) if c.kind in ("whole", "category", "truth")]
    return {"numbers": numbers, "codes": codes}


def _places(all_columns: list[Column], some: list[Column]) -> list[int]:
    place = {column.name: number for number, column in enumerate(all_columns)}
    return [place[column.name] for column in some]
