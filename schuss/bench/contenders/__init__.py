"""Who takes part: each makes a workload its own way, in a process of its own.

In: a workload as plain data. Out: a function that does it once (an epoch, or a call of predict). Nothing here imports the
rest of Schuss, so that any Python with NumPy can run it: ``python -m contenders '{"contender": …, "workload": …}'``.

A workload's `model` names its kind of network. Each family's file has a table of builders, from that kind to what makes
it: to add a kind is to add a row to those families that can do it. Who has none is left out.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Run = Callable[[], Any]  # one epoch, or one call of predict


class UnableError(Exception):
    """A contender that has no way to do a workload says so with this."""


@dataclass(frozen=True)
class Contender:
    """Somebody who takes part.

    Attributes:
        family: the file here that makes its workloads. needs: modules that must be installed.
        options: arguments of the family's `run_of`.
    """

    family: str
    needs: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)

    def run_of(self, workload: dict[str, Any]) -> Run:
        """What it does again and again.

        Raises:
            UnableError: it cannot do this workload.
        """
        family = importlib.import_module(f"{__name__}.{self.family}")
        return family.run_of(workload, **self.options)


CONTENDERS = {
    "schuss": Contender("with_keras", ("schuss",), {"library": "schuss"}),
    "keras tensorflow": Contender("with_keras", ("keras", "tensorflow"), {"library": "keras"}),
    "keras jax": Contender("with_keras", ("keras", "jax"), {"library": "keras"}),
    "keras torch": Contender("with_keras", ("keras", "torch"), {"library": "keras"}),
    "torch": Contender("with_torch", ("torch",), {"compiled": False}),
    "torch compile": Contender("with_torch", ("torch",), {"compiled": True}),
    "jax": Contender("with_jax", ("jax",), {"scan": False}),
    "jax scan": Contender("with_jax", ("jax",), {"scan": True}),
    "sklearn": Contender("with_sklearn", ("sklearn",)),
    "onnxruntime": Contender("with_onnx", ("onnx", "onnxruntime")),
}
"""Name → contender; ``"keras BACKEND"`` is Keras on that backend."""


def builder(table: dict[str, Any], workload: dict[str, Any], family: str) -> Any:
    """What makes the workload's kind of network, of a family's table.

    Raises:
        UnableError: the family has none.
    """
    if workload["model"] not in table:
        raise UnableError(f"no {workload['model']} networks with {family}")
    return table[workload["model"]]
