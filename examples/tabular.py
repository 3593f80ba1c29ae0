"""A data frame with strings, dates and missing values, as it comes: how far does a car go with a gallon?

    pip install vega_datasets pandas
    python examples/tabular.py

406 cars of the years 1970 to 1982 (UCI's Auto MPG, which comes with ``vega_datasets``): names, origins, years,
measures; of some the power is not known. What the columns need is part of the model, so that it reads rows as they are.
"""

import numpy as np
import pandas as pd

import schuss as keras
from schuss import layers, ops

NUMBERS = "Cylinders", "Displacement", "Horsepower", "Weight_in_lbs", "Acceleration", "Year"
WORDS = "Origin", "Make"
TARGET = "Miles_per_Gallon"


def load_cars() -> pd.DataFrame:
    from vega_datasets import data

    return data.cars()


def columns(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Columns by name: dates as years with a fraction, the make as the first word of the name."""
    frame = frame.assign(
        Year=frame["Year"].dt.year + frame["Year"].dt.day_of_year / 366, Make=frame["Name"].str.split().str[0]
    )
    numbers = {name: frame[name].to_numpy("float32") for name in NUMBERS}  # NaN where there is none
    return {**numbers, **{name: frame[name].fillna("").to_numpy(str) for name in WORDS}}


def number(x, values: np.ndarray):
    """A number about 0, and whether it is there at all; where it is not, the mean stands for it."""
    normal = layers.Normalization(mean=np.nanmean(values), variance=np.nanvar(values) + 1e-6)(x)
    return layers.Concatenate()([ops.nan_to_num(normal), ops.cast(ops.isnan(x), "float32")])


def word(x, values: np.ndarray, width: int = 4):
    """A word as a vector that is learned; words that are new share one."""
    lookup = layers.StringLookup()
    lookup.adapt(values)
    return layers.Flatten()(layers.Embedding(lookup.vocabulary_size(), width)(lookup(x)))


def build_model(data: dict[str, np.ndarray], target: np.ndarray) -> keras.Model:
    """From a dict of columns to miles per gallon [batch, 1]."""
    inputs = {name: keras.Input(shape=(1,), name=name) for name in NUMBERS}
    inputs |= {name: keras.Input(shape=(1,), name=name, dtype="string") for name in WORDS}
    parts = [number(inputs[name], data[name]) for name in NUMBERS]
    x = layers.Concatenate()(parts + [word(inputs[name], data[name]) for name in WORDS])
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dense(64, activation="relu")(layers.Dropout(0.1)(x))
    x = layers.Dense(1)(x)
    # begins where the answers are, and in their unit
    return keras.Model(inputs, layers.Rescaling(float(target.std()), offset=float(target.mean()))(x))


def main(frame: pd.DataFrame, epochs: int = 200, batch_size: int = 32) -> float:
    """Trains on four fifths of the rows, and gives the mean error on the others, in miles."""
    keras.utils.set_random_seed(0)
    frame = frame[frame[TARGET].notna()].sample(frac=1, random_state=0)
    print(frame.head(), frame.isna().sum().to_dict(), sep="\n")
    cut = len(frame) * 4 // 5
    train, test = columns(frame[:cut]), columns(frame[cut:])
    y_train, y_test = frame[TARGET].to_numpy("float32")[:cut], frame[TARGET].to_numpy("float32")[cut:]

    model = build_model(train, y_train)
    model.compile(keras.optimizers.Adam(2e-3), "huber", metrics=["mae"])
    model.fit(train, y_train, batch_size, epochs, verbose=0)

    error = model.evaluate(test, y_test, verbose=0)[1]
    guess = np.abs(y_test - np.median(y_train)).mean()
    print(f"Test: wrong by {error:.2f} miles a gallon in the mean; always the median would be by {guess:.2f}")
    shown = frame[cut : cut + 5][["Name", "Year", "Horsepower", TARGET]]
    first = {name: values[:5] for name, values in test.items()}
    print(shown.assign(predicted=model.predict(first, verbose=0).round(1)))
    return error


if __name__ == "__main__":
    main(load_cars())
