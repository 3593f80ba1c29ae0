"""What commands share: options, errors in words, results for programs."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="For programs: one JSON object on standard output; progress goes to the error stream.",
)
encoding = click.option(
    "--encoding", default=None, help="Of CSV files, such as utf-8, cp1252 or utf-16. Default: found out."
)
delimiter = click.option(
    "--delimiter",
    default=None,
    help="Between the cells of CSV files, such as , or ; or tab. Default: found out.",
)


def reading_options(command: Command) -> Command:
    """The options of commands that read a table."""
    return encoding(delimiter(command))


@contextlib.contextmanager
def plain_errors(as_json: bool) -> Iterator[None]:
    """Within: mistakes in files and arguments end the program with their message (and code 1), not with a trace."""
    try:
        yield
    except (ValueError, TypeError, OSError, ImportError, FloatingPointError) as error:
        message = str(error)
        if isinstance(error, OSError) and error.filename and error.strerror:
            message = f"{error.strerror}: {error.filename}"
        if as_json:
            click.echo(json.dumps({"error": message, "kind": type(error).__name__}, ensure_ascii=False))
            raise SystemExit(1) from None
        raise click.ClickException(message) from error


def print_json(value: Any) -> None:
    """One JSON object; NaN and infinity, which JSON has not, are null."""
    click.echo(json.dumps(_plain(value), ensure_ascii=False, default=str))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
