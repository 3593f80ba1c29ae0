"""However often a model is used, and however many models there were, memory stays where it is."""

import gc
import sys
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import layers

X, Y = np.ones((4, 6), "float32"), np.ones((4, 2), "float32")


def compiled():
    model = schuss.Sequential([layers.Input((6,)), layers.Dense(5, "relu"), layers.Dense(2)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def growth(use, times):
    """Bytes that Python and NumPy hold more after `times` uses than after a few."""
    for _ in range(20):
        use()
    gc.collect()
    tracemalloc.start()
    try:
        use()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(times):
            use()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def resident():
    """Bytes of the process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.fit(X, Y, verbose=0),
        lambda model: model.evaluate(X, Y, verbose=0),
        lambda model: model.predict(X, verbose=0),
        lambda model: model.predict(X, verbose=0, batch_size=3),
        lambda model: model.train_on_batch(X, Y),
        lambda model: model(X),
    ],
    ids=["fit", "evaluate", "predict", "predict in batches", "train_on_batch", "call"],
)
def test_a_model_in_use_does_not_grow(use):
    model = compiled()
    times = 150
    assert growth(lambda: use(model), times) < 32 * times  # less than an object for each use


def test_programs_go_with_their_model():
    model = compiled()
    model.fit(X, Y, verbose=0)
    model.predict(X, verbose=0)
    machines = [weakref.ref(step.program.machine) for step in model._steps._known.values()]
    assert len(machines) == 2
    assert all(machine() is not None for machine in machines)
    del model
    gc.collect()
    assert [machine() for machine in machines] == [None, None]


def test_programs_go_when_a_model_is_compiled_anew():
    model = compiled()
    model.fit(X, Y, verbose=0)
    model.predict(X, verbose=0)
    machines = [weakref.ref(step.program.machine) for step in model._steps._known.values()]
    model.compile("sgd", "mse")
    gc.collect()
    assert [machine() for machine in machines] == [None, None]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_many_models_one_after_the_other_need_the_memory_of_one():
    def use():
        model = compiled()
        model.fit(X, Y, verbose=0)
        model.predict(X, verbose=0)

    for _ in range(12):
        use()
    grown = []
    while (
        len(grown) < 3 and min(grown, default=1 << 30) >= 4 << 20
    ):  # others' rests in this process may be given back
        gc.collect()
        before = resident()
        for _ in range(30):
            use()
        gc.collect()
        grown.append(resident() - before)
    assert min(grown) < 4 << 20  # were machine code kept, it would be three times as much each time
