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
        self._sums, self._low, self._high = np.zeros(most), np.full(most, np.inf), np.full(most, -np.inf)

    def extend(self, values: np.ndarray) -> None:
        """Add the values of the next steps."""
        values = np.asarray(values, "float64").reshape(-1)
        while self.count + len(values) > self.most * self.width:
            self._halve()
        first = min(len(values), -self.count % self.width)  # so many go to a point that has been begun
        whole = first + (len(values) - first) // self.width * self.width
        for part in (values[:first], values[first:whole], values[whole:]):
            if len(part):
                self._add(part)

    def _add(self, values: np.ndarray) -> None:
        """Values that fill whole points, or (fewer) a part of one."""
        at, size = self.count // self.width, min(self.width, len(values))
        points = values.reshape(-1, size)
        place = slice(at, at + len(points))
        self._sums[place] += points.sum(axis=1)
        self._low[place] = np.minimum(self._low[place], points.min(axis=1))
        self._high[place] = np.maximum(self._high[place], points.max(axis=1))
        self.count += len(values)

    def _halve(self) -> None:
        self.width *= 2
        half = self.most // 2
        for array, joined, nothing in (
            (self._sums, np.add, 0.0),
            (self._low, np.minimum, np.inf),
            (self._high, np.maximum, -np.inf),
        ):
            array[:half] = joined(array[::2], array[1::2])
            array[half:] = nothing

    @property
    def steps(self) -> np.ndarray:
        """The first step (from 0) of each point."""
        return np.arange(len(self)) * self.width

    @property
    def mean(self) -> np.ndarray:
        """Each point's mean."""
        sizes = np.full(len(self), float(self.width))
        if len(sizes) and self.count % self.width:
            sizes[-1] = self.count % self.width
        return self._sums[: len(self)] / sizes

    @property
    def low(self) -> np.ndarray:
        """The least of each point."""
        return self._low[: len(self)].copy()

    @property
    def high(self) -> np.ndarray:
        """The greatest of each point."""
        return self._high[: len(self)].copy()

    def __len__(self) -> int:
        return -(-self.count // self.width)
