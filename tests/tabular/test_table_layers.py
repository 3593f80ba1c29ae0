"""The layers for tables: what they compute, in models and out of them, and that files keep them."""

import numpy as np
import pytest

import schuss
from schuss.tabular import DateParts, FillMissing, WholeNumbers
from schuss.tabular._encoder import encoded_names


def test_gaps_are_filled_and_marked():
    x = np.array([[1.0, np.nan], [np.nan, 4.0]])
    model = schuss.Sequential([schuss.Input((2,), dtype="float64"), FillMissing([7.0, 8.0], [1])])
    assert model.predict(x, verbose=0).tolist() == [[1, 8, 1], [7, 4, 0]]
    assert FillMissing([7.0, 8.0], []).call(x).tolist() == [[1, 8], [7, 4]]
    with pytest.raises(ValueError, match="made for 1 columns, but received 2"):
        FillMissing([7.0])(x)
    with pytest.raises(ValueError, match="places of 1 columns"):
        FillMissing([7.0], [1])


def test_whole_numbers_keep_gaps():
    x = np.array([[1.0], [np.nan], [1e300]])
    model = schuss.Sequential([schuss.Input((1,), dtype="float64"), WholeNumbers(missing=-5)])
    assert model.predict(x, verbose=0).ravel().tolist() == [1, -5, 2**31 - 1]


def test_dates_within_models():
    texts = np.array([["2021-05-06"], ["nothing"], [""]], object)
    layer = DateParts("year-month-day", ["elapsed", "weekday"])
    model = schuss.Sequential([schuss.Input((1,), dtype="string"), layer])
    found = model.predict(texts, verbose=0)
    np.testing.assert_array_equal(found, np.asarray(layer(texts)))
    assert found[:, -1].tolist() == [0, 1, 1]
    with pytest.raises(TypeError, match="reads strings"):
        layer(np.ones((2, 1)))
    with pytest.raises(ValueError, match="`format` must be one of"):
        DateParts("stardate")
    with pytest.raises(ValueError, match="`parts` must be of"):
        DateParts(parts=["century"])


@pytest.mark.parametrize(
    "layer", [FillMissing([1.0, 2.0], [0]), WholeNumbers(-1), DateParts("named month", ["day"], 5.0, 7.0)]
)
def test_configs(layer):
    again = schuss.layers.deserialize(schuss.layers.serialize(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()


def test_every_number_that_the_encoder_gives_has_a_name():
    random = np.random.default_rng(0)
    days = (np.datetime64("2021-01-01") + random.integers(0, 500, 80)).astype(str)
    rows = {"size": np.where(random.random(80) < 0.1, np.nan, random.random(80)), "day": days}
    rows |= {
        "town": random.choice(["Ulm", "Bonn"], 80),
        "few": random.integers(0, 5, 80),
        "y": random.random(80),
    }
    prepared = schuss.tabular.build(rows, "y")
    names = encoded_names(prepared.columns)
    for key in ("numbers", "codes"):
        assert len(names[key]) == prepared.encoded.outputs[key].shape[1]
    assert names["codes"] == ["town", "few"]
    assert names["numbers"][:4] == ["size", "few", "size is missing", "day: elapsed"]
    assert names["numbers"][-1] == "day is missing"
