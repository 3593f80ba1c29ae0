"""``tf.data.Dataset``: `schuss.data.Dataset` with TensorFlow's signatures, and tensors as elements."""

# ruff: noqa: ARG003 (TensorFlow's signatures)

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ClassVar, Self

import numpy as np

from schuss import utils
from schuss.compat._eager import EagerTensor, TensorShape, eager, to_tensor
from schuss.compat.tf.arrays import TensorSpec
from schuss.data import dataset
from schuss.data.dataset import AUTOTUNE
from schuss.graph import Tensor, Variable, _tree

__all__ = [
    "AUTOTUNE",
    "INFINITE_CARDINALITY",
    "UNKNOWN_CARDINALITY",
    "Dataset",
    "Options",
    "audio_dataset_from_directory",
    "image_dataset_from_directory",
    "split_dataset",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]

INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = dataset.ENDLESS, dataset.UNKNOWN


class Options:
    """Settings of pipelines; they change nothing here."""

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __getattr__(self, name: str) -> Options:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__dict__[name] = Options()
        return self.__dict__[name]


class Dataset(dataset.Dataset):
    """Elements (tensors, or tuples and dicts of them) one after the other, anew at each iteration.

    Example:
        >>> from schuss.compat.tf.data import Dataset
        >>> data = Dataset.range(5).map(lambda x: x * x).batch(2)
        >>> [batch.numpy().tolist() for batch in data]
        [[0, 1], [4, 9], [16]]
    """

    _spec_type: ClassVar[Any] = TensorSpec

    def _shown(self, element: Any) -> Any:
        return _tree.map_structure(_as_tensor, element)

    @staticmethod
    def _taken(structure: Any) -> Any:
        return _tensors(structure)

    @classmethod
    def range(cls, *args: int, output_type: Any = "int64", name: Any = None) -> Self:
        """``range(*args)``."""
        return cls.from_tensor_slices(to_tensor(np.arange(*args), output_type))

    @classmethod
    def from_generator(  # type: ignore[override]
        cls,
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = (),
        output_signature: Any = None,
        name: Any = None,
    ) -> Self:
        """What ``generator(*args)`` yields, in the types of the signature."""
        signature = output_signature
        if signature is None and output_types is not None:
            signature = _tree.map_structure(lambda dtype: TensorSpec(None, dtype), output_types)
        if signature is None:
            return super().from_generator(generator, args)
        if not callable(generator):
            raise TypeError("`generator` must be a Python callable: a function that returns a generator.")

        def elements() -> Iterator[Any]:
            return (_in_types(element, signature) for element in generator(*args))

        return cls(elements, UNKNOWN_CARDINALITY, signature)

    def cardinality(self) -> Any:
        """The number of elements; −1: no end, −2: not known."""
        return eager(np.asarray(self._count, "int64"))

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements with NumPy arrays in the place of tensors."""
        return (_tree.map_structure(_as_numpy, element) for element in self)

    def with_options(self, options: Any, name: Any = None) -> Self:
        """The same elements."""
        return self


def _without_name(method: Any) -> Any:
    @wraps(method)
    def named(*args: Any, name: Any = None, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    return named


_METHODS = """
    shuffle take skip shard repeat concatenate filter cache prefetch map enumerate flat_map unbatch batch
    padded_batch window reduce
"""
for _name in _METHODS.split():
    setattr(Dataset, _name, _without_name(getattr(dataset.Dataset, _name)))
for _name in ("from_tensor_slices", "from_tensors", "zip"):
    setattr(Dataset, _name, classmethod(_without_name(getattr(dataset.Dataset, _name).__func__)))


def _of_tensors(function: Any) -> Any:
    """The function of the library, with data sets of tensors as results."""

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        made = function(*args, **kwargs)
        return tuple(map(_converted, made)) if isinstance(made, tuple) else _converted(made)

    return called


def _converted(made: dataset.Dataset) -> Dataset:
    converted = Dataset.__new__(Dataset)
    converted.__dict__.update(made.__dict__)
    spec = made.element_spec
    converted._spec = _tree.map_structure(lambda s: TensorSpec(s.shape, s.dtype), spec)
    return converted


image_dataset_from_directory = _of_tensors(utils.image_dataset_from_directory)
text_dataset_from_directory = _of_tensors(utils.text_dataset_from_directory)
audio_dataset_from_directory = _of_tensors(utils.audio_dataset_from_directory)
timeseries_dataset_from_array = _of_tensors(utils.timeseries_dataset_from_array)
split_dataset = _of_tensors(utils.split_dataset)


def _as_tensor(leaf: Any) -> Any:
    return eager(np.asarray(leaf)) if isinstance(leaf, np.ndarray) else leaf


def _as_numpy(leaf: Any) -> Any:
    return leaf.numpy() if isinstance(leaf, EagerTensor) else leaf


def _tensors(structure: Any) -> Any:
    """A structure with tensors as leaves; lists become one tensor, as in TensorFlow."""
    if isinstance(structure, dict):
        return {key: _tensors(value) for key, value in structure.items()}
    if isinstance(structure, tuple):
        parts = [_tensors(value) for value in structure]
        return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)
    if structure is None or isinstance(structure, dataset.Dataset):
        return structure
    if isinstance(structure, (EagerTensor, Tensor, Variable)) or not hasattr(structure, "to_numpy"):
        return to_tensor(structure)
    if hasattr(structure, "columns"):  # a data frame
        return {str(name): to_tensor(structure[name].to_numpy()) for name in structure.columns}
    return to_tensor(structure.to_numpy())


def _in_types(element: Any, signature: Any) -> Any:
    if isinstance(signature, TensorSpec):
        tensor = to_tensor(element, signature.dtype)
        if signature.shape is not None and not TensorShape(tensor.shape).is_compatible_with(signature.shape):
            raise ValueError(
                f"The generator yielded an element of shape {tuple(tensor.shape)} where an element of shape "
                f"{signature.shape} was expected."
            )
        return tensor
    if isinstance(signature, dict):
        return {key: _in_types(element[key], part) for key, part in signature.items()}
    if len(element) != len(signature):
        raise ValueError(f"The generator yielded {len(element)} parts, the signature has {len(signature)}.")
    return tuple(_in_types(e, part) for e, part in zip(element, signature))
