"""The primitives, each with its shape rule: operands' shapes and dtypes in, results' out, or a ValueError."""

from schuss.graph.primitives.contraction import dot_general_p
from schuss.graph.primitives.control import custom_gradient_p, host_call_p, identity_p, stop_gradient_p
from schuss.graph.primitives.elementwise import (
    abs_p, acos_p, acosh_p, add_p, and_p, asin_p, asinh_p, atan2_p, atan_p, atanh_p, ceil_p, compare_p,
    convert_p, cosh_p, cosine_p, digamma_p, divide_p, erf_inv_p, erf_p, exponential_minus_one_p,
    exponential_p, floor_p, is_finite_p, lgamma_p, log_p, log_plus_one_p, logistic_p, maximum_p, minimum_p,
    multiply_p, negative_p, not_p, or_p, power_p, remainder_p, round_nearest_even_p, rsqrt_p, select_p,
    shift_left_p, shift_right_logical_p, sign_p, sine_p, sinh_p, sqrt_p, subtract_p, tan_p, tanh_p, xor_p,
)
from schuss.graph.primitives.indexing import gather_p, iota_p, scatter_add_p, sort_p
from schuss.graph.primitives.random import random_bits_p
from schuss.graph.primitives.reduction import (
    argmax_p, argmin_p, cummax_p, cumprod_p, cumsum_p, reduce_max_p, reduce_min_p, reduce_prod_p,
    reduce_sum_p,
)
from schuss.graph.primitives.structure import (
    broadcast_in_dim_p, concatenate_p, pad_p, reshape_p, reverse_p, slice_p, transpose_p,
)

__all__ = [
    "abs_p", "acos_p", "acosh_p", "add_p", "and_p", "argmax_p", "argmin_p", "asin_p", "asinh_p", "atan2_p",
    "atan_p", "atanh_p", "broadcast_in_dim_p", "ceil_p", "compare_p", "concatenate_p", "convert_p", "cosh_p",
    "cosine_p", "cummax_p", "cumprod_p", "cumsum_p", "custom_gradient_p", "digamma_p", "divide_p",
    "dot_general_p", "erf_inv_p", "erf_p", "exponential_minus_one_p", "exponential_p", "floor_p", "gather_p",
    "host_call_p", "identity_p", "iota_p", "is_finite_p", "lgamma_p", "log_p", "log_plus_one_p", "logistic_p",
    "maximum_p", "minimum_p", "multiply_p", "negative_p", "not_p", "or_p", "pad_p", "power_p",
    "random_bits_p", "reduce_max_p", "reduce_min_p", "reduce_prod_p", "reduce_sum_p", "remainder_p",
    "reshape_p", "reverse_p", "round_nearest_even_p", "rsqrt_p", "scatter_add_p", "select_p", "shift_left_p",
    "shift_right_logical_p", "sign_p", "sine_p", "sinh_p", "slice_p", "sort_p", "sqrt_p", "stop_gradient_p",
    "subtract_p", "tan_p", "tanh_p", "transpose_p", "xor_p",
]
