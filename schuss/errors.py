"""Errors with a class of their own."""

from __future__ import annotations


class NonFiniteLossError(FloatingPointError):
    """The loss became NaN or infinite in training. The model is as it was before the step at which it did.

    Attributes:
        epoch, step: where, counted from 1.
        layer: the path of the layer (or "loss", "optimizer", …) in which the first such number appeared.
        primitive: the operation that made it.
    """

    def __init__(self, message: str, epoch: int, step: int, layer: str = "", primitive: str = ""):
        super().__init__(message)
        self.epoch, self.step, self.layer, self.primitive = epoch, step, layer, primitive
