"""ReLU, LeakyReLU, PReLU, ELU, Softmax: activation functions with arguments, or with weights."""

from __future__ import annotations

from typing import Any

from schuss import activations, constraints, initializers, ops, regularizers
from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer


class _Elementwise(Layer):
    """A function of each element, without weights."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class ReLU(_Elementwise):
    """``y = max(x, 0)``, or in general: ``max_value`` above it, x above `threshold`, below
    ``negative_slope·(x − threshold)``.

    Args:
        max_value: upper limit, at least 0. Default None.
        negative_slope: slope below the threshold, at least 0. Default 0.
        threshold: at least 0. Default 0.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.ReLU(max_value=6)(np.array([-1.0, 2.0, 9.0])).tolist()
        [0.0, 2.0, 6.0]
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        for name, value in (
            ("max_value", max_value),
            ("negative_slope", negative_slope),
            ("threshold", threshold),
        ):
            if (value is None and name != "max_value") or (value is not None and value < 0):
                raise ValueError(f"ReLU: `{name}` must be a number of at least 0, got {value!r}.")
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, inputs: Any) -> Any:
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(_Elementwise):
    """``y = x`` where x > 0, else ``negative_slope·x``.

    Args:
        negative_slope: at least 0. Default 0.3.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.LeakyReLU(0.5)(np.array([-2.0, 2.0])).tolist()
        [-1.0, 2.0]
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any):
        negative_slope = kwargs.pop("alpha", negative_slope)
        if negative_slope is None or negative_slope < 0:
            raise ValueError(
                f"LeakyReLU: `negative_slope` must be a number of at least 0, got {negative_slope!r}."
            )
        super().__init__(**kwargs)
        self.negative_slope = negative_slope

    def call(self, inputs: Any) -> Any:
        return ops.leaky_relu(inputs, negative_slope=self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(_Elementwise):
    """``y = x`` where x > 0, else ``alpha·(eˣ − 1)``.

    Args:
        alpha: at least 0. Default 1.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return ops.elu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class Softmax(_Elementwise):
    """``yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)`` along an axis: non-negative numbers that sum to 1.

    Args:
        axis: an int, or several. Default -1.

    Call arguments: ``mask``, bool (or numbers, above ½ for True) that broadcasts to the input's shape: where
    False, y is 0.

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.Softmax()(np.array([[0.0, 0.0]])).tolist()
        [[0.5, 0.5]]
    """

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            if len(mask.shape) > len(inputs.shape) or any(
                m not in (1, n) for m, n in zip(mask.shape[::-1], inputs.shape[::-1])
            ):
                raise ValueError(
                    f'Layer "{self.name}" (Softmax): `mask`, of shape {tuple(mask.shape)}, must broadcast to the '
                    f"input, of shape {tuple(inputs.shape)}."
                )
            mask = mask if str(mask.dtype) == "bool" else ops.greater(mask, 0.5)
            low = -3e4 if self.compute_dtype == "float16" else -3.4028235e38 / 2
            inputs = ops.where(mask, inputs, ops.cast(low, inputs.dtype))
        axes = tuple(self.axis) if isinstance(self.axis, (list, tuple)) else self.axis
        y = activations.softmax(inputs, axis=axes[0] if isinstance(axes, tuple) and len(axes) == 1 else axes)
        return y if mask is None else ops.where(mask, y, ops.zeros_like(y))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class PReLU(Layer):
    """``y = x`` where x > 0, else ``α·x``, with a learned α for each place of an example.

    Args:
        alpha_initializer: default ``"zeros"``. alpha_regularizer, alpha_constraint: default None.
        shared_axes: axes (from 1 on) along which α is the same; ``[1, 2]`` for one α for each channel of
            images.

    Weights: ``alpha``, the input's shape without the batch axis, with 1 for shared axes.

    Source: He et al., Delving Deep into Rectifiers (2015).
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = (
            None
            if shared_axes is None
            else list(shared_axes)
            if hasattr(shared_axes, "__iter__")
            else [shared_axes]
        )
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        wrong = [axis for axis in self.shared_axes or [] if not 1 <= axis < len(input_shape)]
        if wrong:
            raise ValueError(
                f'Layer "{self.name}" (PReLU): `shared_axes` must be axes of the input from 1 on, 1 to '
                f"{len(input_shape) - 1} for the shape {tuple(input_shape)}; got {self.shared_axes}."
            )
        shared = [axis - 1 for axis in self.shared_axes or []]
        shape = tuple(1 if i in shared else n for i, n in enumerate(input_shape[1:]))
        self.alpha = self.add_weight(
            name="alpha",
            shape=shape,
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        axes = {i: n for i, n in enumerate(input_shape) if i > 0 and i - 1 not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Any:
        return ops.subtract(ops.relu(inputs), ops.multiply(self.alpha, ops.relu(ops.negative(inputs))))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }
