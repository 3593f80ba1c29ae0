"""The table of a model's layers."""

import os
import subprocess
import sys

import numpy as np
import pytest

import schuss
from schuss import layers


def summary(model, **kwargs):
    lines = []
    model.summary(print_fn=lines.append, **kwargs)
    return "\n".join(lines)


def test_sequential():
    model = schuss.Sequential(
        [schuss.Input((784,)), layers.Dense(64, name="a"), layers.Dense(10, name="b")], name="net"
    )
    text = summary(model, line_length=80)
    assert 'Model: "net"' in text
    assert "a (Dense)" in text
    assert "(None, 64)" in text
    assert "50,240" in text
    assert "Total params: 50,890 (198.79 KB)" in text
    assert "Non-trainable params: 0 (0.00 B)" in text
    assert max(map(len, text.splitlines())) <= 80


def test_unbuilt_and_subclassed():
    model = schuss.Sequential([layers.Dense(3)])
    assert "unbuilt" in summary(model)

    class Net(schuss.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, x):
            return self.dense(x)

    net = Net()
    net(np.ones((2, 4)))
    assert "(None, 3)" in summary(net)


def test_nested_trainable_and_connections():
    inner = schuss.Sequential([schuss.Input((4,)), layers.Dense(2, name="within")], name="inner")
    x = schuss.Input((4,), name="x")
    out = layers.Add(name="sum")([inner(x), layers.Dense(2, name="side", trainable=False)(x)])
    text = summary(schuss.Model(x, out), expand_nested=True, show_trainable=True, line_length=110)
    assert "└ within" in text
    assert "Connected to" in text
    assert "side[0][0]" in text
    assert "│     N     │" in text or " N " in text
    assert "Non-trainable params: 10" in text
    assert "within" not in summary(schuss.Model(x, out))


def test_every_character_as_keras_prints_it():
    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(3, name="a")], name="net")
    assert summary(model, line_length=60).splitlines() == [
        'Model: "net"',
        "┏━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━┓",
        "┃ Layer (type)             ┃ Output Shape      ┃   Param # ┃",
        "┡━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━┩",
        "│ a (Dense)                │ (None, 3)         │        15 │",
        "└──────────────────────────┴───────────────────┴───────────┘",
        " Total params: 15 (60.00 B)",
        " Trainable params: 15 (60.00 B)",
        " Non-trainable params: 0 (0.00 B)",
    ]


def test_the_optimizers_variables_count_when_there_are_some():
    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(3)])
    model.compile("adam", "mse")
    assert "Optimizer params" not in summary(model)
    model.fit(np.ones((4, 4)), np.ones((4, 3)), verbose=0)
    text = summary(model)
    assert "Total params: 47 " in text
    assert "Optimizer params: 32 " in text


def test_functions_and_shared_layers_have_rows():
    x = schuss.Input((4,), name="x")
    text = summary(schuss.Model(x, (schuss.ops.expand_dims(x, -1) * 2.0)[:, :1]))
    for row in ("expand_dims", "(ExpandDims)", "(Multiply)", "(GetItem)", "(None, 1, 1)"):
        assert row in text
    shared = layers.Dense(4, name="shared")
    assert "x[0][0]," in summary(schuss.Model(x, shared(shared(x))))


def test_ranges_of_layers():
    model = schuss.Sequential(
        [schuss.Input((4,)), *(layers.Dense(3, name=n) for n in ("first", "mid", "last"))]
    )
    assert "first" not in summary(model, layer_range=("mi.*", "last"))
    assert "first" in summary(model, layer_range=("mid", "first"))
    with pytest.raises(ValueError, match="no layer 'midd'"):
        summary(model, layer_range=("midd", "last"))
    with pytest.raises(ValueError, match="two layer names"):
        summary(model, layer_range=("mid",))


def test_narrow_terminals(monkeypatch):
    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(3, name="a_layer_with_a_long_name")])
    monkeypatch.setenv("COLUMNS", "20")
    text = summary(model)
    assert max(map(len, text.splitlines())) <= 40
    assert any(line.startswith("│ a_layer_wit") and "…" in line for line in text.splitlines())
    with pytest.raises(ValueError, match="not enough for 3 columns"):
        summary(model, line_length=12)
    with pytest.raises(ValueError, match="must have 3 numbers"):
        summary(model, positions=[0.5, 1.0])
    monkeypatch.setenv("COLUMNS", "200")
    assert max(map(len, summary(model).splitlines())) == 88


def test_names_with_brackets(capsys):
    model = schuss.Sequential([schuss.Input((4,)), layers.Dense(3, name="[bold]")], name="net[0]")
    model.summary()
    printed = capsys.readouterr().out
    assert 'Model: "net[0]"' in printed
    assert "[bold] (Dense)" in printed


def test_terminals_without_unicode():
    program = (
        "import schuss; from schuss import layers; inner = schuss.Sequential([layers.Dense(2, name='größe')]); "
        "schuss.Sequential([schuss.Input((4,)), inner]).summary(80, expand_nested=True, show_trainable=True)"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert "+ gr??e (Dense)" in done.stdout
