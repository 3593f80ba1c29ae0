"""Cross-entropies, divergences and hinges as metrics: the losses of these names, averaged over an epoch."""

from __future__ import annotations

from typing import Any

from schuss import losses
from schuss.metrics._reductions import NamedMean


class BinaryCrossentropy(NamedMean):
    """The mean of `losses.binary_crossentropy`.

    Args:
        name, dtype: see `Metric`.
        from_logits, label_smoothing: see the loss.

    Example:
        >>> from schuss import metrics
        >>> m = metrics.BinaryCrossentropy()
        >>> round(float(m([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 4)
        0.8149
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ):
        super().__init__(
            losses.binary_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


class CategoricalCrossentropy(NamedMean):
    """The mean of `losses.categorical_crossentropy`, for one-hot labels.

    Args:
        name, dtype: see `Metric`.
        from_logits, label_smoothing, axis: see the loss.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ):
        super().__init__(
            losses.categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(NamedMean):
    """The mean of `losses.sparse_categorical_crossentropy`, for integer labels.

    Args:
        name, dtype: see `Metric`.
        from_logits, ignore_class, axis: see the loss.
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ):
        super().__init__(
            losses.sparse_categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


class KLDivergence(NamedMean):
    """The mean of `losses.kl_divergence`.

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None):
        super().__init__(losses.kl_divergence, name=name, dtype=dtype)


class Poisson(NamedMean):
    """The mean of `losses.poisson`.

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None):
        super().__init__(losses.poisson, name=name, dtype=dtype)


class Hinge(NamedMean):
    """The mean of `losses.hinge`.

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None):
        super().__init__(losses.hinge, name=name, dtype=dtype)


class SquaredHinge(NamedMean):
    """The mean of `losses.squared_hinge`.

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None):
        super().__init__(losses.squared_hinge, name=name, dtype=dtype)


class CategoricalHinge(NamedMean):
    """The mean of `losses.categorical_hinge`.

    Args:
        name, dtype: see `Metric`.
    """

    _direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None):
        super().__init__(losses.categorical_hinge, name=name, dtype=dtype)
