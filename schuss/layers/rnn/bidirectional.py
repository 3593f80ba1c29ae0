"""Bidirectional: a sequence read from both ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schuss import ops
from schuss.layers._layer import Layer
from schuss.saving.serialization import deserialize_keras_object, live_objects, serialize_keras_object

_MERGES: dict[Any, Callable[[Any, Any], Any]] = {
    "sum": ops.add,
    "mul": ops.multiply,
    "ave": lambda a, b: ops.multiply(ops.add(a, b), 0.5),
    "concat": lambda a, b: ops.concatenate([a, b], axis=-1),
    None: lambda a, b: (a, b),
}
_COMMON = ("stateful", "return_sequences", "return_state")


class Bidirectional(Layer):
    """Two recurrent layers, one of which reads the sequence from its start, the other from its end.

    Args:
        layer: a recurrent layer, from whose config both are made, with names that begin with ``forward_`` and
            ``backward_``. (Any layer will do that has ``go_backwards``, ``return_sequences``, ``return_state`` and
            ``stateful`` with `RNN`'s meaning, and a `get_config`.)
        merge_mode: what is made of the two outputs: ``"concat"`` (default), ``"sum"``, ``"mul"``, ``"ave"``; None:
            both, as a tuple.
        weights: first values of all weights. Default None.
        backward_layer: a layer of its own for the way back: one with the other ``go_backwards``. Default None.

    The outputs of all steps of the way back are put into the order of time before they are merged. Call arguments are
    those of `layer`; `initial_state` is a list of the states of both.

    Raises:
        ValueError: no recurrent layer; layers that do not fit each other; an unknown `merge_mode`; an odd number of
            initial states.

    Source: Schuster and Paliwal, Bidirectional Recurrent Neural Networks (1997).

    Example:
        >>> import numpy as np, schuss
        >>> from schuss.layers import LSTM, Bidirectional
        >>> Bidirectional(LSTM(8, return_sequences=True))(np.zeros((2, 5, 3))).shape
        (2, 5, 16)
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ):
        for argument, value in (("layer", layer), ("backward_layer", backward_layer)):
            if value is not None or argument == "layer":
                _require_recurrent(argument, value)
        if merge_mode not in _MERGES:
            raise ValueError(
                f"Bidirectional: invalid merge mode {merge_mode!r}. It must be one of 'concat', 'sum', 'mul', 'ave', None."
            )
        super().__init__(weights=weights or None, **kwargs)
        self.forward_layer: Any = _copy(layer, "forward_")
        self.backward_layer: Any = backward_layer or _copy(layer, "backward_", go_backwards=True)
        _require_pair(self.forward_layer, self.backward_layer)
        for part in (self.forward_layer, self.backward_layer):
            if getattr(part, "zero_output_for_mask", None) is not None:
                part.zero_output_for_mask = part.return_sequences
        self.merge_mode = merge_mode
        self.stateful, self.return_sequences, self.return_state = (getattr(layer, name) for name in _COMMON)
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def build(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, sequences_shape: Any, initial_state_shape: Any = None
    ) -> None:
        for part in (self.forward_layer, self.backward_layer):
            if not part.built:
                part.build(sequences_shape)
                part.built = True

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None) -> Any:
        ahead, back = self._ways(initial_state)
        forward = self._one_way(self.forward_layer, sequences, ahead, mask, training)
        backward = self._one_way(self.backward_layer, sequences, back, mask, training)
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*forward[1:], *backward[1:])
            forward, backward = forward[0], backward[0]
        forward, backward = (ops.cast(y, self.compute_dtype) for y in (forward, backward))
        if self.return_sequences:
            backward = ops.flip(backward, axis=1)
        output = _MERGES[self.merge_mode](forward, backward)
        if not self.return_state:
            return output
        return (*output, *states) if self.merge_mode is None else (output, *states)

    def _ways(self, initial_state: Any) -> tuple[Any, Any]:
        """The states from which each of the two begins."""
        if initial_state is None:
            return None, None
        given = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
        half, odd = divmod(len(given), 2)
        if odd:
            raise ValueError(
                f'Layer "{self.name}" (Bidirectional): `initial_state` must be a list of the states of the forward and '
                f"of the backward layer, as many for each; got {len(given)}."
            )
        return given[:half], given[half:]

    def _one_way(self, layer: Layer, sequences: Any, states: Any, mask: Any, training: Any) -> Any:
        given = {"initial_state": states, "mask": mask, "training": training}
        known = layer._call_signature
        return layer(sequences, **{k: v for k, v in given.items() if v is not None and known.has(k)})

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        ends = (self.forward_layer, self.backward_layer)
        ahead, back = (end.compute_output_shape(sequences_shape) for end in ends)
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*ahead[1:], *back[1:])
            ahead, back = ahead[0], back[0]
        if self.merge_mode is None:
            return (ahead, back, *states)
        merged = (*ahead[:-1], ahead[-1] + back[-1]) if self.merge_mode == "concat" else tuple(ahead)
        return (merged, *states) if self.return_state else merged

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        one_way = self.forward_layer.compute_mask(inputs, previous_mask)
        mask = one_way[0] if self.return_state else one_way
        masks = [mask, mask] if self.merge_mode is None else [mask]
        if self.return_state:
            return [*masks, *(None for _ in one_way[1:]), *(None for _ in one_way[1:])]
        return masks if self.merge_mode is None else mask

    def reset_state(self) -> None:
        """Make the states of both layers zeros.

        Raises:
            AttributeError: they are not stateful.
        """
        if not self.stateful:
            raise AttributeError(f'Layer "{self.name}" (Bidirectional) is not stateful: it keeps no states.')
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """`reset_state`, by its older name."""
        self.reset_state()

    @property
    def states(self) -> tuple[Any, ...] | None:
        """The variables in which stateful layers keep their states; None if they keep none (yet)."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return (*forward, *backward) if forward and backward else None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        for name in ("layer", "backward_layer"):
            if config.get(name) is not None:
                config[name] = deserialize_keras_object(config[name], custom_objects=custom_objects)
        return cls(**config)


def _copy(layer: Any, prefix: str, **changes: Any) -> Any:
    """A new layer of the same config, but for its name, which begins with `prefix`, and `changes`."""
    with live_objects():
        described = serialize_keras_object(layer)
        described["config"].update(changes, name=prefix + layer.name.removeprefix(prefix))
        made = deserialize_keras_object(described)
    if hasattr(layer, "use_cudnn"):
        made.use_cudnn = layer.use_cudnn
    return made


def _require_recurrent(argument: str, layer: Any) -> None:
    wanted = ("go_backwards", *_COMMON)
    if not isinstance(layer, Layer) or not all(hasattr(layer, name) for name in wanted):
        raise ValueError(
            f"Bidirectional: `{argument}` must be a recurrent layer, such as LSTM(64): a layer that has "
            f"{', '.join(wanted)}. Got {layer!r}."
        )


def _require_pair(forward: Any, backward: Any) -> None:
    if bool(forward.go_backwards) == bool(backward.go_backwards):
        raise ValueError(
            f"Bidirectional: one of the two layers must have `go_backwards=True`, but both have {forward.go_backwards}."
        )
    for name in _COMMON:
        ahead, back = getattr(forward, name), getattr(backward, name)
        if ahead != back:
            raise ValueError(
                f"Bidirectional: `{name}` must be the same for both layers, but it is {ahead} for the forward layer and "
                f"{back} for the backward layer."
            )
