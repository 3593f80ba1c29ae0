"""Tables: rows of numbers, words, dates. In: a CSV, Parquet or Excel file, or a data frame, and the name of the column to be
predicted. Out: a trained model that holds its preprocessing, so that its file alone predicts from raw rows.

What columns hold is found out first (`_scan`, `_kinds`), then an encoder of preprocessing layers turns rows into numbers
(`_encoder`), once, into arrays in memory or on disk (`_encode`); a network is trained on these (`_recipe`), and both
together are the model (`_model`). Nothing below may use this room.
"""

from __future__ import annotations

from schuss.tabular._layers import DateParts, FillMissing, WholeNumbers
from schuss.tabular._model import TableModel
from schuss.tabular._train import build, train
from schuss.tabular._trained import Predictions, Trained, load

__all__ = [
    "DateParts",
    "FillMissing",
    "Predictions",
    "TableModel",
    "Trained",
    "WholeNumbers",
    "build",
    "load",
    "train",
]
