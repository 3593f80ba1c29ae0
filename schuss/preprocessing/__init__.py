"""Folders of files as data sets, pictures and sequences, under the names that older programs use. The functions are
those of `schuss.utils`."""

from schuss.data import (
    image_dataset_from_directory,
    text_dataset_from_directory,
    timeseries_dataset_from_array,
)
from schuss.preprocessing import image, sequence

__all__ = [
    "image",
    "image_dataset_from_directory",
    "sequence",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]
