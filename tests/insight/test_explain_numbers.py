"""The numbers of `explain` are those of the step that training makes."""

import warnings
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import backends
from schuss.backends.reference import evaluate
from schuss.graph import Graph, reference_rules
from schuss.insight.explanation._doubled import _wide, _wide_param
from schuss.insight.explanation._record import batch_of, recorded
from schuss.training._steps import TRAIN

MODELS = Path(__file__).parents[1] / "recorded" / "models"
NAMES = ["autoencoder", "seed_mlp", "small_cnn", "text_rnn", "tiny_gpt", "two_in_two_out"]


def case(name):
    """A recorded model with data for it."""
    recorded_arrays = np.load(MODELS / f"{name}.npz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of optimizers that were saved before they had seen a step
        model = schuss.models.load_model(MODELS / f"{name}.keras")
    inputs = [recorded_arrays[key] for key in recorded_arrays.files if key.startswith("input")]
    outputs = [recorded_arrays[key] for key in recorded_arrays.files if key.startswith("output")]
    return model, inputs[0] if len(inputs) == 1 else inputs, labels(model, outputs)


def labels(model, outputs):
    """Labels such as the model's losses take."""
    rng = np.random.default_rng(0)
    made = []
    for loss, output in zip(model._compiled.losses.losses or [None] * len(outputs), outputs):
        what = str(model.loss if loss is None else type(loss).__name__).lower()
        if "sparse" in what:
            made.append(rng.integers(0, output.shape[-1], output.shape[:-1]))
        elif "binary" in what:
            made.append(rng.integers(0, 2, output.shape).astype("float32"))
        elif "categorical" in what:
            made.append(
                np.eye(output.shape[-1], dtype="float32")[
                    rng.integers(0, output.shape[-1], output.shape[:-1])
                ]
            )
        else:
            made.append(rng.normal(size=output.shape).astype("float32"))
    return made[0] if len(made) == 1 else made


@pytest.fixture(scope="module", params=NAMES)
def explained(request):
    model, x, y = case(request.param)
    model.train_on_batch(x, y)  # builds what is built late, and begins the optimizer's averages
    return model, x, y


def all_state(model):
    return [*model.variables, *model.optimizer.variables]


def copies(model):
    return [v.array.copy() for v in all_state(model)]


def put_back(model, arrays):
    for variable, array in zip(all_state(model), arrays, strict=True):
        variable.array[...] = array


TOLERANCE = 1e-6
"""Relative to a tensor's largest number."""

ILL_CONDITIONED = {"tiny_gpt"}
"""Models in which rounding alone leads farther than that: differences of nearly equal numbers leave fewer digits."""


def close(a, b, tolerance, of=True, magnitude=0.0):
    """Equal but for rounding, where `of` is true; relative to `magnitude`, if that is more than the largest number."""
    error = distance(a, b, of) * np.abs(a).max(initial=0.0)
    assert error <= tolerance * max(np.abs(a).max(initial=0.0), magnitude)


def summed_up(node, values):
    """The largest sum of a node's terms without their signs: its rounding is relative to that, also where they cancel."""
    if node.primitive.name not in ("reduce_sum", "dot_general"):
        return 0.0
    (sums,) = in_double(node, [np.abs(values[t.id]) for t in node.inputs])
    return sums.max(initial=0.0)


def distance(a, b, of=True):
    """The largest error, relative to the largest number."""
    error = np.abs(a.astype("float64") - b) * of
    return error.max(initial=0.0) / max(np.abs(a).max(initial=0.0), 1e-300)


def walked(step, rule):
    """The value of each tensor of a step: `rule` gives those of a node from what `rule` gave before."""
    graph, values = step.graph, {}
    given = [*zip(graph.inputs, step.arrays()), *((s.input, s.variable.array) for s in graph.state)]
    for tensor, array in [*given, *((t, t.array) for t in graph.constants())]:
        values[tensor.id] = np.asarray(array)
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            values |= {
                t.id: a
                for t, a in zip(node.outputs, rule(node, [values[t.id] for t in node.inputs]), strict=True)
            }
    return values


def in_double(node, inputs):
    """A node in double precision."""
    params = {name: _wide_param(value) for name, value in node.params.items()}
    result = reference_rules[node.primitive](*map(_wide, inputs), **params)
    return list(result) if node.primitive.several_results else [result]


def rounded(node, inputs):
    """A node in double precision, of which every result is then rounded: as exact as a step with numbers of 32 bits can be."""
    return [a.astype(t.dtype) for t, a in zip(node.outputs, in_double(node, inputs), strict=True)]


def tolerance_of(model, explanation, step):
    """How far apart two right evaluations may be: 1e-6, or, in the models named above, three times as far as rounding alone
    leads from what double precision gives."""
    if model.name not in ILL_CONDITIONED:
        return TOLERANCE
    exact, single = walked(step, in_double), walked(step, rounded)
    shown = [q for q in explanation.quantities.values() if q.tensor is not None and q.key.startswith("dJ/d")]
    farthest = max(
        distance(exact[q.tensor.id], single[q.tensor.id])
        for q in shown
        if q.tensor.id in exact and not is_noise(q.array, explanation).all()
    )
    assert farthest > TOLERANCE, f"{model.name} can be held to {TOLERANCE}"
    return 3 * farthest


def gradients(explanation):
    return {key: q.array for key, q in explanation.quantities.items() if key.startswith("dJ/d")}


def is_noise(array, explanation):
    """Whether numbers are nothing but what rounding left of a zero, as of a bias before a normalization."""
    largest = max(np.abs(g).max() for g in gradients(explanation).values())
    return np.abs(array) < 1e-6 * largest


def test_nothing_changes(explained):
    model, x, y = explained
    before = copies(model)
    schuss.explain(model, x, y)
    for variable, array in zip(all_state(model), before, strict=True):
        np.testing.assert_array_equal(variable.array, array, variable.path)


def changed(step):
    """A weight's new value and its gradient."""
    new = next(q for q in step.quantities if q.name == "after the step")
    return new.array, next(q for q in (*step.inputs, *step.quantities) if q.key.startswith("dJ/d")).array


def test_the_step_is_the_reference_evaluators_bit_by_bit(explained):
    model, x, y = explained
    explanation = schuss.explain(model, x, y)
    piece = batch_of(model, x, y, None, None)
    (loss,), state = evaluate(model._steps.get(model, TRAIN, piece).graph, piece.arrays)
    np.testing.assert_array_equal(explanation["J"], loss)
    for step, weight in zip(explanation.update, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(changed(step)[0], state[weight], weight.path)


def test_the_step_is_the_one_that_training_makes(explained):
    model, x, y = explained
    before = copies(model)
    explanation = schuss.explain(model, x, y)
    try:
        loss = model.train_on_batch(x, y, return_dict=True)["loss"]
        after = [w.array.copy() for w in model.trainable_variables]
    finally:
        put_back(model, before)
    assert float(explanation["J"]) == pytest.approx(float(loss), rel=1e-6)
    tolerance = tolerance_of(model, explanation, recorded(model, batch_of(model, x, y, None, None)))
    for step, weight in zip(explanation.update, after, strict=True):
        new, gradient = changed(step)
        close(new, weight, tolerance, of=~is_noise(gradient, explanation))  # Adam makes whole steps of noise


def test_every_number_shown_is_the_compiled_one(explained):
    model, x, y = explained
    explanation = schuss.explain(model, x, y)
    step = recorded(model, batch_of(model, x, y, None, None))
    shown = {key: q.tensor.id for key, q in explanation.quantities.items() if q.tensor is not None}
    tensors = {t.id: t for node in step.graph.nodes for t in node.outputs}
    wanted = {key: tensors[i] for key, i in shown.items() if i in tensors}
    graph = Graph(step.graph.inputs, list(wanted.values()), step.graph.nodes, step.graph.state)
    before = copies(model)
    try:
        results = backends.compile(graph)(*step.arrays())
    finally:
        put_back(model, before)
    tolerance = tolerance_of(model, explanation, step)
    of_updates = {q.key for step in explanation.update for q in step.quantities}
    values = walked(step, in_double)
    for (key, tensor), result in zip(wanted.items(), results, strict=True):
        if key not in of_updates and not is_noise(explanation[key], explanation).all():
            close(explanation[key], result, tolerance, magnitude=summed_up(tensor.node, values))
