"""Tomorrow's weather from that of two weeks: windows of a time series, read by a GRU.

    pip install vega_datasets pandas
    python examples/forecast.py

Four years of Seattle, day by day (NOAA's, which come with ``vega_datasets``); the last year is for testing.
"""

import numpy as np
import pandas as pd

import schuss as keras
from schuss import layers

DAYS = 14
FEATURES = ["temp_max", "temp_min", "precipitation", "wind"]


def load_weather() -> pd.DataFrame:
    from vega_datasets import data

    return data.seattle_weather()


def features(frame: pd.DataFrame) -> np.ndarray:
    """What is known of each day: measures, and where in the year it lies, as a point on a circle."""
    angle = 2 * np.pi * frame["date"].dt.day_of_year.to_numpy() / 365.25
    measures = frame[FEATURES].to_numpy("float32")
    return np.column_stack([measures, np.sin(angle), np.cos(angle)]).astype("float32")


def build_model(train: np.ndarray) -> keras.Model:
    """From DAYS days to the change of the day's highest temperature from the last of them to the next day."""
    normalize = layers.Normalization()
    normalize.adapt(train)
    return keras.Sequential(
        [
            keras.Input(shape=(DAYS, train.shape[-1])),
            normalize,
            layers.GRU(32),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )


def main(frame: pd.DataFrame, epochs: int = 30, batch_size: int = 32) -> float:
    """Trains, and gives the mean error of the test year in degrees Celsius."""
    keras.utils.set_random_seed(0)
    data, highest = features(frame), frame["temp_max"].to_numpy("float32")
    change = (
        highest[DAYS:] - highest[DAYS - 1 : -1]
    )  # of the day after the window that begins at the same place
    cut = len(frame) * 3 // 4

    def windows(first: int, last: int | None, shuffle: bool):
        return keras.utils.timeseries_dataset_from_array(
            data[first:last], change[first:last], DAYS, batch_size=batch_size, shuffle=shuffle
        )

    train, test = windows(0, cut - DAYS, shuffle=True), windows(cut, None, shuffle=False)
    model = build_model(data[:cut])
    model.summary()
    model.compile(keras.optimizers.Adam(2e-3), "mae")
    model.fit(train, epochs=epochs, validation_data=test, verbose=2)

    error = model.evaluate(test, verbose=0)
    print(
        f"Test: wrong by {error:.2f} °C in the mean; 'as today' would be by {np.abs(change[cut:]).mean():.2f} °C"
    )
    for date, today, difference in zip(
        frame["date"][cut + DAYS :][:5], highest[cut + DAYS - 1 :], model.predict(test, verbose=0)[:, 0]
    ):
        print(f"{date:%Y-%m-%d}: {today + difference:.1f} °C expected, after {today:.1f} °C")
    return error


if __name__ == "__main__":
    main(load_weather())
