"""What surrounds the computations of a program: ``tf.function``, devices, names, logging, random seeds."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from schuss.graph import active_trace
from schuss.graph import name_scope as _name_scope

__all__ = [
    "device", "executing_eagerly", "function", "get_logger", "group", "init_scope", "name_scope", "newaxis",
    "no_op", "print",
]  # fmt: skip

newaxis = None
_print = print


def function(func: Any = None, input_signature: Any = None, **options: Any) -> Any:
    """The function itself: it is traced where that helps (`fit`), not where it is decorated."""
    return (lambda inner: inner) if func is None else func


@contextmanager
def device(device_name: Any) -> Iterator[None]:
    """Computations run on the processor, whichever device is named."""
    yield


@contextmanager
def name_scope(name: str) -> Iterator[str]:
    """Operations in the block carry `name`."""
    with _name_scope(name):
        yield f"{name}/"


@contextmanager
def init_scope() -> Iterator[None]:
    """Nothing to lift: variables are never part of a trace."""
    yield


def executing_eagerly() -> bool:
    """Whether operations are computed at once: False while a function is traced."""
    return active_trace() is None


def get_logger() -> logging.Logger:
    """The logger named "tensorflow"."""
    return logging.getLogger("tensorflow")


def group(*inputs: Any, **options: Any) -> None:
    """Nothing: operations have been done when they were called."""


def no_op(name: Any = None) -> None:
    """Nothing."""


def print(*inputs: Any, output_stream: Any = None, sep: str = " ", end: str = "\n", **options: Any) -> None:
    """Print values, as TensorFlow writes them: arrays without type and shape, to stderr."""
    import numpy as np

    stream = output_stream if hasattr(output_stream, "write") else sys.stderr
    texts = []
    for value in inputs:
        is_array = hasattr(value, "shape") and executing_eagerly()
        array = np.asarray(value) if is_array else None
        texts.append(
            str(array if array is not None and array.ndim else value if array is None else array[()])
        )
    _print(*texts, sep=sep, end=end, file=sys.stdout if output_stream == "sys.stdout" else stream)
