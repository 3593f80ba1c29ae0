"""EinsumDense: a dense layer over whatever axes an equation says."""

from __future__ import annotations

from typing import Any

from schuss import activations, constraints, initializers, ops, regularizers
from schuss.layers._input_spec import InputSpec
from schuss.layers._low_rank import AdaptedWeight, LowRank
from schuss.layers._shapes import is_integer


class EinsumDense(LowRank):
    """``y = f(einsum(equation, x, W) + b)``.

    Args:
        equation: of x and W, ``"ab,bc->ac"``; ``...`` stands for any further axes of x and y.
        output_shape: shape of y without the batch axis (and without the axes that ``...`` stands for); None
            for axes whose size x gives. An int for one axis.
        activation: f. Default None.
        bias_axes: letters of y along which b has sizes of its own; default None, no b.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint,
            bias_constraint, lora_rank, lora_alpha, activity_regularizer: as in `Dense`.

    Weights: ``kernel`` W; ``bias`` b.

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")
        >>> layer(np.zeros((2, 32, 128))).shape
        (2, 32, 64)
    """

    kernel = AdaptedWeight()

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ):
        super().__init__(lora_rank=lora_rank, lora_alpha=lora_alpha, **kwargs)
        self.equation = equation
        self.partial_output_shape = (output_shape,) if is_integer(output_shape) else tuple(output_shape)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        _terms(equation)

    def build(self, input_shape: Any) -> None:
        x_letters, w_letters, y_letters = _terms(self.equation)
        sizes = self._sizes(x_letters, y_letters, tuple(input_shape))
        self.input_spec = InputSpec(ndim=len(input_shape))
        unknown = [c for c in w_letters if c not in sizes] + [c for c in y_letters if c not in (*sizes, ".")]
        if unknown:
            raise ValueError(
                f'Layer "{self.name}" (EinsumDense): the letter {unknown[0]!r} in {self.equation!r} has no size: a '
                "letter of W must also be one of x or y, and a letter of y one of x or W."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=tuple(sizes[c] for c in w_letters),
            initializer=_fitted(self.kernel_initializer, w_letters, y_letters),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.bias_axes:
            letters = y_letters.replace(".", "")
            unknown = [c for c in self.bias_axes if c not in letters]
            if unknown:
                raise ValueError(
                    f'Layer "{self.name}" (EinsumDense): `bias_axes` {self.bias_axes!r} must be letters of the output '
                    f"{y_letters!r}."
                )
            first = min(letters.index(c) for c in self.bias_axes)
            shape = [sizes[c] if c in self.bias_axes else 1 for c in letters[first:]]
            if y_letters.endswith("."):
                shape += [1] * (len(input_shape) - len(x_letters.replace(".", "")))
            self.bias = self.add_weight(
                name="bias",
                shape=tuple(shape),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _sizes(self, x_letters: str, y_letters: str, input_shape: tuple[Any, ...]) -> dict[str, Any]:
        """The size that each letter stands for, from the shapes of input and output."""
        x_named, y_named = x_letters.replace(".", ""), y_letters.replace(".", "")
        free = len(input_shape) - len(x_named)
        if free < 0 or (free and "." not in x_letters):
            raise ValueError(
                f'Layer "{self.name}" (EinsumDense): the equation {self.equation!r} does not fit an input of shape '
                f"{input_shape}."
            )
        place = x_letters.index(".") if "." in x_letters else len(x_letters)
        named_sizes = [*input_shape[:place], *input_shape[place + free :]]
        sizes = dict(zip(x_named, named_sizes, strict=True))
        given = self.partial_output_shape
        if "." in y_letters and y_letters[0] == ".":
            letters_given = y_named[-len(given) :] if given else ""
        else:
            letters_given = y_named[1:]
        if len(letters_given) != len(given):
            raise ValueError(
                f'Layer "{self.name}" (EinsumDense): `output_shape` {given} must have a size for each of the letters '
                f"{letters_given!r} of the output in {self.equation!r}."
            )
        for letter, size in zip(letters_given, given, strict=True):
            if size is None:
                continue
            if sizes.get(letter) not in (None, size):
                raise ValueError(
                    f'Layer "{self.name}" (EinsumDense): `output_shape` {given} says that {letter!r} is {size}, but the '
                    f"input, of shape {input_shape}, has {sizes[letter]}."
                )
            sizes[letter] = size
        return sizes

    def call(self, inputs: Any, training: Any = None) -> Any:
        x = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }


def _fitted(initializer: Any, w_letters: str, y_letters: str) -> Any:
    """The initializer with the axes of W that y has as outputs and the others as inputs, unless it was given
    axes: where Glorot's and He's variances get their fans from."""
    if not isinstance(initializer, initializers.VarianceScaling) or (
        initializer.input_axes is not None and initializer.output_axes is not None
    ):
        return initializer
    axes: dict[bool, list[int]] = {True: [], False: []}
    for axis, letter in enumerate(w_letters):
        axes[letter in y_letters].append(axis)
    config = {
        **initializer.get_config(),
        "seed": initializer.seed,
        "input_axes": axes[False],
        "output_axes": axes[True],
    }
    return type(initializer).from_config(config)


def _terms(equation: str) -> tuple[str, str, str]:
    """The letters of x, W and y; ``.`` for an ellipsis."""
    parts = equation.replace(" ", "").replace("...", ".").replace("->", ",").split(",")
    if len(parts) != 3 or "->" not in equation:
        raise ValueError(f'EinsumDense: the equation must look like "ab,bc->ac", got {equation!r}.')
    return parts[0], parts[1], parts[2]
