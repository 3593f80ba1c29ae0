"""The demo's page: one HTML file that needs nothing else, with drawings as SVG and images as PNG inside of
it."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2530; }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2.2rem } p { max-width: 46rem }
.charts { display: flex; flex-wrap: wrap; gap: 1.5rem } svg text { font: 12px system-ui, sans-serif; fill: #5a6775 }
table { border-collapse: collapse } td, th { width: 2.4rem; height: 2.1rem; text-align: center; font-weight: 400 }
th { color: #5a6775 } .images { display: flex; flex-wrap: wrap; gap: .8rem }
figure { margin: 0; width: 5rem; font-size: .8rem; text-align: center } figcaption { line-height: 1.25 }
img { width: 4.5rem; height: 4.5rem; image-rendering: pixelated; border: 1px solid #d5dbe1 }
"""
_TRAINING, _VALIDATION = "#0b6bcb", "#d1610a"


def write_page(
    figures: dict[str, Any],
    history: dict[str, list[float]],
    confusion: np.ndarray,
    mistakes: Sequence[tuple[np.ndarray, int, int, float]],
    brightest: int,
) -> str:
    """The page as text.

    Args:
        figures: accuracy, seconds, steps, epochs, images, parameters, rate.
        history: as `fit` returns it.
        confusion: counts, row: the digit, column: what was read.
        mistakes: (image, digit, what was read, how sure) of images that were read wrong.
        brightest: the largest value of a pixel.
    """
    curves = "".join(
        _chart(title, history[name], history.get(f"val_{name}"))
        for name, title in (("loss", "Loss"), ("accuracy", "Accuracy"))
    )
    wrong = "".join(_mistake(image, digit, guess, sure, brightest) for image, digit, guess, sure in mistakes)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>What the network learned</title><style>{_STYLE}</style></head><body>
<h1>A network that reads digits: {figures["accuracy"]:.1%} right</h1>
<p>It was trained on {figures["images"]:,} images for {figures["epochs"]} epochs: {figures["steps"]:,} steps of gradient
descent, W ← W − α ∇J, with the learning rate α = {figures["rate"]:g}, in {figures["seconds"]:.1f} s. It has
{figures["parameters"]:,} weights. What follows is measured on images it never saw in training.</p>
<h2>How it learned</h2>
<p><span style="color:{_TRAINING}">■</span> on the images it learns from, <span style="color:{_VALIDATION}">■</span> on
images it has not seen. Where the two part, it begins to learn the images by heart.</p>
<div class="charts">{curves}</div>
<h2>What it takes for what</h2>
<p>Each row is a digit, each column what the network read. The diagonal is right.</p>
{_confusion_table(confusion)}
<h2>Images it got wrong{f" ({len(mistakes)} of which it was most sure)" if len(mistakes) >= 60 else ""}</h2>
<div class="images">{wrong or "<p>None.</p>"}</div>
</body></html>
"""


def _chart(title: str, training: Sequence[float], validation: Sequence[float] | None) -> str:
    """Two curves over the epochs."""
    width, height, left, bottom, top = 420, 240, 46, 28, 24
    values = [v for v in [*training, *(validation or [])] if np.isfinite(v)] or [0.0]
    low, high = (0.0 if title == "Loss" else min(values)), max(values)
    span = (high - low) or 1.0
    count = max(len(training) - 1, 1)

    def point(i: int, value: float) -> str:
        x = left + (width - left - 12) * i / count
        y = top + (height - top - bottom) * (1 - (value - low) / span)
        return f"{x:.1f},{y:.1f}"

    def curve(points: Sequence[float], colour: str) -> str:
        inside = " ".join(point(i, v) for i, v in enumerate(points) if np.isfinite(v))
        return f'<polyline points="{inside}" fill="none" stroke="{colour}" stroke-width="2"/>'

    ticks = ""
    for part in (0.0, 0.5, 1.0):
        y = top + (height - top - bottom) * (1 - part)
        ticks += f'<line x1="{left}" x2="{width - 12}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e8ec"/>'
        ticks += f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{low + span * part:.3g}</text>'
    ticks += f'<text x="{left}" y="{height - 8}">epoch 1</text>'
    ticks += f'<text x="{width - 12}" y="{height - 8}" text-anchor="end">{len(training)}</text>'
    second = curve(validation, _VALIDATION) if validation else ""
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="{escape(title)} over the epochs">'
        f'<text x="{left}" y="14">{escape(title)}</text>{ticks}{curve(training, _TRAINING)}{second}</svg>'
    )


def _confusion_table(confusion: np.ndarray) -> str:
    head = "<tr><th></th>" + "".join(f"<th>{j}</th>" for j in range(confusion.shape[1])) + "</tr>"
    rows = []
    for i, row in enumerate(confusion):
        cells = ""
        for j, count in enumerate(row):
            share = count / max(int(row.sum()), 1)
            colour = (
                f"rgba(11,107,203,{0.08 + 0.6 * share:.2f})"
                if i == j
                else f"rgba(209,97,10,{min(1.0, 0.15 + 4 * share):.2f})"
            )
            cells += f'<td style="background:{colour}">{count}</td>' if count else "<td></td>"
        rows.append(f"<tr><th>{i}</th>{cells}</tr>")
    return f"<table>{head}{''.join(rows)}</table>"


def _mistake(image: np.ndarray, digit: int, guess: int, sure: float, brightest: int) -> str:
    name = with_article(digit)
    source = base64.b64encode(png(255 - (image.astype(float) * (255 / brightest)).astype(np.uint8))).decode()
    return (
        f'<figure><img alt="{name}" src="data:image/png;base64,{source}">'
        f"<figcaption>{name}, read as {guess} ({sure:.0%} sure)</figcaption></figure>"
    )


def with_article(digit: Any) -> str:
    """``"a 7"``, ``"an 8"``."""
    return f"{'an' if digit == 8 else 'a'} {digit}"


def png(image: np.ndarray) -> bytes:
    """A grey image, uint8 (height, width), as a PNG file (ISO/IEC 15948)."""
    height, width = image.shape
    rows = b"".join(b"\x00" + row.tobytes() for row in np.ascontiguousarray(image))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )
