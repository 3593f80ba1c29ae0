"""``schuss lesson``: pages that explain learning, shown in the terminal, where their programs run."""

from __future__ import annotations

import io
import os
import sys

import click


@click.command()
@click.argument("number", required=False, type=click.IntRange(min=1), metavar="[1…8]")
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    default=None,
    help="English or Chinese (中文). Default: Chinese where the terminal's language is Chinese, else English.",
)
@click.option(
    "--pause/--no-pause", default=None, help="Wait for Enter between sections. Default: in a terminal."
)
def lesson(number: int | None, language: str | None, pause: bool | None) -> None:
    """Learn how networks learn: eight short lessons, from a neuron to machine code.

    Shows lesson NUMBER, runs its programs and says what they print. Without a number, says what lessons there are.
    """
    from rich.console import Console

    from schuss import lessons

    language = language or _language()
    console = Console(file=sys.stdout, highlight=False, markup=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without these characters shows the others
    if number is None:
        _list(language)
        return
    try:
        page = lessons.lesson(number, language)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="NUMBER") from error
    waits = sys.stdin.isatty() and sys.stdout.isatty() if pause is None else pause
    try:
        stayed = lessons.show(page, console, console.input if waits else None)
    except (EOFError, KeyboardInterrupt):
        console.print()
        return
    except Exception as error:
        console.print_exception(show_locals=False)
        raise click.ClickException(f"A program of lesson {number} failed; see above.") from error
    if stayed:
        _say_next(number, language)


def _list(language: str) -> None:
    from schuss.lessons import lessons
    from schuss.lessons._words import WORDS

    words = WORDS[language]
    click.echo(words["lessons"])
    for page in lessons(language):
        click.echo(f"  {page.number}  {page.title}")
    click.echo(f"\n{words['how']}")


def _say_next(number: int, language: str) -> None:
    from schuss.lessons import lessons
    from schuss.lessons._words import WORDS

    following = [page for page in lessons(language) if page.number == number + 1]
    words = WORDS[language]
    if following:
        click.echo(words["next"].format(number=number + 1, title=following[0].title))
    else:
        click.echo(words["end"])


def _language() -> str:
    """What the environment says (POSIX: the first of these that is set)."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return "zh" if chosen.lower().startswith("zh") else "en"
