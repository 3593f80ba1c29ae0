"""Dense: y = f(x W + b), a layer of neurons of which each sees every input."""

from __future__ import annotations

from typing import Any

from schuss import activations, constraints, initializers, ops, regularizers
from schuss.layers._input_spec import InputSpec
from schuss.layers._low_rank import AdaptedWeight, LowRank
from schuss.layers._shapes import is_integer


class Dense(LowRank):
    """``y = f(x W + b)``: each of `units` neurons takes a weighted sum of all inputs, adds its bias, applies
    f.

    Args:
        units: number of neurons, the size of the output's last axis. Positive integer.
        activation: f: a name, function or None for the identity (default).
        use_bias: whether there is a b. Default True.
        kernel_initializer: of W. Default ``"glorot_uniform"``.
        bias_initializer: of b. Default ``"zeros"``.
        kernel_regularizer, bias_regularizer: penalties on W and b, added to the loss. Default None.
        activity_regularizer: penalty on y. Default None.
        kernel_constraint, bias_constraint: applied to W and b after each update. Default None.
        lora_rank, lora_alpha: of an adapter of low rank, which learns while W stays (`enable_lora`). Default None.
        **kwargs: ``name``, ``dtype``, ``trainable``, ``input_shape`` as for every `Layer`.

    Input shape: ``(batch, …, n)``, at least 2 axes. Output shape: ``(batch, …, units)``.

    Weights: ``kernel`` W, shape ``(n, units)``; ``bias`` b, shape ``(units,)``.

    Raises:
        ValueError: `units` is not a positive integer; an input with fewer than 2 axes, or with another last
            axis than at the first call.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.Dense(2, activation="relu", kernel_initializer="ones")
        >>> layer(np.array([[1.0, 2.0, 3.0]])).tolist()
        [[6.0, 6.0]]
    """

    kernel = AdaptedWeight()

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ):
        if not is_integer(units) or units <= 0:
            raise ValueError(
                f"Dense: `units` must be a positive integer, the number of neurons; got {units!r}."
            )
        super().__init__(
            lora_rank=lora_rank, lora_alpha=lora_alpha, activity_regularizer=activity_regularizer, **kwargs
        )
        self.units = int(units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        size = input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})

    def call(self, inputs: Any, training: Any = None) -> Any:
        x = ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return self.activation(x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }
