"""DTypePolicy: in which type a layer computes, and in which it keeps its variables."""

from __future__ import annotations

from typing import Any

from schuss.graph import floatx, standardize_dtype

_MIXED = {"mixed_float16": ("float16", "float32")}


class DTypePolicy:
    """The types of a layer's arithmetic and of its variables.

    Args:
        name: a dtype's name for both, or ``"mixed_float16"``: compute in float16, keep variables in float32.

    Attributes:
        compute_dtype: floating-point inputs are cast to it.
        variable_dtype: the default dtype of `Layer.add_weight`.

    Example:
        >>> import schuss
        >>> schuss.DTypePolicy("mixed_float16").variable_dtype
        'float32'
    """

    def __init__(self, name: str | None = None):
        if name is not None and not isinstance(name, str):
            raise TypeError(f"DTypePolicy: `name` must be a string such as 'float32', got {name!r}.")
        self.name = name or floatx()
        if self.name in _MIXED:
            self.compute_dtype, self.variable_dtype = _MIXED[self.name]
        else:
            self.compute_dtype = self.variable_dtype = standardize_dtype(self.name)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


_default: DTypePolicy | None = None


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are given none: floatx, unless `set_dtype_policy` chose another."""
    return _default or DTypePolicy()


def set_dtype_policy(policy: Any) -> None:
    """Set the policy of layers created from now on: a name, a `DTypePolicy`, or None for floatx."""
    global _default
    _default = None if policy is None else get_policy(policy)


def get_policy(identifier: Any) -> DTypePolicy:
    """The policy that a layer's `dtype` argument stands for: None, a dtype or its name, a config, a
    policy."""
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return DTypePolicy(**identifier.get("config", identifier))
    if isinstance(identifier, str) and identifier in _MIXED:
        return DTypePolicy(identifier)
    return DTypePolicy(standardize_dtype(identifier))


def serialize_policy(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """The policy as a config."""
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": dtype_policy.get_config(),
        "registered_name": None,
    }
