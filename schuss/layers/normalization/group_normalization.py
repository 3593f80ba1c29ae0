"""GroupNormalization: each example brought to a common scale by groups of its channels."""

from __future__ import annotations

from typing import Any

from schuss import constraints, initializers, ops, regularizers
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.ops._standardized import standardized

_KINDS = (("initializer", initializers), ("regularizer", regularizers), ("constraint", constraints))


class GroupNormalization(Layer):
    """``y = γ·(x − μ) / √(σ² + ε) + β``, with mean μ and variance σ² of each example and each group of
    channels, over all other axes.

    Args:
        groups: int: number of groups, a divisor of the number of channels; −1: one for each channel
            (instance normalization). Default 32.
        axis: int: the channels' axis. Default -1.
        epsilon: ε. Default 1e-3.
        center, scale: whether there are β and γ. Default True.
        beta_initializer, gamma_initializer: zeros, ones.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: default None.

    Weights: ``gamma`` γ, ``beta`` β, [channels].

    Source: Wu and He, Group Normalization (2018).

    Example:
        >>> import numpy as np, schuss
        >>> y = schuss.layers.GroupNormalization(groups=2)(np.array([[1.0, 3.0, 10.0, 30.0]]))
        >>> [round(float(v), 2) for v in y[0]]
        [-1.0, 1.0, -1.0, 1.0]
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        if not is_integer(groups) or (groups <= 0 and groups != -1):
            raise ValueError(
                "GroupNormalization: `groups` must be a positive integer, or -1 for instance normalization; "
                f"got {groups!r}."
            )
        super().__init__(**kwargs)
        self.groups, self.axis, self.epsilon = groups, axis, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        channels = input_shape[self.axis]
        if channels is None:
            raise ValueError(
                f'Layer "{self.name}" (GroupNormalization): axis {self.axis} must have a known size, but the input '
                f"shape is {tuple(input_shape)}."
            )
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ValueError(
                f'Layer "{self.name}" (GroupNormalization): the {channels} channels cannot be divided into '
                f"{self.groups} equal groups."
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})
        self.gamma = self._channel_weight("gamma", channels) if self.scale else None
        self.beta = self._channel_weight("beta", channels) if self.center else None

    def _channel_weight(self, name: str, channels: int) -> Any:
        given = {kind: getattr(self, f"{name}_{kind}") for kind, _ in _KINDS}
        return self.add_weight(name=name, shape=(channels,), autocast=False, **given)

    def call(self, inputs: Any) -> Any:
        shape = tuple(inputs.shape)
        place = self.axis % len(shape)
        size = shape[place] // self.groups
        x = ops.cast(inputs, "float32") if inputs.dtype.itemsize < 4 else inputs
        x = ops.reshape(x, (*shape[:place], self.groups, size, *shape[place + 1 :]))
        axes = tuple(i for i in range(1, len(x.shape)) if i != place)
        spread = tuple(n if i in (place, place + 1) else 1 for i, n in enumerate(x.shape))
        gamma, beta = (
            None if v is None else ops.reshape(ops.cast(v, x.dtype), spread) for v in (self.gamma, self.beta)
        )
        y = standardized(x, gamma, beta, axes, self.epsilon)
        return ops.cast(ops.reshape(y, shape), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise ValueError(
                f'Layer "{self.name}" (GroupNormalization): axis {self.axis} is not within the input\'s '
                f"{len(input_shape)} axes."
            )
        return input_shape

    def get_config(self) -> dict[str, Any]:
        parts = {
            f"{name}_{kind}": module.serialize(getattr(self, f"{name}_{kind}"))
            for kind, module in _KINDS
            for name in ("beta", "gamma")
        }
        return {
            **super().get_config(),
            "groups": self.groups,
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **parts,
        }
