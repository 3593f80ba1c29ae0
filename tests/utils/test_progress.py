"""What is shown of the progress: plain lines without a terminal, a live line in one, nothing on request."""

from __future__ import annotations

import io
import re
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import schuss
from schuss import layers
from schuss.utils import _progress

X = np.random.default_rng(0).normal(size=(20, 4)).astype("float32")


@pytest.fixture(autouse=True)
def _reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHUSS_BACKEND", "reference")


@pytest.fixture
def model() -> schuss.Sequential:
    made = schuss.Sequential([schuss.Input((4,)), layers.Dense(1)])
    made.compile(schuss.optimizers.SGD(0.05), "mse", metrics=["mae"])
    return made


@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_one_line_for_each_epoch(model: Any, verbose: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model.fit(X, X[:, :1], batch_size=8, epochs=2, validation_split=0.2, verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    pattern = (
        r"Epoch {}/2 - 2/2 - \d+\.\ds - [\d.]+(us|ms|s)/step - loss: \d\.\d{{4}} - mae: \d\.\d{{4}} - "
        r"val_loss: \d\.\d{{4}} - val_mae: \d\.\d{{4}} - learning_rate: 0.0500"
    )
    assert len(lines) == 2
    for number, line in enumerate(lines):
        assert re.fullmatch(pattern.format(number + 1), line), line


def test_evaluate_and_predict(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model.evaluate(X, X[:, :1], batch_size=8)
    model.predict(X, batch_size=8)
    evaluated, predicted = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"3/3 - \d+\.\ds - [\d.]+(us|ms|s)/step - loss: .* - mae: .*", evaluated)
    assert re.fullmatch(r"3/3 - \d+\.\ds - [\d.]+(us|ms|s)/step", predicted)


def test_silence(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model.fit(X, X[:, :1], verbose=0)
    model.evaluate(X, X[:, :1], verbose=0)
    model.predict(X, verbose=0)
    assert capsys.readouterr().out == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_live_line_in_a_terminal(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(_progress, "_REFRESH", 0.0)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    model.fit(X, X[:, :1], batch_size=2, epochs=2)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    for epoch in (1, 2):
        assert re.search(
            rf"Epoch {epoch}/2  ━+  10/10  [\d.]+s  [\d.]+(us|ms)/step  loss \d.*  mae \d.*  lr 0.0500", text
        )
    assert "left" in text
    assert screen.getvalue().count("\x1b[?25l") == screen.getvalue().count(
        "\x1b[?25h"
    )  # the cursor is there again


def test_the_screen_is_in_order_after_an_error(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(_progress, "_REFRESH", 0.0)
    monkeypatch.setenv("TERM", "xterm")

    def fail(batch: int, logs: Any) -> None:
        raise RuntimeError("here")

    with pytest.raises(RuntimeError, match="here"):
        model.fit(X, X[:, :1], callbacks=[schuss.callbacks.LambdaCallback(on_train_batch_end=fail)])
    assert screen.getvalue().count("\x1b[?25l") == screen.getvalue().count("\x1b[?25h")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(98e-6, "98us"), (12.34e-3, "12.3ms"), (0.4, "400ms"), (3.21, "3.21s"), (250.0, "250s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert _progress.duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(2.44, "2.4s"), (75, "1:15"), (3750, "1:02:30")])
def test_clock(seconds: float, text: str) -> None:
    assert _progress.clock_time(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5000"), (0, "0.0000"), (0.00012, "1.2000e-04"), (np.nan, "nan")]
)
def test_numbers(value: float, text: str) -> None:
    assert _progress.number(value) == text


def test_one_output_for_each_epoch_in_a_notebook(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[list[str]] = []

    class Handle:
        def __init__(self, line: str):
            self.lines = [line]
            shown.append(self.lines)

        def update(self, data: dict[str, str], raw: bool) -> None:
            self.lines.append(data["text/plain"])

    class ZMQInteractiveShell:
        pass

    ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = ZMQInteractiveShell  # type: ignore[attr-defined]
    display.display = lambda data, raw, display_id: Handle(data["text/plain"])  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(_progress, "_REFRESH", 0.0)
    model.fit(X, X[:, :1], batch_size=4, epochs=2)
    assert len(shown) == 2
    assert all(re.match(rf"Epoch {i + 1}/2  ━+  5/5  .*loss \d", lines[-1]) for i, lines in enumerate(shown))


@pytest.mark.parametrize(("columns", "gone"), [(120, []), (84, ["step"]), (80, ["step", "lr"])])
def test_a_narrow_terminal_keeps_the_metrics(
    columns: int, gone: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    progress = _progress.TerminalProgress(10, lambda: 0.01)
    progress.begin(1875)
    line = progress._line(1000, {"loss": 0.25, "accuracy": 0.75}, over=False)
    assert len(line) <= columns
    assert "loss 0.2500  accuracy 0.7500" in line
    assert 6 <= sum(line.count(part) for part in "━╺─") <= 24
    assert [part for part in ("step", "lr") if part not in line] == gone
