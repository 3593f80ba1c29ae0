"""Dropout in cells: masks that are drawn once for a whole sequence, not anew in every time step."""

from __future__ import annotations

from typing import Any

from schuss import ops, random
from schuss.graph import active_trace
from schuss.random import SeedGenerator


class _Drawn:
    """Masks that were drawn, with the trace in which they are known."""

    def __init__(self, shape: tuple[int, ...], masks: Any):
        self.shape, self.masks, self.trace = shape, masks, active_trace()

    def serves(self, shape: tuple[int, ...]) -> bool:
        """Whether the masks can be used here: for inputs of this shape, in the same trace or one within."""
        if shape != self.shape:
            return False
        trace = active_trace()
        while trace is not None and trace is not self.trace:
            trace = trace.parent
        return trace is self.trace


class DropoutRNNCell:
    """What a cell needs for dropout: masks for its inputs and for its state, which `RNN` has drawn before the first
    time step and forgets after the last.

    A cell that inherits from it beside `Layer` has ``dropout`` and ``recurrent_dropout`` (rates), a
    ``seed_generator``, and ``dropout_mask_count`` (how many masks, one for each gate; None for one that is no list).

    Source: Gal and Ghahramani, A Theoretically Grounded Application of Dropout in Recurrent Neural Networks (2016).
    """

    dropout: float
    recurrent_dropout: float
    seed_generator: SeedGenerator
    dropout_mask_count: int | None = None
    _drawn: _Drawn | None = None
    _drawn_recurrent: _Drawn | None = None

    def get_dropout_mask(self, step_input: Any) -> Any:
        """What the inputs of a time step are to be multiplied with: 0 or 1 / (1 − rate); a list of these where each
        gate has its own; None for a rate of 0. The same until `reset_dropout_mask`."""
        if self.dropout == 0:
            return None
        shape = tuple(step_input.shape)
        if self._drawn is None or not self._drawn.serves(shape):
            self._drawn = _Drawn(shape, self._masks(shape, step_input.dtype, self.dropout))
        return self._drawn.masks

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        """As `get_dropout_mask`, for the state."""
        if self.recurrent_dropout == 0:
            return None
        shape = tuple(step_input.shape)
        if self._drawn_recurrent is None or not self._drawn_recurrent.serves(shape):
            masks = self._masks(shape, step_input.dtype, self.recurrent_dropout)
            self._drawn_recurrent = _Drawn(shape, masks)
        return self._drawn_recurrent.masks

    def _masks(self, shape: tuple[int, ...], dtype: Any, rate: float) -> Any:
        def mask() -> Any:
            return random.dropout(ops.ones(shape, dtype=dtype), rate, seed=self.seed_generator)

        count = self.dropout_mask_count
        return mask() if count is None else [mask() for _ in range(count)]

    def reset_dropout_mask(self) -> None:
        """Forget the inputs' masks: the next are new ones."""
        self._drawn = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Forget the state's masks: the next are new ones."""
        self._drawn_recurrent = None
