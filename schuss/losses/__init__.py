"""What training makes small. In: labels, predictions, sample weights. Out: a number, composed of `schuss.ops`
alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schuss.losses._base import Loss, LossFunctionWrapper
from schuss.losses.classification import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from schuss.losses.hinge import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from schuss.losses.overlap import Dice, Tversky, dice, tversky
from schuss.losses.regression import (
    CosineSimilarity,
    HalfMeanSquaredError,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    half_mean_squared_error,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from schuss.losses.sequence import CTC, ctc
from schuss.losses.similarity import Circle, circle
from schuss.saving import serialize_keras_object
from schuss.utils._names import missing_name
from schuss.utils._objects import Vocabulary

_CLASSES: tuple[type[Loss], ...] = (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CTC,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    Circle,
    CosineSimilarity,
    Dice,
    HalfMeanSquaredError,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    LossFunctionWrapper,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    Tversky,
)
_FUNCTIONS: tuple[Any, ...] = (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    circle,
    cosine_similarity,
    ctc,
    dice,
    half_mean_squared_error,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
    tversky,
)
_ABBREVIATIONS: dict[str, Any] = {
    "bce": binary_crossentropy,
    "half_mse": half_mean_squared_error,
    "kld": kl_divergence,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
}
_VOCABULARY = Vocabulary(
    "loss",
    {
        **{cls.__name__: cls for cls in _CLASSES},
        **{function.__name__: function for function in _FUNCTIONS},
        **_ABBREVIATIONS,
        **{name.upper(): function for name, function in _ABBREVIATIONS.items()},
        "logcosh": log_cosh,
    },
)


def get(identifier: Any) -> Any:
    """The loss that `identifier` stands for.

    Args:
        identifier: the name of a function (``"mse"``, ``"binary_crossentropy"``: the function itself) or of a
            class (``"MeanSquaredError"``: an instance), a config dict, a class, a `Loss` or any callable
            ``(y_true, y_pred) -> loss of each sample``, or None (None).

    Raises:
        ValueError: nothing has that name.

    Example:
        >>> from schuss import losses
        >>> losses.get("mse") is losses.mean_squared_error
        True
        >>> losses.get("KLDivergence")
        <KLDivergence name=kl_divergence>
    """
    return _VOCABULARY.get(identifier)


def serialize(loss: Any) -> dict[str, Any]:
    """The loss, an instance or a function, as a dict of plain values."""
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that `serialize` wrote down.

    Args:
        name: a dict, or a name.
        custom_objects: name → class or function, for those of the user's.

    Raises:
        ValueError: nothing has that name.
    """
    return _VOCABULARY.deserialize(name, custom_objects)


__all__ = [
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "HalfMeanSquaredError",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "half_mean_squared_error",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, "loss", name, __all__)
