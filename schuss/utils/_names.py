"""Looking things up by the names users give, and names derived from classes."""

from __future__ import annotations

import difflib
import re
from typing import Any

_MANY = 50


def suggestion(name: str, known: Any) -> str:
    """A sentence for an error message: the nearest of the known names, or, if none is near, all of them.

    Nearest are those that begin with the name, then those that are spelled alike.
    """
    names = [str(n) for n in known]
    longer = sorted((n for n in names if len(name) > 2 and n.startswith(name)), key=len)
    alike = 0.6 if len(name) > 3 else 0.5  # difflib's ratio: below it, a suggestion rather confuses
    near = longer[:3] or difflib.get_close_matches(str(name), names, n=3, cutoff=alike)
    if not near:
        folded = {n.lower(): n for n in names}
        near = [
            folded[n] for n in difflib.get_close_matches(str(name).lower(), list(folded), n=3, cutoff=alike)
        ]
    if near:
        return "Did you mean " + " or ".join(repr(n) for n in near) + "?"
    if len(names) > _MANY:
        return f"None of the {len(names)} known names is like it."
    return "Known: " + ", ".join(sorted(names)) + "."


def missing_name(module: str, kind: str, name: str, known: Any) -> AttributeError:
    """The error of a module's ``__getattr__`` for a name it does not have.

    Args:
        module: its full name. kind: what its names are, for the message: ``"layer"``. known: its names.
    """
    hint = "" if name.startswith("_") else " " + suggestion(name, known)
    return AttributeError(f"module {module!r} has no {kind} {name!r}.{hint}")


def to_snake_case(name: str) -> str:
    """``"BatchNormalization"`` → ``"batch_normalization"``; ``"Conv2D"`` → ``"conv2d"``; as Keras names
    layers."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
