"""Tables are read as people write them; what is none is refused with the place and the reason."""

import csv
import gzip
import zipfile

import numpy as np
import pandas as pd
import polars
import pytest

from schuss.tabular import _pieces
from schuss.tabular._cells import decimal_sign, number, tidy_label
from schuss.tabular._csv import CsvFile
from schuss.tabular._sources import source_of
from schuss.tabular._target import check_target


@pytest.fixture
def write(tmp_path):
    def written(content, name="data.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return written


def columns(source):
    chunks = list(source.chunks())
    return {name: [cell for chunk in chunks for cell in chunk.columns[name]] for name in source.names}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_encodings_are_found_out(write, encoding):
    source = source_of(write("town,n\nKöln,1\nFürth,2\n", encoding=encoding))
    assert source.names == ["town", "n"]
    assert columns(source) == {"town": ["Köln", "Fürth"], "n": ["1", "2"]}
    assert bool(source.notes) == (encoding == "cp1252")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_out(write, delimiter):
    text = "\n".join(
        delimiter.join(row) for row in (["a", "b b", "c"], ["1", '"x, y; z"', ""], ["2", "q", "3"])
    )
    assert columns(source_of(write(text))) == {"a": ["1", "2"], "b b": ["x, y; z", "q"], "c": ["", "3"]}


def test_quotes_line_breaks_and_blank_lines(write):
    source = source_of(write('a,b\n"one\ntwo","say ""hi"""\n\n3,4\n'))
    assert columns(source) == {"a": ["one\ntwo", "3"], "b": ['say "hi"', "4"]}


def test_compressed_with_gzip(write):
    assert columns(source_of(write(gzip.compress(b"a,b\n1,2\n"), "data.csv.gz"))) == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.5", ".", 1.5),
        (" -2e3 ", ".", -2000),
        ("1,234,567.5", ".", 1234567.5),
        ("1.234,5", ",", 1234.5),
        ("0,25", ",", 0.25),
        ("$12.50", ".", 12.5),
        ("12 €", ".", 12),
        ("15%", ".", 15),
        ("1 234", ".", 1234),
        ("12a", ".", None),
        ("1_000", ".", None),
        ("1,5", ".", None),
    ],
)
def test_numbers(text, decimal, value):
    found = number(text, decimal)
    assert np.isnan(found) if value is None else found == value


def test_decimal_commas_are_found_out(write):
    source = source_of(write("a;b\n1,5;x\n2,25;y\n"))
    assert source.decimal == ","
    assert next(iter(source.chunks())).numbers("a", ",")[0].tolist() == [1.5, 2.25]
    assert decimal_sign(["1.5", "2,5", "3.5"], ";") == "."


def test_labels_of_whole_numbers_are_alike_from_files_and_frames():
    assert [tidy_label(label) for label in ("1", "1.0", "a", "1.5")] == ["1", "1", "a", "1.5"]


@pytest.mark.parametrize("library", [pd.DataFrame, polars.DataFrame, dict])
def test_frames(library):
    source = source_of(library({"n": [1.5, None, 3.0], "w": ["a", None, "c"], "t": [True, False, True]}))
    found = columns(source)
    assert np.isnan(found["n"][1])
    assert found["w"] == ["a", "", "c"]
    assert found["t"] == ["True", "False", "True"]


def test_dates_of_frames():
    dates = pd.to_datetime(["2020-01-02", None])
    assert columns(source_of(pd.DataFrame({"d": dates})))["d"][1] == ""
    assert columns(source_of({"d": np.array(["2020-01-02", "NaT"], "datetime64[s]")}))["d"] == [
        "2020-01-02 00:00:00",
        "",
    ]


def test_parquet(tmp_path):
    polars.DataFrame({"a": [1, 2], "b": ["x", "y"]}).write_parquet(tmp_path / "t.parquet")
    assert columns(source_of(tmp_path / "t.parquet")) == {"a": [1, 2], "b": ["x", "y"]}


# What is no table ---


def test_ragged_rows_are_named_by_line(write):
    source = source_of(write('a,b,c\n1,"x\ny",3\n4,5\n'))
    with pytest.raises(
        ValueError, match=r"data.csv, line 4: 2 cells, but the first line names 3 columns \('4,5'\)"
    ):
        list(source.chunks())


def test_empty_files_and_headers_without_names(write):
    with pytest.raises(ValueError, match=r"data.csv is empty"):
        source_of(write(""))
    with pytest.raises(ValueError, match="columns have no name"):
        source_of(write(",,\n1,2,3\n"))


def test_columns_of_the_same_name(write):
    with pytest.raises(ValueError, match=r"columns 1 and 3 are both called 'a'"):
        source_of(write("a,b,a\n1,2,3\n"))
    with pytest.raises(ValueError, match="the same name"):
        source_of(pd.DataFrame([[1, 2]], columns=["a", "a"]))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"%PDF-1.7", "a PDF"),
        (b"PAR1....", "a Parquet"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"\x1f\x8b\x08", "gzip"),
    ],
)
def test_files_that_are_not_what_their_names_say(write, head, kind):
    with pytest.raises(ValueError, match=f"not a CSV file, whatever its name says: it is .*{kind}"):
        source_of(write(head + bytes(range(256)), "table.csv"))


def test_archives_and_workbooks_named_csv(tmp_path):
    for names, kind in ((["xl/workbook.xml"], "an Excel workbook"), (["a.txt"], "a zip archive")):
        with zipfile.ZipFile(tmp_path / "t.csv", "w") as archive:
            for name in names:
                archive.writestr(name, "x")
        with pytest.raises(ValueError, match=kind):
            source_of(tmp_path / "t.csv")


def test_text_named_parquet(write):
    with pytest.raises(ValueError, match="is not a Parquet file"):
        source_of(write("a,b\n1,2\n", "t.parquet"))


def test_bytes_that_are_no_text(write):
    with pytest.raises(ValueError, match=r"no text \(NUL, at byte 4\)"):
        source_of(write(b"a,b\n\x00\x00\x00\x01\x07\x00"))


def test_letters_of_another_encoding_far_below(write):
    source = CsvFile(write(b"a,b\n" + b"1,2\n" * 70_000 + b"\xff\xfe,2\n"))
    with pytest.raises(ValueError, match=r"about line \d+: this is not utf-8"):
        list(source.chunks())
    with pytest.raises(ValueError, match="Unknown encoding"):
        CsvFile(write("a,b\n"), encoding="utf-9")


def test_paths_that_lead_nowhere(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        source_of(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="is a folder"):
        source_of(tmp_path)
    with pytest.raises(TypeError, match="a path, a data frame, or a dict"):
        source_of(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="different lengths"):
        source_of({"a": [1, 2], "b": [1]})


# Pieces ---


def test_pieces_are_those_of_pythons_reader(write, monkeypatch):
    """Lines without quotes are taken apart as a whole, others by Python's reader; rows may go on behind a piece."""
    monkeypatch.setattr(_pieces, "ROWS", 3)
    random = np.random.default_rng(0)
    cells = ["1", "", "two", '"a,b"', '"say ""hi"""', '"two\nlines"', '"three\r\n\nlines"', " x "]
    ends = ["\n", "\r\n", "\n\n"]
    for _ in range(30):
        text = "".join(",".join(random.choice(cells, 3)) + random.choice(ends) for _ in range(12))
        path = write("a,b,c\n" + text.removesuffix("\n"))
        with path.open(newline="") as file:
            rows = [row for row in csv.reader(file) if row][1:]
        found = columns(source_of(path))
        assert [list(row) for row in zip(*found.values())] == rows


def test_lines_are_counted_over_pieces_and_quoted_breaks(write, monkeypatch):
    monkeypatch.setattr(_pieces, "ROWS", 2)
    source = source_of(write('a,b\n1,2\n3,4\n"5\n\n6",7\n\n8,9\n'))
    lines = [line for chunk in source.chunks() for line in chunk.lines]
    assert lines == [2, 3, 6, 8]
    with pytest.raises(ValueError, match=r"data\.csv, line 7: 1 cells, but the first line names 2"):
        list(source_of(write('a,b\n1,2\n"3\n",4\n5,6\n7,8\n9\n')).chunks())


def test_a_quote_that_is_not_closed(write):
    with pytest.raises(ValueError, match=r"lines 3 to 5: 1 cells.*quote that is not closed"):
        list(source_of(write('a,b\n1,2\n"3,4\n5,6\n7,8\n')).chunks())


def test_one_column_with_blank_lines(write):
    assert columns(source_of(write("a\n1\n\n2\n\n"))) == {"a": ["1", "2"]}


# As programs write them ---


def test_lines_that_end_as_on_old_machines_or_in_delimiters(write):
    for text in (
        "a,b\r1,2\r3,4\r",
        "a,b\n1,2,\n3,4,\n",
        "a,b\n1,2,,\n3,4\n",
        "sep=;\na;b\n1;2\n3;4\n",
        "sep=,\r\na,b\r\n1,2\r\n3,4",
    ):
        assert columns(source_of(write(text))) == {"a": ["1", "3"], "b": ["2", "4"]}
    with pytest.raises(ValueError, match="line 3: 1 cells"):
        list(source_of(write("sep=;\na;b\n1\n")).chunks())


@pytest.mark.parametrize(
    ("row", "advice"),
    [
        ("1,2,3", "A cell with a comma in it must stand in quotes"),
        ("1", "Every row needs all cells, empty ones, too, with a comma between them"),
    ],
)
def test_what_to_do_about_a_ragged_row(write, row, advice):
    with pytest.raises(ValueError, match=advice):
        list(source_of(write(f"a,b\n1,2\n{row}\n")).chunks())


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ("1,2.5,Ulm", "Are these a row, and the names missing"),
        ("made by a program", "Does something stand above the names"),
        ("size,Price", "Did you mean 'Price'.* Its columns: size, Price.$"),
    ],
)
def test_targets_that_are_not_there(write, first, message):
    source = source_of(write(f"{first}\n1,2,3\n"))
    with pytest.raises(ValueError, match=message):
        check_target("price", source.names, source.shown)
