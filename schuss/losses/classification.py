"""Losses for classes and distributions: how improbable the prediction makes what was observed."""

from __future__ import annotations

from typing import Any

from schuss import config, ops
from schuss.graph import is_integer
from schuss.losses._base import NamedLoss
from schuss.losses._shapes import float_array, operands, same_shape_operands
from schuss.losses._targets import integer_labels, one_hot_labels, require_labels


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """``mean(−y·log p − (1 − y)·log(1 − p))`` along `axis`.

    Args:
        y_true: y, 0 or 1, [batch, …]. y_pred: p, the same shape; kept within [1e-7, 1 − 1e-7].
        from_logits: whether ``p = sigmoid(y_pred)``; default False.
        label_smoothing: in [0, 1]: labels are drawn towards ½, ``y·(1 − s) + s/2``; default 0.
        axis: of the mean; default −1.

    Returns:
        The shape of `y_true` without `axis`.

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> from schuss import losses
        >>> [round(v, 3) for v in losses.binary_crossentropy([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]).tolist()]
        [0.916, 0.714]
    """
    y_true, y_pred = same_shape_operands("binary_crossentropy", y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, 2)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """`binary_crossentropy` with easy examples weighted down: by ``(1 − q)^gamma``, q what the prediction
    gives the label.

    q is ``y·p + (1 − y)·(1 − p)`` (Lin et al. 2017, "Focal loss for dense object detection").

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: as for `binary_crossentropy`.
        apply_class_balancing: also weight class 1 by `alpha` and class 0 by ``1 − alpha``; default False.
        alpha: default 0.25. gamma: default 2.
    """
    y_true, y_pred = same_shape_operands("binary_focal_crossentropy", y_true, y_pred)
    y_true = _smoothed(y_true, label_smoothing, 2)
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    loss = ops.binary_crossentropy(y_true, p)
    q = ops.add(ops.multiply(y_true, p), ops.multiply(ops.subtract(1.0, y_true), ops.subtract(1.0, p)))
    loss = ops.multiply(ops.power(ops.subtract(1.0, q), gamma), loss)
    if apply_class_balancing:
        loss = ops.multiply(ops.add(ops.multiply(y_true, 2.0 * alpha - 1.0), 1.0 - alpha), loss)
    return ops.mean(loss, axis=axis)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """``−Σ y·log p`` along `axis`.

    Args:
        y_true: one-hot labels or probabilities y, [batch, …, classes].
        y_pred: probabilities p of the same shape; divided by their sum, kept within [1e-7, 1 − 1e-7].
        from_logits: whether ``p = softmax(y_pred)``; default False.
        label_smoothing: in [0, 1]: ``y·(1 − s) + s/n``; default 0. As in Keras, n is the size of the last
            axis, also where `axis` is another one.
        axis: of the classes; default −1.

    Returns:
        The shape of `y_true` without `axis`.

    Raises:
        ValueError: the shapes differ; for integer labels with the name of the loss for them.

    Example:
        >>> from schuss import losses
        >>> [round(v, 4) for v in losses.categorical_crossentropy([[0, 1, 0]], [[0.05, 0.95, 0.0]]).tolist()]
        [0.0513]
    """
    y_true, y_pred = one_hot_labels("categorical_crossentropy", y_true, y_pred, axis)
    y_true = _smoothed(y_true, label_smoothing, y_true.shape[-1])
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """``−Σ alpha·(1 − p)^gamma·y·log p`` along `axis` (Lin et al. 2017).

    Args:
        y_true, y_pred, from_logits, label_smoothing, axis: as for `categorical_crossentropy`.
        alpha: a number, or one for each class (the last axis); default 0.25. gamma: default 2.
    """
    y_true, y_pred = one_hot_labels("categorical_focal_crossentropy", y_true, y_pred, axis)
    y_true = _smoothed(y_true, label_smoothing, y_true.shape[-1])
    p = ops.softmax(y_pred, axis=axis) if from_logits else y_pred
    p = ops.clip(
        ops.divide(p, ops.sum(p, axis=axis, keepdims=True)), config.epsilon(), 1.0 - config.epsilon()
    )
    weight = ops.multiply(ops.power(ops.subtract(1.0, p), gamma), _numbers(alpha, p))
    return ops.negative(ops.sum(ops.multiply(weight, ops.multiply(y_true, ops.log(p))), axis=axis))


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """``−log p[y]``.

    Args:
        y_true: integer labels y, the shape of `y_pred` without `axis` (or with size 1 there).
        y_pred: probabilities p, [batch, …, classes]; divided by their sum, kept within [1e-7, 1 − 1e-7].
        from_logits: whether ``p = softmax(y_pred)``; default False.
        ignore_class: label that marks places without a label (often −1 or 255): their loss is 0, and a `Loss`
            does not count them in its mean. Default None.
        axis: of the classes; default −1.

    Returns:
        The shape of `y_pred` without `axis`.

    Raises:
        ValueError: the shapes do not fit (for one-hot labels with the name of the loss for them); outside of
            a trace also a label that is not one of the classes.

    Example:
        >>> from schuss import losses
        >>> [round(v, 4) for v in losses.sparse_categorical_crossentropy([1], [[0.05, 0.95, 0.0]]).tolist()]
        [0.0513]
    """
    y_true, y_pred = integer_labels("sparse_categorical_crossentropy", y_true, y_pred, axis)
    if ignore_class is None:
        require_labels("sparse_categorical_crossentropy", y_true, y_pred.shape[axis])
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    from schuss.layers._masks import set_mask

    valid = ops.not_equal(y_true, ops.cast(ignore_class, y_true.dtype))
    y_true = ops.where(valid, y_true, ops.zeros_like(y_true))
    require_labels("sparse_categorical_crossentropy", y_true, y_pred.shape[axis])
    loss = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    loss = ops.where(valid, loss, ops.zeros_like(loss))
    set_mask(loss, valid)
    return loss


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """``(1 − p[y]^q)/q``: cross-entropy as q goes to 0, absolute error at q = 1; forgives wrong labels.

    Zhang and Sabuncu 2018, "Generalized cross entropy loss for training deep neural networks with noisy
    labels".

    Args:
        y_true: integer labels, [batch] or [batch, 1]. y_pred: probabilities, [batch, classes]. q: in (0, 1).

    Returns:
        [batch].
    """
    y_true, y_pred = integer_labels("categorical_generalized_cross_entropy", y_true, y_pred, -1)
    require_labels("categorical_generalized_cross_entropy", y_true, y_pred.shape[-1])
    chosen = ops.multiply(ops.one_hot(y_true, y_pred.shape[-1], dtype=y_pred.dtype), y_pred)
    return ops.divide(ops.subtract(1.0, ops.power(ops.sum(chosen, axis=-1), q)), q)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """``Σ y·log(y/p)`` over the last axis, both kept within [1e-7, 1].

    Args:
        y_true: probabilities y, [batch, …, classes]. y_pred: p, the same shape.

    Returns:
        [batch, …].
    """
    y_true, y_pred = operands("kl_divergence", y_true, y_pred)
    y_true, y_pred = ops.clip(y_true, config.epsilon(), 1.0), ops.clip(y_pred, config.epsilon(), 1.0)
    return ops.sum(ops.multiply(y_true, ops.log(ops.divide(y_true, y_pred))), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """``mean(ŷ − y·log(ŷ + 1e-7))`` over the last axis: for counts y, expected to be ŷ.

    Args:
        y_true: y ≥ 0, [batch, …, outputs]. y_pred: ŷ > 0, the same shape.

    Returns:
        [batch, …].
    """
    y_true, y_pred = operands("poisson", y_true, y_pred)
    log_rate = ops.log(ops.add(y_pred, config.epsilon()))
    return ops.mean(ops.subtract(y_pred, ops.multiply(y_true, log_rate)), axis=-1)


def _smoothed(y_true: Any, smoothing: float, classes: int) -> Any:
    """Labels drawn towards ``1/classes``."""
    if not smoothing:
        return y_true
    return ops.add(ops.multiply(y_true, 1.0 - smoothing), smoothing / classes)


def _numbers(value: Any, like: Any) -> Any:
    """A Python number as it is, several as an array of the dtype of `like`."""
    return value if isinstance(value, (int, float)) else ops.cast(ops.convert_to_tensor(value), like.dtype)


class BinaryCrossentropy(NamedLoss):
    """`binary_crossentropy` of each sample, reduced: for labels 0 and 1, several independent ones if need be.

    Args:
        from_logits, label_smoothing, axis: see `binary_crossentropy`.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> from schuss import losses
        >>> round(float(losses.BinaryCrossentropy()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])), 3)
        0.815
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            binary_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class BinaryFocalCrossentropy(NamedLoss):
    """`binary_focal_crossentropy` of each sample, reduced.

    Args:
        apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis: see
            `binary_focal_crossentropy`.
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            binary_focal_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(NamedLoss):
    """`categorical_crossentropy` of each sample, reduced: for one-hot labels.

    Args:
        from_logits, label_smoothing, axis: see `categorical_crossentropy`.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> from schuss import losses
        >>> loss = losses.CategoricalCrossentropy()
        >>> round(float(loss([[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]])), 3)
        1.177
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            categorical_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalFocalCrossentropy(NamedLoss):
    """`categorical_focal_crossentropy` of each sample, reduced.

    Args:
        alpha, gamma, from_logits, label_smoothing, axis: see `categorical_focal_crossentropy`.
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            categorical_focal_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class _IntegerLabelLoss(NamedLoss):
    """A loss whose integer labels stay integers: a float16 cannot count to 2049."""

    def _targets(self, y_true: Any) -> Any:
        y_true = ops.convert_to_tensor(y_true)
        return y_true if is_integer(y_true.dtype) else float_array(y_true)


class SparseCategoricalCrossentropy(_IntegerLabelLoss):
    """`sparse_categorical_crossentropy` of each sample, reduced: for integer labels.

    Args:
        from_logits, ignore_class, axis: see `sparse_categorical_crossentropy`.
        reduction, name, dtype: see `Loss`.

    Example:
        >>> from schuss import losses
        >>> loss = losses.SparseCategoricalCrossentropy()
        >>> round(float(loss([1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]])), 3)
        1.177
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            sparse_categorical_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


class CategoricalGeneralizedCrossEntropy(_IntegerLabelLoss):
    """`categorical_generalized_cross_entropy` of each sample, reduced: for integer labels of which some are
    wrong.

    Args:
        q: in (0, 1): towards 0 like cross-entropy, towards 1 like absolute error; default 0.5.
        reduction, name, dtype: see `Loss`.

    Raises:
        ValueError: q is not in (0, 1).
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ):
        if not 0 < q < 1:
            raise ValueError(f"q must be in the interval (0, 1). Received: q={q}")
        super().__init__(
            categorical_generalized_cross_entropy, reduction=reduction, name=name, dtype=dtype, q=q
        )


class KLDivergence(NamedLoss):
    """`kl_divergence` of each sample, reduced.

    Args:
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ):
        super().__init__(kl_divergence, reduction=reduction, name=name, dtype=dtype)


class Poisson(NamedLoss):
    """`poisson` of each sample, reduced.

    Args:
        reduction, name, dtype: see `Loss`.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None
    ):
        super().__init__(poisson, reduction=reduction, name=name, dtype=dtype)
