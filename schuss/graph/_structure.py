"""Structure: which objects belong to which, as against the numbers in them. A mark says whether any of it has
changed."""

from __future__ import annotations


class _Structure:
    mark: object = object()


structure = _Structure()
"""``structure.mark`` is another object after every change of what a search for variables could find: attributes of
layers, what is trainable, the arrays of variables. Who keeps what such a search found keeps the mark with it."""


def structure_changed() -> None:
    """To be called after a change: what was found before holds no longer."""
    structure.mark = object()
