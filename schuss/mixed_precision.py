"""Policies of types, and the optimizer that scales losses for float16, under the names that older programs use."""

from schuss.layers._dtype_policy import DTypePolicy, dtype_policy, set_dtype_policy
from schuss.optimizers import LossScaleOptimizer

Policy = DTypePolicy
global_policy, set_global_policy = dtype_policy, set_dtype_policy

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]
