"""SpectralNormalization: a layer whose kernel is kept at a largest singular value of 1."""

from __future__ import annotations

from typing import Any

from schuss import initializers, ops
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.layers.core.wrapper import Wrapper


class SpectralNormalization(Wrapper):
    """A layer around another one, whose kernel W is divided by its largest singular value, W ← W / σ(W), in each call
    in training, which bounds how much outputs differ where inputs do.

    σ is found by power iteration: ``v = u Wᵀ / ‖u Wᵀ‖``, ``u = v W / ‖v W‖``, ``σ = v W uᵀ``, with W as a matrix
    ``(…, last axis)`` and u kept from call to call. The gradient is that by the divided kernel. A kernel of zeros is
    left as it is.

    Args:
        layer: the layer; one with a ``kernel`` (`Dense`, `Conv2D`, …) or with ``embeddings``.
        power_iterations: how many iterations in each call. Positive integer. Default 1.

    Call arguments: ``training``: the kernel is divided only if it is true.

    Weights: those of the layer, and ``vector_u`` u, shape ``(1, last axis of W)``, not trainable.

    Raises:
        ValueError: `power_iterations` out of range; a layer with neither.

    Source: Miyato et al., Spectral Normalization for Generative Adversarial Networks (2018).

    Example:
        >>> import numpy as np, schuss
        >>> layer = schuss.layers.SpectralNormalization(schuss.layers.Dense(2, kernel_initializer="ones"))
        >>> y = layer(np.eye(2), training=True)
        >>> [round(float(v), 3) for v in y.ravel()]
        [0.5, 0.5, 0.5, 0.5]
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Any):
        super().__init__(layer, **kwargs)
        if not is_integer(power_iterations) or power_iterations <= 0:
            raise ValueError(
                f"SpectralNormalization: `power_iterations` must be a positive integer; got {power_iterations!r}."
            )
        self.power_iterations = int(power_iterations)

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", None)
        kernel = kernel if kernel is not None else getattr(self.layer, "embeddings", None)
        if kernel is None:
            raise ValueError(
                f'Layer "{self.name}" (SpectralNormalization): {type(self.layer).__name__} "{self.layer.name}" has '
                "neither a `kernel` nor `embeddings` that could be normalized."
            )
        self.kernel: Any = kernel
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, self.kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            dtype=self.kernel.dtype,
            trainable=False,
            autocast=False,
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            u, kernel = self.normalized_weights()
            self.vector_u.assign(u)
            self.kernel.assign(kernel)
        return ops.cast(self.layer(inputs), self.compute_dtype)

    def normalized_weights(self) -> tuple[Any, Any]:
        """The next u, and the kernel divided by its largest singular value."""
        kernel: Any = ops.cast(self.kernel, self.kernel.dtype)
        before: Any = ops.cast(self.vector_u, self.kernel.dtype)
        matrix = ops.stop_gradient(ops.reshape(kernel, (-1, kernel.shape[-1])))
        u, v = before, None
        for _ in range(self.power_iterations):
            v = _of_length_one(ops.matmul(u, ops.transpose(matrix)))
            u = _of_length_one(ops.matmul(v, matrix))
        sigma = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        nothing = ops.all(ops.equal(matrix, 0))
        sigma = ops.where(nothing, ops.ones_like(sigma), sigma)
        return ops.where(nothing, before, u), _divided(kernel, ops.reshape(sigma, ()))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": self.power_iterations}


def _of_length_one(x: Any) -> Any:
    return ops.normalize(x, axis=(0, 1), order=2, epsilon=1e-7)


@ops.custom_gradient
def _divided(kernel: Any, sigma: Any) -> Any:
    """The kernel over σ; what flows back is the gradient by the result, for it is the kernel from now on."""
    return ops.divide(kernel, sigma), lambda dy: (dy, None)
