"""``schuss demo``: it learns to read digits, says so, and writes a page that needs nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from schuss.cli import main


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, str]:
    """What the demo says, and its page."""
    page = tmp_path_factory.mktemp("demo") / "page.html"
    result = CliRunner().invoke(main, ["demo", "--epochs", "20", "--output", str(page)])
    assert result.exit_code == 0, result.output
    return result, page.read_text(encoding="utf-8")


def test_it_learns_and_says_so(done: tuple[Result, str]) -> None:
    said = " ".join(done[0].output.split())
    assert "Epoch 20/20" in said
    found = re.search(r"it now reads ([\d.]+)% correctly", said)
    assert found is not None
    assert float(found[1]) > 92
    assert re.search(r"What it mixes up most: an? \d taken for an? \d", said)


def test_the_page_needs_nothing_else(done: tuple[Result, str]) -> None:
    page = done[1]
    assert page.count("<svg") == 2
    assert page.count('<img alt="a') >= 1
    assert all(source.startswith("data:image/png;base64,") for source in re.findall(r'src="([^"]*)"', page))
    assert not re.search(r"https?://", page)


def test_the_confusion_matrix_counts_every_test_image(done: tuple[Result, str]) -> None:
    table = done[1][done[1].index("<table>") : done[1].index("</table>")]
    assert sum(int(n) for n in re.findall(r"<td[^>]*>(\d+)</td>", table)) == 360


def test_a_seed_repeats_it(tmp_path: Path) -> None:
    pages = []
    for name in ("a.html", "b.html"):
        path = tmp_path / name
        CliRunner().invoke(main, ["demo", "--epochs", "2", "--seed", "3", "--output", str(path)])
        pages.append(re.sub(r"in [\d.]+ s", "", path.read_text(encoding="utf-8")))
    assert pages[0] == pages[1]


def test_a_page_that_cannot_be_written_is_an_error_before_training(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["demo", "--output", str(tmp_path / "no" / "page.html")])
    assert result.exit_code != 0
    assert "Epoch" not in result.output
    assert "no folder" in result.output


def test_mnist_that_is_not_there_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHUSS_CACHE", str(tmp_path))
    monkeypatch.setenv("SCHUSS_DATASETS", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    result = CliRunner().invoke(main, ["demo", "--data", "mnist", "--output", str(tmp_path / "page.html")])
    assert result.exit_code != 0
    assert "SCHUSS_DATASETS" in result.output


def test_mnist_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (96, 28, 28), dtype="uint8")
    labels = rng.integers(0, 10, 96, dtype="uint8")
    np.savez(tmp_path / "mnist.npz", x_train=images, y_train=labels, x_test=images[:32], y_test=labels[:32])
    monkeypatch.setenv("SCHUSS_DATASETS", str(tmp_path))
    page = tmp_path / "page.html"
    result = CliRunner().invoke(main, ["demo", "--data", "mnist", "--epochs", "1", "--output", str(page)])
    assert result.exit_code == 0, result.output
    assert "28×28" in result.output
    assert page.is_file()
