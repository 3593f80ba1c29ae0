"""Functions of arrays, called on symbolic values: instead of computing, they become a node of a model."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

HOOK = "__schuss_symbolic__"
"""A value with a method of this name, ``(function, args, kwargs) -> result``, decides itself what a function
of it is."""


def accepting_symbolic(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which asks arguments (also in lists) that have the `HOOK` instead of computing."""

    @functools.wraps(function)
    def asked(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            for item in value if isinstance(value, (list, tuple)) else (value,):
                if hasattr(item, HOOK):
                    return getattr(item, HOOK)(function, args, kwargs)
        return function(*args, **kwargs)

    return asked


def accept_symbolic(namespace: dict[str, Any]) -> None:
    """Make every public function in a module's namespace accept symbolic values."""
    for name, value in list(namespace.items()):
        if not name.startswith("_") and inspect.isfunction(value):
            namespace[name] = accepting_symbolic(value)
