"""CellLayer: a recurrent layer that makes its cell itself."""

from __future__ import annotations

from typing import Any, ClassVar

from schuss import regularizers
from schuss.layers._input_spec import InputSpec
from schuss.layers.rnn._cell import RecurrentCell
from schuss.layers.rnn._settings import described, names_of
from schuss.layers.rnn.rnn import RNN
from schuss.saving.registration import CustomObjectScope


class CellLayer(RNN):
    """An `RNN` around a cell of one class. Its arguments are the cell's and those of `RNN`; the cell's are properties
    of the layer, too.

    Subclasses say the cell's class and the number of the inputs' axes.

    Args:
        arguments: all arguments of the layer, by name.
    """

    cell_class: ClassVar[type[RecurrentCell]]
    cell_name: ClassVar[str]
    cell: Any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "cell_class" in vars(cls):
            for name in names_of(cls.cell_class):
                setattr(cls, name, _of_cell(name))

    def __init__(self, arguments: dict[str, Any], /):
        names = (*names_of(self.cell_class), "implementation")
        own = {name: value for name, value in arguments.items() if name not in names}
        use_cudnn = own.pop("use_cudnn", "auto")
        if use_cudnn not in ("auto", True, False):
            raise ValueError(
                f"{type(self).__name__}: `use_cudnn` must be 'auto', True or False, got {use_cudnn!r}."
            )
        cell = self.cell_class(
            **{name: value for name, value in arguments.items() if name in names},
            **{name: own[name] for name in ("dtype", "trainable") if name in own},
            name=self.cell_name,
        )
        super().__init__(cell, **own)
        self.use_cudnn = use_cudnn
        self.input_spec = InputSpec(ndim=self._axes)

    @property
    def _axes(self) -> int:
        """How many axes an input has."""
        return 3

    def build(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, sequences_shape: Any, initial_state_shape: Any = None
    ) -> None:
        super().build(sequences_shape, initial_state_shape)
        sizes = dict(enumerate(sequences_shape[2:], start=2))
        self.input_spec = InputSpec(ndim=self._axes, axes=sizes)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["cell"]
        penalty = {"activity_regularizer": regularizers.serialize(self.activity_regularizer)}
        return {**config, **described(self.cell, names_of(self.cell_class)), **penalty}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        with CustomObjectScope(custom_objects):
            return super(RNN, cls).from_config(config)


def _of_cell(name: str) -> property:
    return property(lambda self: getattr(self.cell, name), doc=f"The cell's `{name}`.")
