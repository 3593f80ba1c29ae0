"""What was done with a table, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from schuss.tabular._trained import Trained

_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "log_loss": "log loss",
    "auc": "area under the ROC curve",
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
    "r2": "R²",
}


def summary(trained: Trained) -> Any:
    """Columns, training, figures, warnings, one below the other."""
    parts: list[Any] = [_columns(trained), Text(_training(trained)), _figures(trained)]
    notes = [
        *trained.details.get("notes", ()),
        *(f"{c.name}: {w}" for c in trained.columns for w in c.warnings),
    ]
    parts += [Text(f"! {note}.") for note in notes]
    return Group(*parts)


def _columns(trained: Trained) -> Table:
    table = Table(title=f"Columns, from which {trained.target.name!r} is predicted", title_justify="left")
    for name in ("column", "taken for", "empty"):
        table.add_column(name, justify="right" if name == "empty" else "left", overflow="fold")
    shown = trained.columns if len(trained.columns) <= 60 else trained.columns[:50]
    for column in shown:
        style = "dim" if column.kind == "dropped" else ""
        what = f"not used: {column.what}" if column.kind == "dropped" else column.what
        table.add_row(
            Text(column.name), Text(what), f"{column.missing:,}" if column.missing else "", style=style
        )
    if len(shown) < len(trained.columns):
        table.add_row("…", f"{len(trained.columns) - len(shown)} more", "")
    return table


def _training(trained: Trained) -> str:
    details, target = trained.details, trained.target
    what = (
        f"a quantity, {target.mean:.4g} on average"
        if target.task == "regression"
        else f"{len(target.classes)} classes: {', '.join(target.classes[:8])}{', …' if len(target.classes) > 8 else ''}"
    )
    text = f"Target: {target.name}, {what}."
    if not details:
        return text
    networks = details["networks"]
    number = f"the mean of {networks} networks" if networks > 1 else "one network"
    units = " → ".join(map(str, details["hidden_units"]))
    least, most = min(details["epochs"]), max(details["epochs"])
    epochs = f"{least} to {most} epochs" if least < most else f"{most} epoch{'s' if most > 1 else ''}"
    return (
        f"{text}\nTrained: {number} ({units} hidden units, dropout {details['dropout']}, "
        f"weight decay {details['weight_decay']}), "
        f"batches of {details['batch_size']}, rate {details['learning_rate']:.2g}, "
        f"{epochs}, {details['seconds']:.1f} s."
    )


def _figures(trained: Trained) -> Any:
    if not trained.metrics:
        return Text("")
    naive = "the mean" if trained.target.task == "regression" else "the largest class"
    table = Table(
        title=f"Judged by {trained.details.get('judged_by', 'rows kept apart')}", title_justify="left"
    )
    table.add_column("figure")
    table.add_column("this model", justify="right")
    table.add_column(f"always {naive}", justify="right")
    for key, value in trained.metrics.items():
        other = trained.baseline.get(key)
        table.add_row(_NAMES[key], f"{value:.4g}", "" if other is None else f"{other:.4g}")
    return table
