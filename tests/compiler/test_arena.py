"""The arena: memory is used again as soon as nobody needs what lies there, by whatever thread."""

import numpy as np
import pytest

import schuss
from schuss import layers, ops
from schuss.compiler._arena import ALONE
from schuss.compiler._order import owner, touches
from schuss.compiler._plan import plan
from schuss.graph import Spec


def deep(x, depth=8):
    """Forward and backward through layers that are kept for the way back."""
    weights = [np.full((32, 32), 0.1, "float32") for _ in range(depth)]

    def loss(x):
        for w in weights:
            x = ops.tanh(ops.matmul(x, w))
        return ops.sum(x)

    return schuss.grad(loss)(x)


def chain(x, depth=8):
    """Each value is needed for the next one only."""
    for _ in range(depth):
        x = ops.tanh(ops.matmul(x, np.full((32, 32), 0.1, "float32")))
    return x


def planned(function, batch=64):
    return plan(
        schuss.trace(function, Spec((batch, 32), np.dtype("float32"))),
        batch_inputs=1,
        row_outputs=(True,),
        parts=2,
    )


def used(plan):
    """For each temporary the numbers of the steps that use it, with their phases and owners."""
    found = {}
    for number, step in enumerate(plan.steps):
        reads, writes = touches(step)
        for buffer in reads | writes:
            if buffer.kind == "temporary":
                found.setdefault(buffer, []).append((number, step.phase, owner(step, buffer)))
    return found


@pytest.mark.parametrize("function", [chain, deep])
def test_who_shares_memory_comes_after_the_other_by_a_barrier_or_on_the_same_thread(function):
    uses = used(planned(function))
    sharing = 0
    for a, first in uses.items():
        for b, second in uses.items():
            overlap = a.offset < b.offset + b.nbytes and b.offset < a.offset + a.nbytes
            if a is b or not overlap or first[0] > second[0]:
                continue
            sharing += 1
            assert max(n for n, _, _ in first) < min(n for n, _, _ in second)
            meeting = {p for _, p, _ in first} & {p for _, p, _ in second}
            owners = {owner for _, p, owner in first + second if p in meeting}
            assert (
                not meeting
                or owners == {ALONE}
                or (len(owners) == 1 and None not in owners and a.offset == b.offset)
            )
    assert sharing


def test_a_chain_needs_memory_for_two_values():
    program = planned(chain)
    assert program.barriers == 1
    assert program.arena_bytes <= 2 * 64 * 32 * 4


def test_what_the_way_back_needs_is_dropped_on_the_way():
    uses = used(planned(deep))
    kept = 8 * 64 * 32 * 4
    assert len(uses) >= 14
    assert planned(deep).arena_bytes <= kept + 2 * 64 * 32 * 4


def test_results_have_the_same_bits_on_any_number_of_threads():
    schuss.utils.set_random_seed(0)
    model = schuss.Sequential([layers.Input((32,)), *[layers.Dense(32, activation="tanh") for _ in range(6)]])
    x = np.random.default_rng(0).normal(size=(512, 32)).astype("float32")
    graph = schuss.trace(
        lambda x: schuss.grad(lambda x: ops.sum(ops.square(model(x))))(x),
        Spec((512, 32), np.dtype("float32")),
    )
    program = schuss.backends.compile(graph, batch_inputs=1, row_outputs=(True,))
    results = []
    for threads in (1, 2, 4):
        y = np.zeros((512, 32), "float32")
        program.start([x], np.arange(512), 1, outputs=[y], threads=threads, inline=False).result()
        results.append(y)
    assert all(np.array_equal(results[0], y) for y in results[1:])
