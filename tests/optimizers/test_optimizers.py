"""What all optimizers share: arguments, errors, the learning rate, state, dicts, tracing."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest

from schuss import Variable, ops, optimizers
from schuss.backends.reference import evaluate
from schuss.graph import Graph, Spec, trace
from schuss.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop, schedules

CLASSES = [optimizers.SGD, optimizers.Adadelta, optimizers.Adafactor, optimizers.Adagrad, optimizers.Adam]
CLASSES += [
    optimizers.AdamW,
    optimizers.Adamax,
    optimizers.Ftrl,
    optimizers.Lamb,
    optimizers.Lion,
    optimizers.Muon,
]
CLASSES += [optimizers.Nadam, optimizers.RMSprop]


def a_variable(name: str = "w", dtype: str = "float32") -> Variable:
    return Variable(np.array([[1.0, 2.0], [3.0, 4.0]], dtype), name=name)


def ones(dtype: str = "float32") -> np.ndarray:
    return np.ones((2, 2), dtype)


def run(graph: Graph, *arrays: np.ndarray) -> None:
    """One step of a traced program, on the reference evaluator."""
    for variable, array in evaluate(graph, arrays)[1].items():
        variable.assign(array)


# Arguments


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf"), "fast", None, True, [0.1, 0.2]])
def test_learning_rates_that_make_no_sense(rate: Any) -> None:
    with pytest.raises(
        ValueError, match=r"SGD: `learning_rate` must be a finite number >= 0, got .* LearningRateSchedule"
    ):
        SGD(rate)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(weight_decay=-0.1), "`weight_decay` must be a finite number >= 0, got -0.1"),
        (lambda: SGD(clipnorm=-1.0), "`clipnorm` must be"),
        (
            lambda: SGD(clipnorm=1.0, clipvalue=1.0),
            "only one of `clipnorm`, `clipvalue` and `global_clipnorm`",
        ),
        (lambda: SGD(momentum=1.5), r"`momentum` must be a number in \[0, 1\], got 1.5"),
        (lambda: Adam(beta_1=1.0), r"`beta_1` must be a number in \[0, 1\), got 1.0"),
        (lambda: Adam(beta_2=-0.1), "`beta_2` must be"),
        (lambda: Adam(epsilon=-1e-7), "`epsilon` must be"),
        (lambda: AdamW(weight_decay=None), "AdamW: `weight_decay` must be"),  # type: ignore[arg-type]
        (lambda: RMSprop(rho=1.0), "`rho` must be"),
        (lambda: SGD(use_ema=True, ema_momentum=1.1), "`ema_momentum` must be"),
        (lambda: SGD(ema_overwrite_frequency=0), "`ema_overwrite_frequency` must be an integer >= 1"),
        (lambda: SGD(gradient_accumulation_steps=1), "`gradient_accumulation_steps` must be an integer >= 2"),
        (lambda: SGD(loss_scale_factor=0.0), "`loss_scale_factor` must be a finite number > 0"),
        (lambda: SGD(lr=0.1), "unknown argument 'lr'. Did you mean 'learning_rate'"),  # type: ignore[call-arg]
        (lambda: SGD(momentun=0.1), "unknown argument 'momentun'. Did you mean 'momentum'"),  # type: ignore[call-arg]
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "`learning_rate_power` must be a number in"),
        (lambda: optimizers.Lion(beta_1=0.0), r"`beta_1` must be a number in \(0, 1\]"),
        (lambda: optimizers.Adagrad(initial_accumulator_value=-1.0), "`initial_accumulator_value` must be"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_decay_is_ignored_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="`decay` is ignored"):
        SGD(0.1, decay=0.01)  # type: ignore[call-arg]


@pytest.mark.parametrize("cls", CLASSES)
def test_through_a_dict_and_back(cls: Any) -> None:
    optimizer = cls(
        learning_rate=0.25, clipnorm=2.0, use_ema=True, gradient_accumulation_steps=3, name="mine"
    )
    described = json.loads(json.dumps(optimizers.serialize(optimizer)))
    assert described["module"] == "keras.optimizers"
    assert described["class_name"] == cls.__name__
    again = optimizers.deserialize(described)
    assert type(again) is cls
    assert again.get_config() == optimizer.get_config()


def test_a_schedule_through_a_dict_and_back() -> None:
    optimizer = Adam(schedules.CosineDecay(0.1, 100, warmup_target=0.2, warmup_steps=10))
    again = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert again.get_config() == optimizer.get_config()
    assert isinstance(again._learning_rate, schedules.CosineDecay)


@pytest.mark.parametrize("name", ["sgd", "SGD", "Sgd"])
def test_by_name(name: str) -> None:
    assert type(optimizers.get(name)) is SGD


def test_get() -> None:
    optimizer = SGD()
    assert optimizers.get(optimizer) is optimizer
    assert optimizers.get(None) is None
    rate = optimizers.get({"class_name": "adam", "config": {"learning_rate": 0.5}}).learning_rate  # type: ignore[union-attr]
    assert float(np.asarray(rate)) == 0.5


@pytest.mark.parametrize(
    ("identifier", "message"),
    [("adm", "Unknown optimizer 'adm'.*'adam'"), (3, "got 3"), (SGD, r"Pass an object: SGD\(\)")],
)
def test_get_nothing(identifier: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        optimizers.get(identifier)


# The learning rate


def test_the_learning_rate_is_a_variable() -> None:
    optimizer = SGD(0.5)
    assert optimizer.learning_rate.dtype == np.float32
    optimizer.learning_rate = 0.25
    assert float(optimizer.learning_rate) == round(optimizer.learning_rate, 3) == 0.25
    assert f"{optimizer.learning_rate:.3f}" == "0.250"
    optimizer.learning_rate.assign(0.125)
    assert optimizer.get_config()["learning_rate"] == 0.125
    for good in (np.float32(0.5), np.array(0.5), Variable(0.5)):
        optimizer.learning_rate = good
        assert optimizer.learning_rate.numpy() == 0.5
    for bad in (-1.0, float("nan"), "a"):
        with pytest.raises(ValueError, match="`learning_rate` must be"):
            optimizer.learning_rate = bad


def test_a_schedule_counts_steps() -> None:
    optimizer, w = SGD(schedules.PiecewiseConstantDecay([0], [0.5, 0.25])), a_variable()
    assert [v.name for v in optimizer.variables] == ["iteration"]
    for expected in (0.5, 0.25):
        assert float(np.asarray(optimizer.learning_rate)) == expected
        optimizer.apply([ones()], [w])
    assert w.array[0, 0] == 0.25
    with pytest.raises(TypeError, match=r"comes from PiecewiseConstantDecay, so it cannot be set to 0.1"):
        optimizer.learning_rate = 0.1


def test_a_schedule_can_take_the_place_of_a_number() -> None:
    optimizer = SGD(0.1)
    optimizer.learning_rate = schedules.ExponentialDecay(0.5, 10, 0.5)
    assert float(np.asarray(optimizer.learning_rate)) == 0.5
    assert [v.name for v in optimizer.variables] == ["iteration"]


def test_a_function_is_asked_in_every_step() -> None:
    rates = iter([0.5, 0.25])
    optimizer, w = SGD(lambda: next(rates)), a_variable()
    optimizer.apply([ones()], [w])
    optimizer.apply([ones()], [w])
    assert w.array[0, 0] == 0.25


def test_a_function_is_asked_in_every_compiled_step() -> None:
    rate, w = [0.5], a_variable()
    optimizer = SGD(lambda: rate[0])
    optimizer.build([w])
    graph = trace(optimizer.apply, [Spec.of(ones())])
    run(graph, ones())
    rate[0] = 0.25
    run(graph, ones())
    assert w.array[0, 0] == 0.25


# A step


def test_gradient_descent() -> None:
    w, optimizer = a_variable(), SGD(0.5)
    optimizer.apply_gradients([(ones(), w)])
    assert w.numpy().tolist() == [[0.5, 1.5], [2.5, 3.5]]
    assert optimizer.iterations.numpy() == 1


@pytest.mark.parametrize("cls", CLASSES)
def test_float64_variables_have_float64_state(cls: Any) -> None:
    w, optimizer = a_variable(dtype="float64"), cls(learning_rate=0.1)
    optimizer.apply([ones("float64")], [w])
    assert w.dtype == np.float64
    assert {v.dtype.name for v in optimizer.variables[2:] if v.size > 1} <= {"float64"}
    assert np.isfinite(w.array).all()


@pytest.mark.parametrize("cls", CLASSES)
def test_descends(cls: Any) -> None:
    w, optimizer = a_variable(), cls(learning_rate=0.05)
    before = float((w.array**2).sum())
    for _ in range(20):
        optimizer.apply([2.0 * w.numpy()], [w])
    assert float((w.array**2).sum()) < before


@pytest.mark.parametrize(
    ("grads", "variables", "message"),
    [
        ([None], [a_variable("a")], "no gradients provided"),
        ([ones()], [a_variable("a"), a_variable("b")], "1 gradients for 2 trainable variables"),
        (
            [ones()[0]],
            [a_variable("a")],
            r"gradient of variable 'a' has shape \(2,\); expected the variable's, \(2, 2\)",
        ),
    ],
)
def test_gradients_that_do_not_fit(grads: Any, variables: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SGD().apply(grads, variables)


def test_unknown_variables() -> None:
    optimizer = SGD()
    optimizer.build([a_variable("a")])
    with pytest.raises(ValueError, match="unknown variable"):
        optimizer.apply([ones()], [a_variable("b")])
    with pytest.raises(ValueError, match="not built"):
        SGD().apply([ones()])


def test_missing_gradients_are_warned_of() -> None:
    a, b = a_variable("a"), a_variable("b")
    with pytest.warns(UserWarning, match=r"gradients do not exist for the variables \['b'\]"):
        SGD(0.5).apply([ones(), None], [a, b])
    assert a.array[0, 0] == 0.5
    assert b.array[0, 0] == 1.0


@pytest.mark.parametrize("by", ["var_list", "var_names"])
def test_variables_without_decay(by: str) -> None:
    a, b = a_variable("kernel"), a_variable("bias")
    optimizer = SGD(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(**{by: [b] if by == "var_list" else ["bi.s"]})
    optimizer.apply([0 * ones(), 0 * ones()], [a, b])
    assert a.array[0, 0] == 0.75
    assert b.array[0, 0] == 1.0


def test_global_clipping_shows_infinity() -> None:
    w, optimizer = a_variable(), SGD(0.5, global_clipnorm=1.0)
    gradient = ones()
    gradient[0, 0] = np.inf
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        optimizer.apply([gradient], [w])
    assert np.isnan(w.array).all()


@pytest.mark.parametrize("limit", ["clipnorm", "global_clipnorm"])
def test_clipping_leaves_zeros_and_small_gradients(limit: str) -> None:
    for gradient in (0 * ones(), 0.1 * ones()):
        w, optimizer = a_variable(), SGD(1.0, **{limit: 1.0})  # type: ignore[arg-type]
        optimizer.apply([gradient], [w])
        assert np.allclose(w.array, a_variable().array - gradient)


def test_a_learning_rate_for_each_variable() -> None:
    class Layered(Adam):
        def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
            scale = 0.5 if variable.name == "a" else 1.0
            super().update_step(gradient, variable, ops.multiply(learning_rate, scale))

    a, b = a_variable("a"), a_variable("b")
    Layered(0.5).apply([ones(), ones()], [a, b])
    assert a.array[0, 0] == pytest.approx(0.75, rel=1e-5)
    assert b.array[0, 0] == pytest.approx(0.5, rel=1e-5)


def test_an_optimizer_of_ones_own() -> None:
    class Momentum(Optimizer):
        def build(self, variables: Any) -> None:
            super().build(variables)
            self.slots = [self.add_variable_from_reference(v, name="momentum") for v in variables]

        def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
            slot = self.slots[self._get_variable_index(variable)]
            self.assign(slot, ops.subtract(ops.multiply(slot, 0.9), ops.multiply(gradient, learning_rate)))
            self.assign_add(variable, slot)

    ours, theirs = a_variable(), a_variable()
    mine, sgd = (
        Momentum(0.1, gradient_accumulation_steps=2),
        SGD(0.1, momentum=0.9, gradient_accumulation_steps=2),
    )
    for _ in range(4):
        mine.apply([ones()], [ours])
        sgd.apply([ones()], [theirs])
    assert np.allclose(ours.array, theirs.array)
    assert [v.path for v in mine.variables[-1:]] == [f"{mine.name}/w_momentum"]


# State


def test_accumulation_counts_updates() -> None:
    w, optimizer = a_variable(), SGD(0.5, gradient_accumulation_steps=3)
    seen = []
    for _ in range(7):
        optimizer.apply([ones()], [w])
        seen.append((int(np.asarray(optimizer.iterations)), float(w.array[0, 0])))
    assert seen == [(0, 1.0), (0, 1.0), (1, 0.5), (1, 0.5), (1, 0.5), (2, 0.0), (2, 0.0)]


def test_averages_at_the_end() -> None:
    w, optimizer = a_variable(), SGD(0.5, use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        optimizer.apply([ones()], [w])
    assert w.array[0, 0] == 0.0
    optimizer.finalize_variable_values([w])
    assert w.array[0, 0] == 0.25


def test_loss_scale() -> None:
    assert SGD().scale_loss(2.0) == 2.0
    assert SGD(loss_scale_factor=8.0).scale_loss(2.0) == 16.0


def test_stateless_apply_assigns_nothing() -> None:
    w, optimizer = a_variable(), SGD(0.5, momentum=0.5)
    optimizer.build([w])
    own = [v.numpy() for v in optimizer.variables]
    (new,), state = optimizer.stateless_apply(own, [ones()], [w.numpy()])
    assert np.asarray(new)[0, 0] == 0.5
    assert int(np.asarray(state[0])) == 1
    assert np.asarray(state[2])[0, 0] == -0.5
    assert w.array[0, 0] == 1.0
    assert optimizer.iterations.array == 0
    (newer,), _ = optimizer.stateless_apply(state, [ones()], [new])
    assert np.asarray(newer)[0, 0] == -0.25
    with pytest.raises(ValueError, match="`optimizer_variables` must have 3 values, got 2"):
        optimizer.stateless_apply(own[:2], [ones()], [new])
    with pytest.raises(ValueError, match="before `stateless_apply`"):
        SGD().stateless_apply(own, [ones()], [new])


def test_state_is_kept_and_taken_back() -> None:
    w, optimizer, store = a_variable(), Adam(0.1), {}
    optimizer.apply([ones()], [w])
    optimizer.save_own_variables(store)
    assert sorted(store) == ["0", "1", "2", "3"]
    again, v = Adam(0.5), Variable(w.numpy())
    again.build([v])
    again.load_own_variables(store)
    optimizer.apply([ones()], [w])
    again.apply([ones()], [v])
    assert np.array_equal(v.array, w.array)
    with pytest.warns(UserWarning, match="it has 2, the saved one 4"):
        SGD().load_own_variables(store)
    with pytest.raises(ValueError, match="expected 4 arrays, got 1"):
        again.set_weights([1])


def test_building_within_a_trace() -> None:
    w, optimizer = a_variable(), SGD(0.5, momentum=0.5)
    graph = trace(lambda g: optimizer.apply([g], [w]), Spec.of(ones()))
    assert w.array[0, 0] == 1.0
    run(graph, ones())
    run(graph, ones())
    assert w.array[0, 0] == -0.25
    assert optimizer.iterations.array == 2


def test_scalar_work_is_done_once() -> None:
    """However many variables there are, the powers of Adam's bias corrections are computed once."""
    variables, optimizer = [a_variable(f"w{i}") for i in range(5)], Adam()
    optimizer.build(variables)
    graph = trace(optimizer.apply, [Spec.of(ones())] * 5)
    assert sum(str(node.primitive) == "power" for node in graph.nodes) == 2


@pytest.mark.parametrize("cls", [*CLASSES, optimizers.ScheduleFreeAdamW])
def test_is_built_once(cls: Any) -> None:
    w, optimizer = a_variable(), cls(learning_rate=0.1, use_ema=True)
    optimizer.build([w])
    made = optimizer.variables
    optimizer.build([w])
    assert [id(v) for v in optimizer.variables] == [id(v) for v in made]


@pytest.mark.parametrize("wrap", [lambda o: o, optimizers.LossScaleOptimizer])
def test_no_gradients_no_step(wrap: Any) -> None:
    optimizer = wrap(SGD())
    optimizer.apply([])
    assert not optimizer.built
    assert int(optimizer.iterations) == 0
