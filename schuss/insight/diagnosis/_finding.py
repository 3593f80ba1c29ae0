"""Finding: something that is not well, or may not be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schuss.insight.diagnosis._picture import Picture

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """Something that will go wrong, did, or may.

    Attributes:
        code: what kind it is, for programs: ``"dead-relu"``. It stays the same from version to version.
        what: in a sentence. where: the layer, the column, the array; empty where it is all of it.
        evidence: the numbers, in words. numbers: as data. picture: of them, or None.
        why: why it matters. advice: what to try.
        severity: ``"error"``: training cannot work so; ``"warning"``: it will be worse for it; ``"note"``: worth knowing.
    """

    code: str
    what: str
    evidence: str
    why: str
    advice: str
    where: str = ""
    severity: str = "warning"
    numbers: Mapping[str, Any] = field(default_factory=dict)
    picture: Picture | None = None

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"Finding: `severity` must be one of {SEVERITIES}, got {self.severity!r}.")

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where,
            "what": self.what,
            "evidence": self.evidence,
            "numbers": {name: plain(value) for name, value in self.numbers.items()},
            "why": self.why,
            "advice": self.advice,
            "picture": None if self.picture is None else self.picture.to_dict(),
        }


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: NumPy's numbers as Python's, what is not finite as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
