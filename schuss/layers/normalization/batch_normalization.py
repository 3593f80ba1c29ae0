"""BatchNormalization: each feature at mean 0 and variance 1 over the batch, then scaled and shifted."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import constraints, initializers, ops, regularizers
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.ops._standardized import mean_and_variance, standardized


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
        renorm: whether what the batch is normalized by is brought near to slower figures m and s of earlier batches:
            ``y = γ·(r·(x − μ) / √(σ² + ε) + d) + β`` with ``r = √(σ² + ε) / s`` and ``d = (μ − m) / s``, which count as
            constants in the gradient. Default False.
        renorm_clipping: dict with some of ``"rmin"``, ``"rmax"``, ``"dmax"``: r is kept between rmin and rmax, d between
            −dmax and dmax. Default None: no limits.
        renorm_momentum: of m and s. Default 0.99.
        synchronized: accepted as in Keras.

    Call arguments: ``training``; ``mask``, bool ``(batch, time)``: places that do not count in the figures.

    Weights: ``gamma`` γ, ``beta`` β, ``moving_mean``, ``moving_variance``, shape ``(features,)``; the moving
    figures are not trainable. With `renorm` also ``moving_stddev``, ``renorm_mean`` m, ``renorm_stddev`` s. A layer with
    ``trainable = False`` uses the moving figures in training, too.

    Raises:
        ValueError: `axis` or `renorm_clipping` out of range; a mask with as many axes as the input.

    Source: Ioffe and Szegedy, Batch Normalization (2015); Ioffe, Batch Renormalization (2017).

    Example:
        >>> import numpy as np, schuss
        >>> y = schuss.layers.BatchNormalization()(np.array([[1.0], [3.0]]), training=True)
        >>> [round(float(v), 3) for v in y.ravel()]
        [-1.0, 1.0]
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
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if isinstance(axis, (list, tuple)) and len(axis) == 1:  # as in files of Keras 2
            axis = axis[0]
        if not is_integer(axis):
            raise TypeError(f"BatchNormalization: `axis` must be an integer; got {axis!r}.")
        self.axis, self.momentum, self.epsilon = int(axis), float(momentum), float(epsilon)
        self.center, self.scale, self.synchronized = center, scale, synchronized
        self.renorm, self.renorm_momentum = renorm, renorm_momentum
        self.renorm_clipping = _checked_limits(renorm_clipping or {}) if renorm else renorm_clipping
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
        self.moving_mean = self._figure("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self._figure("moving_variance", shape, self.moving_variance_initializer)
        if self.renorm:
            deviation = np.sqrt(self.moving_variance.numpy())
            self.moving_stddev = self._figure("moving_stddev", shape, lambda *_, **__: deviation)
            self.renorm_mean = self._figure("renorm_mean", shape, lambda *_, **__: self.moving_mean.numpy())
            self.renorm_stddev = self._figure("renorm_stddev", shape, lambda *_, **__: deviation)
        self.input_spec = InputSpec(ndim=ndim, axes={self.axis % ndim: shape[0]})

    def _figure(self, name: str, shape: tuple[int, ...], initializer: Any) -> Any:
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, trainable=False, autocast=False
        )

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        x = ops.cast(inputs, "float32") if self.compute_dtype == "float16" else inputs
        axis = self.axis % len(x.shape)
        shape = tuple(n if i == axis else 1 for i, n in enumerate(x.shape))
        gamma, beta = (None if v is None else ops.reshape(v, shape) for v in (self.gamma, self.beta))
        if training and self.trainable:
            mean, variance = self._batch_figures(x, axis, mask)
            if self.renorm:
                gamma, beta = self._corrected(gamma, beta, mean, variance)
                self._follow_deviation(variance)
            else:
                _follow(self.moving_variance, variance, self.momentum)
            _follow(self.moving_mean, mean, self.momentum)
            if mask is None and not self.renorm:
                axes = tuple(i for i in range(len(shape)) if i != axis)
                return ops.cast(standardized(x, gamma, beta, axes, self.epsilon), self.compute_dtype)
        else:
            mean, variance = (ops.reshape(v, shape) for v in (self.moving_mean, self.moving_variance))
        factor = ops.rsqrt(ops.add(variance, self.epsilon))
        if gamma is not None:
            factor = ops.multiply(factor, gamma)
        y = ops.multiply(ops.subtract(x, mean), factor)
        if beta is not None:
            y = ops.add(y, beta)
        return ops.cast(y, self.compute_dtype)

    def _batch_figures(self, x: Any, axis: int, mask: Any) -> tuple[Any, Any]:
        """Mean and variance of each feature over all other axes, where `mask` is not False; axes kept."""
        axes = tuple(i for i in range(len(x.shape)) if i != axis)
        if mask is None:
            return mean_and_variance(x, axes)
        if len(mask.shape) >= len(x.shape):
            raise ValueError(
                f'Layer "{self.name}" (BatchNormalization): the mask must have fewer axes than the input; got a mask of '
                f"shape {tuple(mask.shape)} for an input of shape {tuple(x.shape)}."
            )
        counted = ops.reshape(mask, (*mask.shape, *(1,) * (len(x.shape) - len(mask.shape))))
        counted = ops.broadcast_to(ops.cast(counted, "bool"), x.shape)
        total = ops.add(ops.sum(ops.cast(counted, x.dtype), axis=axes, keepdims=True), 1e-7)
        nothing = ops.zeros_like(x)
        mean = ops.divide(ops.sum(ops.where(counted, x, nothing), axis=axes, keepdims=True), total)
        squares = ops.square(ops.where(counted, ops.subtract(x, mean), nothing))
        return mean, ops.divide(ops.sum(squares, axis=axes, keepdims=True), total)

    def _corrected(self, gamma: Any, beta: Any, mean: Any, variance: Any) -> tuple[Any, Any]:
        """γ·r and γ·d + β; afterwards m and s follow the batch."""
        deviation = ops.sqrt(ops.add(variance, self.epsilon))
        m, s = (ops.reshape(v, mean.shape) for v in (self.renorm_mean, self.renorm_stddev))
        s = ops.maximum(s, self.epsilon**0.5)
        r, d = ops.divide(deviation, s), ops.divide(ops.subtract(mean, m), s)
        limits = self.renorm_clipping or {}
        if limits.get("rmin") is not None:
            r = ops.maximum(r, limits["rmin"])
        if limits.get("rmax") is not None:
            r = ops.minimum(r, limits["rmax"])
        if limits.get("dmax") is not None:
            d = ops.clip(d, -limits["dmax"], limits["dmax"])
        _follow(self.renorm_mean, mean, self.renorm_momentum)
        _follow(self.renorm_stddev, deviation, self.renorm_momentum)
        r, d = ops.stop_gradient(r), ops.stop_gradient(d)
        if gamma is not None:
            r, d = ops.multiply(r, gamma), ops.multiply(d, gamma)
        return r, d if beta is None else ops.add(d, beta)

    def _follow_deviation(self, variance: Any) -> None:
        """The moving deviation follows the batch's, as in the paper; the moving variance is what is left of it without
        ε."""
        _follow(self.moving_stddev, ops.sqrt(ops.add(variance, self.epsilon)), self.momentum)
        square = ops.square(ops.cast(self.moving_stddev, self.moving_stddev.dtype))
        self.moving_variance.assign(ops.maximum(ops.subtract(square, self.epsilon), 0.0))

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
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }


def _follow(moving: Any, figure: Any, momentum: float) -> None:
    """``moving ← momentum·moving + (1 − momentum)·figure``."""
    kept = ops.multiply(moving, momentum)
    moving.assign(ops.add(kept, ops.multiply(ops.reshape(figure, moving.shape), 1.0 - momentum)))


def _checked_limits(limits: dict[str, Any]) -> dict[str, Any]:
    unknown = set(limits) - {"rmin", "rmax", "dmax"}
    if unknown:
        raise ValueError(
            f"BatchNormalization: `renorm_clipping` may have 'rmin', 'rmax' and 'dmax'; got {sorted(unknown)}."
        )
    rmin, rmax, dmax = (limits.get(name) for name in ("rmin", "rmax", "dmax"))
    if (rmin is not None and rmax is not None and rmax < rmin) or (dmax is not None and dmax < 0):
        raise ValueError(
            f"BatchNormalization: `renorm_clipping` needs rmin ≤ rmax and dmax ≥ 0; got {limits}."
        )
    return limits
