"""RecurrentCell: what the library's cells have in common. One step of a recurrence, in two halves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from schuss import ops
from schuss.layers._layer import Layer
from schuss.layers._shapes import is_integer
from schuss.layers.rnn._settings import described, names_of, resolved
from schuss.layers.rnn.dropout_rnn_cell import DropoutRNNCell
from schuss.random import SeedGenerator


class RecurrentCell(DropoutRNNCell, Layer):
    """A cell whose step is ``h, … = step(project(x), h, …)``: `project` sees the input only, and any number of leading
    axes, so that a layer does it for all time steps at once; `step` goes on from state to state. The first of the
    states is the output.

    Subclasses say how many `gates` there are (blocks of the kernels' last axis) and how many states, and define `build`,
    `project` and `step`.

    Args:
        arguments: all arguments of the cell, by name.
    """

    gates: ClassVar[int]
    states: ClassVar[int] = 1
    size_name: ClassVar[str] = "units"

    units: int
    kernel: Any
    recurrent_kernel: Any
    bias: Any
    activation: Callable[[Any], Any]
    recurrent_activation: Callable[[Any], Any]
    use_bias: bool
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any

    def __init__(self, arguments: dict[str, Any], /):
        owner, names = type(self).__name__, names_of(type(self))
        size = arguments[self.size_name]
        if not is_integer(size) or size <= 0:
            raise ValueError(
                f"{owner}: invalid value received for argument `{self.size_name}`. Expected a positive integer, "
                f"got {size!r}."
            )
        super().__init__(**{name: value for name, value in arguments.items() if name not in names})
        for name in names:
            setattr(self, name, resolved(name, arguments[name]))
        setattr(self, self.size_name, int(size))
        self.dropout = _rate(owner, "dropout", self.dropout)
        self.recurrent_dropout = _rate(owner, "recurrent_dropout", self.recurrent_dropout)
        self.seed_generator = SeedGenerator(arguments["seed"])
        self.output_size = int(size)
        self.state_size: Any = self.output_size if self.states == 1 else [self.output_size] * self.states

    def _make_weights(
        self,
        kernel: tuple[int | None, ...],
        recurrent_kernel: tuple[int, ...],
        bias: tuple[int, ...],
        bias_initializer: Any = None,
    ) -> None:
        """The weights of these shapes; `bias_initializer` in place of the cell's own."""
        self.kernel = self._weight("kernel", kernel, self.kernel_initializer)
        self.recurrent_kernel = self._weight("recurrent_kernel", recurrent_kernel, self.recurrent_initializer)
        self.bias = (
            self._weight("bias", bias, bias_initializer or self.bias_initializer) if self.use_bias else None
        )

    def _weight(self, name: str, shape: tuple[int | None, ...], initializer: Any) -> Any:
        part = name.removesuffix("_kernel")
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            regularizer=getattr(self, f"{part}_regularizer"),
            constraint=getattr(self, f"{part}_constraint"),
        )

    # One step ---

    def project(self, inputs: Any, masks: Any) -> Any:
        """The inputs' share in the gates. `inputs` may have more leading axes than a step's.

        Args:
            inputs: [..., batch, features]. masks: what they are multiplied with: None, one, or one for each gate.
        """
        raise NotImplementedError

    def step(self, projected: Any, states: Sequence[Any], masks: Any) -> list[Any]:
        """The next states.

        Args:
            projected: what `project` made of a step's inputs. states: the states before.
            masks: what the state is multiplied with, as for `project`.
        """
        raise NotImplementedError

    def call(self, inputs: Any, states: Any, training: Any = False) -> Any:
        """One step.

        Args:
            inputs: of one time step, [batch, features].
            states: list of the states before (or the state itself, where there is one).
            training: whether dropout is active.

        Returns:
            ``(output, new states)``, these in a list if `states` was one.
        """
        listed = isinstance(states, (list, tuple))
        before = list(states) if listed else [states]
        if len(before) != self.states:
            raise ValueError(
                f'Cell "{self.name}" ({type(self).__name__}) has {self.states} state(s), but was called with '
                f"{len(before)}: shapes {', '.join(str(tuple(state.shape)) for state in before) or 'none'}."
            )
        masks, state_masks = self.masks(inputs, before[0], training)
        after = self.step(self.project(inputs, masks), before, state_masks)
        return after[0], after if listed else after[0]

    def masks(self, step_input: Any, state: Any, training: Any) -> tuple[Any, Any]:
        """The masks for a step's inputs and for its state; None where nothing is dropped."""
        if not training:
            return None, None
        drops, drops_state = self._is_active(self.dropout), self._is_active(self.recurrent_dropout)
        return (
            self.get_dropout_mask(step_input) if drops else None,
            self.get_recurrent_dropout_mask(state) if drops_state else None,
        )

    def _is_active(self, rate: float) -> bool:
        return 0 < rate < 1

    # State ---

    def state_shapes(self, batch_size: Any) -> list[tuple[Any, ...]]:
        """The shapes of the states for a batch."""
        return [(batch_size, self.output_size)] * self.states

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros for all states, in a list."""
        return [ops.zeros(shape, dtype=self.compute_dtype) for shape in self.state_shapes(batch_size)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **described(self, names_of(type(self)))}


class GatedCell(RecurrentCell):
    """A cell of several gates. Each has its own masks where the state is dropped, or where ``implementation=1`` asks
    for them; otherwise one mask serves all.

    Args:
        arguments: as for `RecurrentCell`, and ``implementation``: 1 or 2 (default).
    """

    def __init__(self, arguments: dict[str, Any], /):
        arguments = dict(arguments)
        implementation = arguments.pop("implementation", 2)
        super().__init__(arguments)
        self.implementation = 1 if self.recurrent_dropout else implementation
        self.dropout_mask_count = self.gates if self.implementation == 1 else None


def _rate(owner: str, name: str, rate: Any) -> float:
    if isinstance(rate, bool) or not isinstance(rate, (int, float)):
        raise ValueError(f"{owner}: `{name}` must be a number between 0 and 1, got {rate!r}.")
    return min(1.0, max(0.0, rate))


def product(
    x: Any, kernel: Any, masks: Any, multiply: Callable[[Any, Any], Any] = ops.matmul, axis: int = -1
) -> Any:
    """``x K``; with masks ``(x·m) K``; with one mask for each gate, gate by gate, side by side.

    Args:
        x: array. kernel: K, whose last axis is divided into gates. masks: None, an array, or a list of arrays.
        multiply: the product of x and K, whose result has the gates along `axis`.
    """
    if masks is None:
        return multiply(x, kernel)
    if not isinstance(masks, list):
        return multiply(ops.multiply(x, masks), kernel)
    blocks = ops.split(kernel, len(masks), axis=-1)
    parts = [multiply(ops.multiply(x, mask), block) for mask, block in zip(masks, blocks, strict=True)]
    return ops.concatenate(parts, axis=axis)
