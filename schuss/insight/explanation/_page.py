"""An explanation as a page: one file; formulas typeset, matrices as heat maps; a click on a number says whence it came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from schuss.insight._html import escape, script_json
from schuss.insight.explanation._explanation import Explanation, Quantity, Step
from schuss.insight.explanation._formula import as_mathml
from schuss.insight.explanation._symbols import sizes
from schuss.insight.explanation._windows import origins_of, planes_of, written

_HERE = Path(__file__).parent

_FRAME = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<nav id="contents" aria-label="Steps"></nav>
<main id="main"></main>
<aside id="origin" aria-live="polite" aria-label="Where a number came from"></aside>
<script type="application/json" id="data">{data}</script>
<script>
{script}
</script>
</body>
</html>
"""


def page(explanation: Explanation) -> str:
    """The page as HTML."""
    return _FRAME.format(
        title=escape(f"One step of learning: {explanation.model}"),
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
        data=script_json(_data(explanation)),
        script=(_HERE / "page.js").read_text(encoding="utf-8"),
    )


def _data(explanation: Explanation) -> dict[str, Any]:
    homes = {q.key: step.number for step in explanation.steps for q in (*step.quantities, *step.inner)}
    count = len(homes)
    quantities = {
        key: _quantity(explanation, q, homes[key], count) for key, q in explanation.quantities.items()
    }
    sections = [
        ("Inputs", "What the step learns from.", [explanation.inputs]),
        ("Forwards", "Each layer computes its output from that of the one before.", explanation.layers),
        ("Loss", "One number says how wrong the outputs are.", [explanation.loss]),
        (
            "Backwards",
            "The chain rule carries the loss's derivative back, layer by layer.",
            explanation.backward,
        ),
        ("Update", "Each weight takes a step that makes the loss smaller.", explanation.update),
    ]
    return {
        "model": explanation.model,
        "optimizer": explanation.optimizer,
        "rows": explanation.rows,
        "outcome": explanation.outcome.to_dict(),
        "sections": [{"title": t, "what": w, "steps": [_step(s) for s in steps]} for t, w, steps in sections],
        "quantities": quantities,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "title": step.title,
        "kind": step.kind,
        "what": step.what,
        "note": step.note,
        "formulas": [as_mathml(f) for f in step.formulas],
        "inputs": [q.key for q in step.inputs],
        "quantities": [q.key for q in step.quantities],
        "inner": [q.key for q in step.inner],
    }


def _quantity(explanation: Explanation, quantity: Quantity, home: int, count: int) -> dict[str, Any]:
    planes = planes_of(quantity.array, last=quantity.key.startswith("A"))
    element = explanation.by_element(quantity)
    return {
        "symbol": as_mathml(quantity.symbol),
        "text": quantity.text,
        "name": quantity.name,
        "home": home,
        "shape": list(quantity.array.shape),
        "size": sizes(quantity.array),
        "dtype": quantity.array.dtype.name,
        "formula": as_mathml(quantity.formula) if quantity.formula else "",
        "element": as_mathml(element) if element else "",
        "planes": planes,
        "origin": origins_of(explanation, quantity, planes, count),
        **_statistics(quantity.array),
    }


def _statistics(array: np.ndarray) -> dict[str, Any]:
    if not array.size:
        return {"min": 0, "mean": 0, "max": 0, "scale": 0, "bad": 0}
    numbers = array.astype("float64")
    finite = numbers[np.isfinite(numbers)]
    found = [float(f(finite)) if finite.size else float("nan") for f in (np.min, np.mean, np.max)]
    low, mean, high = (written(np.float64(v)) for v in found)
    scale = float(np.abs(finite).max(initial=0.0))
    return {"min": low, "mean": mean, "max": high, "scale": scale, "bad": int(numbers.size - finite.size)}
