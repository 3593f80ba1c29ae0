"""The way that weights went: copies of them, evenly spaced, however long the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schuss.graph import Variable


class WeightPath:
    """Copies of weights along a training, at most `most`. When there are more, every second one is dropped.

    Attributes:
        steps: after how many steps each was taken. weights: for each a list of arrays, in the order of
            `model.trainable_variables`.
    """

    def __init__(self, most: int):
        self.most = most
        self.steps: list[int] = []
        self.weights: list[list[np.ndarray]] = []
        self._apart = 1
        self._last = -1  # a copy that may be replaced by a later one: the end, wherever it is

    def spacing(self, done: int, expected: int | None) -> int:
        """How many steps may be made before the next copy.

        Args:
            done: steps made. expected: steps of the whole training, if known.
        """
        if expected is not None and not self.weights[1:]:
            self._apart = max(self._apart, -(-expected // (self.most - 2)) if self.most > 2 else expected)
        return self._apart - done % self._apart

    def add(self, step: int, variables: Sequence[Variable]) -> None:
        """The weights after `step` steps; of what lies between the evenly spaced ones, only the last is kept."""
        if self.steps and self.steps[-1] == step:
            return
        if self._last > 0:
            del self.steps[self._last], self.weights[self._last]
        self.steps.append(step)
        self.weights.append([variable.array.copy() for variable in variables])
        self._last = -1 if step % self._apart == 0 else len(self.steps) - 1
        if len(self.steps) > self.most:
            self._apart *= 2
            kept = [i for i, s in enumerate(self.steps) if s % self._apart == 0 or i == len(self.steps) - 1]
            self.steps, self.weights = [self.steps[i] for i in kept], [self.weights[i] for i in kept]
            self._last = -1 if self.steps[-1] % self._apart == 0 else len(self.steps) - 1

    def __len__(self) -> int:
        return len(self.steps)
