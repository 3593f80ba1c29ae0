"""BatchNormalization: each feature at mean 0 and variance 1 over the batch, then scaled and shifted."""

from __future__ import annotations

from typing import Any

from schuss import constraints, initializers, ops, regularizers
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer


class BatchNormalization(Layer):
    """``y = γ·(x − μ) / √(σ² + ε) + β`` for each feature. In training μ and σ² are those of the batch, and
    the moving figures follow them: ``moving ← momentum·moving + (1 − momentum)·batch``. Outside of it the
    moving ones are used.

    Args:
        axis: the features' axis. Default -1.
        momentum: of the moving figures. Default 0.99.
        epsilon: ε. Default 1e-3.
        center, scale: whether there are β and γ. Default True.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: zeros,
            ones, zeros, ones.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: default None.
        synchronized: accepted as in Keras.

    Call arguments: ``training``; ``mask``, bool ``(batch, time)``: places that do not count in the figures.

    Weights: ``gamma`` γ, ``beta`` β, ``moving_mean``, ``moving_variance``, shape ``(features,)``; the moving
    figures are not trainable. A layer with ``trainable = False`` uses the moving figures in training, too.

    Source: Ioffe and Szegedy, Batch Normalization (2015).
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        synchronized: bool = False,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if renorm:
            raise ValueError("BatchNormalization: `renorm=True` is not supported.")
        self.axis, self.momentum, self.epsilon = axis, momentum, epsilon
        self.center, self.scale, self.synchronized = center, scale, synchronized
        self._renorm = {
            "renorm": False,
            "renorm_clipping": renorm_clipping,
            "renorm_momentum": renorm_momentum,
        }
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        ndim = len(input_shape)
        if not -ndim <= self.axis < ndim:
            raise ValueError(
                f'Layer "{self.name}" (BatchNormalization): axis {self.axis} is not an axis of an input of shape '
                f"{tuple(input_shape)}."
            )
        shape = (input_shape[self.axis],)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )
        self.moving_mean = self.add_weight(
            name="moving_mean",
            shape=shape,
            initializer=self.moving_mean_initializer,
            trainable=False,
            autocast=False,
        )
        self.moving_variance = self.add_weight(
            name="moving_variance",
            shape=shape,
            initializer=self.moving_variance_initializer,
            trainable=False,
            autocast=False,
        )
        self.input_spec = InputSpec(ndim=ndim, axes={self.axis % ndim: shape[0]})

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        x = ops.cast(inputs, "float32") if self.compute_dtype == "float16" else inputs
        axis = self.axis % len(x.shape)
        shape = tuple(n if i == axis else 1 for i, n in enumerate(x.shape))
        if training and self.trainable:
            mean, variance = self._batch_figures(x, axis, mask)
            for moving, figure in ((self.moving_mean, mean), (self.moving_variance, variance)):
                kept = ops.multiply(moving, self.momentum)
                moving.assign(
                    ops.add(kept, ops.multiply(ops.reshape(figure, moving.shape), 1.0 - self.momentum))
                )
        else:
            mean, variance = (ops.reshape(v, shape) for v in (self.moving_mean, self.moving_variance))
        factor = ops.rsqrt(ops.add(variance, self.epsilon))
        if self.gamma is not None:
            factor = ops.multiply(factor, ops.reshape(self.gamma, shape))
        y = ops.multiply(ops.subtract(x, mean), factor)
        if self.beta is not None:
            y = ops.add(y, ops.reshape(self.beta, shape))
        return ops.cast(y, self.compute_dtype)

    def _batch_figures(self, x: Any, axis: int, mask: Any) -> tuple[Any, Any]:
        """Mean and variance of each feature over all other axes, where `mask` is not False; axes kept."""
        axes = tuple(i for i in range(len(x.shape)) if i != axis)
        if mask is None:
            mean = ops.mean(x, axis=axes, keepdims=True)
            return mean, ops.mean(ops.square(ops.subtract(x, mean)), axis=axes, keepdims=True)
        counted = ops.reshape(mask, (*mask.shape, *(1,) * (len(x.shape) - len(mask.shape))))
        weight = ops.broadcast_to(ops.cast(counted, x.dtype), x.shape)
        total = ops.add(ops.sum(weight, axis=axes, keepdims=True), 1e-7)
        mean = ops.divide(ops.sum(ops.multiply(weight, x), axis=axes, keepdims=True), total)
        squares = ops.multiply(weight, ops.square(ops.subtract(x, mean)))
        return mean, ops.divide(ops.sum(squares, axis=axes, keepdims=True), total)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
            "synchronized": self.synchronized,
            **self._renorm,
        }
