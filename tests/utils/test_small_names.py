"""Config, Progbar, and questions about symbolic tensors."""

from __future__ import annotations

from typing import Any

import pytest

import schuss
from schuss.utils import Config, Progbar, get_source_inputs, is_keras_tensor


def test_config_is_a_dict_with_attributes() -> None:
    config = Config(rate=0.1)
    config.steps = 3
    config["name"] = "x"
    config.update(rate=0.2)
    del config["name"]
    assert config.as_dict() == {"rate": 0.2, "steps": 3}
    assert "rate" in config
    assert len(config) == 2
    assert list(config) == ["rate", "steps"]
    assert config.get("none") is None
    assert config.pop("steps") == 3
    with pytest.raises(AttributeError, match="rate"):
        config.rat  # noqa: B018
    with pytest.raises(AttributeError, match="method"):
        config.keys = 3  # type: ignore[method-assign]


def test_frozen_config() -> None:
    config = Config(rate=0.1)
    config.freeze()
    assert config.frozen
    for change in (
        lambda: setattr(config, "rate", 1),
        lambda: config.pop("rate"),
        lambda: config.update(rate=1),
    ):
        with pytest.raises(ValueError, match="frozen"):
            change()
    config.unfreeze()
    config.rate = 0.3
    assert config.rate == 0.3


@pytest.mark.parametrize(
    ("arguments", "figures"),
    [
        ({}, {"loss": 2.0, "count": 2.5}),
        ({"stateful_metrics": ["count"]}, {"loss": 2.0, "count": 4.0}),
        ({"stateless_metrics": ["loss"]}, {"loss": 2.0, "count": 4.0}),
    ],
)
def test_progbar_averages(
    arguments: Any, figures: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    bar = Progbar(5, verbose=2, **arguments)
    bar.update(1, [("loss", 1.0), ("count", 1)])
    bar.add(2, [("loss", 2.0), ("count", 2)])
    bar.update(4, [("loss", 3.0), ("count", 4)])
    assert capsys.readouterr().out == ""
    bar.update(4, finalize=True)
    assert bar.figures == pytest.approx({**figures, "count": figures["count"] if arguments else 9 / 4})
    line = capsys.readouterr().out
    assert line.startswith("4/5 - ")
    assert "loss: 2.0000" in line


def test_progbar_takes_one_list_of_names() -> None:
    with pytest.raises(ValueError, match="only one of"):
        Progbar(3, stateful_metrics=[], stateless_metrics=[])


def test_source_inputs() -> None:
    a, b, other = (schuss.Input((3,), name=name) for name in "abc")
    y = schuss.layers.Add()([a * 2.0, schuss.layers.Dense(3)(b), a])
    assert all(is_keras_tensor(x) for x in (a, y))
    assert not is_keras_tensor(3.0)
    assert [x is z for x, z in zip(get_source_inputs(y), (a, b), strict=True)] == [True, True]
    assert get_source_inputs(other) == [other]
