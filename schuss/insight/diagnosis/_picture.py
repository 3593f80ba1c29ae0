"""Small pictures of numbers: a line or bars, in a terminal's letters and as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schuss.insight._html import escape

_STEPS = "▁▂▃▄▅▆▇█"
_MOST_BARS = 12  # with a label each; more are a line of small bars
_WIDTH, _HEIGHT, _BAR = 320, 64, 16  # pixels
_LABEL = 24  # characters


@dataclass(frozen=True)
class Picture:
    """Numbers to be seen at a glance.

    Attributes:
        values: what is shown; what is not finite is left out of a line, and is a full bar.
        labels: of each value: then it has a bar of its own. Empty: a line of small bars.
        logarithmic: whether lengths are of the logarithms: for values over many magnitudes.
        marked: numbers of the values that the finding is about.

    Example:
        >>> from schuss.insight import Picture
        >>> Picture((0.1, 0.4, 0.9, 0.5)).text()
        '▁▄█▅'
    """

    values: tuple[float, ...]
    labels: tuple[str, ...] = ()
    logarithmic: bool = False
    marked: tuple[int, ...] = ()

    def text(self, width: int = 40) -> str:
        """As letters: a line of small bars, at most `width`; or, with labels, a line for each value."""
        if not self.labels:
            return "".join(_STEPS[round(h * 7)] for h in self._heights(_resampled(self.values, width)))
        kept = self._shown()
        size = max(len(_cut(self.labels[i])) for i in kept)
        lines = [
            f"{_cut(self.labels[i]):<{size}} {'█' * max(1, round(h * 20)):<20} {_number(self.values[i])}"
            f"{' ◀' if i in self.marked else ''}"
            for i, h in zip(kept, self._heights([self.values[i] for i in kept]))
        ]
        left = len(self.values) - len(kept)
        return "\n".join([*lines, f"… and {left} more"] if left else lines)

    def svg(self) -> str:
        """As an SVG element."""
        return self._bars() if self.labels else self._line()

    def to_dict(self) -> dict[str, object]:
        """Its data, as JSON can hold them: what is not finite is None."""
        values = [v if math.isfinite(v) else None for v in self.values]
        return {"values": values, "labels": list(self.labels), "marked": list(self.marked)}

    def _shown(self) -> list[int]:
        """Numbers of the values that have a bar: the marked ones first, but all in their order."""
        order = sorted(range(len(self.values)), key=lambda i: (i not in self.marked, i))
        return sorted(order[:_MOST_BARS])

    def _heights(self, values: Sequence[float]) -> list[float]:
        """From 0 to 1."""
        array = np.asarray(values, float)
        finite = array[np.isfinite(array)]
        if self.logarithmic:
            array = np.log10(np.maximum(np.abs(array), 1e-38))
            finite = array[np.isfinite(array)]
            low = finite.min(initial=np.inf) - 1
        else:
            low = min(0.0, finite.min(initial=0.0)) if self.labels else finite.min(initial=np.inf)
        high = finite.max(initial=-np.inf)
        span = high - low if high > low else 1.0
        return [float(np.clip((v - low) / span, 0, 1)) if math.isfinite(v) else 1.0 for v in array]

    def _bars(self) -> str:
        kept = self._shown()
        heights = self._heights([self.values[i] for i in kept])
        rows = []
        for n, (i, h) in enumerate(zip(kept, heights)):
            y, color = n * (_BAR + 4), "var(--bad, #b8433f)" if i in self.marked else "var(--c0, #2f6fb0)"
            rows.append(
                f'<text x="0" y="{y + 12}" font-size="11" fill="currentColor">{escape(_cut(self.labels[i]))}</text>'
                f'<rect x="170" y="{y}" width="{max(1.0, h * _WIDTH):.1f}" height="{_BAR}" fill="{color}"/>'
                f'<text x="{175 + h * _WIDTH:.1f}" y="{y + 12}" font-size="11" fill="currentColor">'
                f"{escape(_number(self.values[i]))}</text>"
            )
        height = len(kept) * (_BAR + 4)
        width = 170 + _WIDTH + 80
        return f'<svg role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}">{"".join(rows)}</svg>'

    def _line(self) -> str:
        values = _resampled(self.values, 160)
        heights = self._heights(values)
        step = _WIDTH / max(len(heights) - 1, 1)
        points = " ".join(
            f"{i * step:.1f},{_HEIGHT - 4 - h * (_HEIGHT - 8):.1f}" for i, h in enumerate(heights)
        )
        return (
            f'<svg role="img" width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"><polyline fill="none" '
            f'stroke="var(--c0, #2f6fb0)" stroke-width="2" points="{points}"/></svg>'
        )


def _resampled(values: Sequence[float], most: int) -> list[float]:
    if len(values) <= most:
        return list(values)
    return [values[round(i * (len(values) - 1) / (most - 1))] for i in range(most)]


def _cut(label: str) -> str:
    return label if len(label) <= _LABEL else f"…{label[1 - _LABEL :]}"


def _number(value: float) -> str:
    return f"{value:.3g}"
