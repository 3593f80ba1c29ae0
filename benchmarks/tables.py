"""Tables: `schuss.tabular.train` without an option beside scikit-learn's perceptron in a standard pipeline, on the same
divisions of the same rows. Prints a table in Markdown.

    python benchmarks/tables.py [--seeds 5] [--only NAME …]
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def sales(rows: int = 3000) -> pd.DataFrame:
    """Orders of a shop: words, dates, gaps, and a price that depends on all of them, with noise."""
    random = np.random.default_rng(7)
    towns = ["Köln", "Bonn", "Ulm", "Jena", "Hof", "Kiel", "Trier", "Essen"]
    kinds = [f"kind {n:02}" for n in range(40)]
    days = random.integers(0, 4 * 365, rows)
    date = np.datetime64("2019-01-01") + days
    town, kind = random.integers(0, 8, rows), np.minimum(random.geometric(0.08, rows) - 1, 39)
    weight, rooms = random.lognormal(1, 0.8, rows), random.integers(1, 8, rows)
    member, rating = random.random(rows) < 0.3, np.clip(random.normal(3.6, 0.8, rows), 1, 5)
    worth, level = random.normal(0, 0.35, 40), random.normal(0, 0.2, 8)
    season = 0.25 * np.sin(2 * np.pi * days / 365.25) + 0.15 * ((days + 1) % 7 >= 5)
    log = 3 + worth[kind] + level[town] + season + 0.25 * np.log(weight) + 0.06 * rooms + 0.0002 * days
    log += np.where(member, -0.12, 0) + 0.08 * (rating - 3.6) * (town % 2) + random.normal(0, 0.12, rows)
    frame = pd.DataFrame(
        {
            "order": np.arange(rows) + 100_000,
            "date": date.astype(str),
            "town": np.array(towns)[town],
            "kind": np.array(kinds)[kind],
            "weight": np.round(weight, 3),
            "rooms": rooms,
            "member": np.where(member, "yes", "no"),
            "rating": np.round(rating, 1),
            "price": np.round(np.exp(log), 2),
        }
    )
    for column, share in (("town", 0.05), ("weight", 0.1), ("rating", 0.25), ("date", 0.02)):
        frame[column] = frame[column].astype(object).where(random.random(rows) >= share, None)
    for column in ("weight", "rating"):
        frame[column] = frame[column].astype(float)
    return frame


def returned(rows: int = 3000) -> pd.DataFrame:
    """The same orders: which came back."""
    frame, random = sales(rows), np.random.default_rng(8)
    price = frame.pop("price").to_numpy()
    month = pd.to_datetime(frame["date"]).dt.month.fillna(6).to_numpy()
    score = (
        1.2 * np.log(price / 40) + 0.8 * (frame["member"] == "no") - 0.5 * (frame["rating"].fillna(3.2) - 3.5)
    )
    score += np.where((month == 12) | (month == 1), 1.5, 0) + random.logistic(0, 0.5, rows) - 0.6
    frame["returned"] = np.where(score > 0, "yes", "no")
    return frame


def _of_sklearn(load: Any) -> tuple[pd.DataFrame, str]:
    found = load(as_frame=True)
    frame = found.frame.copy()
    if load is datasets.load_breast_cancer or load is datasets.load_wine:
        frame["target"] = np.array(found.target_names)[found.target]
    return frame, "target"


PROBLEMS = {
    "breast cancer": lambda: _of_sklearn(datasets.load_breast_cancer),
    "diabetes": lambda: _of_sklearn(datasets.load_diabetes),
    "sales (price)": lambda: (sales(), "price"),
    "sales (returned)": lambda: (returned(), "returned"),
    "wine": lambda: _of_sklearn(datasets.load_wine),
    "digits": lambda: _of_sklearn(datasets.load_digits),
}


def with_dates_apart(frame: pd.DataFrame) -> pd.DataFrame:
    """For scikit-learn, which knows no dates: year, day, days that passed, month and weekday as categories. Gaps
    among words are a category."""
    frame = frame.copy()
    if "date" in frame:
        date = pd.to_datetime(frame.pop("date"))
        frame["year"], frame["day"] = date.dt.year, date.dt.day
        frame["month"], frame["weekday"] = date.dt.month_name(), date.dt.day_name()
        frame["elapsed"] = (date - pd.Timestamp("2019-01-01")).dt.days
    words = frame.select_dtypes(exclude="number").columns
    frame[words] = frame[words].astype(object).where(frame[words].notna(), "missing")
    return frame.drop(columns="order", errors="ignore")


def pipeline(x: pd.DataFrame, classes: bool, seed: int) -> Any:
    """Imputing, scaling, one-hot, and the perceptron as scikit-learn sets it."""
    numbers = x.select_dtypes("number").columns
    words = [name for name in x.columns if name not in numbers]
    prepared = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
                numbers,
            ),
            ("words", OneHotEncoder(handle_unknown="ignore"), words),
        ]
    )
    perceptron = MLPClassifier(random_state=seed) if classes else MLPRegressor(random_state=seed)
    return make_pipeline(prepared, perceptron)


def score_of(truth: np.ndarray, found: np.ndarray, classes: bool) -> float:
    """The share of right answers, or R²."""
    if classes:
        return float(np.mean(truth.astype(str) == found.astype(str)))
    truth, found = truth.astype("float64"), found.astype("float64")
    return float(1 - np.sum((truth - found) ** 2) / np.sum((truth - truth.mean()) ** 2))


def scores(name: str, seed: int) -> dict[str, float]:
    """One division: ours, what ours expected, theirs, and the seconds of both."""
    from schuss import tabular

    frame, target = PROBLEMS[name]()
    classes = frame[target].nunique() <= 20
    stratify = frame[target] if classes else None
    train, test = train_test_split(frame, test_size=0.25, random_state=seed, stratify=stratify)
    start = time.perf_counter()
    trained = tabular.train(train, target=target, seed=seed, verbose=0)
    found = trained.predict(test).values
    ours_time, start = time.perf_counter() - start, time.perf_counter()
    x = with_dates_apart(train.drop(columns=target))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pipeline(x, classes, seed).fit(x, train[target])
        other = theirs.predict(with_dates_apart(test.drop(columns=target)))
    truth = test[target].to_numpy()
    return {
        "schuss": score_of(truth, np.asarray(found), classes),
        "expected": trained.metrics["accuracy" if classes else "r2"],
        "scikit-learn": score_of(truth, np.asarray(other), classes),
        "schuss s": ours_time,
        "scikit-learn s": time.perf_counter() - start,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(PROBLEMS))
    arguments = parser.parse_args()
    print(
        "| Problem | Rows | Figure | Schuss | expected by Schuss | scikit-learn | better in | seconds (ours, theirs) |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in arguments.only:
        runs = [scores(name, seed) for seed in range(arguments.seeds)]
        column = {key: np.array([run[key] for run in runs]) for key in runs[0]}
        frame, target = PROBLEMS[name]()
        figure = "accuracy" if frame[target].nunique() <= 20 else "R²"
        shown = [
            f"{column[k].mean():.4f} ± {column[k].std():.4f}" for k in ("schuss", "expected", "scikit-learn")
        ]
        wins = f"{int(np.sum(column['schuss'] >= column['scikit-learn']))} of {len(runs)}"
        seconds = f"{column['schuss s'].mean():.1f}, {column['scikit-learn s'].mean():.1f}"
        print(f"| {name} | {len(frame)} | {figure} | {' | '.join(shown)} | {wins} | {seconds} |", flush=True)


if __name__ == "__main__":
    main()
