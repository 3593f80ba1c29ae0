"""LayerNormalization, RMSNormalization, UnitNormalization: each example brought to a common scale by
itself."""

from __future__ import annotations

from typing import Any

from schuss import constraints, initializers, ops, regularizers
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.ops._standardized import standardized


def _axes(owner: str, axis: Any) -> Any:
    if is_integer(axis):
        return int(axis)
    if isinstance(axis, (list, tuple)) and axis and all(is_integer(a) for a in axis):
        return list(axis)
    raise TypeError(f"{owner}: `axis` must be an integer or a list of integers, got {axis!r}.")


def _places(layer: Any, ndim: int) -> tuple[int, ...]:
    """The layer's axes, counted from 0, in order."""
    axes = [layer.axis] if is_integer(layer.axis) else layer.axis
    if any(not -ndim <= axis < ndim for axis in axes):
        raise ValueError(
            f'Layer "{layer.name}" ({type(layer).__name__}): axis {layer.axis} is not within the input\'s {ndim} axes.'
        )
    return tuple(sorted(axis % ndim for axis in axes))


def _weight_shape(layer: Any, input_shape: tuple[int, ...]) -> tuple[int, ...]:
    """The input's sizes along the layer's axes, in the order of the numbers as they were given: with
    ``axis=[-1, 1]`` the last axis comes first, as in Keras's files."""
    _places(layer, len(input_shape))
    axes = [layer.axis] if is_integer(layer.axis) else sorted(layer.axis)
    return tuple(input_shape[axis] for axis in axes)


class LayerNormalization(Layer):
    """``y = γ·(x − μ) / √(σ² + ε) + β``, with mean μ and variance σ² of each example over `axis`.

    Args:
        axis: an int or several. Default -1.
        epsilon: ε. Default 1e-3.
        center, scale: whether there are β and γ. Default True.
        beta_initializer, gamma_initializer: zeros, ones.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: default None.
        rms_scaling: compute ``y = γ·x / √(σ² + ε)`` instead, always with γ and never with β. Default False.

    Weights: ``gamma`` γ, ``beta`` β, with the sizes of the input along `axis`.

    Source: Ba, Kiros, Hinton, Layer Normalization (2016).

    Example:
        >>> import numpy as np, schuss
        >>> y = schuss.layers.LayerNormalization()(np.array([[1.0, 3.0]]))
        >>> [round(float(v), 3) for v in y[0]]
        [-1.0, 1.0]
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.axis = _axes("LayerNormalization", axis)
        self.epsilon, self.center, self.scale, self.rms_scaling = epsilon, center, scale, rms_scaling
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shape = _weight_shape(self, tuple(input_shape))
        self.gamma = self.beta = None
        if self.scale or self.rms_scaling:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center and not self.rms_scaling:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )

    def call(self, inputs: Any) -> Any:
        x = ops.cast(inputs, "float32") if self.compute_dtype == "float16" else inputs
        axes = _places(self, len(x.shape))
        shape = tuple(n if i in axes else 1 for i, n in enumerate(x.shape))
        gamma, beta = (None if v is None else ops.reshape(v, shape) for v in (self.gamma, self.beta))
        if not self.rms_scaling:
            return ops.cast(standardized(x, gamma, beta, axes, self.epsilon), self.compute_dtype)
        centered = ops.subtract(x, ops.mean(x, axis=axes, keepdims=True))
        variance = ops.mean(ops.square(centered), axis=axes, keepdims=True)
        factor = ops.rsqrt(ops.add(variance, self.epsilon))
        y = ops.multiply(x, factor if gamma is None else ops.multiply(factor, gamma))
        return ops.cast(y, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "rms_scaling": self.rms_scaling,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }


class RMSNormalization(Layer):
    """``y = scale·x / √(mean(x²) + ε)``, the mean taken for each example over `axis`.

    Args:
        axis: an int or several. Default -1.
        epsilon: ε. Default 1e-6.

    Weights: ``scale``, with the sizes of the input along `axis`, ones at first.

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization (2019).
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis, self.epsilon = _axes("RMSNormalization", axis), epsilon

    def build(self, input_shape: Any) -> None:
        shape = _weight_shape(self, tuple(input_shape))
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")

    def call(self, inputs: Any) -> Any:
        x = ops.cast(inputs, "float32") if self.compute_dtype == "float16" else inputs
        axes = _places(self, len(x.shape))
        shape = tuple(n if i in axes else 1 for i, n in enumerate(x.shape))
        factor = ops.rsqrt(ops.add(ops.mean(ops.square(x), axis=axes, keepdims=True), self.epsilon))
        return ops.cast(
            ops.multiply(ops.multiply(x, factor), ops.reshape(self.scale, shape)), self.compute_dtype
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


class UnitNormalization(Layer):
    """``y = x / ‖x‖``: each example has length 1 along `axis`.

    Args:
        axis: an int or several. Default -1.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = _axes("UnitNormalization", axis)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return ops.normalize(inputs, axis=_places(self, len(inputs.shape)), order=2, epsilon=1e-12)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
