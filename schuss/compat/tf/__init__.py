"""The part of ``tensorflow`` that Keras programs use. In: calls with TensorFlow's signatures. Out: ours.

Functions convert their arguments as TensorFlow does, and do what it does; what is not here is an error where
it is used, never a different result.
"""

from schuss.compat._eager import TensorShape
from schuss.compat.tf.arrays import *  # noqa: F403
from schuss.compat.tf.arrays import __all__ as _arrays
from schuss.compat.tf.dtypes import *  # noqa: F403
from schuss.compat.tf.dtypes import __all__ as _dtypes
from schuss.compat.tf.environment import *  # noqa: F403
from schuss.compat.tf.environment import __all__ as _environment
from schuss.compat.tf.linalg import einsum, eye, matmul, norm, tensordot
from schuss.compat.tf.math import *  # noqa: F403
from schuss.compat.tf.math import __all__ as _math
from schuss.compat.tf.tape import GradientTape, UnconnectedGradients, custom_gradient
from schuss.compat.tf.tape import TFVariable as Variable

_OF_MATH = {
    "abs", "acos", "acosh", "add", "add_n", "argmax", "argmin", "asin", "asinh", "atan", "atan2", "atanh", "cos",
    "cosh", "cumsum", "divide", "equal", "exp", "floor", "greater", "greater_equal", "less", "less_equal",
    "logical_and", "logical_not", "logical_or", "maximum", "minimum", "multiply", "negative", "not_equal", "pow",
    "reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
    "reduce_sum", "round", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "subtract", "tan", "tanh",
    "truediv",
}  # fmt: skip

__all__ = [
    "GradientTape", "TensorShape", "UnconnectedGradients", "Variable", "custom_gradient", "einsum", "eye",
    "matmul", "norm", "tensordot", *_arrays, *_dtypes, *_environment, *sorted(_OF_MATH & set(_math)),
]  # fmt: skip
