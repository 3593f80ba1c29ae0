"""`schuss train`, `predict`, `lr`, `explain`, `diagnose`: tables from the command line."""

import csv
import importlib.util
import json
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from schuss.cli import main


@pytest.fixture(scope="module", autouse=True)
def quick():
    """The search for the rate has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("schuss.tabular._recipe.learning_rate", lambda *_: 2e-3)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table, and a model that was trained on it."""
    folder, random = tmp_path_factory.mktemp("commands"), np.random.default_rng(0)
    rows = [
        [n, f"{random.random() * 100:.2f}", random.choice(["Köln", "Ulm", ""]), random.choice(["ja", "nein"])]
        for n in range(120)
    ]
    with (folder / "data.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "size", "town", "new", "price"])
        writer.writerows([*row, f"{3 * float(row[1]) + 50 * (row[2] == 'Ulm'):.1f}"] for row in rows)
    model = folder / "data.keras"
    done = call(
        "train", folder / "data.csv", "--target", "price", "--epochs", 40, "--output", model, "--json"
    )
    assert done.exit_code == 0, done.output
    (folder / "train.json").write_text(done.stdout)
    return folder


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_train_writes_a_model_a_page_and_one_json_object(folder):
    told = json.loads((folder / "train.json").read_text())
    assert told["task"] == "regression"
    assert told["metrics"]["r2"] > 0.8
    assert {column["name"]: column["kind"] for column in told["columns"]} == {
        "id": "dropped", "size": "number", "town": "category", "new": "truth",
    }  # fmt: skip
    assert (folder / "data.keras").exists()
    page = (folder / "data.html").read_text(encoding="utf-8")
    HTMLParser().feed(page)
    assert "price" in page


def test_predict_for_programs_and_people(folder):
    done = call("predict", folder / "data.keras", folder / "data.csv", "--json", "--evaluate")
    told = json.loads(done.stdout)
    assert told["rows"] == 120
    assert isinstance(told["predictions"][0]["price"], float)
    assert told["metrics"]["r2"] > 0.8
    done = call("predict", folder / "data.keras", folder / "data.csv", "--output", folder / "out.csv")
    assert done.exit_code == 0
    with (folder / "out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 120
    assert rows[5]["id"] == "5"
    assert float(rows[5]["predicted price"]) == pytest.approx(told["predictions"][5]["price"], rel=1e-5)
    shown = call("predict", folder / "data.keras", folder / "data.csv").stdout.splitlines()
    assert (shown[0], len(shown)) == ("price", 121)


def test_classes_by_name_with_probabilities(folder):
    model = folder / "new.keras"
    done = call(
        "train", folder / "data.csv", "--target", "new", "--epochs", 2, "--output", model, "--no-report"
    )
    assert done.exit_code == 0, done.output
    assert "2 classes: ja, nein" in done.stdout
    told = json.loads(call("predict", model, folder / "data.csv", "--json").stdout)["predictions"][0]
    assert told["new"] in ("ja", "nein")
    assert sum(told["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_looking_inside(folder):
    data, model = folder / "data.csv", folder / "data.keras"
    picture = ("--output", folder / "lr.svg") if importlib.util.find_spec("matplotlib") else ()
    told = json.loads(call("lr", data, "--target", "price", "--units", 8, "--json", *picture).stdout)
    assert 1e-6 < told["suggestion"] < 10
    assert not picture or (folder / "lr.svg").exists()
    shown = call(
        "explain", data, "--target", "price", "--units", "3", "--rows", 2, "--output", folder / "step.html"
    )
    assert shown.exit_code == 0, shown.output
    assert "Forwards" in shown.stdout
    assert "the data, x['numbers']: size" in shown.stdout
    assert (folder / "step.html").exists()
    assert json.loads(call("explain", model, data, "--json").stdout)["rows"] == 4
    done = call("diagnose", model, data, "--json")
    assert done.exit_code == 0, done.output
    assert "findings" in json.loads(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "none.csv", "--target", "y"), "There is no file none.csv"),
        (("train", "DATA", "--target", "prise"), "no column 'prise'. Did you mean 'price'"),
        (("train", "DATA", "--target", "price", "--output", "m.h5"), "must end in .keras"),
        (("train", "DATA", "--target", "price", "--output", "nowhere/m.keras"), "There is no folder"),
        (("predict", "DATA", "DATA"), "DATA"),
        (("lr", "DATA"), "Say with --target"),
        (("lr", "MODEL"), "is a model. Give a table, too"),
        (("explain", "MODEL", "DATA", "--target", "price"), "A model knows its target"),
        (("diagnose", "DATA", "--target", "price", "--units", "8x"), "whole numbers with commas"),
        (("diagnose", "DATA", "DATA", "DATA"), "got 3 files"),
    ],
)
def test_mistakes_are_told_in_words(folder, arguments, message):
    places = {"DATA": folder / "data.csv", "MODEL": folder / "data.keras"}
    arguments = [places.get(argument, argument) for argument in arguments]
    done = call(*arguments)
    assert done.exit_code == 1
    assert message.replace("DATA", "data.csv") in done.output.replace("\n", " ")
    assert "Traceback" not in done.output
    if arguments[0] != "predict":
        assert "error" in json.loads(call(*arguments, "--json").stdout)


def test_predictions_are_whole_files_and_overwrite_no_table(folder, tmp_path):
    rows = (folder / "data.csv").read_text(encoding="utf-8")
    table = tmp_path / "rows.csv"
    table.write_text(rows + "1,2\n", encoding="utf-8")
    done = call("predict", folder / "data.keras", table, "--output", table)
    assert "would overwrite the table" in done.output
    done = call("predict", folder / "data.keras", table, "--output", tmp_path / "out.csv")
    assert "2 cells" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]
    assert table.read_text(encoding="utf-8").startswith(rows)
    done = call("predict", table, folder / "data.keras")
    assert "The model comes first" in done.output


def test_another_table_that_judges_is_looked_at_before_training(folder, monkeypatch):
    monkeypatch.setattr("schuss.tabular._train.fitted", None)
    (folder / "other.csv").write_text("size,town\n1,Ulm\n", encoding="utf-8")
    for other, message in (("nowhere.csv", "There is no file"), ("other.csv", "lacks 1 of the 3 columns")):
        done = call("train", folder / "data.csv", "--target", "price", "--validation", folder / other)
        assert message in done.output


@pytest.mark.parametrize("command", ["train", "predict", "lr", "explain", "diagnose"])
def test_help(command):
    done = call(command, "--help")
    assert done.exit_code == 0
    assert "DATA" in done.output
