"""Graph → plan, by way of the cache on disk: a program that runs again is not planned again.

The plan's name there is all that it was made from: the graph as text, how it is called, the compiler's settings and sources.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import sys
from collections.abc import Sequence
from dataclasses import astuple, replace

import numpy as np

from schuss.backends.cpu import _object_cache
from schuss.backends.cpu._sources import sources_digest
from schuss.backends.cpu._target import host
from schuss.compiler import HostCall, Plan, plan, structure_of_graph, structure_of_plan
from schuss.graph import Graph

_LEAST = 50  # nodes, of a graph that it takes longer to plan than to look for
_MOST = 1 << 20  # bytes of constants that are kept with a plan


def planned(
    graph: Graph, batch_inputs: int, row_outputs: Sequence[bool], check: int | None, parts: int
) -> tuple[Plan, str]:
    """The plan of a graph, and a hash of the plan's structure. The arguments are those of `schuss.compiler.plan`."""
    call = batch_inputs, tuple(row_outputs), check, parts
    text = structure_of_graph(graph) if len(graph.nodes) >= _LEAST else None
    if text is None:
        return _made(graph, *call)
    machine = map(str, astuple(host()))  # on which constants were computed
    key = _object_cache.key_of(
        (text, repr(call), _settings(), sources_digest(), np.__version__, sys.version, *machine)
    )
    kept = _object_cache.load(key, _object_cache.PLAN)
    if kept is not None:
        found, digest = pickle.loads(kept)  # from a folder into which nobody else can write
        found.variables = [slot.variable for slot in graph.state]
        return found, digest
    made, digest = _made(graph, *call)
    if _keepable(made):
        with contextlib.suppress(RecursionError):  # of an expression that is very deep
            content = pickle.dumps((replace(made, variables=[]), digest), protocol=5)
            _object_cache.store(key, content, _object_cache.PLAN)
    return made, digest


def _keepable(made: Plan) -> bool:
    """Whether it is no function of this process, nor large."""
    constants = [b.array for b in made.buffers if b.array is not None]
    functions = any(isinstance(step, HostCall) for step in made.leaves)
    return not functions and sum(array.nbytes for array in constants) <= _MOST


def _made(
    graph: Graph, batch_inputs: int, row_outputs: tuple[bool, ...], check: int | None, parts: int
) -> tuple[Plan, str]:
    made = plan(graph, batch_inputs, row_outputs, check, parts)
    return made, hashlib.sha256(structure_of_plan(made).encode()).hexdigest()


def _settings() -> str:
    """The numbers that the compiler's modules are set to, which may be others than their sources say."""
    modules = sorted(name for name in sys.modules if name.startswith("schuss.compiler."))
    return repr(
        [
            (name, key, value)
            for name in modules
            for key, value in sorted(vars(sys.modules[name]).items())
            if isinstance(value, (int, float))
        ]
    )
