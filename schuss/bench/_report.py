"""What was measured: medians, spread, ratios, whether what is wanted is reached; as a table, as Markdown, as JSON."""

from __future__ import annotations

import io
import json
import os
import platform
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from schuss.backends.cpu._limits import Limits
from schuss.bench._profile import limit_lines
from schuss.bench._workloads import Wanted, Workload
from schuss.bench.contenders import CONTENDERS

_WIDTH = 140


@dataclass
class Result:
    """One workload.

    Attributes:
        rounds: the median time of each round in microseconds a step, by contender. failed: what those said that failed.
    """

    workload: Workload
    rounds: dict[str, list[float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def peers(self) -> list[str]:
        """Who else took part."""
        return [name for name in self.rounds if name != "schuss"]

    def median(self, name: str) -> float:
        """The contender's time: the median over the rounds, in microseconds a step."""
        return statistics.median(self.rounds[name])

    def spread(self, name: str) -> tuple[float, float]:
        """Its quickest and its slowest round."""
        return min(self.rounds[name]), max(self.rounds[name])

    def ratio(self, peer: str) -> float:
        """How many times the peer's time ours is: the median over the rounds, in which both had a turn."""
        pairs = zip(self.rounds["schuss"], self.rounds[peer], strict=False)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    def best(self, peers: tuple[str, ...] = ()) -> str | None:
        """The quickest of these peers, or of all; None if none took part."""
        return min((p for p in self.peers if not peers or p in peers), key=self.median, default=None)

    def share_of_peak(self, limits: Limits) -> float:
        """The operations of a step's contractions against what all threads could do in its time, from 0 to 1."""
        return self.workload.flops / (self.median("schuss") * 1e-6) / limits.all_flops

    def reached(self, wanted: Wanted, limits: Limits) -> bool | None:
        """Whether it is reached; None where nobody it speaks of took part."""
        if wanted.times is None:
            return self.share_of_peak(limits) >= (wanted.share_of_peak or 0)
        best = self.best(wanted.peers)
        return None if best is None else self.ratio(best) <= wanted.times

    def __str__(self) -> str:
        return f"{self.workload.name}: " + ", ".join(f"{n} {duration(self.median(n))}" for n in self.rounds)


@dataclass
class Report:
    """All that a comparison found; ``print`` shows it.

    Attributes:
        results: one for each workload. limits: what the processor does at most. versions: of who took part.
        rounds: how many turns each had.
    """

    results: list[Result]
    limits: Limits
    versions: dict[str, str]
    rounds: int
    day: str = field(default_factory=lambda: str(date.today()))
    processor: str = field(default_factory=lambda: f"{processor()}, {os.cpu_count()} cores")

    @property
    def peers(self) -> list[str]:
        """Who took part beside Schuss, in the order of the table of contenders."""
        return [name for name in CONTENDERS if any(name in r.peers for r in self.results)]

    def markdown(self) -> str:
        """The table for documents."""
        peers = self.peers
        titles = ["workload", "Schuss (range)", "GFLOP/s", "of peak", *peers, "wanted"]
        limits = "; ".join(" ".join(line.split()) for line in limit_lines(self.limits))
        lines = [
            f"{self._title()} {limits[0].upper()}{limits[1:]}. In brackets: how many times ours; in bold: the best peer.",
            "",
            _line(titles),
            _line(["---"] * len(titles)),
        ]
        for result in self.results:
            best = result.best()
            cells = [result.workload.name, f"**{duration(result.median('schuss'))}** ({_range(result)})"]
            cells += [f"{self._rate(result):.1f}", f"{result.share_of_peak(self.limits):.0%}"]
            for peer in peers:
                text = _against(result, peer)
                cells.append(f"**{text}**" if peer == best else text)
            cells.append("; ".join(self._wanted(result)))
            lines.append(_line(cells))
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it. Times are microseconds a step."""
        return {
            "day": self.day,
            "processor": self.processor,
            "versions": self.versions,
            "limits": asdict(self.limits),
            "rounds": self.rounds,
            "results": [self._result_dict(result) for result in self.results],
        }

    def json(self) -> str:
        """`as_dict` as text."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(file=io.StringIO(), width=_WIDTH, color_system=None)
        with console.capture() as captured:
            console.print(self)
        return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        yield self._title()
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_lines=False)
        for title in ("workload", "who"):
            table.add_column(title, no_wrap=True)
        for title in ("a step", "range", "times ours", "GFLOP/s", "of peak"):
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("wanted")
        for result in self.results:
            best = result.best()
            table.add_row(
                result.workload.name,
                Text("Schuss", "bold"),
                duration(result.median("schuss")),
                _range(result),
                "",
                f"{self._rate(result):.1f}",
                f"{result.share_of_peak(self.limits):.0%}",
                "\n".join(self._wanted(result)),
            )
            for peer in sorted(result.peers, key=result.median):
                style = "bold" if peer == best else ""
                row = [
                    "",
                    peer,
                    duration(result.median(peer)),
                    _range(result, peer),
                    times_ours(result, peer),
                ]
                table.add_row(*(Text(cell, style) for cell in row))
            for peer, said in result.failed.items():
                table.add_row("", Text(peer, "dim"), Text("failed", "dim"), "", "", "", "", Text(said, "dim"))
            table.add_section()
        yield table
        yield from limit_lines(self.limits)

    def _title(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        times = "1 round" if self.rounds == 1 else f"{self.rounds} rounds"
        return f"{self.processor}, {self.day}, {times}; {versions}."

    def _rate(self, result: Result) -> float:
        """GFLOP/s."""
        return result.workload.flops / result.median("schuss") / 1e3

    def _wanted(self, result: Result) -> list[str]:
        """``"✓ ≤ 1/6 of torch"``; without a sign where nobody it speaks of took part."""
        signs = {True: "✓ ", False: "✗ ", None: ""}
        return [f"{signs[result.reached(w, self.limits)]}{w}" for w in result.workload.wanted]

    def _result_dict(self, result: Result) -> dict[str, Any]:
        wanted = [
            {"text": str(w), **asdict(w), "reached": result.reached(w, self.limits)}
            for w in result.workload.wanted
        ]
        best = result.best()
        return {
            "workload": result.workload.as_dict(),
            "times": {
                name: {"median": result.median(name), "rounds": times}
                for name, times in result.rounds.items()
            },
            "failed": result.failed,
            "ratios": {peer: result.ratio(peer) for peer in result.peers},
            "best_peer": best,
            "share_of_peak": result.share_of_peak(self.limits),
            "wanted": wanted,
        }


def duration(microseconds: float) -> str:
    """``"41.2 µs"``, ``"7.54 ms"``."""
    if microseconds < 999.5:
        return f"{microseconds:.3g} µs"
    return f"{microseconds / 1000:.3g} ms"


def times_ours(result: Result, peer: str) -> str:
    """How many times our time the peer takes: ``"0.87"``, ``"3.2"``, ``"1240"``."""
    times = 1 / result.ratio(peer)
    return f"{times:.2f}" if times < 0.995 else f"{times:.1f}" if times < 9.95 else f"{times:.0f}"


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _range(result: Result, name: str = "schuss") -> str:
    low, high = result.spread(name)
    return f"{duration(low)}–{duration(high)}"


def _against(result: Result, peer: str) -> str:
    """``"361 µs (8.6)"``: its time, and how many times ours that is."""
    if peer in result.failed:
        return "failed"
    return f"{duration(result.median(peer))} ({times_ours(result, peer)})" if peer in result.rounds else ""
