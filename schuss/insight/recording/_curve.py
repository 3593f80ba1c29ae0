"""A long curve in little memory: neighbours are joined, with the least and the greatest of them kept."""

from __future__ import annotations

import numpy as np

MOST_POINTS = 4096


class Curve:
    """Numbers that come one after the other, step after step; at most `most` points of them are kept.

    When there are more, two neighbours become one point. So a point stands for `width` steps (a power of two),
    which begin at `steps`; the last point may stand for fewer.

    Args:
        most: of points; even.

    Example:
        >>> import numpy as np
        >>> from schuss.insight.recording._curve import Curve
        >>> curve = Curve(most=4)
        >>> curve.extend(np.arange(6.0))
        >>> curve.width, curve.steps.tolist(), curve.mean.tolist(), curve.high.tolist()
        (2, [0, 2, 4], [0.5, 2.5, 4.5], [1.0, 3.0, 5.0])
    """

    def __init__(self, most: int = MOST_POINTS):
        self.most, self.width, self.count = most, 1, 0
        self._sums = np.zeros(0)
        self._low = np.zeros(0)
        self._high = np.zeros(0)

    def extend(self, values: np.ndarray) -> None:
        """Add the values of the next steps."""
        values = np.asarray(values, "float64").reshape(-1)
        while self.count + len(values) > self.most * self.width:
            self._halve()
        first, into = self.count // self.width, self.count % self.width
        self.count += len(values)
        size = -(-self.count // self.width)
        self._grow(size)
        place = first + (into + np.arange(len(values))) // self.width
        np.add.at(self._sums, place, values)
        np.minimum.at(self._low, place, values)
        np.maximum.at(self._high, place, values)

    def _grow(self, size: int) -> None:
        more = size - len(self._sums)
        self._sums = np.concatenate([self._sums, np.zeros(more)])
        self._low = np.concatenate([self._low, np.full(more, np.inf)])
        self._high = np.concatenate([self._high, np.full(more, -np.inf)])

    def _halve(self) -> None:
        self.width *= 2
        pairs = np.arange(0, len(self._sums), 2)
        self._sums = np.add.reduceat(self._sums, pairs) if len(pairs) else self._sums
        self._low = np.minimum.reduceat(self._low, pairs) if len(pairs) else self._low
        self._high = np.maximum.reduceat(self._high, pairs) if len(pairs) else self._high

    @property
    def steps(self) -> np.ndarray:
        """The first step (from 0) of each point."""
        return np.arange(len(self._sums)) * self.width

    @property
    def mean(self) -> np.ndarray:
        """Each point's mean."""
        sizes = np.full(len(self._sums), float(self.width))
        if len(sizes) and self.count % self.width:
            sizes[-1] = self.count % self.width
        return self._sums / sizes

    @property
    def low(self) -> np.ndarray:
        """The least of each point."""
        return self._low.copy()

    @property
    def high(self) -> np.ndarray:
        """The greatest of each point."""
        return self._high.copy()

    def __len__(self) -> int:
        return len(self._sums)
