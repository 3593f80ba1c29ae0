"""A report as a picture: for each workload, how many times Schuss's time the others take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from schuss.bench._report import Report, duration

_OURS = "#0b6bcb"
_FAMILIES = {"keras": "o", "torch": "s", "jax": "^", "sklearn": "D", "onnxruntime": "P"}  # markers
_ENDINGS = (".svg", ".png", ".pdf")


def require_plotting(path: str) -> None:
    """Make sure, before anything is measured, that a picture can be drawn.

    Raises:
        ImportError: there is no matplotlib. ValueError: the file's ending is not one of a picture.
    """
    if not path.lower().endswith(_ENDINGS):
        raise ValueError(f"The picture's name must end in {', '.join(_ENDINGS)}; got {path!r}.")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "Pictures are drawn by matplotlib, which is not installed: pip install 'schuss[plot]'."
        ) from error


def write_plot(report: Report, path: str | Path) -> None:
    """Draw it: a row of dots for each workload on a logarithmic axis, a short line at what is wanted.

    Args:
        report: of `run_bench`. path: the file, ending in .svg, .png or .pdf.

    Raises:
        ImportError, ValueError: see `require_plotting`.
    """
    require_plotting(str(path))
    from matplotlib.figure import Figure

    count = len(report.results)
    figure = Figure(figsize=(9, 1.8 + 0.62 * count), layout="constrained")
    axes = figure.subplots()
    looks = _looks(report)
    for row, result in enumerate(report.results):
        axes.axhline(row, color="#e4e8ec", zorder=0)
        for peer, (marker, colour) in looks.items():
            if peer in result.peers:
                axes.plot(1 / result.ratio(peer), row, marker, color=colour, markersize=8, alpha=0.85)
        for wanted in result.workload.wanted:
            if wanted.times is not None:
                colour = next((looks[p][1] for p in wanted.peers if p in looks), _OURS)
                axes.plot([1 / wanted.times] * 2, [row - 0.3, row + 0.3], color=colour, linewidth=1.5)
    axes.axvline(1, color=_OURS, linewidth=2)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}×")
    names = [f"{r.workload.name}\n{duration(r.median('schuss'))}" for r in report.results]
    axes.set_yticks(range(count), names)
    axes.set_ylim(count - 0.4, -0.6)
    axes.set_xlabel(
        "time of a step, Schuss's (at the left: its absolute time) being 1;\n"
        "short lines: what is wanted, against the peer of that colour or (blue) against all"
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(f"{report.processor}, {report.day}", fontsize=10)
    figure.legend(handles=_legend(looks), loc="outside right upper", frameon=False, fontsize=9)
    figure.savefig(path, dpi=150)


def _looks(report: Report) -> dict[str, tuple[str, str]]:
    """Each peer's marker, which is its family's, and colour; blue is ours."""
    colours = ["#5a6775", *(f"C{n}" for n in range(1, 10))]
    return {peer: (_FAMILIES[peer.split()[0]], colours[n % 10]) for n, peer in enumerate(report.peers)}


def _legend(looks: dict[str, tuple[str, str]]) -> list[Any]:
    from matplotlib.lines import Line2D

    found = [Line2D([], [], color=_OURS, linewidth=2, label="Schuss")]
    for peer, (marker, colour) in looks.items():
        found.append(Line2D([], [], marker=marker, color=colour, linestyle="", label=peer))
    return found
