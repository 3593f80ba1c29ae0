"""What every initializer is: a callable from a shape to an array, which can be written down and read back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Initializer:
    """Makes the first values of a variable. Subclasses define ``__call__`` and ``get_config``.

    Example:
        >>> import numpy as np, schuss
        >>> class Alternating(schuss.initializers.Initializer):
        ...     def __call__(self, shape, dtype=None, **kwargs):
        ...         return (-1.0) ** np.arange(np.prod(shape)).reshape(shape)
        >>> schuss.Variable(Alternating(), shape=(3,)).numpy().tolist()
        [1.0, -1.0, 1.0]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
        """The first value of a variable.

        Args:
            shape: tuple of ints. dtype: default: floatx.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define `__call__(self, shape, dtype=None)` and return an array."
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as JSON can hold them."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        return cls(**config)

    def clone(self) -> Initializer:
        """A new initializer with the same arguments."""
        return self.__class__.from_config(self.get_config())
