"""TextVectorization: text as the numbers of its words, or as one vector of counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss.graph import Reading, Text, as_text, floatx
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.layers._symbolic import KerasTensor
from schuss.layers.preprocessing._encoding import encoded_shape
from schuss.layers.preprocessing._index_lookup import OUTPUT_MODES, batches
from schuss.layers.preprocessing._tokens import (
    SPLITS,
    STANDARDIZATIONS,
    encoded,
    ngrams,
    padded,
    split,
    standardized,
)
from schuss.layers.preprocessing.string_lookup import StringLookup

_OLDER_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


class TextVectorization(Layer):
    """Text as numbers: each string is standardized, split into tokens, joined to n-grams; these are looked up in
    a vocabulary, which is given or learned by `adapt`.

    In a model, text is read ahead of the compiled steps: of arrays once for a whole training, of batches when
    they come. Without `output_sequence_length`, rows are as long as the longest of what is read at once.

    Args:
        max_tokens: the largest size of the vocabulary, with the tokens for padding and for unknown words.
            Default: any.
        standardize: ``"lower_and_strip_punctuation"`` (default), ``"lower"``, ``"strip_punctuation"``, None, or a
            function of a NumPy array of strings that returns such an array. Letters outside of ASCII stay.
        split: ``"whitespace"`` (default), ``"character"``, None, or a function of a vector of strings that
            returns a row of tokens for each.
        ngrams: None; an int n: runs of 1 … n tokens; or a tuple of lengths.
        output_mode: ``"int"`` (default): a number for each token, 0 for padding, 1 for unknown ones;
            ``"multi_hot"``, ``"count"``, ``"tf_idf"``: a vector for each text, as of `StringLookup`.
        output_sequence_length: ``"int"`` only: rows are cut or padded to this length.
        pad_to_max_tokens: vectors of `max_tokens` numbers even where the vocabulary is smaller.
        vocabulary: list, tuple or array of strings, or the path of a text file with one in each line.
        idf_weights: for ``"tf_idf"`` with a vocabulary: a weight for each word.
        sparse, ragged: must be False: outputs are dense.
        encoding: in which the vocabulary's bytes are shown as text. Default ``"utf-8"``.

    Input: strings, ``[n]`` or ``[n, 1]``. Output: int64 ``[n, length]``, or vectors ``[n, vocabulary size]``.

    Raises:
        ValueError: arguments that do not fit each other; a vocabulary that is empty or has repeated words; a
            last axis larger than 1 where text is to be split.
        RuntimeError: there is no vocabulary when the layer is used.

    Example:
        >>> import schuss
        >>> layer = schuss.layers.TextVectorization(output_sequence_length=4)
        >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
        >>> layer.get_vocabulary()
        ['', '[UNK]', 'baz', 'bar', 'foo', 'boom', 'bada']
        >>> layer(["Foo qux, bar!", "qux baz"]).tolist()
        [[4, 1, 3, 0], [1, 2, 0, 0]]
    """

    takes_text = True

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        vocabulary_size: int | None = None,
        has_input_vocabulary: bool | None = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.autocast = False
        output_mode = _OLDER_MODES.get(output_mode, output_mode)
        for argument, value, known in (
            ("standardize", standardize, STANDARDIZATIONS),
            ("split", split, SPLITS),
        ):
            if value is not None and not callable(value) and value not in known:
                raise ValueError(
                    f"TextVectorization: `{argument}` must be None, a function or one of {known}, got {value!r}."
                )
        if output_mode not in OUTPUT_MODES:
            raise ValueError(
                f"TextVectorization: `output_mode` must be one of {OUTPUT_MODES}, got {output_mode!r}."
            )
        if output_mode == "one_hot" and split is not None:
            raise ValueError(
                'TextVectorization: output_mode="one_hot" would give rows of different lengths. Use "int" and '
                "a CategoryEncoding layer, or split=None."
            )
        if not (ngrams is None or is_integer(ngrams) or _are_integers(ngrams)):
            raise ValueError(
                f"TextVectorization: `ngrams` must be None, an integer or a tuple of integers, got {ngrams!r}."
            )
        if output_sequence_length is not None and (
            output_mode != "int" or not is_integer(output_sequence_length)
        ):
            raise ValueError(
                'TextVectorization: `output_sequence_length` must be an integer, and is for output_mode="int"; got '
                f"{output_sequence_length!r} with output_mode={output_mode!r}."
            )
        if ragged:
            raise ValueError(
                "TextVectorization: `ragged=True` is not supported; rows are padded with 0 to one length."
            )
        self.standardize, self.split, self.ngrams = standardize, split, ngrams
        self.output_mode, self.output_sequence_length = output_mode, output_sequence_length
        self.encoding = encoding
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            pad_to_max_tokens=pad_to_max_tokens,
            mask_token="",
            output_mode=output_mode,
            sparse=sparse,
            encoding=encoding,
            name=self.name,
            vocabulary_size=vocabulary_size,
            has_input_vocabulary=has_input_vocabulary,
        )
        self._learned()
        self.built = True

    @property
    def input_dtype(self) -> str:
        return "string"

    def _learned(self) -> None:
        """What was read with another vocabulary must not be used again."""
        self._reading = Reading(f'layer "{self.name}"', self._read, self._numbers_shape, "int32")

    # The vocabulary ---

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary: the tokens of `data`, most frequent ones first (of equally frequent ones the last
        in alphabetical order first), at most as many as `max_tokens` allows.

        Args:
            data: list or array of strings; or something that gives batches of them.
            batch_size: taken for Keras's sake.
            steps: how many batches to take. Default all.

        Raises:
            ValueError: the vocabulary was given to the constructor.
        """
        self.reset_state()
        for batch in batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch of texts."""
        rows = self._tokens(self._strings(data))[0]
        self._lookup_layer._count([list(row) for row in rows])

    def finalize_state(self) -> None:
        """Make the vocabulary from what was counted."""
        self._lookup_layer.finalize_state()
        self._learned()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._lookup_layer.reset_state()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The words in the order of their numbers.

        Args:
            include_special_tokens: with those for padding and for unknown words, so that a word's place is its
                number. Default True.
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """How many numbers there are, with those for padding and for unknown words."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the words, instead of learning them: see `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)
        self._learned()

    # From text to numbers ---

    def _strings(self, inputs: Any) -> np.ndarray:
        strings = as_text(np.asarray(inputs, object))
        if strings is None:
            kind = getattr(inputs, "dtype", type(inputs).__name__)
            raise TypeError(f'Layer "{self.name}" (TextVectorization) needs strings, but received {kind}.')
        return strings

    def _tokens(self, strings: np.ndarray) -> tuple[list[list[bytes]], tuple[int, ...]]:
        """The tokens of each text, and the shape of the array of texts."""
        strings = standardized(np.atleast_1d(strings), self.standardize, self.name)
        if self.split is None:  # a vector is one row of tokens
            rows = [encoded(row) for row in strings.reshape(-1, strings.shape[-1])]
            shape = strings.shape[:-1]
        else:
            if strings.ndim > 1:
                if strings.shape[-1] != 1:
                    raise ValueError(
                        f'Layer "{self.name}": to split text, the rank of the input must be 1, or its last axis '
                        f"have size 1; got shape {strings.shape}."
                    )
                strings = strings[..., 0]
            rows, shape = split(strings.reshape(-1), self.split, self.name), strings.shape
        if self.ngrams is not None:
            widths = self.ngrams if isinstance(self.ngrams, tuple) else tuple(range(1, self.ngrams + 1))
            rows = [ngrams(row, widths) for row in rows]
        return rows, shape

    def _read(self, strings: np.ndarray) -> np.ndarray:
        """The numbers of each text's tokens: [texts, tokens], −1 where nothing counts."""
        rows, shape = self._tokens(strings)
        lookup = self._lookup_layer
        joined = lookup._known_table().numbers([token for row in rows for token in row])
        ends = np.cumsum([len(row) for row in rows])
        filling = 0 if self.output_mode == "int" else -1
        numbers = padded(np.split(joined, ends[:-1]), filling, self.output_sequence_length)
        return numbers.reshape(*shape, numbers.shape[-1])

    def _numbers_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        length = self.output_sequence_length
        if self.split is not None:
            return (*(shape[:-1] if len(shape) > 1 else shape), length)
        return shape if length is None and self.ngrams is None else (*shape[:-1], length)

    def call(self, inputs: Any) -> Any:
        if isinstance(inputs, Text):
            return self._lookup_layer._output(inputs.numbers(self._reading))
        strings = self._strings(inputs)
        numbers = self._read(strings)
        return self._lookup_layer._output(numbers[0] if strings.ndim == 0 else numbers)

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = self._numbers_shape(tuple(input_shape))
        if self.output_mode == "int":
            return shape
        lookup = self._lookup_layer
        depth = lookup.max_tokens if lookup.pad_to_max_tokens else lookup._size
        return encoded_shape(shape, self.output_mode, depth)

    def compute_output_spec(self, inputs: Any) -> Any:
        if self.output_mode != "int" and self._lookup_layer._size is None:
            self._lookup_layer.compute_output_spec(inputs)
        dtype = "int64" if self.output_mode == "int" else floatx()
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype)

    # Keeping ---

    def get_config(self) -> dict[str, Any]:
        lookup = self._lookup_layer
        return {
            **super().get_config(),
            "max_tokens": lookup.max_tokens,
            "standardize": self.standardize,
            "split": self.split,
            "ngrams": self.ngrams,
            "output_mode": self.output_mode,
            "output_sequence_length": self.output_sequence_length,
            "pad_to_max_tokens": lookup.pad_to_max_tokens,
            "sparse": False,
            "ragged": False,
            "vocabulary": lookup.input_vocabulary,
            "idf_weights": lookup.input_idf_weights,
            "encoding": self.encoding,
            "vocabulary_size": lookup._size,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TextVectorization:
        from schuss.saving.serialization import deserialize_arguments

        config = deserialize_arguments(config)
        if isinstance(config.get("ngrams"), list):
            config["ngrams"] = tuple(config["ngrams"])
        return cls(**config)

    def save_own_variables(self, store: Any) -> None:
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        self._lookup_layer.load_own_variables(store)

    def save_assets(self, folder: Any) -> None:
        """Write the vocabulary to a file in `folder`, unless the config has it."""
        self._lookup_layer.save_assets(folder)

    def load_assets(self, folder: Any) -> None:
        """Read what `save_assets` wrote."""
        self._lookup_layer.load_assets(folder)
        self._learned()


def _are_integers(value: Any) -> bool:
    return isinstance(value, tuple) and all(is_integer(item) for item in value)
