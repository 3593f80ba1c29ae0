"""Sequences of different lengths as an array."""

from schuss.utils._sequences import pad_sequences

__all__ = ["pad_sequences"]
