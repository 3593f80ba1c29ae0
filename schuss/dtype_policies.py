"""In which types layers compute and keep their variables."""

from schuss.layers._dtype_policy import DTypePolicy
from schuss.layers._dtype_policy import get_policy as deserialize
from schuss.layers._dtype_policy import get_policy as get
from schuss.layers._dtype_policy import serialize_policy as serialize

FloatDTypePolicy = DTypePolicy

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]
