"""FeatureSpace: a table's columns as a vector, each encoded in its own way."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import as_text, is_float, standardize_dtype
from schuss.layers._layer import Layer
from schuss.layers.core.activation import Identity
from schuss.layers.core.input_layer import Input
from schuss.layers.merging.join import Concatenate
from schuss.layers.preprocessing.category_encoding import CategoryEncoding, Discretization
from schuss.layers.preprocessing.hashed_crossing import HashedCrossing
from schuss.layers.preprocessing.hashing import Hashing
from schuss.layers.preprocessing.integer_lookup import IntegerLookup
from schuss.layers.preprocessing.normalization import Normalization
from schuss.layers.preprocessing.rescaling import Rescaling
from schuss.layers.preprocessing.string_lookup import StringLookup
from schuss.layers.preprocessing.text_vectorization import TextVectorization
from schuss.saving.serialization import deserialize_keras_object, serialize_keras_object
from schuss.utils._uids import auto_name

_BATCH = 32  # rows that a layer learns from at once


class Cross:
    """Combinations of the values of several features; `FeatureSpace.cross` makes it.

    Args:
        feature_names: their names. crossing_dim: into how many bins combinations are hashed.
        output_mode: ``"one_hot"`` (default) or ``"int"``: the bins' numbers.
    """

    def __init__(self, feature_names: Iterable[str], crossing_dim: int, output_mode: str = "one_hot"):
        self.feature_names, self.crossing_dim = tuple(feature_names), crossing_dim
        self.output_mode = _one_of("FeatureSpace.cross", output_mode, ("int", "one_hot"))

    @property
    def name(self) -> str:
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Cross:
        return cls(**config)


class Feature:
    """How one feature is encoded; `FeatureSpace.feature` and its kin make it.

    Args:
        dtype: of the values: ``"string"``, ``"int32"``, ``"float32"``, …
        preprocessor: the layer (or its config) that encodes them.
        output_mode: ``"float"``: what the layer gives; ``"one_hot"``: its integers as vectors; ``"int"``: as they are.
    """

    def __init__(self, dtype: str, preprocessor: Any, output_mode: str):
        self.output_mode = _one_of("FeatureSpace.feature", output_mode, ("int", "one_hot", "float"))
        self.dtype = dtype
        self.preprocessor = (
            deserialize_keras_object(preprocessor) if isinstance(preprocessor, dict) else preprocessor
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "dtype": self.dtype,
            "preprocessor": serialize_keras_object(self.preprocessor),
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Feature:
        return cls(**config)


def _one_of(owner: str, output_mode: str, known: tuple[str, ...]) -> str:
    if output_mode not in known:
        raise ValueError(f"{owner}: `output_mode` must be one of {known}. Received: {output_mode!r}")
    return output_mode


class FeatureSpace(Layer):
    """The columns of a table encoded, each by its layer, and put together as one vector for each row.

    Columns are dicts of arrays ``[rows]`` or ``[rows, 1]``. What layers learn from data (vocabularies, means, bins)
    they learn in `adapt`. After that the object can be called on dicts of data, for example in the `map` of a data
    set; or a model be built on `get_encoded_features`, whose training then takes encoded rows, and another model, from
    `get_inputs` on, that predicts from raw rows.

    Args:
        features: name → one of ``"float"``, ``"float_rescaled"``, ``"float_normalized"``, ``"float_discretized"``,
            ``"integer_categorical"``, ``"integer_hashed"``, ``"string_categorical"``, ``"string_hashed"``; or what the
            methods of these names return, which take arguments; or ``FeatureSpace.feature(…)`` with a layer of your own.
        output_mode: ``"concat"`` (default): one array ``[rows, n]``: the features by their names in alphabetical
            order, then the crosses; ``"dict"``: an array for each.
        crosses: names of features whose combinations are features, too, ``[("a", "b"), …]``, or
            ``FeatureSpace.cross(…)``.
        crossing_dim, hashing_dim, num_discretization_bins: how many values crosses, hashed and discretized features
            have where it is not said with them. Default 32 each.

    Attributes:
        preprocessors: name → layer. crossers: name (``"a_X_b"``) → `HashedCrossing`.

    Raises:
        ValueError: no features, an unknown kind, crosses of unknown features; use before `adapt`; with
            ``output_mode="concat"`` features that are integers.

    Example:
        >>> import schuss
        >>> space = schuss.utils.FeatureSpace({"age": "float_normalized", "city": "string_categorical"})
        >>> data = {"age": [20.0, 40.0, 60.0], "city": ["Bern", "Genf", "Bern"]}
        >>> space.adapt(data)
        >>> space({"age": [40.0], "city": ["Bern"]}).tolist()
        [[0.0, 0.0, 1.0, 0.0]]
        >>> space.get_encoded_features().shape
        (None, 4)
    """

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Iterable[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if not features:
            raise ValueError("FeatureSpace: `features` must not be empty.")
        self.output_mode = _one_of("FeatureSpace", output_mode, ("dict", "concat"))
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.features = {key: self._as_feature(key, value) for key, value in features.items()}
        self.crosses = [self._as_cross(cross) for cross in crosses or ()]
        self.inputs = {key: Input((1,), dtype=f.dtype, name=key) for key, f in self.features.items()}
        self.preprocessors = {key: feature.preprocessor for key, feature in self.features.items()}
        self.crossers = {c.name: HashedCrossing(c.crossing_dim, name=c.name) for c in self.crosses}
        self.one_hot_encoders: dict[str, CategoryEncoding] = {}
        self.concat = Concatenate(axis=-1)
        self._modes = {key: feature.output_mode for key, feature in self.features.items()}
        self._modes |= {cross.name: cross.output_mode for cross in self.crosses}
        self._is_adapted = not self._adaptable()
        self._encoded: Any = None

    # Kinds of features ---

    @classmethod
    def cross(cls, feature_names: Iterable[str], crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """Combinations of the values of several features, hashed into `crossing_dim` bins."""
        return Cross(feature_names, crossing_dim, output_mode=output_mode)

    @classmethod
    def feature(cls, dtype: str, preprocessor: Any, output_mode: str) -> Feature:
        """A feature that a layer of your own encodes.

        Args:
            dtype: of the values. preprocessor: the layer.
            output_mode: ``"float"``: it gives floats; ``"int"`` or ``"one_hot"``: integers, of which vectors are made.
        """
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """Numbers as they are."""
        layer = Identity(dtype="float32", name=_layer_name(name, "float"))
        return Feature("float32", layer, "float")

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Feature:
        """Numbers as x · scale + offset."""
        layer = Rescaling(scale=scale, offset=offset, name=_layer_name(name, "float_rescaled"))
        return Feature("float32", layer, "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """Numbers with mean 0 and variance 1."""
        return Feature("float32", Normalization(name=_layer_name(name, "float_normalized")), "float")

    @classmethod
    def float_discretized(
        cls, num_bins: int, bin_boundaries: Any = None, output_mode: str = "one_hot", name: str | None = None
    ) -> Feature:
        """Numbers as one of `num_bins` bins with about as many rows each; or of those between given boundaries."""
        layer = Discretization(
            num_bins=num_bins if bin_boundaries is None else None,
            bin_boundaries=bin_boundaries,
            name=_layer_name(name, "float_discretized"),
        )
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Integers as the numbers of categories; see `IntegerLookup`."""
        layer = IntegerLookup(max_tokens, num_oov_indices, name=_layer_name(name, "integer_categorical"))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """Strings as the numbers of categories; see `StringLookup`."""
        layer = StringLookup(max_tokens, num_oov_indices, name=_layer_name(name, "string_categorical"))
        return Feature("string", layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Strings as one of `num_bins` bins, by their hashes."""
        return Feature("string", Hashing(num_bins, name=_layer_name(name, "string_hashed")), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """Integers as one of `num_bins` bins, by their hashes."""
        return Feature("int32", Hashing(num_bins, name=_layer_name(name, "integer_hashed")), output_mode)

    def _as_feature(self, name: str, given: Any) -> Feature:
        if isinstance(given, Feature):
            return given
        if isinstance(given, dict):
            return deserialize_keras_object(given)
        kinds = {
            "float": self.float,
            "float_normalized": self.float_normalized,
            "float_rescaled": self.float_rescaled,
            "float_discretized": lambda name: self.float_discretized(self.num_discretization_bins, name=name),
            "integer_categorical": self.integer_categorical,
            "string_categorical": self.string_categorical,
            "integer_hashed": lambda name: self.integer_hashed(self.hashing_dim, name=name),
            "string_hashed": lambda name: self.string_hashed(self.hashing_dim, name=name),
        }
        if not isinstance(given, str) or given not in kinds:
            raise ValueError(
                f"FeatureSpace: invalid type {given!r} of the feature {name!r}. Known are: {', '.join(kinds)}."
            )
        return kinds[given](name=name)

    def _as_cross(self, given: Any) -> Cross:
        made = deserialize_keras_object(given) if isinstance(given, dict) else given
        if not isinstance(made, Cross):
            made = Cross(made, self.crossing_dim)
        unknown = [name for name in made.feature_names if name not in self.features]
        if unknown:
            raise ValueError(
                f"FeatureSpace: all features in `crosses` must be in `features`. Received unknown features: {unknown}"
            )
        return made

    # Learning from data ---

    def _adaptable(self) -> list[str]:
        """The features whose layers learn from data."""
        return [name for name, layer in self.preprocessors.items() if _learns(layer)]

    def adapt(self, dataset: Any) -> None:
        """Let the layers learn from data.

        Args:
            dataset: a dict of arrays or lists, or a `Dataset` of such dicts (rows or batches; without targets:
                ``dataset.map(lambda x, y: x)``).
        """
        if not isinstance(dataset, dict) and not hasattr(dataset, "as_numpy_iterator"):
            raise ValueError(
                "FeatureSpace: `adapt` takes a dict of arrays or lists, or a Dataset of dicts. Received "
                f"{type(dataset).__name__}."
            )
        for name in self._adaptable():
            self.preprocessors[name].adapt(_column_batches(dataset, name))
        self._is_adapted = True
        self.get_encoded_features()

    # Encoding ---

    def get_inputs(self) -> dict[str, Any]:
        """Name → `Input`, for models that take raw rows."""
        self.get_encoded_features()
        return self.inputs

    def get_encoded_features(self) -> Any:
        """What the features of `get_inputs` become: an input for models that take encoded rows."""
        if not self._is_adapted:
            raise ValueError("FeatureSpace: call `adapt(dataset)` before you use it.")
        if self._encoded is None:
            self._encoded = self._encode(self.inputs)
            self.built = True
        return self._encoded

    def __call__(self, data: Any) -> Any:
        """Encode rows.

        Args:
            data: a dict with the values of all features: arrays or lists ``[rows]`` or ``[rows, 1]``, or for a single
                row numbers and strings.

        Returns:
            An array ``[rows, n]``, for a single row ``[n]``; a dict of such arrays with ``output_mode="dict"``.
        """
        self.get_encoded_features()
        if not isinstance(data, dict):
            raise ValueError(f"FeatureSpace: expected a dict of features, got {type(data).__name__}.")
        missing = [name for name in self.features if name not in data]
        if missing:
            raise ValueError(f"FeatureSpace: the data lack the features {missing}.")
        given = {name: _as_values(data[name], feature.dtype) for name, feature in self.features.items()}
        single = any(len(x.shape) == 0 for x in given.values())
        encoded = self._encode({name: _as_column(x) for name, x in given.items()})
        if not single:
            return encoded
        if isinstance(encoded, dict):
            return {name: ops.squeeze(x, 0) if x.shape[0] == 1 else x for name, x in encoded.items()}
        return ops.squeeze(encoded, 0)

    def _encode(self, columns: dict[str, Any]) -> Any:
        values = {name: layer(columns[name]) for name, layer in self.preprocessors.items()}
        crosses = {c.name: self.crossers[c.name]([values[n] for n in c.feature_names]) for c in self.crosses}
        parts = [*sorted(values.items()), *sorted(crosses.items())]
        encoded = {name: self._as_vectors(name, x) for name, x in parts}
        if self.output_mode == "dict":
            return encoded
        for name, x in encoded.items():
            if not is_float(x.dtype):
                raise ValueError(
                    f"FeatureSpace: cannot concatenate features, because the feature {name!r} has not been encoded (it "
                    f"has dtype {standardize_dtype(x.dtype)}). Consider output_mode='dict'."
                )
        flat = list(encoded.values())
        return self.concat(flat) if len(flat) > 1 else flat[0]

    def _as_vectors(self, name: str, x: Any) -> Any:
        """The integers of a feature that shall be one-hot as vectors; others as they are."""
        if self._modes[name] != "one_hot":
            return x
        if name not in self.one_hot_encoders:
            layer = self.preprocessors.get(name) or self.crossers[name]
            self.one_hot_encoders[name] = CategoryEncoding(self._depth(name, layer, x), "multi_hot")
        return self.one_hot_encoders[name](x)

    def _depth(self, name: str, layer: Any, x: Any) -> int:
        if not standardize_dtype(x.dtype).startswith("int"):
            raise ValueError(
                f"FeatureSpace: the feature {name!r} has `output_mode='one_hot'`, so its layer must give integers, not "
                f"{standardize_dtype(x.dtype)}."
            )
        if isinstance(layer, (IntegerLookup, StringLookup)):
            return layer.vocabulary_size()
        if isinstance(layer, Discretization) and layer.bin_boundaries is not None:
            return layer.num_bins or len(layer.bin_boundaries) + 1
        if isinstance(layer, CategoryEncoding):
            return int(layer.num_tokens or 0)
        if isinstance(layer, (HashedCrossing, Hashing)):
            return layer.num_bins
        raise ValueError(
            f"FeatureSpace: the feature {name!r} has `output_mode='one_hot'`, but how many values "
            f"{type(layer).__name__} gives is not known. Use output_mode='int', or a layer that gives vectors."
        )

    # Saving ---

    def get_config(self) -> dict[str, Any]:
        return {
            "features": serialize_keras_object(self.features),
            "output_mode": self.output_mode,
            "crosses": serialize_keras_object(self.crosses),
            "crossing_dim": self.crossing_dim,
            "hashing_dim": self.hashing_dim,
            "num_discretization_bins": self.num_discretization_bins,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FeatureSpace:
        return cls(**config)

    def get_build_config(self) -> dict[str, Any]:
        return {name: layer.get_build_config() for name, layer in self.preprocessors.items()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        for name, shapes in config.items():
            layer = self.preprocessors[name]
            if shapes and not layer.built:
                layer.build_from_config(shapes)
        self._is_adapted = True

    def save(self, filepath: Any) -> None:
        """Write it to a ``.keras`` file, from which ``schuss.models.load_model`` reads it."""
        from schuss.saving.archive import save_model

        self.get_encoded_features()
        save_model(self, filepath)


def _layer_name(name: str | None, kind: str) -> str:
    return f"{name or auto_name(kind)}_preprocessor"


def _learns(layer: Any) -> bool:
    """Whether a layer has to learn from data."""
    if isinstance(layer, Normalization):
        return layer.input_mean is None
    if isinstance(layer, Discretization):
        return layer.num_bins is not None
    if isinstance(layer, (IntegerLookup, StringLookup)):
        return not layer._given
    if isinstance(layer, TextVectorization):
        return not layer._lookup_layer._given
    return hasattr(layer, "adapt")


def _as_values(values: Any, dtype: str) -> Any:
    """Values of a feature as an array (or what stands for one), those of floats in the feature's dtype."""
    strings = as_text(values)
    if strings is not None:
        return strings
    x = values if hasattr(values, "shape") else np.asarray(values)
    return ops.cast(x, dtype) if dtype != "string" and is_float(dtype) else x


def _as_column(x: Any) -> Any:
    """[rows] and single values as [rows, 1]."""
    if len(x.shape) == 0:
        return x.reshape(1, 1)
    return x.reshape(x.shape[0], 1) if len(x.shape) == 1 else x


def _column_batches(dataset: Any, name: str) -> Iterator[Any]:
    """The values of one feature in arrays ``[n, 1]``."""
    if isinstance(dataset, dict):
        values = as_text(dataset[name])
        column = (np.asarray(dataset[name]) if values is None else values).reshape(-1, 1)
        yield from (column[i : i + _BATCH] for i in range(0, len(column), _BATCH))
        return
    values_of = (_feature_of(element, name) for element in dataset.as_numpy_iterator())
    for x in values_of:
        if x.ndim == 0:
            following = itertools.chain([x], values_of)
            while rows := list(itertools.islice(following, _BATCH)):
                yield np.stack(rows).reshape(-1, 1)
            return
        yield x[:, None] if x.ndim == 1 else x


def _feature_of(element: Any, name: str) -> np.ndarray:
    if not isinstance(element, dict) or name not in element:
        raise ValueError(
            f"FeatureSpace: the data set must give dicts with the feature {name!r}; it gave {type(element).__name__}"
            f"{f' of {sorted(element)}' if isinstance(element, dict) else ''}."
        )
    strings = as_text(element[name])
    return np.asarray(element[name]) if strings is None else strings
