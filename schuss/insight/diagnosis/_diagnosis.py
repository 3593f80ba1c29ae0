"""Diagnosis: the findings, what was measured on the way, and the cost; as text, as a page, as data."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schuss.insight._html import Section, details, escape, page, paragraph, table
from schuss.insight.diagnosis._cost import Cost
from schuss.insight.diagnosis._finding import SEVERITIES, Finding, plain

_MARKS = {"error": ("✗", "bold red"), "warning": ("!", "bold yellow"), "note": ("i", "cyan")}
_WIDTH = 110


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What `diagnose` found; ``print`` shows it.

    Attributes:
        findings: list of `Finding`, the gravest first; empty where all is well.
        cost: what a step, an epoch and the memory cost; None where it could not be told.
        measured: figures that were found on the way, by name: the loss, the curvature, the noise scale, …
        skipped: what was not looked at, and why. model: its name. rows, batch_size: of the data.
    """

    findings: list[Finding]
    cost: Cost | None
    measured: dict[str, Any] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    model: str = ""
    rows: int = 0
    batch_size: int = 0

    @property
    def codes(self) -> list[str]:
        """The findings' codes, each once, the gravest first."""
        return list(dict.fromkeys(finding.code for finding in self.findings))

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def find(self, code: str) -> list[Finding]:
        """The findings of one kind."""
        return [finding for finding in self.findings if finding.code == code]

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {
            "model": self.model,
            "rows": self.rows,
            "batch_size": self.batch_size,
            "healthy": self.healthy,
            "findings": [finding.to_dict() for finding in self.findings],
            "cost": None if self.cost is None else self.cost.to_dict(),
            "measured": plain(self.measured),
            "skipped": list(self.skipped),
        }

    def save(self, path: str | Path) -> Path:
        """Write it as one HTML page that needs no network.

        Args:
            path: of the file, which is overwritten.

        Returns:
            The path.
        """
        found = Path(path)
        found.write_text(self.html(), encoding="utf-8")
        return found

    def html(self) -> str:
        """The page that `save` writes."""
        sections = [Section("Findings", self._findings_html(), "findings")]
        if self.cost is not None:
            sections.append(Section("Cost", table(self.cost.rows(), ("", "")), "cost"))
        if self.measured:
            rows = [(name.replace("_", " "), _figure(value)) for name, value in self.measured.items()]
            sections.append(Section("Measured", table(rows), "measured"))
        if self.skipped:
            sections.append(
                Section("Not looked at", "".join(paragraph(text) for text in self.skipped), "skipped")
            )
        return page(f"Diagnosis of {self.model}", sections, self._headline(), styles=_STYLES)

    def _repr_html_(self) -> str:
        cost = "" if self.cost is None else details("Cost", table(self.cost.rows(), ("", "")))
        return f"<div><p><b>{escape(self._headline())}</b></p>{self._findings_html()}{cost}</div>"

    def _findings_html(self) -> str:
        return "".join(_finding_html(f) for f in self.findings) or paragraph(
            "Nothing was found: all is well."
        )

    def show(self) -> None:
        """Print it, with colours where there is a terminal."""
        from rich.console import Console

        Console(highlight=False).print(self)

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(file=io.StringIO(), width=_WIDTH, color_system=None, highlight=False)
        with console.capture() as captured:
            console.print(self)
        return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())

    __repr__ = __str__

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.padding import Padding
        from rich.text import Text

        yield Text(self._headline(), style="bold")
        for finding in self.findings:
            mark, style = _MARKS[finding.severity]
            where = f" in {finding.where}" if finding.where else ""
            yield Text("")
            yield Text.assemble(
                (f"{mark} ", style), (finding.what, "bold"), (f"  [{finding.code}{where}]", "dim")
            )
            yield Padding(Text(finding.evidence), (0, 0, 0, 2))
            if finding.picture is not None:
                yield Padding(Text(finding.picture.text(), style="cyan", no_wrap=True), (0, 0, 0, 2))
            yield Padding(Text.assemble(("Why: ", "bold"), finding.why), (0, 0, 0, 2))
            yield Padding(Text.assemble(("Try: ", "bold"), finding.advice), (0, 0, 0, 2))
        if self.cost is not None:
            yield Text("")
            yield from self.cost.__rich_console__(console, options)
        for text in self.skipped:
            yield Text(f"Not looked at: {text}", style="dim")

    def _headline(self) -> str:
        data = f"{self.model} on {self.rows:,} rows, batches of {self.batch_size}"
        if not self.findings:
            return f"{data}: all is well"
        counts = [(s, sum(f.severity == s for f in self.findings)) for s in SEVERITIES]
        said = ", ".join(f"{n} {s}{'s' if n > 1 else ''}" for s, n in counts if n)
        return f"{data}: {said}"


_STYLES = """
.finding { border-left: 4px solid var(--warn); padding: .2rem 1rem; margin: 1rem 0; background: var(--card); }
.finding.error { border-color: var(--bad); } .finding.note { border-color: var(--c0); }
.finding code { color: var(--soft); }
"""


def _finding_html(finding: Finding) -> str:
    where = f" in {finding.where}" if finding.where else ""
    picture = "" if finding.picture is None else f"<div>{finding.picture.svg()}</div>"
    return (
        f'<div class="finding {finding.severity}"><p><b>{escape(finding.what)}</b> '
        f"<code>{escape(finding.code + where)}</code></p>{paragraph(finding.evidence)}{picture}"
        f"<p><b>Why:</b> {escape(finding.why)}</p><p><b>Try:</b> {escape(finding.advice)}</p></div>\n"
    )


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
