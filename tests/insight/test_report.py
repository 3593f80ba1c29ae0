"""Reports are pages that stand alone, show what they should, and take nothing for HTML that comes from data."""

import base64
import html.parser
import json
import re
import shutil
import struct
import subprocess
import zlib

import numpy as np
import pytest

import schuss
from schuss.insight import Recorder, report
from schuss.insight._html import escape, image_uri, script_json, sound_uri
from schuss.insight.recording import Classes, Labels, Numbers
from schuss.layers import (
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Input,
    Reshape,
    TextVectorization,
)

HOSTILE = '</script><img src=x onerror="alert(1)">&\'"'
VOID = {"meta", "img", "br", "input", "hr", "link"}


class Parsed(html.parser.HTMLParser):
    """What is in a page; an error where elements are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts, self.scripts = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] in ("script", "style") else self.texts).append(data)

    @property
    def text(self):
        return " ".join(self.texts)

    def plots(self):
        return [json.loads(s) for s in self.scripts if s.startswith('{"kind"')]


def checked(made):
    """The page, which must be well-formed and ask for nothing outside."""
    page = Parsed(made.html)
    for name, value in page.attributes:
        if name in ("src", "href"):
            assert value.startswith(("data:", "#")), value
        assert not name.startswith("on"), name
    assert "link" not in page.tags
    assert "@import" not in made.html
    assert not re.search(r"url\(\s*['\"]?http", made.html)
    return page


def classifier(shape=(6,), classes=3, rows=60, layers=None, **fit):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(rows, *shape)).astype("float32"), rng.integers(0, classes, rows)
    schuss.utils.set_random_seed(0)
    model = schuss.Sequential(
        [Input(shape), *(layers or []), Flatten(), Dense(classes, "softmax", name="out")], name="net"
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    recorder = Recorder(every=2)
    model.fit(x, y, batch_size=16, epochs=3, verbose=0, validation_split=0.2, callbacks=[recorder], **fit)
    return recorder, model, x, y


def test_a_classifier():
    recorder, model, x, y = classifier(layers=[Dense(8, "relu", name="hidden")])
    made = report(recorder, x=x, y=y, class_names=["ant", "bee", "cat"], path="net.html")
    page = checked(made)
    assert made.path.read_text(encoding="utf-8") == made.html
    for title in ("Curves", "Predictions", "Layers", "Rate", "Model", "Data", "Cost", "Again"):
        assert title in page.texts
    (found,) = made.outputs
    assert isinstance(found, Classes)
    p = model.predict(x, verbose=0).argmax(axis=1)
    expected = np.zeros((3, 3), int)
    np.add.at(expected, (y, p), 1)
    np.testing.assert_array_equal(found.matrix(), expected)
    assert found.accuracy == pytest.approx(model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"])
    plots = {plot["title"]: plot for plot in page.plots()}
    assert plots["confusion matrix"]["rows"] == ["ant", "bee", "cat"]
    loss = plots["loss"]["series"]
    np.testing.assert_allclose(loss[0]["y"], recorder.losses.mean, rtol=1e-5)
    np.testing.assert_allclose(loss[-1]["y"], recorder.history["val_loss"], rtol=1e-5)
    assert "hidden" in plots["share of zeros"]["series"][0]["name"]
    cells = [value for name, value in page.attributes if name == "id" and value.startswith("cell0-")]
    assert {tuple(int(n) for n in c.split("-")[1:]) for c in cells} == set(zip(*np.nonzero(expected)))
    assert "<iframe" in made._repr_html_()


def test_a_history_alone_and_a_dict():
    _, model, x, y = classifier()
    history = model.fit(x, y, epochs=2, verbose=0)
    page = checked(report(history, path=None))
    assert "Curves" in page.texts
    assert "Layers" not in page.texts
    assert report({"loss": [2.0, 1.0]}, model, path=None).path is None
    assert "Predictions" not in Parsed(report(None, model, path=None).html).texts


def test_regressions_show_true_against_predicted():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3)).astype("float32")
    y = x @ np.array([[1.0], [2], [-1]], "float32")
    model = schuss.Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(x, y, epochs=2, verbose=0)
    made = report(history, x=x, y=y, feature_names=["age", "height", "weight"], path=None)
    page = checked(made)
    (found,) = made.outputs
    assert isinstance(found, Numbers)
    assert found.measures["root mean square error"] ** 2 == pytest.approx(
        model.evaluate(x, y, verbose=0), rel=1e-4
    )
    worst = int(found.worst(1)[0])
    error = abs(model.predict(x, verbose=0) - y)[:, 0]
    assert error[worst] == error.max()
    assert "height" in page.texts
    assert any(plot["title"].startswith("predicted against true") for plot in page.plots())


@pytest.mark.parametrize("loss", ["binary_crossentropy", "hinge"])
def test_two_classes(loss):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2)).astype("float32")
    y = (x[:, :1] > 0).astype(int) * (2 if loss == "hinge" else 1) - (loss == "hinge")
    model = schuss.Sequential([Input((2,)), Dense(1, "sigmoid" if loss != "hinge" else "tanh")])
    model.compile("adam", loss)
    history = model.fit(x, y, verbose=0)
    (found,) = report(history, x=x, y=y, path=None).outputs
    p = model.predict(x, verbose=0)[:, 0] > (0 if loss == "hinge" else 0.5)
    assert found.count == 2
    assert found.accuracy == pytest.approx(((y[:, 0] > 0) == p).mean())


def test_logits_one_hot_labels_and_several_labels():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 4)).astype("float32"), np.eye(3)[rng.integers(0, 3, 40)]
    model = schuss.Sequential([Input((4,)), Dense(3)])
    model.compile("adam", schuss.losses.CategoricalCrossentropy(from_logits=True))
    (found,) = report(model.fit(x, y, verbose=0), x=x, y=y, path=None).outputs
    assert isinstance(found, Classes)
    assert found.score.mean() == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-4)
    model = schuss.Sequential([Input((4,)), Dense(3, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    labels = rng.integers(0, 2, (40, 3))
    made = report(
        model.fit(x, labels, verbose=0), x=x, y=labels, class_names=["red", "round", "big"], path=None
    )
    checked(made)
    (found,) = made.outputs
    assert isinstance(found, Labels)
    assert found.accuracy == pytest.approx(((model.predict(x, verbose=0) > 0.5) == labels).mean())


def test_words_of_texts_are_classes_at_places():
    x = np.random.default_rng(0).integers(1, 9, (12, 7))
    model = schuss.Sequential([Input((7,)), Embedding(9, 4), Dense(9, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    made = report(
        model.fit(x, x, verbose=0),
        x=x,
        y=x,
        decode=lambda row: "".join("·abcdefgh"[i] for i in row),
        path=None,
    )
    (found,) = made.outputs
    assert len(found.true) == 84
    assert len(found.worst(50)) <= 12
    assert "<blockquote>" in made.html


def test_several_inputs_and_outputs_and_unequal_labels():
    a, b = Input((3,), name="a"), Input((4, 4, 1), name="b")
    joined = schuss.layers.Concatenate()([a, Flatten()(b)])
    model = schuss.Model(
        [a, b], {"kind": Dense(2, "softmax", name="kind")(joined), "size": Dense(1, name="size")(joined)}
    )
    model.compile("adam", {"kind": "sparse_categorical_crossentropy", "size": "mae"})
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(30, 3)), "b": rng.random((30, 4, 4, 1))}
    y = {"kind": rng.integers(0, 2, 30), "size": rng.normal(size=30)}
    recorder = Recorder()
    model.fit(x, y, verbose=0, callbacks=[recorder])
    made = report(recorder, x=x, y=y, path=None)
    page = checked(made)
    assert [type(found) for found in made.outputs] == [Classes, Numbers]
    assert {"kind", "size"} <= set(page.texts)
    assert "img" in page.tags


def test_pictures_sounds_and_texts_are_part_of_the_page():
    recorder, _, x, y = classifier((8, 8, 1), layers=[Conv2D(2, 3, activation="relu", name="conv")])
    page = checked(report(recorder, x=x, y=y, path=None))
    assert any(name == "src" and value.startswith("data:image/png") for name, value in page.attributes)
    recorder, _, x, y = classifier((2400,), layers=[Reshape((24, 100)), GlobalAveragePooling1D()])
    page = checked(report(recorder, x=x, y=y, sampling_rate=8000, path=None))
    assert "audio" in page.tags
    words = np.array([f"good {HOSTILE}", "bad <b>film</b>"] * 10)
    reader = TextVectorization(output_sequence_length=4)
    reader.adapt(words)
    model = schuss.Sequential(
        [Input((), dtype="string"), reader, Embedding(20, 4), Flatten(), Dense(1, "sigmoid")]
    )
    model.compile("adam", "binary_crossentropy")
    history = model.fit(words, np.array([1, 0] * 10), verbose=0)
    page = checked(report(history, x=words, y=np.array([0, 1] * 10), path=None))
    assert "bad <b>film</b>" in page.texts
    assert "b" in page.tags  # our own, for what was predicted
    assert not any(name == "onerror" for name, _ in page.attributes)


def test_pictures_from_pictures():
    x = np.random.default_rng(0).random((20, 8, 8, 1)).astype("float32")
    model = schuss.Sequential([Input((8, 8, 1)), Conv2D(1, 3, padding="same")])
    model.compile("adam", "mse")
    page = checked(report(model.fit(x, x, verbose=0), x=x, y=x, worst=5, path=None))
    assert page.tags.count("img") == 15


def test_frames_and_batches():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(rng.normal(size=(40, 2)), columns=["width", "depth <i>"])
    model = schuss.Sequential([Input((2,)), Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    y = rng.integers(0, 2, 40)
    history = model.fit(frame, y, verbose=0)
    assert "depth <i>" in checked(report(history, x=frame, y=y, path=None)).texts
    batches = [(frame.to_numpy()[i : i + 8], y[i : i + 8]) for i in range(0, 40, 8)]
    made = report(history, x=iter(batches), path=None)
    assert len(made.outputs[0].true) == 40
    assert len(report(history, x=iter(batches), path=None, most_rows=12).outputs[0].true) == 12
    assert len(report(history, x=frame, y=y, path=None, most_rows=12).outputs[0].true) == 10  # every fourth


def test_hostile_names_stay_text():
    recorder, _, x, y = classifier(layers=[Dense(4, "relu", name="hidden")])
    made = report(
        recorder,
        x=x,
        y=y,
        class_names=[HOSTILE, "b", "c"],
        title=HOSTILE,
        feature_names=[HOSTILE] * 6,
        path=None,
    )
    page = checked(made)
    assert HOSTILE in page.texts
    assert page.tags.count("script") == len(page.plots()) + 1
    assert "alert(1)" not in "".join(s for s in page.scripts if not s.startswith('{"kind"'))
    plots = {plot["title"]: plot for plot in page.plots()}
    assert plots["confusion matrix"]["rows"][0] == HOSTILE


def test_models_that_are_not_built_or_compiled():
    assert "Model" in checked(report(None, schuss.Sequential([Dense(2)]), path=None)).texts
    model = schuss.Sequential([Input((3,)), Dense(2)])
    checked(report(None, model, path=None))
    with pytest.raises(ValueError, match="not compiled"):
        report(None, model, x=np.zeros((4, 3)), y=np.zeros(4), path=None)


def test_many_classes_and_places_that_are_left_out():
    x, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) * 5
    model = schuss.Sequential([Input((3,)), Dense(300, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    page = checked(report(model.fit(x, y, verbose=0), x=x, y=y, path=None))
    assert len({plot["title"]: plot for plot in page.plots()}["confusion matrix"]["rows"]) == 30
    words = np.random.default_rng(0).integers(0, 9, (30, 7))
    model = schuss.Sequential([Input((7,)), Embedding(9, 4, mask_zero=True), Dense(9)])
    model.compile("adam", schuss.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=0))
    (found,) = report(model.fit(words, words, verbose=0), x=words, y=words, path=None).outputs
    assert len(found.true) == (words > 0).sum()


def test_the_landscape_is_part_of_it_where_the_way_was_kept():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)).astype("float32"), rng.normal(size=(40, 1))
    model = schuss.Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse")
    recorder = Recorder(weight_path=True)
    model.fit(x, y, epochs=3, verbose=0, callbacks=[recorder])
    page = checked(report(recorder, x=x, y=y, path=None))
    assert {"map", "surface"} <= {plot["kind"] for plot in page.plots()}
    assert "Landscape" in page.texts


def test_errors_say_what_to_do(tmp_path):
    recorder, _, x, y = classifier()
    with pytest.raises(TypeError, match="training"):
        report(3)
    with pytest.raises(ValueError, match="pass the model"):
        report({"loss": [1.0]})
    with pytest.raises(ValueError, match=r"\.html"):
        report(recorder, path=tmp_path / "a.pdf")
    with pytest.raises(ValueError, match="not there"):
        report(recorder, path=tmp_path / "nowhere" / "a.html")
    with pytest.raises(ValueError, match=r"2 names.*3 classes"):
        report(recorder, x=x, y=y, class_names=["a", "b"], path=None)
    with pytest.raises(ValueError, match="show"):
        report(recorder, x=x, y=y, show="film", path=None)
    with pytest.raises(ValueError, match="image_shape"):
        report(recorder, x=x, y=y, show="picture", path=None)
    with pytest.raises(ValueError, match="a row of 'x' has 6"):
        report(recorder, x=x, y=y, show="picture", image_shape=(2, 2), path=None)
    made = report(recorder, x=x, path=None)
    assert "pass y" in Parsed(made.html).text


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4)])
def test_pngs_hold_their_pixels(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    data = base64.b64decode(image_uri(pixels).split(",")[1])
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert (height, width) == shape[:2]
    start = data.index(b"IDAT")
    size = struct.unpack(">I", data[start - 4 : start])[0]
    content = data[start + 4 : start + 4 + size]
    assert struct.unpack(">I", data[start + 4 + size : start + 8 + size])[0] == zlib.crc32(b"IDAT" + content)
    rows = np.frombuffer(zlib.decompress(content), np.uint8).reshape(height, -1)
    np.testing.assert_array_equal(rows[:, 1:].reshape(shape), pixels)


def test_sounds_are_wav():
    import io
    import wave

    samples = np.sin(np.arange(800) / 5).astype("float32")
    with wave.open(io.BytesIO(base64.b64decode(sound_uri(samples, 8000).split(",")[1]))) as file:
        assert (file.getframerate(), file.getnframes(), file.getsampwidth()) == (8000, 800, 2)
        heard = np.frombuffer(file.readframes(800), "<i2")
    np.testing.assert_allclose(heard / 32000, samples / abs(samples).max(), atol=1e-4)


def test_escaping():
    assert escape(HOSTILE).count("<") == 0
    assert "\x00" not in escape("a\x00b")
    assert json.loads(script_json({"a": HOSTILE, "b": [1, np.nan]})) == {"a": HOSTILE, "b": [1, None]}
    assert "</" not in script_json(HOSTILE)


BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed, in which the page would be opened")
def test_the_page_draws_itself_in_a_browser(tmp_path):
    """All figures are drawn without an error, and a click on a cell of the matrix shows its examples."""
    recorder, _, x, y = classifier(layers=[Dense(8, "relu", name="hidden")])
    made = report(recorder, x=x, y=y, path=None, class_names=[HOSTILE, "b", "c"])
    look = """<script>
      window.addEventListener("error", (event) => document.body.setAttribute("data-error", event.message));
      document.addEventListener("DOMContentLoaded", () => setTimeout(() => {
        const cell = [...document.querySelectorAll("rect")].find((r) => r.style.cursor === "pointer");
        cell.dispatchEvent(new MouseEvent("click"));
        const shown = [...document.querySelectorAll("[id^=cell0-]")].filter((e) => !e.hidden).length;
        const figures = [...document.querySelectorAll("figure.plot")];
        const drawn = figures.filter((f) => f.querySelector("svg").childElementCount > 1).length;
        document.body.setAttribute("data-found", `${figures.length} ${drawn} ${shown}`);
      }, 50));
    </script>"""
    (tmp_path / "page.html").write_text(made.html.replace("<main>", look + "<main>", 1), encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [
        BROWSER,
        *options,
        "--virtual-time-budget=5000",
        "--dump-dom",
        (tmp_path / "page.html").as_uri(),
    ]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    assert "data-error" not in dom.split("<main>")[0].split("<script")[0]
    figures, drawn, shown = map(int, re.search(r'data-found="(\d+) (\d+) (\d+)"', dom).groups())
    assert figures == drawn > 10
    assert shown == 1


# What the caller knows ---


def test_predictions_that_are_known_are_not_asked_for():
    x = np.random.default_rng(0).normal(size=(60, 3))
    model = schuss.Sequential([Input((3,)), Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")  # and never trained
    y, known = np.arange(60) % 2, np.where(np.arange(60) < 10, 0.9, 0.1)[:, None]
    made = report(
        None, model, x, y, path=None, predictions=known, note="As it was said <then>.", most_rows=30
    )
    assert isinstance(made.outputs[0], Classes)
    assert made.outputs[0].matrix().tolist() == [[25, 5], [0, 0]]  # every second row
    assert "As it was said <then>." in checked(made).text
    with pytest.raises(
        ValueError, match=r"`predictions` must have a row for each of the 60 rows of x, got \[59\]"
    ):
        report(None, model, x, y, path=None, predictions=known[1:])


def test_inputs_of_one_value_are_a_table_with_their_names():
    inputs = {"size": Input((1,), name="size"), "town": Input((1,), dtype="string", name="town")}
    reader = schuss.layers.StringLookup(vocabulary=["Ulm", "Bonn"], output_mode="one_hot")
    both = schuss.layers.Concatenate()([inputs["size"], reader(inputs["town"])])
    model = schuss.Model(inputs, Dense(1)(both))
    model.compile("adam", "mse")
    x = {"size": np.arange(8.0)[:, None], "town": np.array(["Ulm", HOSTILE] * 4, object)[:, None]}
    page = checked(report(None, model, x, np.arange(8.0), path=None))
    assert page.tags.count("th") >= 2 * 8
    assert page.texts.count("size") >= 8
    assert page.texts.count("town") >= 8
    assert page.texts.count(HOSTILE) == 4
