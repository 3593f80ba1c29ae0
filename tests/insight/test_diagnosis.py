"""What diagnose gives and takes: its forms, all kinds of data and models, and that nothing changes by it."""

import ast
import json
import random
from pathlib import Path

import numpy as np
import pytest

import schuss
from schuss import layers, ops
from schuss.insight import Diagnosis, Finding, Picture
from schuss.layers import Dense, Dropout, Input


def data(rows=300, columns=6, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)).astype("float32")
    return x, (x[:, :1] - x[:, 1:2] > 0).astype("float32")


def network(optimizer="adam", columns=6, **compiled):
    inner = [
        Dense(16, activation="relu", name="hidden"),
        Dropout(0.2, seed=3),
        Dense(1, activation="sigmoid", name="out"),
    ]
    model = schuss.Sequential([Input((columns,)), *inner], name="net")
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"], **compiled)
    return model


@pytest.fixture(scope="module")
def sick():
    """A diagnosis with findings."""
    schuss.utils.set_random_seed(0)
    x, y = data()
    x[:, 3], x[5, 1] = 2.0, 4000.0
    return schuss.diagnose(network(), x, y, (x[:100], y[:100]), seconds=5)


def state_of(model):
    variables = [
        *model.variables,
        *model.optimizer.variables,
        *(v for m in model.metrics for v in m.variables),
    ]
    return [v.numpy().copy() for v in variables]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_model_stays_as_it_was(optimizer):
    x, y = data()
    model = network(optimizer)
    model.fit(x, y, validation_data=(x, y), epochs=2, verbose=0)
    schuss.random.normal((2,))
    general = schuss.random.global_seed_generator().state.numpy().copy()
    before, history, drawn = state_of(model), model.history, random.getstate()
    own = np.random.get_state()[1].copy()
    schuss.diagnose(model, x, y, (x[:50], y[:50]))
    after = state_of(model)
    assert len(before) == len(after)
    for a, b in zip(before, after):
        np.testing.assert_array_equal(a, b)
    assert model.history is history
    assert random.getstate() == drawn
    np.testing.assert_array_equal(np.random.get_state()[1], own)
    np.testing.assert_array_equal(schuss.random.global_seed_generator().state.numpy(), general)


def test_an_optimizer_that_is_not_built_stays_so():
    inner = schuss.optimizers.Adam()
    for optimizer in (schuss.optimizers.Adam(), schuss.optimizers.LossScaleOptimizer(inner)):
        model = network(optimizer)
        schuss.diagnose(model, *data(), cost=False)
        assert not optimizer.built
        model.fit(*data(), epochs=1, verbose=0)
        assert int(np.asarray(optimizer.iterations)) == 10
    assert inner.built


def test_training_after_it_is_the_training_without_it():
    x, y = data()
    weights = []
    for looked_at in (False, True):
        schuss.utils.set_random_seed(5)
        model = network()
        model.build((None, 6))
        if looked_at:
            schuss.diagnose(model, x, y, cost=False)
        model.fit(x, y, epochs=2, verbose=0)
        weights.append(model.get_weights())
    for a, b in zip(*weights):
        np.testing.assert_array_equal(a, b)


def test_the_findings_come_with_all_that_is_needed(sick):
    assert not sick.healthy
    assert {"constant-feature", "outliers", "leaked-rows"} <= set(sick.codes)
    severities = [finding.severity for finding in sick.findings]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    (constant,) = sick.find("constant-feature")
    assert constant.where == "x[:, 3]"
    assert constant.numbers["columns"] == [3]


def test_it_prints(sick):
    text = str(sick)
    assert text.startswith("net on 300 rows, batches of 32: ")
    for finding in sick.findings:
        assert f"[{finding.code}" in text
    assert "Why: " in text
    assert "Try: " in text
    assert "█" in text
    assert "time of an epoch" in text
    assert all(len(line) <= 130 for line in text.splitlines())


def test_it_is_data(sick):
    found = json.loads(json.dumps(sick.to_dict(), allow_nan=False))
    assert [f["code"] for f in found["findings"]] == [f.code for f in sick.findings]
    assert found["cost"]["parameters"] == 6 * 16 + 16 + 16 + 1


def test_it_is_a_page(sick, tmp_path):
    page = sick.save(tmp_path / "diagnosis.html").read_text(encoding="utf-8")
    for finding in sick.findings:
        assert finding.code in page
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert "<svg" in sick._repr_html_()


def test_names_in_a_page_are_text():
    finding = Finding(
        "code", "<b>what</b>", "<i>", "why", "try", where="<script>", picture=Picture((1, 2), ("<a>", "b"))
    )
    page = Diagnosis([finding], None, model="<x>").html()
    for tag in ("<b>what", "<i>", "<a>", "<x>"):
        assert tag not in page
    assert "&lt;script&gt;" in page


def test_the_cost_is_told_and_measured():
    x, y = data(640)
    model = network()
    cost = schuss.diagnose(model, x, y, checks=["noise scale"]).cost
    products = 2 * 32 * (6 * 16 + 16)
    assert cost.flops > 3 * products - 2 * 32 * 6 * 16
    assert cost.steps == 20
    assert (cost.parameters, cost.trainable) == (129, 129)
    assert cost.weights_bytes == 4 * 129
    assert cost.data_bytes == 640 * 7 * 4
    assert cost.predicted_step > 0
    assert cost.measured_step > 0
    assert cost.joules > 0
    assert {"hidden", "out"} <= {name for name, _ in cost.dominating}
    assert sum(share for _, share in cost.dominating) == pytest.approx(1)


def test_the_prediction_grows_with_the_work():
    from schuss.insight.diagnosis._cost import predicted_step
    from schuss.training._data import Piece
    from schuss.training._steps import TRAIN

    seconds = []
    for units in (64, 256, 1024):
        model = schuss.Sequential([Input((units,)), Dense(units, activation="relu"), Dense(units)])
        model.compile("sgd", "mse")
        x = np.zeros((64, units), "float32")
        model._steps.look_at(model)
        piece = Piece((x, x, None), np.arange(64), 64, 1)
        seconds.append(predicted_step(model._steps.get(model, TRAIN, piece), x.nbytes)[1])
    assert seconds[0] * 4 < seconds[1] < seconds[2] / 4


@pytest.mark.parametrize(
    "picture", [Picture((1.0, 2.0, float("nan"))), Picture((1e-9, 1.0), ("a", "b"), True, (0,))]
)
def test_pictures(picture):
    assert picture.text()
    assert picture.svg().startswith("<svg")
    json.dumps(picture.to_dict(), allow_nan=False)


def test_every_code_is_documented():
    root = Path(schuss.__file__).parents[1]
    page = (root / "docs" / "diagnose.md").read_text(encoding="utf-8")
    found = set()
    for path in (root / "schuss" / "insight" / "diagnosis").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding" and node.args:
                first = node.args[0]
                parts = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                found |= {part.value for part in parts if isinstance(part, ast.Constant)}
    assert len(found) > 25
    for code in found:
        assert f"`{code}`" in page, code


def test_a_line_is_not_wider_than_asked():
    assert len(Picture(tuple(range(1000))).text(30)) == 30
    assert Picture((0, 1), ("low", "high")).text().count("\n") == 1


class Own(schuss.Model):
    """Subclassed, with a step of its own."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out = Dense(16, activation="relu"), Dense(1, activation="sigmoid")

    def call(self, x):
        return self.out(self.hidden(x))


class OwnStep(Own):
    def train_step(self, data):
        x, y = data
        loss = ops.mean(ops.square(y - self(x)))
        self.optimizer.apply(
            schuss.autodiff.gradients(loss, self.trainable_variables), self.trainable_variables
        )
        return {"loss": loss}


def check_nothing(found):
    assert found.codes == [], str(found)


def test_subclassed_models():
    model = Own()
    model.compile("adam", "binary_crossentropy")
    check_nothing(schuss.diagnose(model, *data(), cost=False))


def test_a_step_of_ones_own_is_timed_but_not_looked_into():
    model = OwnStep()
    model.compile("adam")
    found = schuss.diagnose(model, *data(64))
    check_nothing(found)
    assert found.cost.measured_step > 0
    assert any("gradients" in text for text in found.skipped)


def test_sample_weights_are_counted():
    x, y = data()
    kept = np.r_[np.flatnonzero(y[:, 0] == 1), np.flatnonzero(y[:, 0] == 0)[:6]]
    x, y = x[kept], y[kept]
    weights = np.where(y[:, 0] == 1, 1.0, len(y) / 6).astype("float32")
    assert schuss.diagnose(network(), x, y, cost=False, checks=["class imbalance"]).codes == [
        "class-imbalance"
    ]
    found = schuss.diagnose(network(), x, y, sample_weight=weights, cost=False, checks=["class imbalance"])
    check_nothing(found)


def test_generators_and_data_sets():
    x, y = data(400)

    def batches():
        for n in range(0, 400, 40):
            yield x[n : n + 40], y[n : n + 40]

    found = schuss.diagnose(network(), batches(), cost=False)
    check_nothing(found)
    assert (found.rows, found.batch_size) == (400, 40)
    assert schuss.diagnose(network(), batches(), steps=3, cost=False).rows == 120


def test_batches_of_different_shapes_are_refused():
    batches = iter(
        [(np.zeros((4, 6), "float32"), np.zeros((4, 1))), (np.zeros((4, 7), "float32"), np.zeros((4, 1)))]
    )
    with pytest.raises(ValueError, match="different shapes"):
        schuss.diagnose(network(), batches)


def test_frames_with_gaps_name_their_columns():
    pandas = pytest.importorskip("pandas")
    x, y = data()
    frame = pandas.DataFrame(x, columns=["age", "size", "rooms", "tax", "year", "noise"])
    frame.loc[[3, 7], "tax"] = None
    found = schuss.diagnose(network(), frame, y, cost=False)
    assert found.codes == ["missing-values"]
    assert found.findings[0].where == "'tax'"
    assert "tax" in str(found)


@pytest.mark.parametrize("seed", [0, 4, 5, 11])
def test_rows_without_a_number_leave_the_others_to_be_looked_at(seed):
    """From some starts dropout alone changes the loss by 5 %, where a trial's two losses are not of the same draws."""
    schuss.utils.set_random_seed(seed)
    x, y = data()
    x[:20, 2] = np.nan
    model = network(schuss.optimizers.Adam(1e-7))
    assert set(schuss.diagnose(model, x, y, cost=False).codes) == {"missing-values", "learning-rate-too-low"}


def test_no_row_is_whole():
    x, y = data()
    found = schuss.diagnose(network(), x * np.nan, y)
    assert found.codes == ["missing-values"]
    assert found.cost is None
    assert any("every row" in text for text in found.skipped)


def test_a_schedule_of_rates():
    schedule = schuss.optimizers.schedules.ExponentialDecay(1e-3, 100, 0.9)
    check_nothing(schuss.diagnose(network(schuss.optimizers.Adam(schedule)), *data(), cost=False))


def test_the_reference_evaluator_has_no_kernels_to_count():
    found = schuss.diagnose(network(run_eagerly=True), *data(120))
    assert found.cost is None
    assert any(text.startswith("cost:") for text in found.skipped)


def test_a_frozen_model():
    model = network()
    model.trainable = False
    model.compile("adam", "binary_crossentropy")
    check_nothing(schuss.diagnose(model, *data(), cost=False))


def test_few_rows():
    x, y = data(3)
    schuss.diagnose(network(), x, y, (x, y))


def test_one_check_alone():
    x, y = data()
    x[:, 0] = 1
    assert schuss.diagnose(network(), x, y, cost=False, checks=["outliers"]).codes == []


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"model": 3}, TypeError, "expected a Model"),
        ({"checks": ["outlier"]}, ValueError, "outliers"),
        ({"seconds": 0}, ValueError, "`seconds`"),
        ({"batch_size": 0}, ValueError, "`batch_size`"),
        ({"history": 3}, TypeError, "`history`"),
        ({"validation_data": 3}, ValueError, "`validation_data`"),
        ({"y": np.zeros(7)}, ValueError, "same number of samples"),
    ],
)
def test_bad_arguments(arguments, error, says):
    x, y = data()
    with pytest.raises(error, match=says):
        schuss.diagnose(**{"model": network(), "x": x, "y": y, **arguments})


def test_a_model_that_is_not_compiled():
    with pytest.raises(ValueError, match="compile"):
        schuss.diagnose(schuss.Sequential([Input((6,)), Dense(1)]), *data())


def test_layers_that_normalize_scale_for_the_network():
    x, y = data()
    scaler = layers.Normalization()
    scaler.adapt(x * [1, 1, 500, 1, 1, 1])
    model = schuss.Sequential(
        [Input((6,)), scaler, Dense(16, activation="relu"), Dense(1, activation="sigmoid")]
    )
    model.compile("adam", "binary_crossentropy")
    check_nothing(schuss.diagnose(model, x * np.array([1, 1, 500, 1, 1, 1], "float32"), y, cost=False))


def test_features_can_be_named():
    random = np.random.default_rng(0)
    x = {"numbers": random.normal(size=(300, 3)).astype("float32")}
    x["numbers"][:, 1] = 7
    inputs = {"numbers": schuss.Input((3,), name="numbers")}
    model = schuss.Model(inputs, schuss.layers.Dense(1, activation="sigmoid")(inputs["numbers"]))
    model.compile("adam", "binary_crossentropy")
    y = (x["numbers"][:, :1] > 0).astype("float32")
    found = schuss.diagnose(model, x, y, cost=False, feature_names={"numbers": ["size", "rooms", "age"]})
    assert found.find("constant-feature")[0].where == "'rooms'"
    assert schuss.diagnose(model, x, y, cost=False).find("constant-feature")[0].where == "x['numbers'][:, 1]"
