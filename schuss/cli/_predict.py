"""``schuss predict``: what a model says of the rows of a table."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click
import numpy as np

from schuss.cli._common import as_json, plain_errors, print_json, reading_options


@click.command()
@click.argument("model", type=click.Path())
@click.argument("data", type=click.Path())
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    default=None,
    help="A CSV file: the rows as they are, with the predictions behind. Default: predictions only, on standard output.",
)
@click.option(
    "--evaluate", is_flag=True, help="Also say how right the model is; DATA must have the target's column."
)
@reading_options
@as_json
def predict(
    model: str,
    data: str,
    output: str | None,
    evaluate: bool,
    encoding: str | None,
    delimiter: str | None,
    as_json: bool,
) -> None:
    """Predict the target of the rows of a table.

    MODEL: a file that `schuss train` has written. DATA: a table (CSV, Parquet, Excel) with the columns that the model was
    trained on, in any order; others are passed over.

    For classes, the class and the probability of each are given.
    """
    from schuss import tabular
    from schuss.tabular._sources import source_of
    from schuss.tabular._target import check_target
    from schuss.tabular._trained import check_columns

    with plain_errors(as_json):
        if data.endswith(".keras") and not model.endswith(".keras"):
            raise ValueError(f"The model comes first, then the table: schuss predict {data} {model}")
        if output and Path(output).absolute() == Path(data).absolute():
            raise ValueError(f"--output {output} would overwrite the table. Give another name.")
        trained = tabular.load(model)
        source = source_of(data, encoding, delimiter)
        check_columns(source, trained.columns)
        if evaluate:
            check_target(trained.target.name, source.names, source.shown)
        for note in source.notes:
            click.echo(f"! {note}", err=True)
        pieces = _pieces(trained, source)
        found: list[dict[str, Any]] = []
        figures: dict[str, float] = {}
        if output:
            count = _write_file(output, trained, source, pieces)
        elif as_json:
            found = [row for _, rows in pieces for row in rows]
            count = len(found)
        else:
            count = _write(sys.stdout, trained, pieces, [])
        if evaluate:
            figures = trained.evaluate(source)
    if as_json:
        rows = {"output": output} if output else {"predictions": found}
        print_json(
            {
                "target": trained.target.name,
                "rows": count,
                **rows,
                **({"metrics": figures} if figures else {}),
            }
        )
        return
    if output:
        click.echo(f"{count:,} predictions of {trained.target.name!r} in {output}", err=True)
    for name, value in figures.items():
        click.echo(f"{name}  {value:.4g}", err=True)


def _pieces(trained: Any, source: Any) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """Rows in pieces, and for each row the prediction under its names."""
    name = trained.target.name
    for chunk, answers in trained.predictions(source):
        found = trained.named(answers)
        if found.probabilities is None:
            yield chunk, [{name: float(value)} for value in found.values]
            continue
        shares = np.round(found.probabilities, 6).tolist()
        rows = zip(found.values.tolist(), shares)
        yield chunk, [{name: label, "probabilities": dict(zip(found.classes, row))} for label, row in rows]


def _write_file(output: str, trained: Any, source: Any, pieces: Any) -> int:
    """The file is there when it is complete, or not at all."""
    part = Path(f"{output}.part")
    try:
        with part.open("w", newline="", encoding="utf-8") as file:
            count = _write(file, trained, pieces, source.names)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
    return count


def _write(file: IO[str], trained: Any, pieces: Any, names: list[str]) -> int:
    """Rows as CSV: the cells of `names`, then prediction and probabilities. Gives their number."""
    target = trained.target
    writer = csv.writer(file, lineterminator="\n")
    new = [_new_name(target.name, names)]
    new += [_new_name(f"probability of {label}", names) for label in target.classes]
    writer.writerow([*names, *new])
    count = 0
    for chunk, rows in pieces:
        columns = [chunk.columns[name] for name in names]
        for place, row in enumerate(rows):
            shares = row.get("probabilities", {}).values()
            value = row[target.name]
            shown = f"{value:.7g}" if isinstance(value, float) else value
            writer.writerow(
                [*(column[place] for column in columns), shown, *(f"{share:.6g}" for share in shares)]
            )
        count += len(rows)
    return count


def _new_name(name: str, names: list[str]) -> str:
    return f"predicted {name}" if name in names else name
