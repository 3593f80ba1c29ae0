"""CutMix and MixUp: in training each image, with its label, is mixed with another one of the batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from schuss import ops, random
from schuss.layers.preprocessing.images._image_layer import RandomLayer, factor_range
from schuss.layers.preprocessing.images.surroundings import box, drawn_bounds


class _Mixing(RandomLayer):
    """Draws who is mixed with whom, ``permutation_order``, and each image's own share, ``mix_weight``."""

    def transformed_masks(self, masks: Any, transformation: Any) -> Any:
        return self.transformed(masks, transformation)

    def transformed_labels(self, labels: Any, transformation: Any) -> Any:
        others = ops.take(labels, transformation["permutation_order"], axis=0)
        weight = ops.reshape(transformation["mix_weight"], (-1,) + (1,) * (len(labels.shape) - 1))
        return ops.add(ops.multiply(weight, labels), ops.multiply(ops.subtract(1.0, weight), others))


def _order(count: int, seed: Any) -> Any:
    return random.shuffle(np.arange(count, dtype="int32"), seed=seed)


class MixUp(_Mixing):
    """In training ``y = λ x + (1 − λ) x'`` with x' another image of the batch and λ of a Beta(α, α) distribution,
    drawn for each image; labels likewise.

    Called with a dict ``{"images": …, "labels": …}`` (labels one-hot), it returns one.

    Args:
        alpha: α > 0: small ones leave most images nearly as they are. Default 0.2.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.
        seed: integer, for repeatable mixtures. Default None.

    Source: Zhang et al., mixup: Beyond Empirical Risk Minimization (2017).

    Example:
        >>> import numpy as np, schuss
        >>> data = {"images": np.ones((4, 8, 8, 3)), "labels": np.eye(4)}
        >>> mixed = schuss.layers.MixUp(seed=1)(data, training=True)
        >>> mixed["labels"].sum(axis=1).round(5).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, alpha: float = 0.2, data_format: str | None = None, seed: Any = None, **kwargs: Any):
        if not isinstance(alpha, (int, float)) or alpha <= 0:
            raise ValueError(f"MixUp: `alpha` must be a positive number. Received: alpha={alpha!r}")
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.alpha = alpha

    def drawn(self, images: Any, seed: Any) -> Any:
        n = images.shape[0]
        order = _order(n, seed)
        return {
            "mix_weight": random.beta((n,), self.alpha, self.alpha, seed=seed),
            "permutation_order": order,
        }

    def transformed(self, images: Any, transformation: Any) -> Any:
        return self.transformed_labels(images, transformation)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class CutMix(_Mixing):
    """In training a rectangle of each image is replaced by that of another one of the batch; labels are mixed by the
    areas. The rectangle's share is 1 − λ with λ of a Beta(α, α) distribution, drawn for each image.

    Called with a dict ``{"images": …, "labels": …}`` (labels one-hot), it returns one. A single image is left as it is.

    Args:
        factor: range from which α is drawn for each batch, in [0, 1]; one number u for (0, u). Default 1.
        seed: integer, for repeatable mixtures. Default None.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: a factor out of range.

    Source: Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features (2019).

    Example:
        >>> import numpy as np, schuss
        >>> data = {"images": np.ones((4, 8, 8, 3)), "labels": np.eye(4)}
        >>> mixed = schuss.layers.CutMix(seed=1)(data, training=True)
        >>> mixed["labels"].sum(axis=1).round(5).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, factor: Any = 1.0, seed: Any = None, data_format: str | None = None, **kwargs: Any):
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_range("CutMix", factor, (0, 1))

    def drawn(self, images: Any, seed: Any) -> Any:
        n = images.shape[0]
        height, width = (images.shape[axis] for axis in self.spatial_axes)
        alpha = ops.add(random.uniform((), *self.factor, seed=seed), 1e-6)
        share = ops.sqrt(ops.subtract(1.0, random.beta((n,), alpha, alpha, seed=seed)))
        left, right = drawn_bounds(n, width, share, seed)
        top, bottom = drawn_bounds(n, height, share, seed)
        area = ops.multiply(ops.subtract(right, left), ops.subtract(bottom, top))
        return {
            "permutation_order": _order(n, seed),
            "batch_masks": box(images, self.spatial_axes, (top, bottom, left, right)),
            "mix_weight": ops.subtract(1.0, ops.divide(area, float(width * height))),
        }

    def transformed(self, images: Any, transformation: Any) -> Any:
        others = ops.take(images, transformation["permutation_order"], axis=0)
        return ops.where(transformation["batch_masks"], others, images)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}
