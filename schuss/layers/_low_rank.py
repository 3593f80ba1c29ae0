"""Low-rank adapters: a weight W that stays as it is, and learns as W + (α / r) A B with small matrices A and B."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from schuss import ops
from schuss.graph import Variable
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer


class AdaptedWeight:
    """A layer's weight as an attribute: W, or, once there is an adapter, W + (α / r) A B."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.place = name, f"_{name}"

    def __get__(self, layer: Any, owner: type | None = None) -> Any:
        if layer is None:
            return self
        if self.place not in vars(layer):
            raise AttributeError(
                f'Layer "{layer.name}" ({type(layer).__name__}) has no `{self.name}` yet: call it on data, or '
                "`build(input_shape)` it, first."
            )
        return layer._with_adapter(vars(layer)[self.place])

    def __set__(self, layer: Any, value: Any) -> None:
        vars(layer)[self.place] = value


class LowRank(Layer):
    """A layer that can be given an adapter: `enable_lora`, or `lora_rank` where it is made.

    Subclasses name the weight (`adapted`), which is an `AdaptedWeight`.
    """

    adapted: ClassVar[str] = "kernel"

    def __init__(
        self,
        *args: Any,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        owner = type(self).__name__
        if quantization_config is not None:
            raise ValueError(
                f"{owner}: `quantization_config` is not supported (got {quantization_config!r}): there are no "
                "quantized weights here. Leave the argument out."
            )
        if lora_rank is not None:
            _check_rank(owner, lora_rank)
        self.lora_rank, self.lora_enabled = lora_rank, False
        self.lora_alpha = lora_rank if lora_alpha is None else lora_alpha
        super().__init__(*args, **kwargs)

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freeze the kernel W (of an embedding, its table) and let W + (α / r) A B learn instead (Hu et al., LoRA:
        Low-Rank Adaptation of Large Language Models, 2021). Compile the model after it. Weights files hold the sum.

        Args:
            rank: r, columns of A and rows of B. Positive integer.
            lora_alpha: α. Default r, so that the factor is 1.
            a_initializer, b_initializer: of A, of shape ``(*W.shape[:-1], r)``, and of B, ``(r, W.shape[-1])``. With the
                defaults ``"he_uniform"`` and ``"zeros"`` the layer computes at first what it did before.

        Raises:
            ValueError: the layer is not built, has an adapter already, or W has a constraint.

        Example:
            >>> import numpy as np, schuss
            >>> layer = schuss.layers.Dense(100)
            >>> layer.build((None, 200))
            >>> layer.enable_lora(4)
            >>> [(v.name, v.shape) for v in layer.trainable_variables]
            [('bias', (100,)), ('lora_kernel_a', (200, 4)), ('lora_kernel_b', (4, 100))]
        """
        where = f'Layer "{self.name}" ({type(self).__name__})'
        _check_rank(where, rank)
        if getattr(self, f"{self.adapted}_constraint") is not None:
            raise ValueError(
                f"{where}: an adapter and a `{self.adapted}_constraint` exclude each other; make the layer without it."
            )
        if not self.built:
            raise ValueError(
                f"{where} must be built before it gets an adapter. Call it on data, or build(input_shape) it, first; or "
                "make it with `lora_rank`."
            )
        if self.lora_enabled:
            raise ValueError(f"{where} has an adapter already, of rank {self.lora_rank}; it can have one.")
        weight: Variable = getattr(self, self.adapted)
        weight.trainable = False
        a = self._factor("a", (*weight.shape[:-1], rank), a_initializer)
        b = self._factor("b", (rank, weight.shape[-1]), b_initializer)
        self._lora_a, self._lora_b = a, b
        self.lora_rank, self.lora_alpha = rank, rank if lora_alpha is None else lora_alpha
        self.lora_enabled = True

    def _factor(self, letter: str, shape: tuple[int, ...], initializer: Any) -> Variable:
        name = f"lora_{self.adapted}_{letter}"
        regularizer = getattr(self, f"{self.adapted}_regularizer")
        self._locked = False
        factor = self.add_weight(shape, initializer, "float32", regularizer=regularizer, name=name)
        factor.path = f"{self.path}/{name}"
        setattr(self, name, factor)
        self._locked = True
        return factor

    def _with_adapter(self, weight: Any) -> Any:
        if not self.lora_enabled:
            return weight
        factor = self.lora_alpha / self.lora_rank  # type: ignore[operator]
        change = ops.multiply(ops.matmul(self._lora_a, self._lora_b), factor)
        return ops.cast(ops.add(weight, change), self.compute_dtype)

    def _finish_building(self, shapes: dict[str, Any]) -> None:
        super()._finish_building(shapes)
        if self.lora_rank is not None and not self.lora_enabled:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    # Files hold the sum, as if there were no adapter ---

    def _stored_variables(self) -> list[Variable]:
        adapter = [self._lora_a, self._lora_b] if self.lora_enabled else []
        return [v for v in self._own_variables() if not any(v is factor for factor in adapter)]

    def save_own_variables(self, store: Any) -> None:
        super().save_own_variables(store)
        if self.lora_enabled:
            weight: Variable = vars(self)[f"_{self.adapted}"]
            place = next(i for i, v in enumerate(self._stored_variables()) if v is weight)
            store[str(place)] = np.asarray(self._with_adapter(weight), weight.dtype)

    def _loaded(self) -> None:
        if self.lora_enabled:  # what it had learned is in W
            self._lora_b.assign(np.zeros(self._lora_b.shape, "float32"))

    def get_config(self) -> dict[str, Any]:
        adapter = {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha} if self.lora_rank else {}
        return {**super().get_config(), **adapter}


def _check_rank(owner: str, rank: Any) -> None:
    if not is_integer(rank) or rank <= 0:
        raise ValueError(f"{owner}: the rank of an adapter must be a positive integer, got {rank!r}.")
