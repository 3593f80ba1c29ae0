"""What columns are taken for."""

import math

import numpy as np
import pytest

from schuss.tabular._dates import FORMATS, found_format, parts, seconds
from schuss.tabular._kinds import column_of
from schuss.tabular._scan import Scan
from schuss.tabular._sources import Frame
from schuss.tabular._target import target_of

N = 200
RANDOM = np.random.default_rng(0)
WORDS = ["the", "old", "house", "by", "a", "river", "with", "small", "rooms", "and", "large", "garden"]


def scanned(values, name="x"):
    return Scan(Frame({name: values})).columns[name]


def kind(values, name="x"):
    return column_of(scanned(values, name), ".", len(values))


CASES = {
    "number": RANDOM.normal(size=N),
    "whole": RANDOM.integers(1, 6, N),
    "category": RANDOM.choice(["red", "green", "blue"], N),
    "truth": RANDOM.choice(["yes", "no"], N),
    "date": [f"20{n % 20 + 1:02}-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(N)],
    "text": [" ".join(RANDOM.choice(WORDS, 9)) for _ in range(N)],
}


@pytest.mark.parametrize("expected", CASES)
def test_kinds(expected):
    assert kind(CASES[expected]).kind == expected


@pytest.mark.parametrize("expected", CASES)
def test_kinds_with_gaps(expected):
    values = ["" if n % 7 == 0 else str(value) for n, value in enumerate(CASES[expected])]
    column = kind(values)
    assert column.kind == expected
    assert column.missing == math.ceil(N / 7)


@pytest.mark.parametrize(
    ("values", "name", "why"),
    [
        (np.arange(N), "n", "counts the rows"),
        (RANDOM.permutation(10 * N)[:N], "customer_id", "another number in every row"),
        ([f"u{n * 7919 % 10007:05}" for n in range(N)], "user", "another value in nearly every row"),
        (["same"] * N, "x", "the same in every row"),
        ([""] * N, "x", "empty"),
        (["2020-01-01"] * (N - 1) + [""], "d", "d"),
    ],
)
def test_columns_that_say_nothing_are_dropped(values, name, why):
    column = kind(values, name)
    if name == "d":  # a date that is there or not says something
        assert column.kind == "category"
        return
    assert column.kind == "dropped"
    assert why in column.what


def test_unique_numbers_are_no_ids_without_a_reason():
    assert kind(RANDOM.permutation(10 * N)[:N], "income").kind == "number"


def test_stray_text_and_infinity_among_numbers():
    values = [str(n / 7) for n in range(N)]
    values[3], values[5] = "about 4", "inf"
    column = kind(values)
    assert (column.kind, column.stray, column.missing) == ("number", 2, 0)
    assert column.warnings == ["row 3: 'about 4' is no number; taken as missing, and 1 more"]


def test_numbers_with_long_tails_are_squeezed():
    settings = kind(np.exp(RANDOM.normal(0, 2, 2000))).settings
    assert "median" in settings
    assert "median" not in kind(RANDOM.normal(size=2000)).settings


def test_rare_categories_are_one():
    values = ["a"] * 90 + ["b"] * 90 + [f"rare {n}" for n in range(20)]
    column = kind(values)
    assert column.settings["values"] == ["a", "b"]
    assert "20 rare ones" in column.what


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2021-03-04", "year-month-day"),
        ("2021-03-04T05:06:07Z", "year-month-day"),
        ("2021/3/4 05:06", "year-month-day"),
        ("04.03.2021", "day.month.year"),
        ("03/04/2021", "month/day/year"),
        ("4 Mar 2021", "named month"),
        ("March 4, 2021 5:06 PM", "named month"),
        ("Thu, 04 Mar 2021 05:06:07 GMT", "named month"),
        ("2021年3月4日", "年月日"),
        ("20210304", "yearmonthday"),
        ("2021-03", "year-month"),
        ("5:06 pm", "hour:minute"),
    ],
)
def test_dates_are_recognized_and_read(text, form):
    assert found_format([text]) == (form, 1.0)
    when = seconds([text], form)[0]
    if form != "hour:minute":
        assert str(np.datetime64(int(when), "s"))[:7] == "2021-03"


def test_day_or_month_first_is_told_by_what_is_possible():
    assert found_format(["03/04/2021", "25/04/2021"] * 5) is not None
    assert found_format(["03/04/2021", "25/04/2021"] * 5)[0] == "day.month.year"
    assert found_format(["03/04/2021", "04/25/2021"] * 5)[0] == "month/day/year"


def test_dates_in_several_formats():
    mixed = [f"2021-05-{n:02}" for n in range(1, 21)] + [f"{n:02}.06.2021" for n in range(13, 25)] + ["?"]
    form, share = found_format(mixed)
    assert (form, round(share, 2)) == ("year-month-day or day.month.year", 0.97)
    assert np.isfinite(seconds(mixed, form)).sum() == 32
    assert seconds(["2021-05-03", "03.05.2021"], form).tolist() == [1620000000.0, 1620000000.0]
    assert (
        found_format(["13/01/2021", "01/13/2021"] * 10) is None
    )  # whether 03/04 is in March or April cannot be told
    assert kind(mixed[:-1] * 3).settings["format"] == form


@pytest.mark.parametrize("text", ["2021-02-30", "99.99.2021", "hello", "12", "25:00"])
def test_what_is_no_date(text):
    assert all(math.isnan(read(text)) for read in FORMATS.values())


def test_dates_are_taken_apart():
    when = seconds(["2024-02-29 18:00", "nothing"], "year-month-day")
    found = parts(when, ["year", "month", "weekday", "day", "hour"], 0.0, 86400.0)
    assert found.shape == (2, 1 + 12 + 7 + 1 + 4 + 1)
    assert found[0, 0] == pytest.approx(5.4)
    assert found[0, 1:13].argmax() == 1
    assert found[0, 13:20].argmax() == 3  # a Thursday
    assert found[0, 20] == pytest.approx(13 / 15)
    assert found[0, 21:25] == pytest.approx([-1, 0, 0, -1], abs=1e-6)  # three quarters of a turn
    assert found[1].tolist() == [0] * 25 + [1]


# Targets ---


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (RANDOM.choice(["a", "b"], N), "classification"),
        (RANDOM.choice([True, False], N), "classification"),
        (RANDOM.integers(0, 3, N), "classification"),
        (RANDOM.integers(0, 300, N), "regression"),
        (RANDOM.normal(size=N), "regression"),
    ],
)
def test_tasks(values, task):
    assert target_of(scanned(values), None, ".", "t").task == task


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        (["a"] * N, None, "one class only, 'a'"),
        ([1.0] * 10, None, "10 rows. That is too few"),
        ([2.5] * N, None, "2.5 in every row"),
        ([f"word {n}" for n in range(N)], None, "200 different values in 200 rows"),
        (RANDOM.normal(size=N), "classification", "Take the task regression"),
        (["1.5", "x", *["2.5"] * N], None, "row 1: the target 'x' is 'x', which is no number"),
        (["1.5", "inf", *["2.5"] * N], None, "row 1: the target 'x' is 'inf'"),
        ([*["a", "b"] * N], "regression", "is no number"),
        ([1.0, 2.0] * N, "sorting", "must be one of classification, regression"),
    ],
)
def test_targets_from_which_nothing_can_be_learned(values, task, message):
    with pytest.raises(ValueError, match=message):
        target_of(scanned(values), task, ".", "t")


def test_rows_without_a_target_and_rare_classes_are_told_of():
    found = target_of(scanned(["a", "b", ""] * 20 + ["c"]), None, ".", "t")
    assert (found.rows, found.missing) == (41, 20)
    assert any("20 rows have no 'x'" in warning for warning in found.warnings)
    assert any("1 of 3 classes" in warning for warning in found.warnings)
