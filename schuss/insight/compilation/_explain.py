"""explain_compilation: see what a program became."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schuss.compiler import HostCall, Kernel, Loop, Step
from schuss.compiler._index import Dim
from schuss.insight.compilation._compilation import Compilation
from schuss.insight.compilation._kernels import explained
from schuss.insight.compilation._memory import barriers_of, places_of
from schuss.insight.compilation._names import BufferNames
from schuss.insight.compilation._subjects import Subject, function_program, model_step
from schuss.models import Model


def explain_compilation(
    model_or_function: Any,
    *args: Any,
    what: str = "train",
    batch_size: int | None = None,
    code: bool = False,
    **kwargs: Any,
) -> Compilation:
    """What a model's step, or a function of ops, was compiled to: its kernels in order, what was fused into each, how
    threads and registers share it, where threads meet, and which temporaries share memory.

    It is the very program that `fit`, `evaluate`, `predict` or `jit` run for such data; it is compiled, but not run.
    Of a model that is not built, this builds it.

    Args:
        model_or_function: a `Model` (compiled, unless for prediction); or a function, also one made by `jit`, or a
            layer.
        *args, **kwargs: for a model its data, as for `fit`: x, y and sample_weight, all of them or a batch; where
            there is none, the shapes of the model's inputs are taken, and labels like its outputs (int64 classes for
            losses with "sparse" in their name). A generator gives its first batch for this. For a function its
            arguments: arrays of which only shapes and dtypes matter.
        what: of a model: ``"train"`` (default), ``"test"`` or ``"predict"``.
        batch_size: of a model: rows in a batch. Default 32, or as many as there are.
        code: whether `print` shows each kernel as loops, in Python's notation, rather than in a few lines of words.

    Returns:
        A `Compilation`: ``print`` shows it; `kernels`, `barriers`, `arena`, … are its data; ``kernel(3)`` is one kernel,
        which prints as loops. On the reference backend it says that nothing is compiled.

    Raises:
        ValueError: `what` is something else; the model is not compiled, or the shapes of its inputs are not known.
        TypeError: neither a model nor a function.

    Example:
        >>> import numpy as np, schuss
        >>> def neuron(x, w, b):
        ...     return schuss.ops.tanh(x @ w + b)
        >>> x, w, b = np.zeros((8, 3), "float32"), np.zeros((3, 4), "float32"), np.zeros(4, "float32")
        >>> print(schuss.explain_compilation(neuron, x, w, b).kernel(1))
        # 1  matmul + add + tanh
        for i in range(8):...
            for j in range(4):...
                total = 0
                for k in range(3):
                    total += x[i, k] * w[k, j]
                result[i, j] = tanh(total + b[j])
    """
    if isinstance(model_or_function, Model):
        subject = model_step(model_or_function, what, batch_size, *_data(args, kwargs))
    elif callable(model_or_function):
        subject = function_program(model_or_function, args, kwargs)
    else:
        raise TypeError(
            "explain_compilation: expected a model, or a function with example arrays, got "
            f"{type(model_or_function).__name__}."
        )
    return _compilation(subject, code)


def _data(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """x, y and sample_weight."""
    names = ("x", "y", "sample_weight")
    given: dict[str, Any] = dict(zip(names, args))
    wrong = [name for name in kwargs if name not in names or name in given]
    if wrong or len(args) > len(names):
        what = f"the argument {wrong[0]!r}" if wrong else f"{len(args)} arrays"
        raise TypeError(
            f"explain_compilation: of a model x, y and sample_weight can be given, once each; got {what}."
        )
    given.update(kwargs)
    return [given.get(name) for name in names]


def _compilation(subject: Subject, code: bool) -> Compilation:
    program = subject.program
    plan = getattr(program, "plan", None)
    if plan is None:
        return Compilation(subject.title, "reference", primitives=len(program.graph.nodes), with_code=code)
    names = BufferNames(plan, subject.inputs, subject.outputs, subject.prefix)
    shapes = program.describe()
    kernels = [
        explained(step, number, names, shape, subject.prefix, phase, turns)
        for number, ((step, phase, turns), shape) in enumerate(
            zip(_in_loops(plan.steps), shapes, strict=True), 1
        )
    ]
    first: dict[int, int] = {}
    for kernel, shape in zip(kernels, shapes):
        number = kernel.number if shape is None else first.setdefault(shape.function, kernel.number)
        kernel.same_code_as = number if number != kernel.number else None
    used = {b for step in plan.leaves if isinstance(step, Kernel) and step.partial for b in [step.partial]}
    return Compilation(
        subject.title,
        "cpu",
        kernels,
        barriers_of(plan, names),
        places_of(plan, names),
        plan.arena_bytes,
        sum(b.nbytes for b in plan.buffers if b.kind == "temporary" and (b.offset >= 0 or b in used)),
        {names[b]: b.nbytes for b in plan.buffers if b.kind == "variable"},
        program.threads(),
        with_code=code,
        meetings=plan.barriers,
    )


def _in_loops(
    steps: list[Step], phase: int | None = None, turns: tuple[Dim, ...] = ()
) -> Iterator[tuple[Kernel | HostCall, int, tuple[Dim, ...]]]:
    """The kernels and host calls, each with the plan's phase in which it runs, and the loops around it."""
    for step in steps:
        within = step.phase if phase is None else phase
        if isinstance(step, Loop):
            yield from _in_loops(step.steps, within, (*turns, step.turn))
        else:
            yield step, within, turns
