"""Which evaluator makes the programs."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import Any

from schuss.graph import Graph
from schuss.utils._garbage import without_collections

_HOMES = {"cpu": "schuss.backends.cpu", "reference": "schuss.backends.reference.program"}


def backend_name(backend: str | None = None) -> str:
    """The evaluator in use: `backend`, else ``SCHUSS_BACKEND``, else ``"cpu"``.

    Raises:
        ValueError: there is none of that name.
    """
    name = backend or os.environ.get("SCHUSS_BACKEND", "").strip().lower() or "cpu"
    if name not in _HOMES:
        source = "backend" if backend else "the environment variable SCHUSS_BACKEND"
        raise ValueError(f"Unknown backend {name!r} in {source}: expected {' or '.join(map(repr, _HOMES))}.")
    return name


def compile(
    graph: Graph,
    batch_inputs: int = 0,
    row_outputs: Sequence[bool] | None = None,
    check: int | None = None,
    backend: str | None = None,
) -> Any:
    """The program of a graph.

    Args:
        graph: what `schuss.trace` returns.
        batch_inputs: how many of the graph's inputs, the first ones, are batches: in a run, step s gets the
            rows ``rows[s*B : (s+1)*B]`` of a data set, where B is the inputs' static leading size. Default 0.
        row_outputs: for each output of the graph, whether a run keeps all steps' rows, one batch after the
            other; of others the last step's value stays. Default: none is.
        check: index of a scalar output that must stay finite; a run stops at the first step where it is not.
        backend: ``"cpu"`` or ``"reference"``. Default: see `backend_name`.

    Returns:
        A program: ``program(*arrays)`` makes one step and returns the list of outputs;
        ``program.start(data, rows, steps, arguments=(), outputs=(), threads=None)`` begins a run over many,
        and returns it (`wait`, `steps_done`, `stop`, `failed_step`). Variables are read and written in place.
        ``program.prepare()`` gives a single short step with memory for its `inputs` and `outputs`, to be called many
        times; None where that is not worth it.

    Example:
        >>> import numpy as np, schuss
        >>> graph = schuss.trace(lambda x: x * x, schuss.Spec((3,), "float32"))
        >>> program = schuss.backends.compile(graph)
        >>> program(np.array([1, 2, 3], "float32"))[0].tolist()
        [1.0, 4.0, 9.0]
    """
    module = importlib.import_module(_HOMES[backend_name(backend)])
    with without_collections():
        return module.compile_graph(graph, batch_inputs, row_outputs, check)
