"""``schuss lr``, ``explain``, ``diagnose``: looking into the network for a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import numpy as np

from schuss.cli._common import Command, as_json, plain_errors, print_json, reading_options


def _looking_options(command: Command) -> Command:
    """What all three commands take."""
    for decorate in (
        as_json,
        reading_options,
        click.option(
            "--output",
            type=click.Path(dir_okay=False),
            default=None,
            help="A page (HTML) to write, besides; of lr a picture (PNG, SVG, PDF).",
        ),
        click.option("--seed", type=int, default=0, show_default=True, help="Of all that is left to chance."),
        click.option(
            "--units",
            default=None,
            metavar="N[,N…]",
            help="Of a new network's hidden layers, such as 8,8: small ones are easier to look at.",
        ),
        click.option(
            "--ignore",
            multiple=True,
            metavar="COLUMN",
            help="A column that is not to be used. Can be given several times.",
        ),
        click.option(
            "--task",
            type=click.Choice(["classification", "regression"]),
            default=None,
            help="What the target is. Default: found out.",
        ),
        click.option(
            "--target", default=None, help="The column to be predicted; for a table without a model."
        ),
        click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="[MODEL] DATA"),
    ):
        command = decorate(command)
    return command


@click.command()
@_looking_options
def lr(**options: Any) -> None:
    """Find the learning rate for the network of a table, by experiment.

    DATA: a table (CSV, Parquet, Excel). With MODEL, a file that `schuss train` has written, its network is tried; without
    one give --target, and the network that `schuss train` would begin with is.

    \b
        schuss lr houses.csv --target price
        schuss lr houses.keras houses.csv
    """
    from schuss.insight import find_learning_rate

    def look(inside: Any) -> Any:
        return find_learning_rate(
            inside.network, inside.rows.x, inside.rows.y, batch_size=min(inside.size.batch, len(inside.rows))
        )

    _show(options, look)


@click.command()
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Of the table, from its first one.",
)
@_looking_options
def explain(rows: int, **options: Any) -> None:
    """Show one step of learning on the first rows of a table, with all formulas and numbers.

    DATA: a table (CSV, Parquet, Excel). With MODEL, a file that `schuss train` has written, its network takes the step;
    without one give --target, and the network that `schuss train` would begin with does.

    \b
        schuss explain houses.csv --target price --units 4 --output step.html
        schuss explain houses.keras houses.csv
    """
    from schuss.insight import explain as explained
    from schuss.tabular._encoder import encoded_names

    def look(inside: Any) -> Any:
        few = inside.rows.rows(np.arange(min(rows, len(inside.rows))))
        return explained(inside.network, few.x, few.y, feature_names=encoded_names(inside.columns))

    _show(options, look)


@click.command()
@click.option(
    "--validation",
    type=click.Path(),
    default=None,
    help="A table of other rows, which training does not see.",
)
@_looking_options
def diagnose(validation: str | None, **options: Any) -> None:
    """Look for what will go wrong, or did, in training the network of a table.

    Data, gradients, rate, fit, and what a training costs: each finding with its evidence, and what to try.

    DATA: a table (CSV, Parquet, Excel). With MODEL, a file that `schuss train` has written, its network is looked at;
    without one give --target, and the network that `schuss train` would begin with is.

    \b
        schuss diagnose houses.csv --target price
        schuss diagnose houses.keras houses.csv --validation new_houses.csv
    """
    from schuss.insight import diagnose as diagnosed
    from schuss.insight.diagnosis import CHECKS
    from schuss.tabular._encoder import encoded_names

    checks = [name for name in CHECKS if name != "constant features"]  # of a table these are left out before

    def look(inside: Any) -> Any:
        other = None
        if validation:
            part = inside.encoded(validation, options["encoding"], options["delimiter"])
            other = part.x, part.y
        batch = min(inside.size.batch, len(inside.rows))
        return diagnosed(
            inside.network,
            inside.rows.x,
            inside.rows.y,
            validation_data=other,
            batch_size=batch,
            checks=checks,
            feature_names=encoded_names(inside.columns),
        )

    _show(options, look)


def _show(options: dict[str, Any], look: Callable[[Any], Any]) -> None:
    """What was found, as text or JSON, and as a page if one is wanted."""
    from rich.console import Console

    with plain_errors(options["as_json"]):
        result = look(_inside(options))
        if options["output"]:
            _save(result, options["output"])
    if options["as_json"]:
        print_json(result.to_dict())
        return
    Console(highlight=False).print(result)
    if options["output"]:
        click.echo(f"Written: {options['output']}", err=True)


def _save(result: Any, path: str) -> None:
    """A page; of what has none, a picture."""
    if hasattr(result, "save"):
        result.save(path)
        return
    if not path.endswith((".png", ".svg", ".pdf")):
        raise ValueError(f"This is drawn as a picture: the file must end in .png, .svg or .pdf, got {path}.")
    axes = result.plot()
    axes.figure.savefig(path, bbox_inches="tight")


def _inside(options: dict[str, Any]) -> Any:
    from schuss.tabular import _inside

    paths, reading = options["paths"], {key: options[key] for key in ("encoding", "delimiter")}
    if len(paths) > 2:
        raise ValueError(f"Give a table, or a model and a table; got {len(paths)} files.")
    if len(paths) == 2 and paths[1].endswith(".keras"):
        raise ValueError(f"The model comes first, then the table: {paths[1]} {paths[0]}")
    if len(paths) == 2:
        if options["target"] or options["units"] or options["task"] or options["ignore"]:
            raise ValueError(
                "A model knows its target, task, columns and units: leave these options out, or leave the model out."
            )
        return _inside.inside_of_model(*paths, **reading)
    if paths[0].endswith(".keras"):
        raise ValueError(f"{paths[0]} is a model. Give a table, too: the rows to look at it with.")
    if not options["target"]:
        raise ValueError(
            f"Say with --target which column of {paths[0]} is to be predicted, or give a model before it."
        )
    return _inside.inside_of_table(
        paths[0],
        options["target"],
        options["task"],
        options["ignore"],
        _units(options["units"]),
        options["seed"],
        **reading,
    )


def _units(text: str | None) -> list[int] | None:
    if text is None:
        return None
    parts = text.split(",")
    if not all(part.strip().isdigit() and int(part) for part in parts):
        raise ValueError(f"--units takes whole numbers with commas between, such as 8,8; got {text!r}.")
    return [int(part) for part in parts]
