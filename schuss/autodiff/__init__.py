"""Backpropagation. In: functions written in `schuss.ops`, or a trace. Out: their derivatives, as functions or
more trace.

One rule for each primitive (`rules`), one walk backwards over recorded nodes (`backward`); everything else
puts arguments in and takes results out. Nothing here knows layers or machines.
"""

from schuss.autodiff import rules
from schuss.autodiff._backward import backward
from schuss.autodiff._functions import grad, gradients, value_and_grad
from schuss.autodiff._products import hvp, jvp, vjp
from schuss.ops import custom_gradient, stop_gradient

__all__ = [
    "backward", "custom_gradient", "grad", "gradients", "hvp", "jvp", "rules", "stop_gradient", "value_and_grad", "vjp",
]  # fmt: skip
