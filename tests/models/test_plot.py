"""plot_model: what Graphviz is told."""

import os
import stat
from pathlib import Path

import pytest

import schuss
from schuss import layers
from schuss.utils import model_to_dot, plot_model


def branching():
    inputs = schuss.Input((3,), name="x")
    hidden = layers.Dense(3, activation="relu", name="h")(inputs)
    return schuss.Model(inputs, layers.Add(name="sum")([inputs, hidden]))


def test_layers_and_edges(tmp_path):
    path = tmp_path / "model.dot"
    assert plot_model(branching(), path, show_shapes=True, show_layer_names=True) is None
    lines = path.read_text().splitlines()
    assert '1 [label="{h (Dense)|Output shape: (None, 3)}"];' in lines
    assert [line for line in lines if "->" in line] == ["0 -> 1;", "0 -> 2;", "1 -> 2;"]


def test_more_about_each_layer(tmp_path):
    model = schuss.Sequential([schuss.Input((3,)), layers.Dense(2, activation="tanh", trainable=False)])
    path = tmp_path / "model.dot"
    plot_model(model, path, show_dtype=True, show_layer_activations=True, show_trainable=True, rankdir="LR")
    text = path.read_text()
    assert "{Dense|Activation: tanh|Output dtype: float32|Non-trainable}" in text
    assert "rankdir=LR" in text


def test_graphviz_draws(tmp_path, monkeypatch):
    dot = tmp_path / "dot"
    dot.write_text('#!/bin/sh\necho "$1"\ncat\n')
    dot.chmod(dot.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    plot_model(branching(), tmp_path / "model.svg")
    assert Path(tmp_path / "model.svg").read_text().startswith("-Tsvg\ndigraph {")


def test_as_text():
    dot = model_to_dot(branching(), rankdir="LR", splines="curved")
    assert dot.to_string() == dot
    assert "rankdir=LR; dpi=200; splines=curved;" in dot
    assert '0 [label="{x (InputLayer)}"];' in dot


def test_without_graphviz_and_unbuilt(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ImportError, match="install graphviz"):
        plot_model(branching())
    with pytest.raises(ValueError, match="not yet been built"):
        plot_model(schuss.Sequential([layers.Dense(1)]))
