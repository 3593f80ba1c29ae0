"""The loss on a plane of weights: it is what evaluate says there, and its directions are those of the path."""

import shutil
import struct

import numpy as np
import pytest

import schuss
from schuss.insight import Recorder, landscape
from schuss.insight.landscape._directions import along_path, random_plane
from schuss.layers import (
    LSTM,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    TextVectorization,
)  # fmt: skip

RNG = np.random.default_rng(0)
MODELS = {
    "dense": ((5,), lambda: [Dense(8, "tanh", kernel_regularizer="l2"), Dropout(0.3), Dense(3, "softmax")]),
    "convolution": (
        (6, 6, 2),
        lambda: [Conv2D(4, 3, activation="relu"), BatchNormalization(), Flatten(), Dense(3, "softmax")],
    ),
    "recurrent": ((6, 4), lambda: [LSTM(5), Dense(3, "softmax")]),
}


def trained(name="dense", rows=70, **fit):
    shape, layers = MODELS[name]
    x, y = RNG.normal(size=(rows, *shape)).astype("float32"), RNG.integers(0, 3, rows)
    schuss.utils.set_random_seed(2)
    model = schuss.Sequential([Input(shape), *layers()], name="net")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    recorder = Recorder(weight_path=True)
    model.fit(x, y, batch_size=16, epochs=4, verbose=0, callbacks=[recorder], **fit)
    return model, recorder, x, y


def evaluated(model, weights, x, y):
    """The loss by `evaluate`, at these trainable weights."""
    kept = [w.array.copy() for w in model.trainable_variables]
    for variable, array in zip(model.trainable_variables, weights, strict=True):
        variable.assign(np.asarray(array, variable.dtype))
    loss = model.evaluate(x, y, batch_size=32, verbose=0, return_dict=True)["loss"]
    for variable, array in zip(model.trainable_variables, kept, strict=True):
        variable.assign(array)
    return loss


@pytest.mark.parametrize("name", MODELS)
def test_the_grid_is_what_evaluate_says(name):
    model, recorder, x, y = trained(name)
    before = [v.array.copy() for v in [*model.variables, *model.optimizer.variables]]
    found = landscape(model, x, y, path=recorder, points=(5, 4), batch_size=32)
    for variable, array in zip([*model.variables, *model.optimizer.variables], before, strict=True):
        np.testing.assert_array_equal(variable.array, array)
    assert found.loss.shape == (4, 5)
    plane = along_path(recorder.path.weights, 0)
    for i, j in ((0, 0), (3, 4), (1, 2)):
        at = [o + found.a[j] * d + found.b[i] * e for o, d, e in zip(plane.origin, plane.first, plane.second)]
        assert found.loss[i, j] == pytest.approx(evaluated(model, at, x, y), rel=2e-5)
    np.testing.assert_allclose(
        found.path_loss[-1], model.evaluate(x, y, verbose=0, return_dict=True)["loss"], rtol=1e-5
    )
    np.testing.assert_array_equal(found.path[-1], [0, 0])
    assert found.path_steps.tolist() == recorder.path.steps


def test_both_backends_agree():
    model, _, x, y = trained()
    a = landscape(model, x, y, points=3)
    b = landscape(model, x, y, points=3, backend="reference")
    np.testing.assert_allclose(a.loss, b.loss, rtol=1e-5)


def test_more_points_than_a_run_has():
    model, _, x, y = trained(rows=20)
    fine = landscape(model, x, y, points=(65, 33), extent=((-1.0, 1.0), (-0.5, 0.5)))
    coarse = landscape(model, x, y, points=(5, 3), extent=((-1.0, 1.0), (-0.5, 0.5)))
    np.testing.assert_allclose(fine.loss[::16, ::16], coarse.loss, rtol=1e-5)


def test_the_landscape_of_a_quadratic_is_the_quadratic():
    """J = mean (x·w − y)²: with x = (1, 0), (0, 2) it is ((w₀ − 1)² + (2 w₁ − 1)²) / 2."""
    x, y = np.array([[1, 0], [0, 2]], "float32"), np.ones((2, 1), "float32")
    model = schuss.Sequential([Input((2,)), Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    model.set_weights([np.zeros((2, 1))])
    directions = [np.array([[1.0], [0.0]])], [np.array([[0.0], [1.0]])]
    found = landscape(model, x, y, directions=directions, extent=2, points=9)
    a, b = np.meshgrid(found.a, found.b)
    np.testing.assert_allclose(found.loss, ((a - 1) ** 2 + (2 * b - 1) ** 2) / 2, rtol=1e-5, atol=1e-6)
    assert found.explained is None


def test_a_straight_path_is_explained_by_one_direction():
    start, way = [RNG.normal(size=(4, 3)), RNG.normal(size=3)], [RNG.normal(size=(4, 3)), RNG.normal(size=3)]
    path = [[s + t * w for s, w in zip(start, way)] for t in np.linspace(0, 1, 9)]
    plane = along_path(path, 0)
    assert plane.explained[0] == pytest.approx(1.0)
    assert plane.explained[1] == pytest.approx(0.0, abs=1e-12)
    first, second = (np.concatenate([a.ravel() for a in d]) for d in (plane.first, plane.second))
    flat = np.concatenate([w.ravel() for w in way])
    assert first @ flat == pytest.approx(np.linalg.norm(flat))
    assert [first @ first, second @ second, first @ second] == pytest.approx([1, 1, 0], abs=1e-9)
    np.testing.assert_allclose(plane.path[:, 1], 0, atol=1e-9)


def test_principal_components_are_those_of_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    path = RNG.normal(size=(12, 20)).cumsum(axis=0)
    plane = along_path([[p[:15].reshape(5, 3), p[15:]] for p in path], 0)
    expected = decomposition.PCA(2).fit(path)
    np.testing.assert_allclose(plane.explained, expected.explained_variance_ratio_, rtol=1e-9)
    for direction, component in zip((plane.first, plane.second), expected.components_):
        flat = np.concatenate([a.ravel() for a in direction])
        assert abs(flat @ component) == pytest.approx(1.0)


def test_random_directions_have_the_filters_norms():
    model, _, x, y = trained("convolution")
    plane = random_plane(model.trainable_variables, 3)
    kernel, direction = model.layers[0].kernel.array, plane.first[0]
    np.testing.assert_allclose(
        np.square(direction).sum(axis=(0, 1, 2)), np.square(kernel).sum(axis=(0, 1, 2)), rtol=1e-5
    )
    assert all((d == 0).all() for d in plane.first if d.ndim == 1)
    found = landscape(model, x, y, points=3, seed=3)
    assert found.path is None
    assert found.loss[1, 1] == pytest.approx(
        model.evaluate(x, y, verbose=0, return_dict=True)["loss"], rel=1e-5
    )


def test_texts_batches_weights_and_several_inputs():
    words = np.array(["good film", "bad film", "fine", "awful"] * 5)
    reader = TextVectorization(output_sequence_length=3)
    reader.adapt(words)
    model = schuss.Sequential(
        [Input((), dtype="string"), reader, Embedding(20, 4), Flatten(), Dense(1, "sigmoid")]
    )
    model.compile("adam", "binary_crossentropy")
    y = np.array([1, 0, 1, 0] * 5)
    model.fit(words, y, verbose=0)
    found = landscape(model, words, y, points=3)
    assert found.loss[1, 1] == pytest.approx(model.evaluate(words, y, verbose=0), rel=1e-5)
    a, b = Input((3,)), Input((2,))
    model = schuss.Model([a, b], [Dense(1)(a), Dense(2)(schuss.layers.Concatenate()([a, b]))])
    model.compile("sgd", ["mse", "mae"])
    x = [RNG.normal(size=(24, 3)).astype("float32"), RNG.normal(size=(24, 2)).astype("float32")]
    labels, weight = [np.ones((24, 1)), np.ones((24, 2))], RNG.random(24)
    found = landscape(model, x, labels, weight, points=3)
    expected = model.evaluate(x, labels, sample_weight=weight, verbose=0, return_dict=True)["loss"]
    assert found.loss[1, 1] == pytest.approx(expected, rel=1e-5)
    batches = [(tuple(p[i : i + 8] for p in x), tuple(p[i : i + 8] for p in labels)) for i in (0, 8, 16)]
    found = landscape(model, iter(batches), points=3)
    assert found.rows == 24
    assert found.loss[1, 1] == pytest.approx(
        model.evaluate(x, labels, verbose=0, return_dict=True)["loss"], rel=1e-5
    )


def test_where_the_loss_is_no_number_the_map_has_none():
    model = schuss.Sequential([Input((1,)), Dense(1, use_bias=False)])
    model.compile("sgd", lambda y, p: schuss.ops.log(p))
    model.set_weights([np.ones((1, 1))])
    directions = [np.ones((1, 1))], [np.zeros((1, 1))]
    found = landscape(model, np.ones((4, 1)), np.ones((4, 1)), directions=directions, extent=2, points=3)
    assert np.isnan(found.loss[:, 0]).all()
    assert np.isfinite(found.loss[:, 1:]).all()
    assert "null" in found.html()


def test_pages_pictures_and_films(tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    model, recorder, x, y = trained()
    found = landscape(model, x, y, path=recorder, points=8)
    page = found.save(tmp_path / "map.html").read_text(encoding="utf-8")
    assert '"kind":"map"' in page
    assert '"plays":false' in page
    assert "<iframe" in found._repr_html_()
    assert '"plays":true' in found.animate(tmp_path / "film.html").read_text(encoding="utf-8")
    assert found.save(tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in found.save(tmp_path / "map.svg").read_bytes()
    ax = found.plot()
    assert "path's variance" in ax.get_xlabel()
    film = found.animate(tmp_path / "film.gif", seconds=1, frames=4).read_bytes()
    assert film.startswith(b"GIF89a")
    assert film.count(b"\x21\xf9\x04") >= 3  # pictures' headers
    assert struct.unpack("<HH", film[6:10])[0] > 100
    with pytest.raises(ValueError, match="no path"):
        landscape(model, x, y, points=3).animate(tmp_path / "a.gif")
    for act in (found.save, found.animate):
        with pytest.raises(ValueError, match="ends with"):
            act(tmp_path / "map.txt")


def test_errors_say_what_was_wanted():
    model, _, x, y = trained()
    with pytest.raises(TypeError, match="model"):
        landscape(3, x, y)
    with pytest.raises(ValueError, match="points"):
        landscape(model, x, y, points=1)
    with pytest.raises(ValueError, match="extent"):
        landscape(model, x, y, extent=-1)
    with pytest.raises(ValueError, match="weight_path=True"):
        landscape(model, x, y, path=Recorder())
    with pytest.raises(ValueError, match="two places"):
        landscape(model, x, y, path=[model.get_weights()])
    with pytest.raises(ValueError, match="does not move"):
        landscape(model, x, y, path=[model.get_weights()] * 3)
    with pytest.raises(ValueError, match=r"3 arrays.*4 trainable weights"):
        landscape(model, x, y, path=[model.get_weights()[:3]] * 3)
    with pytest.raises(ValueError, match=r"shape.*net/dense"):
        landscape(model, x, y, directions=([np.zeros(2)] * 4, [np.zeros(2)] * 4))
    with pytest.raises(ValueError, match="rows"):
        landscape(model, x, y, rows=0)


BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed, in which the page would be opened")
def test_the_map_draws_itself_in_a_browser(tmp_path):
    import re
    import subprocess

    model, recorder, x, y = trained()
    text = landscape(model, x, y, path=recorder, points=9).html()
    look = """<script>
      window.addEventListener("error", (event) => document.body.setAttribute("data-error", event.message));
      document.addEventListener("DOMContentLoaded", () => setTimeout(() => {
        const slider = document.querySelector("input[type=range]");
        slider.value = 0;
        slider.dispatchEvent(new Event("input"));
        const words = slider.parentElement.querySelector("span").textContent;
        const canvas = document.querySelector("canvas");
        const drawn = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v > 0);
        document.body.setAttribute("data-found", `${words}; ${drawn}; ${document.querySelectorAll("image").length}`);
      }, 50));
    </script>"""
    (tmp_path / "page.html").write_text(text.replace("<main>", look + "<main>", 1), encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [
        BROWSER,
        *options,
        "--virtual-time-budget=5000",
        "--dump-dom",
        (tmp_path / "page.html").as_uri(),
    ]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    assert "data-error=" not in re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL)
    assert re.search(r'data-found="step 0, loss [\d.]+; true; 1"', dom)
