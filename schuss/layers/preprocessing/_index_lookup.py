"""IndexLookup: tokens as their numbers in a vocabulary. `StringLookup` and `IntegerLookup` are its two kinds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from schuss import ops
from schuss.graph import Tensor, floatx, is_text, structure_changed
from schuss.layers._layer import Layer
from schuss.layers._symbolic import KerasTensor
from schuss.layers.preprocessing._encoding import encoded, encoded_shape, refuse_sparse
from schuss.layers.preprocessing._vocabulary import Counts, Token, Vocabulary, repeated
from schuss.saving.serialization import in_safe_mode

OUTPUT_MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")
_OLDER_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}
_ASSET = "vocabulary.txt"
_EXACT_ASSET = "vocabulary.json"  # beside it, where tokens have line breaks in them
_BREAKS = tuple("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


class IndexLookup(Layer):
    """The mechanism of `StringLookup` and `IntegerLookup`, whose documentation says what the arguments mean.

    Subclasses say what a token is: `_token`, `_shown`, `_rows`, `_bucket`; and look up, in `call`.
    """

    def __init__(
        self,
        *,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        sparse: bool,
        pad_to_max_tokens: bool,
        salt: Any,
        name: str | None,
        oov_method: str = "floormod",
        vocabulary_size: int | None = None,
        has_input_vocabulary: bool | None = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.autocast = False
        owner = type(self).__name__
        if max_tokens is not None and max_tokens <= 1:
            raise ValueError(f"{owner}: `max_tokens` must be greater than 1, got {max_tokens!r}.")
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{owner}: `pad_to_max_tokens=True` needs `max_tokens`.")
        if num_oov_indices < 0:
            raise ValueError(f"{owner}: `num_oov_indices` must be at least 0, got {num_oov_indices!r}.")
        output_mode = _OLDER_MODES.get(output_mode, output_mode)
        if output_mode not in OUTPUT_MODES:
            raise ValueError(f"{owner}: `output_mode` must be one of {OUTPUT_MODES}, got {output_mode!r}.")
        if invert and output_mode != "int":
            raise ValueError(
                f'{owner}: with `invert=True`, `output_mode` must be "int", got {output_mode!r}.'
            )
        if idf_weights is not None and output_mode != "tf_idf":
            raise ValueError(
                f'{owner}: `idf_weights` are for output_mode="tf_idf", which is {output_mode!r}.'
            )
        if vocabulary is not None and idf_weights is None and output_mode == "tf_idf":
            raise ValueError(f'{owner}: with output_mode="tf_idf", a `vocabulary` needs `idf_weights`.')
        refuse_sparse(owner, sparse)
        self.max_tokens, self.num_oov_indices = max_tokens, num_oov_indices
        self.mask_token, self.oov_token = mask_token, oov_token
        self.output_mode, self.invert, self.sparse = output_mode, invert, sparse
        self.pad_to_max_tokens, self.salt = pad_to_max_tokens, as_salt(owner, salt)
        self.input_vocabulary = None if isinstance(vocabulary, (str, Path)) else _listed(vocabulary)
        self.input_idf_weights = _listed(idf_weights)
        self.idf_weights: np.ndarray | None = None
        self._given = vocabulary is not None if has_input_vocabulary is None else has_input_vocabulary
        self._size, self._table = vocabulary_size, None
        self.oov_method = oov_method
        self.reset_state()
        self._learned()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # What a token is ---

    def _token(self, value: Any) -> Token:
        """A token as the vocabulary keeps it."""
        raise NotImplementedError

    def _shown(self, token: Token) -> Any:
        """A token as users see it."""
        raise NotImplementedError

    def _rows(self, data: Any) -> list[list[Token]]:
        """A batch of data as documents: the rows of an array; a vector is one document."""
        raise NotImplementedError

    def _bucket(self) -> Any:
        """The function that says which of several numbers an unknown token gets."""
        raise NotImplementedError

    # The vocabulary ---

    @property
    def _mask_count(self) -> int:
        """How many numbers are kept for the mask."""
        return int(self.mask_token is not None and self.output_mode == "int")

    @property
    def _first(self) -> int:
        """The number of the first token."""
        return self._mask_count + self.num_oov_indices

    def vocabulary_size(self) -> int:
        """How many numbers there are, with those for the mask and for unknown tokens."""
        return self._first + (0 if self._table is None else len(self._table))

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their numbers.

        Args:
            include_special_tokens: with the tokens for the mask and for what is unknown, so that a token's
                place is its number. Default True.
        """
        tokens = [] if self._table is None else [self._shown(token) for token in self._table.tokens]
        if not include_special_tokens:
            return tokens
        return [self.mask_token] * self._mask_count + [self.oov_token] * self.num_oov_indices + tokens

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the tokens, instead of learning them from data.

        Args:
            vocabulary: list, tuple or array of tokens, or the path of a text file with one in each line. The
                tokens for the mask and for what is unknown may stand at the beginning, in this order.
            idf_weights: for ``output_mode="tf_idf"``: a weight for each.

        Raises:
            ValueError: it is empty, has repeated tokens or the mask's in another place, or is larger than
                `max_tokens`; weights are missing, or of another number; there is no such file.
            RuntimeError: the layer's outputs have the size of another vocabulary already.
        """
        if (idf_weights is None) == (self.output_mode == "tf_idf"):
            need = "must be set if" if idf_weights is None else "are only for"
            raise ValueError(
                f'Layer "{self.name}": `idf_weights` {need} output_mode="tf_idf"; it is {self.output_mode!r}.'
            )
        if isinstance(vocabulary, (str, Path)):
            self._set_table(self._from_file(Path(vocabulary)))
            return
        given = [self._token(value) for value in _listed(vocabulary)]
        if not given:
            raise ValueError(f'Layer "{self.name}": cannot set an empty vocabulary: {vocabulary!r}.')
        special = [*[self.mask_token] * self._mask_count, *[self.oov_token] * self.num_oov_indices]
        known = [None if token is None else self._token(token) for token in special]
        with_special = known == given[: self._first]
        tokens = given[self._first :] if with_special else given
        self._check_tokens(tokens, special)
        weights = None
        if idf_weights is not None:
            weights = self._weights(np.asarray(idf_weights, floatx()), len(given), with_special)
        self._set_table(tokens, weights)

    def _check_tokens(self, tokens: list[Token], special: list[Any]) -> None:
        twice = [self._shown(token) for token in repeated(tokens)]
        if twice:
            raise ValueError(
                f'Layer "{self.name}": the passed vocabulary has at least one repeated term. Make its terms unique. '
                f"The repeated terms are: {twice}."
            )
        reserved = [("mask", self.mask_token)]
        if self.invert:
            reserved.append(("OOV", self.oov_token))
        for what, token in reserved:
            if token is not None and self._token(token) in tokens:
                raise ValueError(
                    f'Layer "{self.name}": found the reserved {what} token {token!r} at an unexpected place in '
                    f"`vocabulary`. It need not contain the special tokens; if it does, they must be its first "
                    f"ones, in this order: {special}."
                )
        if self.max_tokens is not None and self._first + len(tokens) > self.max_tokens:
            raise ValueError(
                f'Layer "{self.name}": attempted to set a vocabulary larger than the maximum size: '
                f"{self._first + len(tokens)} with the special tokens; `max_tokens` is {self.max_tokens}."
            )

    def _from_file(self, path: Path) -> list[Token]:
        if in_safe_mode():
            raise ValueError(
                f'Layer "{self.name}": its config names another file, {str(path)!r}, as `vocabulary`, which is not read: it '
                "could be any file of yours. If you trust where the config comes from, load it with safe_mode=False."
            )
        if not path.exists():
            raise ValueError(f'Layer "{self.name}": vocabulary file {str(path)!r} does not exist.')
        if self.output_mode == "tf_idf":
            raise ValueError(
                f'Layer "{self.name}": output_mode="tf_idf" does not support a vocabulary from a file.'
            )
        lines = path.read_bytes().split(b"\n")
        tokens = [self._token(line.rstrip(b"\r")) for line in (lines[:-1] if lines[-1] == b"" else lines)]
        if not tokens:
            raise ValueError(
                f'Layer "{self.name}": cannot set an empty vocabulary: {str(path)!r} has no lines.'
            )
        twice = [self._shown(token) for token in repeated(tokens)]
        if twice:
            raise ValueError(f'Layer "{self.name}": {str(path)!r} has repeated terms: {twice}.')
        return tokens

    def _weights(self, given: np.ndarray, count: int, with_special: bool) -> np.ndarray:
        """The weights for all numbers: unknown tokens have the mean of the others', if none are given for them."""
        if given.ndim != 1 or len(given) != count:
            raise ValueError(
                f'Layer "{self.name}": `idf_weights` must be a vector of the same length as the vocabulary, {count}, '
                f"got shape {given.shape}."
            )
        front = 0 if with_special else self._first
        back = self.max_tokens - front - count if self.pad_to_max_tokens and self.max_tokens else 0
        fillings = np.average(given) if front and count else 0.0, 0.0
        return np.pad(given, (front, back), constant_values=(fillings,)).astype(floatx())

    def _set_table(self, tokens: list[Token], weights: np.ndarray | None = None) -> None:
        size = self._first + len(tokens)
        if self._table_shapes_outputs and self._size not in (None, size):
            raise RuntimeError(
                f'Layer "{self.name}": with output_mode={self.output_mode!r} and pad_to_max_tokens=False the '
                f"vocabulary size cannot be changed: the old one is {self._size}, the new one {size}. Make a new layer."
            )
        start = self._mask_count
        mask = None
        if self.mask_token is not None:
            mask = self._token(self.mask_token), 0 if self.output_mode == "int" else -1
        unknown = start, self.num_oov_indices
        self._table = Vocabulary(tokens, self._first, unknown, mask, self._bucket(), self.name)
        self._size = size
        self.idf_weights = self.idf_weights if weights is None else weights
        self._learned()

    def _learned(self) -> None:
        """Programs that were made for what the layer knew before must not be used again."""
        self._generation += 1
        structure_changed()

    @property
    def _table_shapes_outputs(self) -> bool:
        return self.output_mode != "int" and not self.pad_to_max_tokens

    def _known_table(self) -> Vocabulary:
        """The vocabulary; a RuntimeError if there is none yet."""
        if self._table is None:
            raise RuntimeError(
                f'Layer "{self.name}" has no vocabulary yet. Call `adapt(data)`, or pass a '
                "`vocabulary` to the layer, before it is used."
            )
        return self._table

    # Learning it ---

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the vocabulary: the tokens of `data`, most frequent ones first (of equally frequent ones the last
        in their order first), at most as many as `max_tokens` allows.

        Args:
            data: list or array of tokens, ``[n]`` or ``[n, tokens]``; or something that gives such batches.
            steps: how many batches to take. Default all.

        Raises:
            ValueError: the vocabulary was given to the constructor.
        """
        self.reset_state()
        for batch in batches(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch."""
        self._count(self._rows(data))

    def _count(self, rows: list[list[Token]]) -> None:
        if self._given:
            raise ValueError(
                f'Layer "{self.name}": cannot `adapt`, because a `vocabulary` was given to the constructor.'
            )
        self._counts.add(rows)

    def finalize_state(self) -> None:
        """Make the vocabulary from what was counted; without counts it stays."""
        if self._given or not self._counts.tokens:
            return
        special = [self._token(token) for token in (self.mask_token, self.oov_token) if token is not None]
        most = None if self.max_tokens is None else self.max_tokens - self._first
        tokens = self._counts.most_common(special, most)
        weights = None
        if self.output_mode == "tf_idf":
            idf = self._counts.idf(tokens)
            weights = self._weights(idf.astype(floatx()), len(tokens), with_special=False)
        self._set_table(tokens, weights)
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._counts = Counts()

    # Outputs ---

    def _output(self, numbers: Any) -> Any:
        """Numbers of tokens, −1 for those that count nothing, as `output_mode` says."""
        if self.output_mode == "int":
            return ops.cast(numbers, "int64")
        depth = self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()
        weighted = self.output_mode == "tf_idf"
        mode = "count" if weighted else self.output_mode
        dtype = floatx() if weighted or isinstance(numbers, Tensor) else "int64"
        y = encoded(numbers, mode, int(depth or 0), dtype)
        return ops.multiply(y, np.asarray(self.idf_weights, dtype)) if weighted else y

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self.output_mode == "int":
            return tuple(input_shape)
        depth = self.max_tokens if self.pad_to_max_tokens else self._size
        return encoded_shape(tuple(input_shape), self.output_mode, depth)

    def compute_output_spec(self, inputs: Any) -> Any:
        if self._table_shapes_outputs and self._size is None:
            self._known_table()
        dtype = "int64" if self.output_mode == "int" else floatx()
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype)

    # Keeping ---

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "idf_weights": self.input_idf_weights,
            "vocabulary": self.input_vocabulary,
            "vocabulary_size": self._size,
            "oov_method": self.oov_method,
            "salt": self.salt,
        }

    def get_build_config(self) -> dict[str, Any]:
        return {}

    def save_own_variables(self, store: Any) -> None:
        if self.output_mode == "tf_idf" and self.idf_weights is not None:
            store["idf_weights"] = self.idf_weights

    def load_own_variables(self, store: Any) -> None:
        if self.output_mode == "tf_idf" and "idf_weights" in store:
            self.idf_weights = np.asarray(store["idf_weights"])
            self._learned()

    def save_assets(self, folder: Any) -> None:
        """Write the vocabulary to a file in `folder`, unless the config has it."""
        if self.input_vocabulary is not None or self._table is None:
            return
        lines = [str(token) for token in self.get_vocabulary()]
        Path(folder, _ASSET).write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
        if any(len(line.splitlines()) > 1 or line.endswith(_BREAKS) for line in lines):
            Path(folder, _EXACT_ASSET).write_text(json.dumps(lines))

    def load_assets(self, folder: Any) -> None:
        """Read what `save_assets` wrote."""
        path, exact = Path(folder, _ASSET), Path(folder, _EXACT_ASSET)
        if self.input_vocabulary is not None or not path.exists():
            return
        if exact.exists():
            lines = json.loads(exact.read_text())
        else:
            lines = path.read_bytes().decode("utf-8", "surrogateescape").split("\n")
            while lines and lines[-1] == "":
                lines.pop()
        special = [self.mask_token] * self._mask_count + [self.oov_token] * self.num_oov_indices
        start = self._first if lines[: self._first] == [str(token) for token in special] else 0
        tokens = [self._token(line) for line in lines[start:]]
        self._check_tokens(tokens, special)
        self._set_table(tokens, self.idf_weights)


def batches(data: Any, steps: int | None = None) -> Iterator[Any]:
    """What `adapt` gets, batch by batch: lists and arrays are one (of a vector each item is a document)."""
    if isinstance(data, (list, tuple)) or hasattr(data, "__array__") or is_text(data):
        yield _columns(data)
        return
    for number, batch in enumerate(data):
        if steps is not None and number >= steps:
            return
        yield batch


def _columns(data: Any) -> Any:
    array = np.asarray(data, object) if isinstance(data, (list, tuple)) else np.asarray(data)
    return array[:, None] if array.ndim == 1 else array


def _listed(values: Any) -> Any:
    if values is None:
        return None
    return np.asarray(values).tolist() if hasattr(values, "__array__") else list(values)


def as_salt(owner: str, salt: Any) -> list[int] | None:
    """Two integers, from two or one."""
    if salt is None:
        return None
    if isinstance(salt, (tuple, list)) and len(salt) == 2:
        return [int(part) for part in salt]
    if isinstance(salt, int):
        return [salt, salt]
    raise ValueError(f"{owner}: `salt` must be an integer, or two of them, got {salt!r}.")
