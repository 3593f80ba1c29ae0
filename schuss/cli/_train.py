"""``schuss train``: from a table to a model."""

from __future__ import annotations

from pathlib import Path

import click

from schuss.cli._common import as_json, plain_errors, print_json, reading_options


@click.command()
@click.argument("data", type=click.Path())
@click.option("--target", required=True, help="The column that is to be predicted from the others.")
@click.option(
    "--task",
    type=click.Choice(["classification", "regression"]),
    default=None,
    help="Whether the target is one of several classes, or a quantity. Default: classes for words, yes and no, and integers "
    "of at most 20 values.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    default=None,
    help="The file for the model. Default: the table's name with the ending .keras, in this folder.",
)
@click.option(
    "--validation",
    default=None,
    help="Rows to judge the model by: a share, such as 0.2, or another table. Default: each row is judged by a network that "
    "has not seen it (up to 20,000 rows), or a tenth of the rows is kept apart.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="COLUMN",
    help="A column that is not to be used. Can be given several times.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=None,
    help="Passes over the rows, at most. Default: by their number.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is left to chance.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False),
    default=None,
    help="A page (HTML) about the training. Default: beside the model.",
)
@click.option("--no-report", is_flag=True, help="Write no page.")
@reading_options
@as_json
def train(
    data: str,
    target: str,
    task: str | None,
    output: str | None,
    validation: str | None,
    ignore: tuple[str, ...],
    epochs: int | None,
    seed: int,
    report: str | None,
    no_report: bool,
    encoding: str | None,
    delimiter: str | None,
    as_json: bool,
) -> None:
    """Learn from a table to predict one of its columns, and save the model.

    DATA: a CSV file (also .csv.gz) whose first line names the columns, or a Parquet or Excel file.

    \b
    What each column holds is found out: numbers, categories, dates, free text.
    Empty cells may occur. Ids are left out. The saved model takes raw rows:

    \b
        schuss train houses.csv --target price
        schuss predict houses.keras new_houses.csv --output prices.csv
    """
    from rich.console import Console

    from schuss import tabular
    from schuss.tabular._progress import bars
    from schuss.tabular._report import write_report

    path = Path(output or (Path(data).name.split(".")[0] or "model") + ".keras")
    with plain_errors(as_json):
        if path.suffix != ".keras":
            raise ValueError(f"The model's file must end in .keras, got {path}.")
        if not path.absolute().parent.is_dir():
            raise ValueError(f"There is no folder {path.absolute().parent} to write {path.name} to.")
        with bars() as progress:
            trained = tabular.train(
                data,
                target=target,
                task=task,
                validation=_share_or_table(validation),
                ignore=ignore,
                epochs=epochs,
                seed=seed,
                encoding=encoding,
                delimiter=delimiter,
                progress=progress,
            )
        trained.save(path)
        page = path.with_suffix(".html") if report is None else Path(report)
        page = None if no_report else write_report(trained, data, page, encoding, delimiter)
    if as_json:
        print_json({"model": str(path), "report": page and str(page), **trained.to_dict()})
        return
    console = Console(highlight=False)
    console.print(trained)
    console.print(f"Model: {path}" + (f"\nReport: {page}" if page else ""), soft_wrap=True)


def _share_or_table(validation: str | None) -> float | str | None:
    if validation is None:
        return None
    try:
        return float(validation)
    except ValueError:
        return validation
