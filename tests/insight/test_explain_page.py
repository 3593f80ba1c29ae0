"""The page of an explanation: self-contained, safe, and it works when it is clicked through."""

import json
import re
import shutil

import numpy as np
import pytest

import schuss
from schuss.layers import LSTM, Conv2D, Dense, Flatten, Input, MaxPooling2D, MultiHeadAttention

HOSTILE = "</script><img src=x onerror=alert(1)>'\"&"


def dense(name="hidden", optimizer="adam"):
    layers = [Input((3,)), Dense(4, activation="relu", name=name), Dense(2, activation="softmax", name="out")]
    model = schuss.Sequential(layers, name="net")
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return schuss.explain(model, np.random.default_rng(0).normal(size=(5, 3)), np.array([0, 1, 1, 0, 1]))


def images():
    layers = [Input((20, 20, 1)), Conv2D(3, 3, activation="relu"), MaxPooling2D(2), Flatten(), Dense(1)]
    model = schuss.Sequential(layers)
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    return schuss.explain(model, rng.normal(size=(3, 20, 20, 1)), rng.normal(size=(3, 1)))


def attention():
    x = Input((4, 6))
    model = schuss.Model(x, Dense(1)(MultiHeadAttention(2, 3)(x, x)))
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    return schuss.explain(model, rng.normal(size=(2, 4, 6)), rng.normal(size=(2, 4, 1)))


def series():
    model = schuss.Sequential([Input((6, 2)), LSTM(3), Dense(1)])
    model.compile("rmsprop", "mse")
    rng = np.random.default_rng(0)
    return schuss.explain(model, rng.normal(size=(2, 6, 2)), rng.normal(size=(2, 1)))


def data_of(page):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1]
    )


def test_nothing_is_fetched_and_the_data_are_whole():
    page = images().html()
    assert "default-src 'none'" in page
    assert not re.search(r"https?://", page)
    data = data_of(page)
    z = data["quantities"]["z1"]
    assert z["shape"] == [3, 18, 18, 3]
    assert all(len(plane["rows"]) == 18 == len(plane["columns"]) for plane in z["planes"])
    assert 1 < len(z["planes"]) <= 4


def test_of_large_arrays_a_part_is_shown():
    model = schuss.Sequential([Input((40,)), Dense(50), Dense(1)])
    model.compile("sgd", "mse")
    w = data_of(schuss.explain(model, np.ones((2, 40)), np.ones((2, 1))).html())["quantities"]["W1"]
    assert w["shape"] == [40, 50]
    (plane,) = w["planes"]
    assert len(plane["rows"]) == 16 == len(plane["columns"])


def test_hostile_names_stay_text():
    page = dense(name=HOSTILE.replace("/", "∕")).html()  # a slash is refused by layers themselves
    assert "<img" not in page
    assert page.count("</script>") == 2
    assert "onerror" in data_of(page)["sections"][1]["steps"][0]["title"]


def test_save_writes_the_page_and_wants_its_ending(tmp_path):
    explanation = dense()
    path = explanation.save(tmp_path / "page.html")
    assert path.read_text(encoding="utf-8") == explanation.html()
    with pytest.raises(ValueError, match=r"end in \.html"):
        explanation.save(tmp_path / "page.txt")


def test_a_notebook_shows_the_page_in_a_frame():
    assert dense()._repr_html_().startswith("<iframe srcdoc=")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright, which drives the browser, is not here"
    )
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no Chromium to open the page in: apt-get install chromium")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens an explanation, and gives the tab and the list of its errors."""

    def opened(explanation):
        tab = browser.new_page(viewport={"width": 1400, "height": 900})
        errors = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        tab.on(
            "request", lambda request: None if request.url.startswith("file:") else errors.append(request.url)
        )
        tab.on("dialog", lambda dialog: errors.append(dialog.message))
        tab.goto(explanation.save(tmp_path / "page.html").as_uri())
        return tab, errors

    return opened


def cell(tab, key, number=0):
    return tab.locator(f'figure[data-key="{key}"] td').nth(number)


def test_clicks_lead_from_a_number_to_what_made_it(opened):
    explanation = dense()
    tab, errors = opened(explanation)
    panel = tab.locator("#origin")
    cell(tab, "z1", 1).click()
    assert "z⁽¹⁾" not in panel.locator(".value").inner_text()  # typeset, not text
    assert "[0, 1]" in panel.locator(".value").inner_text()
    terms = panel.locator("table.terms tr")
    assert terms.count() == 1 + 3 + 1
    assert "x[0, 0] · W⁽¹⁾[0, 1]" in terms.nth(1).inner_text()
    total = float(terms.nth(4).locator("td").last.inner_text().replace("−", "-"))
    bias = float(explanation["b1"][1])
    assert total + bias == pytest.approx(float(explanation["z1"][0, 1]), rel=1e-3)
    panel.locator("button.leaf").nth(1).click()
    assert "[0, 1]" in panel.locator(".value").inner_text()
    assert "net/hidden" in panel.inner_text() or "hidden/kernel" in panel.inner_text()
    panel.locator("button.back").click()
    assert panel.locator("table.terms").count() == 1
    assert errors == []


@pytest.mark.parametrize("make", [dense, images, attention, series])
def test_every_cell_of_a_figure_can_be_clicked_without_an_error(opened, make):
    tab, errors = opened(make())
    figures = tab.evaluate("""() => {
        document.querySelectorAll("details").forEach((d) => d.open = true);
        let clicked = 0;
        for (const figure of document.querySelectorAll("figure")) {
            figure.querySelectorAll(".chips button").forEach((b) => b.click());
            const cells = [...figure.querySelectorAll("td")];
            for (const td of [cells[0], cells[cells.length - 1]]) {
                if (!td) continue;
                td.click();
                clicked += 1;
                document.querySelectorAll("#origin button.leaf").forEach((b, n) => { if (n < 1) b.click(); });
            }
        }
        return clicked;
    }""")
    assert figures > 20
    assert errors == []
    assert tab.locator("math").count() > 20
    assert "undefined" not in tab.inner_text("body")


def test_hostile_names_run_nothing(opened):
    tab, errors = opened(dense(name=HOSTILE.replace("/", "∕")))
    assert "onerror=alert" in tab.inner_text("main")
    cell(tab, "a1").click()
    assert tab.locator("img").count() == 0
    assert errors == []


def test_the_keyboard_works_as_the_mouse(opened):
    tab, errors = opened(dense())
    cell(tab, "a1").focus()
    tab.keyboard.press("Enter")
    assert "[0, 0]" in tab.locator("#origin .value").inner_text()
    assert errors == []
