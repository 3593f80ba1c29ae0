"""From a table to a model, and from its file to predictions of raw rows."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import schuss
from schuss import tabular
from schuss.tabular import _encode, _recipe, _train
from schuss.tabular._encode import Division
from schuss.tabular._network import size_for
from schuss.tabular._report import write_report
from schuss.tabular._target import Target


def orders(rows=400, seed=0):
    """Words, dates, gaps, text, an id; a price and a class that depend on them."""
    random = np.random.default_rng(seed)
    town, rooms, size = (
        random.choice(["Köln", "Ulm", "Hof/Saale"], rows),
        random.integers(1, 6, rows),
        random.random(rows) * 90,
    )
    day = np.datetime64("2022-01-01") + random.integers(0, 700, rows)
    words = [" ".join(random.choice(["good", "bad", "old", "new", "house", "river"], 6)) for _ in range(rows)]
    season = np.cos(2 * np.pi * (day - day.astype("datetime64[Y]")).astype(int) / 365)
    price = 20 + size + 30 * (town == "Ulm") + 8 * rooms + 15 * season + random.normal(0, 2, rows)
    frame = pd.DataFrame(
        {"id": np.arange(rows), "town/area": town, "rooms": rooms, "size": size, "sold on": day.astype(str)}
    )
    frame["new"], frame["words"], frame["price"] = random.choice(["yes", "no"], rows), words, price
    frame.loc[::9, "size"] = np.nan
    frame.loc[::11, "town/area"] = ""
    frame["dear"] = np.where(price > np.median(price), "dear", "cheap")
    return frame


@pytest.fixture(scope="module", autouse=True)
def quick():
    """The search for the rate, which has tests of its own, is left out; one test below has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_recipe, "learning_rate", lambda *_: 2e-3)
        yield


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "orders.csv"
    orders().to_csv(path, index=False)
    return path, tabular.train(path, target="price", ignore=["dear"], epochs=60, seed=3, verbose=0)


SEARCH = _recipe.learning_rate


def test_the_rate_is_found_by_experiment(monkeypatch):
    monkeypatch.setattr(_recipe, "learning_rate", SEARCH)
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2))
    rows = {"a": x[:, 0], "b": x[:, 1], "y": x[:, 0] - x[:, 1]}
    trained = tabular.train(rows, target="y", epochs=20, verbose=0)
    assert 1e-4 < trained.details["learning_rate"] < 1
    assert trained.metrics["r2"] > 0.9


def test_it_learns(priced):
    _, trained = priced
    assert trained.metrics["r2"] > 0.75
    assert trained.baseline["r2"] == pytest.approx(0, abs=1e-6)
    kinds = {column.name: column.kind for column in trained.columns}
    assert kinds == {
        "id": "dropped", "town/area": "category", "rooms": "whole", "size": "number", "sold on": "date", "new": "truth",
        "words": "text", "dear": "dropped",
    }  # fmt: skip


def test_figures_of_folds_hold_for_new_rows(priced):
    _, trained = priced
    assert trained.evaluate(orders(300, seed=5))["r2"] == pytest.approx(trained.metrics["r2"], abs=0.12)


def test_the_file_alone_predicts_from_raw_rows(priced, tmp_path):
    path, trained = priced
    trained.save(tmp_path / "m.keras")
    expected = trained.predict(path).values
    assert np.corrcoef(expected, orders()["price"])[0, 1] > 0.9
    again = tabular.load(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(path).values, expected)
    assert again.metrics == trained.metrics
    assert again.to_dict() == trained.to_dict()
    code = (
        "import numpy as np, schuss\n"
        "model = schuss.models.load_model('m.keras')\n"
        "row = {'town/area': 'Ulm', 'sold on': '2022-03-01', 'new': 'yes', 'words': 'good old house'}\n"
        "x = {name: np.array([[text]], object) for name, text in row.items()}\n"
        "x |= {'rooms': np.array([[3.0]]), 'size': np.array([[np.nan]])}\n"
        "print(float(model.predict(x, verbose=0)[0, 0]))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    row = {
        "town/area": ["Ulm"],
        "sold on": ["2022-03-01"],
        "new": ["yes"],
        "words": ["good old house"],
        "rooms": [3],
    }
    assert float(found.stdout) == pytest.approx(trained.predict({**row, "size": [None]}).values[0], rel=1e-5)


def test_columns_are_found_by_name(priced):
    path, trained = priced
    frame = pd.read_csv(path)
    shuffled = frame[frame.columns[::-1]].assign(other=1)
    np.testing.assert_array_equal(trained.predict(shuffled).values, trained.predict(frame).values)
    with pytest.raises(
        ValueError, match=r"the table lacks 1 of the 6 columns that the model reads: 'size'.*'Size'"
    ):
        trained.predict(frame.rename(columns={"size": "Size"}))


def test_unknown_words_and_dates_are_taken_as_missing(priced):
    path, trained = priced
    frame = pd.read_csv(path).head(3)
    frame["town/area"], frame["sold on"], frame["rooms"] = "Atlantis", "soon", 99
    assert np.isfinite(trained.predict(frame).values).all()


def test_the_same_seed_gives_the_same_model(priced):
    path, trained = priced
    again = tabular.train(path, target="price", ignore=["dear"], epochs=60, seed=3, verbose=0)
    np.testing.assert_array_equal(again.predict(path).values, trained.predict(path).values)


def test_summaries_name_what_was_done(priced, capsys):
    priced[1].summary()
    shown = capsys.readouterr().out
    for words in (
        "counts the rows",
        "3 categories",
        "year-month-day",
        "free text",
        "ignored, as asked",
        "R²",
    ):
        assert words in shown


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_have_names_and_probabilities(classes):
    frame = orders(300)
    frame["target"] = pd.cut(frame["price"], classes, labels=["x", "y", "z"][:classes]).astype(str)
    trained = tabular.train(
        frame[["size", "rooms", "town/area", "target"]], target="target", epochs=20, verbose=0
    )
    assert trained.metrics["accuracy"] > trained.baseline["accuracy"] + 0.1
    found = trained.predict(frame)
    assert set(found.values) <= {"x", "y", "z"}
    assert found.probabilities.shape == (300, classes)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.mean(found.values == frame["target"]) > trained.baseline["accuracy"] + 0.1


def test_rows_kept_apart_and_other_tables_judge():
    frame = orders(200)[["size", "rooms", "price"]]
    trained = tabular.train(frame, target="price", validation=0.2, epochs=5, verbose=0)
    assert trained.details["judged_by"] == "40 rows that were kept apart"
    other = tabular.train(frame, target="price", validation=orders(100, 4), epochs=5, verbose=0)
    assert other.details["judged_by"] == "the 100 rows of the table"
    assert other.metrics == other.evaluate(orders(100, 4))
    with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
        tabular.train(frame, target="price", validation=0.9, verbose=0)


def test_many_rows_are_learned_by_one_network_from_files(monkeypatch):
    monkeypatch.setattr("schuss.tabular._train.ROWS_FOR_FOLDS", 500)
    monkeypatch.setattr(_encode, "MOST_BYTES", 1000)
    monkeypatch.setattr("schuss.tabular._sources.ROWS", 128)
    trained = tabular.train(orders(900), target="price", ignore=["dear"], epochs=40, verbose=0)
    learn, stop, judge = trained.data.parts
    assert (len(learn), len(stop), len(judge)) == (720, 90, 90)
    assert isinstance(learn.x["numbers"], np.memmap)
    assert len(trained.members) == 1
    assert trained.metrics["r2"] > 0.6


def test_wide_tables_share_an_input(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 90))
    frame = pd.DataFrame(x, columns=[f"c{n}" for n in range(90)]).assign(few=random.integers(0, 4, 200))
    frame["y"] = frame["c0"] + frame["c1"]
    trained = tabular.train(frame, target="y", epochs=5, verbose=0)
    assert set(trained.model.input) == {"numbers"}
    trained.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(
        tabular.load(tmp_path / "m.keras").predict(frame).values, trained.predict(frame).values
    )


def test_divisions_keep_the_shares_of_classes():
    y = np.random.default_rng(0).permutation(np.repeat([0.0, 1.0], [900, 100]))
    target = Target("y", "classification", ["a", "b"], [900, 100])
    division = Division(target, [0.8, 0.1, 0.1], 0)
    found = np.concatenate([division.parts_of(piece) for piece in np.array_split(y, 7)])
    assert division.sizes == [800, 100, 100]
    assert [int((y[found == part]).sum()) for part in range(3)] == [80, 10, 10]


def test_the_epoch_is_chosen_by_the_others():
    def course(losses):
        made = _recipe.Course(5)
        made.losses = losses
        return made

    assert _recipe.best_epoch([course([5.0, 3, 1, 3, 5])]) == 2
    assert _recipe.best_epoch([course([5.0, 3, 1, 3, 5, 9]), course([5.0, 4, 4])]) == 2


def test_very_many_rows_are_seen_a_few_times():
    sizes = [(n, size_for(n, Target("y", "regression"))) for n in (500, 50_000, 800_000, 9_800_000, 10**9)]
    assert [_recipe.epochs_for(n, size) for n, size in sizes] == [150, 15, 12, 2, 1]
    assert _train._shares(None, 10_000_000) == pytest.approx([0.98, 0.01, 0.01])
    assert _train._shares(0.2, 10_000_000) == pytest.approx([0.79, 0.01, 0.2])


# Ctrl-C ---


def broken_off_at(monkeypatch, epoch):
    """As if Ctrl-C were pressed within that epoch (from 0) of all that are trained."""
    begun = []

    def on_epoch_begin(self, number, logs=None):
        begun.append(number)
        if len(begun) == epoch + 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(_recipe.Course, "on_epoch_begin", on_epoch_begin, raising=False)


def test_ctrl_c_keeps_the_best_so_far(monkeypatch):
    monkeypatch.setattr(_train, "ROWS_FOR_FOLDS", 300)
    broken_off_at(monkeypatch, 8)
    trained = tabular.train(orders(600), target="price", ignore=["dear"], epochs=40, verbose=0)
    assert trained.details["epochs"] == [9]  # eight, and a look at what there was of the ninth
    assert any("broken off" in note for note in trained.details["notes"])
    assert np.isfinite(trained.metrics["rmse"])


def test_ctrl_c_among_several_networks_keeps_those_that_are_done(monkeypatch):
    broken_off_at(monkeypatch, 14)
    trained = tabular.train(orders(200), target="price", ignore=["dear"], epochs=6, verbose=0)
    assert trained.details["networks"] == 2
    assert trained.details["judged_by"] == "80 rows, each by the network that had not seen it"


def test_ctrl_c_before_the_first_step_is_one(monkeypatch):
    broken_off_at(monkeypatch, 0)
    with pytest.raises(KeyboardInterrupt):
        tabular.train(orders(200), target="price", epochs=6, verbose=0)


# Reports ---


def test_reports_judge_as_the_summary_does(classes_page):
    trained, page = classes_page
    assert f"{trained.metrics['accuracy']:.2%}" in page
    assert "The mean of 5 networks; curves are of the first. Judged by all 400 rows" in page
    for name in ("town/area", "rooms", "sold on", "words"):
        assert f"<th>{name}</th>" in page
    assert "column 0" not in page


@pytest.fixture(scope="module")
def classes_page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "page.html"
    trained = tabular.train(orders(), target="dear", ignore=["price"], epochs=5, verbose=0)
    write_report(trained, orders(), path)
    return trained, path.read_text(encoding="utf-8")


def test_reports_of_rows_kept_apart_and_of_other_tables(tmp_path, monkeypatch):
    for options, judged in (
        ({"validation": 0.25}, "Judged by 50 rows that were kept apart"),
        ({"validation": orders(100, 4)}, "Judged by the 100 rows of the table"),
    ):
        trained = tabular.train(orders(200), target="price", ignore=["dear"], epochs=3, verbose=0, **options)
        page = write_report(trained, orders(200), tmp_path / "page.html").read_text(encoding="utf-8")
        assert judged in page
        assert f"{trained.metrics['mae']:.3g}"[:3] in page


# What cannot be learned from ---


@pytest.mark.parametrize(
    ("frame", "target", "options", "message"),
    [
        (orders(50), "prise", {}, "no column 'prise'. Did you mean 'price'"),
        (orders(50), "price", {"ignore": ["sise"]}, "no column 'sise' to ignore. Did you mean 'size'"),
        (orders(10), "price", {}, "10 rows. That is too few"),
        (orders(50).assign(dear="dear"), "dear", {}, "one class only"),
        (orders(50)[["price"]], "price", {}, "one column only"),
        (orders(50)[["id", "price"]], "price", {}, "no column to predict 'price' from. id: an id"),
        (orders(50).head(0), "price", {}, "no rows below it"),
    ],
)
def test_tables_from_which_nothing_can_be_learned(frame, target, options, message):
    with pytest.raises(ValueError, match=message):
        tabular.train(frame, target=target, verbose=0, **options)


def test_rows_without_a_target_are_left_out():
    frame = orders(120)
    frame.loc[:19, "price"] = np.nan
    trained = tabular.train(frame, target="price", epochs=3, verbose=0)
    assert trained.details["rows"] == 100
    assert "20 rows have no 'price' and were left out" in trained.details["notes"]


def test_models_of_others_are_refused(tmp_path):
    schuss.Sequential([schuss.Input((2,)), schuss.layers.Dense(1)]).save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="not one made by `schuss train`"):
        tabular.load(tmp_path / "m.keras")
