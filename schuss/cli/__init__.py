"""The command line: ``schuss run``, ``schuss demo``, …. Each command is a thin door to a function
elsewhere."""

from __future__ import annotations

import sys

import click

import schuss
from schuss.cli._bench import bench
from schuss.cli._insight import diagnose, explain, lr
from schuss.cli._lesson import lesson
from schuss.cli._predict import predict
from schuss.cli._train import train


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(schuss.__version__, prog_name="schuss")
def main() -> None:
    """Deep learning in Keras's language, compiled for your processor."""


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("program", type=click.Path(allow_dash=True))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(program: str, arguments: tuple[str, ...]) -> None:
    """Run a program written for keras or tensorflow.keras, unchanged.

    In PROGRAM, `import keras` and `import tensorflow` give Schuss. Neither needs to be installed, and nothing
    outside of this run is changed. ARGUMENTS are passed on to it. With - the program is read from standard input.
    """
    from schuss.compat import run_program

    try:
        code = run_program(program, arguments)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(code)


@main.command()
@click.option(
    "--data",
    type=click.Choice(["digits", "mnist"]),
    default="digits",
    show_default=True,
    help="digits: 8×8 images that come with scikit-learn, no network needed. mnist: 28×28 images, downloaded once.",
)
@click.option("--epochs", type=click.IntRange(min=1), default=None, help="Passes over the images.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    default="schuss-demo.html",
    show_default=True,
    help="The page to write.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random start and the shuffles.")
def demo(data: str, epochs: int | None, output: str, seed: int) -> None:
    """Train a network to read handwritten digits, and show what it learned."""
    from schuss.cli._demo import run_demo

    try:
        run_demo(data, epochs, output, seed)
    except (ImportError, OSError) as error:
        raise click.ClickException(str(error)) from error


@main.group()
def cache() -> None:
    """The machine code that is kept between runs, so that a program need not be compiled again."""


@cache.command("info")
def cache_info() -> None:
    """Say where the cache is, and what is in it."""
    from schuss.backends.cpu import object_cache_info

    found = object_cache_info()
    click.echo(f"folder    {found.folder}")
    click.echo(f"programs  {found.programs}")
    click.echo(f"size      {found.size / 2**20:.1f} MiB of at most {found.limit / 2**20:.0f}")
    click.echo(f"in use    {'yes' if found.enabled else 'no: SCHUSS_OBJECT_CACHE is off'}")


@cache.command("clear")
def cache_clear() -> None:
    """Remove all of it."""
    from schuss.backends.cpu import clear_object_cache

    click.echo(f"Removed {clear_object_cache()} programs.")


main.add_command(bench)
main.add_command(lesson)
main.add_command(train)
main.add_command(predict)
main.add_command(lr)
main.add_command(explain)
main.add_command(diagnose)
