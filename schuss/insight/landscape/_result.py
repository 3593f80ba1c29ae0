"""What `landscape` found, as numbers, pictures and pages."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from schuss.insight._html import Section, Series, escape, figures, line_plot, number, page, paragraph, plot

_PAGES = (".html", ".htm")
_PICTURES = (".svg", ".png", ".pdf")


@dataclass
class Landscape:
    """The loss on a plane of weights θ₀ + a d₁ + b d₂.

    Attributes:
        a, b: float64 [m], [n]: the places along d₁ and d₂. loss: [n, m]; row i is at b[i], column j at a[j].
        path: [places, 2], (a, b) of the descent, or None. path_loss: the loss at these weights, which need not lie
            on the plane. path_steps: after how many training steps, where that is known.
        explained: which shares of the path's variance lie along d₁ and d₂; None where they are not its principal
            components.
        seconds: of evaluating the grid. rows: of data in each point's loss. name: the model's.

    In a notebook it shows itself.
    """

    a: np.ndarray
    b: np.ndarray
    loss: np.ndarray = field(repr=False)
    path: np.ndarray | None = field(default=None, repr=False)
    path_loss: np.ndarray | None = field(default=None, repr=False)
    path_steps: np.ndarray | None = field(default=None, repr=False)
    explained: tuple[float, float] | None = None
    seconds: float = 0.0
    rows: int = 0
    name: str = ""

    @property
    def points_per_second(self) -> float:
        """How many points of the grid were evaluated in a second."""
        return self.loss.size / max(self.seconds, 1e-9)

    @property
    def is_logarithmic(self) -> bool:
        """Whether it is shown on a logarithmic scale: where all losses are positive, and span more than fivefold."""
        finite = self.loss[np.isfinite(self.loss)]
        return bool(finite.size and finite.min() > 0 and finite.max() > 5 * finite.min())

    def plot(self, ax: Any = None) -> Any:
        """Contours of the loss, with the path, by matplotlib.

        Args:
            ax: matplotlib's axes; default: of a new figure.

        Returns:
            The axes.

        Raises:
            ImportError: matplotlib is not there (``pip install schuss[plot]``).
        """
        pyplot = _pyplot("Landscape.plot")
        if ax is None:
            ax = pyplot.subplots(figsize=(7, 5.2), layout="constrained")[1]
        finite = np.where(np.isfinite(self.loss), self.loss, np.nan)
        shown = np.log10(finite) if self.is_logarithmic else finite
        levels = np.linspace(np.nanmin(shown), np.nanmax(shown), 24)
        if levels[0] == levels[-1]:
            levels = levels[0] + np.linspace(-1, 1, 24)
        filled = ax.contourf(self.a, self.b, shown, levels, cmap="YlGnBu_r")
        ax.contour(self.a, self.b, shown, levels[::2], colors="white", linewidths=0.5, alpha=0.5)
        bar = ax.figure.colorbar(filled, ax=ax, label="loss")
        if self.is_logarithmic:
            bar.ax.yaxis.set_major_formatter(lambda value, _: number(10.0**value, 2))
        if self.path is None:
            ax.plot(0, 0, "o", color="white", markeredgecolor="C1")
        else:
            ax.plot(*self.path.T, "-", color="#c8612c", linewidth=1.6)
            ax.plot(*self.path[-1], "o", color="white", markeredgecolor="#c8612c")
        ax.set_xlabel(self._axis(0))
        ax.set_ylabel(self._axis(1))
        ax.set_title(f"{self.name}: the loss around its weights")
        return ax

    def _axis(self, which: int) -> str:
        name = "ab"[which]
        if self.explained is None:
            return name
        return f"{name} ({self.explained[which]:.1%} of the path's variance)"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a file.

        Args:
            path: ending with ``.html``: a page that stands alone, with the map, and hills that can be turned;
                ``.svg``, ``.png``, ``.pdf``: the picture that `plot` draws.

        Raises:
            ValueError: another ending. ImportError: a picture needs matplotlib, which is not there.
        """
        target = Path(path)
        ending = target.suffix.lower()
        if ending in _PAGES:
            target.write_text(self.html(), encoding="utf-8")
        elif ending in _PICTURES:
            ax = self.plot()
            ax.figure.savefig(target)
            _pyplot("Landscape.save").close(ax.figure)
        else:
            raise ValueError(
                f"Landscape.save: expected a path that ends with {', '.join((*_PAGES, *_PICTURES))}, got {str(path)!r}."
            )
        return target

    def animate(self, path: str | os.PathLike[str], seconds: float = 6.0, frames: int = 60) -> Path:
        """Write the descent as a film: the path grows, step by step.

        Args:
            path: ending with ``.html``: a page that plays by itself; ``.gif``: a film, by matplotlib and Pillow.
            seconds: how long it takes. frames: pictures in a GIF. Default 60.

        Raises:
            ValueError: another ending, or there is no path. ImportError: a GIF needs matplotlib.
        """
        if self.path is None:
            raise ValueError("Landscape.animate: there is no path: pass `path` to `landscape`.")
        target = Path(path)
        ending = target.suffix.lower()
        if ending in _PAGES:
            target.write_text(self.html(seconds, plays=True), encoding="utf-8")
        elif ending == ".gif":
            self._film(target, seconds, frames)
        else:
            raise ValueError(
                f"Landscape.animate: expected a path that ends with .html or .gif, got {str(path)!r}."
            )
        return target

    def _film(self, target: Path, seconds: float, frames: int) -> None:
        pyplot = _pyplot("Landscape.animate")
        from matplotlib.animation import FuncAnimation, PillowWriter

        assert self.path is not None
        ways = self.path
        ax = self.plot()
        line, head = ax.lines[-2:]
        places = np.linspace(0, len(ways) - 1, frames).round().astype(int)

        def drawn(place: int) -> list[Any]:
            line.set_data(*ways[: place + 1].T)
            head.set_data(ways[place : place + 1, 0], ways[place : place + 1, 1])
            return [line, head]

        film = FuncAnimation(ax.figure, drawn, frames=list(places))
        film.save(target, writer=PillowWriter(fps=max(1, round(frames / seconds))))
        pyplot.close(ax.figure)

    def html(self, seconds: float = 6.0, plays: bool = False) -> str:
        """The page: a map, hills, and the loss along the path. `plays`: it begins by itself."""
        body = self.figures_html(seconds, plays)
        if self.path is not None and self.path_loss is not None:
            steps = self.path_steps if self.path_steps is not None else np.arange(len(self.path))
            log = bool((self.path_loss > 0).all() and self.path_loss.max() > 10 * self.path_loss.min())
            body += line_plot(
                [Series("", steps, self.path_loss)], "the loss along the path", "step", y_log=log
            )
        head = figures(self._cards())
        title = f"{self.name}: the loss around its weights"
        return page(
            title,
            [Section("Landscape", body, "landscape")],
            head=head,
            scripts=script(),
            footer="Made by Schuss.",
        )

    def figures_html(self, seconds: float = 6.0, plays: bool = False) -> str:
        """The map and the hills, for a page that has `script`."""
        body = paragraph(self._words())
        body += self._figure("map", "from above", seconds, plays, "Lines join places of the same loss.")
        return body + self._figure("surface", "as hills", seconds, plays, "Drag to turn them.")

    def _figure(self, kind: str, title: str, seconds: float, plays: bool, note: str) -> str:
        return plot(
            kind,
            title,
            note,
            a=self.a,
            b=self.b,
            loss=self.loss,
            log=self.is_logarithmic,
            path=self.path,
            pathLoss=self.path_loss,
            pathSteps=self.path_steps,
            xLabel=self._axis(0),
            yLabel=self._axis(1),
            milliseconds=1000 * seconds,
            plays=plays,
        )

    def _words(self) -> str:
        if self.path is None:
            return (
                "A network's weights are a point in a space of very many directions. This is the loss on a plane through "
                "it, along two random directions, each as long as the weights themselves, filter by filter: at 1 the "
                "weights have changed by as much as they are."
            )
        shares = ""
        if self.explained is not None:
            shares = (
                f" It is the plane in which most of its way lies: {sum(self.explained):.1%} of its variance; what is "
                "across the plane is not seen."
            )
        return (
            "A network's weights are a point in a space of very many directions, which descends where the loss falls. "
            f"This is the loss on a plane through the point's last place.{shares}"
        )

    def _cards(self) -> list[tuple[str, str]]:
        cards = []
        if self.path_loss is not None:
            cards.append((number(float(self.path_loss[0])), "loss at the start"))
            cards.append((number(float(self.path_loss[-1])), "at the end"))
        cards.append((number(float(np.nanmin(self.loss))), "least loss on the map"))
        cards.append(
            (f"{self.loss.shape[1]} × {self.loss.shape[0]}", f"points, each of {number(self.rows)} rows")
        )
        cards.append((number(round(self.points_per_second)), "points in a second"))
        return cards

    def _repr_html_(self) -> str:
        return f'<iframe srcdoc="{escape(self.html())}" style="width:100%;height:48rem;border:0"></iframe>'


def script() -> str:
    """What draws maps and hills in a page."""
    return files("schuss.insight.landscape").joinpath("landscape.js").read_text(encoding="utf-8")


def _pyplot(what: str) -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError(
            f"{what} draws with matplotlib, which is not there: pip install schuss[plot]"
        ) from None
    return pyplot
