"""``schuss bench``: workloads measured against other libraries, or profiled."""

from __future__ import annotations

from pathlib import Path

import click

_WIDTH = 130  # that tables need


@click.command()
@click.argument("workloads", nargs=-1)
@click.option("--list", "listing", is_flag=True, help="Say what workloads there are, and stop.")
@click.option(
    "--profile",
    "profiling",
    is_flag=True,
    help="Instead of comparing: where Schuss's time goes, kernel by kernel, against what the processor can do.",
)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="A further Python, which has peers that this one has not. Can be given several times.",
)
@click.option(
    "--peer",
    "peers",
    multiple=True,
    help="Compare with this one, such as 'torch compile'; can be given several times. Default: all that are installed.",
)
@click.option(
    "--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Turns of each contender."
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Measured in each turn, or for each profile.",
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write everything there, too.")
@click.option(
    "--markdown",
    "markdown_file",
    type=click.Path(dir_okay=False),
    help="Write a table there, too, as in the documents.",
)
@click.option(
    "--plot",
    "plot_file",
    type=click.Path(dir_okay=False),
    help="Draw it there (.svg, .png or .pdf); needs matplotlib.",
)
def bench(
    workloads: tuple[str, ...],
    listing: bool,
    profiling: bool,
    pythons: tuple[str, ...],
    peers: tuple[str, ...],
    rounds: int,
    seconds: float,
    json_file: str | None,
    markdown_file: str | None,
    plot_file: str | None,
) -> None:
    """Measure training and prediction against whatever is installed of TensorFlow, Keras, PyTorch, JAX, scikit-learn and
    ONNX Runtime.

    WORKLOADS: some of those that --list names; all, if none is named.
    """
    from rich.console import Console

    from schuss.bench import profile_workload, run_bench
    from schuss.bench._plot import require_plotting, write_plot
    from schuss.bench._workloads import chosen

    console = Console(highlight=False)
    console.width = max(console.width, _WIDTH)
    try:
        named = chosen(workloads)
        if listing:
            console.print(_listing(named))
            return
        if profiling:
            if json_file or markdown_file or plot_file:
                raise ValueError("--profile prints only: leave out --json, --markdown and --plot.")
            for workload in named:
                console.print(f"\n[bold]{workload.name}[/]: {workload.summary}\n")
                console.print(profile_workload(workload.name, seconds))
            return
        if plot_file:
            require_plotting(plot_file)
        report = run_bench(
            workloads, pythons, peers, rounds, seconds, lambda line: click.echo(line, err=True)
        )
    except (ValueError, ImportError) as error:
        raise click.ClickException(str(error)) from error
    console.print(report)
    for file, text in ((json_file, report.json), (markdown_file, report.markdown)):
        if file:
            Path(file).write_text(text() + "\n", encoding="utf-8")
    if plot_file:
        write_plot(report, plot_file)


def _listing(workloads: list) -> object:
    from rich import box
    from rich.table import Table

    table = Table("workload", "what it is", "wanted", box=box.SIMPLE_HEAD, pad_edge=False)
    for workload in workloads:
        table.add_row(workload.name, workload.summary, "; ".join(map(str, workload.wanted)))
    return table
