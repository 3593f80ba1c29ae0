"""Model: a layer that can be trained: from inputs and outputs (functional), or with a `call` of its own."""

from __future__ import annotations

from typing import Any

from schuss.graph import _tree
from schuss.layers._config import configures_automatically
from schuss.layers._layer import Layer
from schuss.layers._masks import set_mask
from schuss.layers._symbolic import is_symbolic
from schuss.models._function import Function
from schuss.models._functional_config import functional_config, model_from_config
from schuss.models._state_tree import set_state_tree, state_tree
from schuss.models._summary import print_summary
from schuss.training.trainer import Trainer
from schuss.utils._names import suggestion
from schuss.utils._uids import auto_name


@configures_automatically
class Model(Trainer, Layer):
    """Layers in a graph, with `compile`, `fit`, `evaluate`, `predict`, `summary`, `save_weights`.

    Two ways to make one: from symbolic inputs and outputs, ``Model(inputs, outputs)``; or as a subclass that
    makes its layers in ``__init__`` and uses them in ``call``.

    Args:
        inputs: a nested structure of `Input`s (one, a list, a dict).
        outputs: a nested structure of what layers return for them.
        name: default ``"functional"``, or the subclass's name.
        **kwargs: ``trainable``, ``dtype`` as for every `Layer`.

    Example:
        >>> import numpy as np, schuss
        >>> x = schuss.Input((4,))
        >>> model = schuss.Model(x, schuss.layers.Dense(3)(x))
        >>> model(np.ones((2, 4))).shape
        (2, 3)
        >>> class Twice(schuss.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.dense = schuss.layers.Dense(4)
        ...     def call(self, inputs):
        ...         return self.dense(self.dense(inputs))
        >>> Twice()(np.ones((2, 4))).shape
        (2, 4)
    """

    def __init__(self, *args: Any, **kwargs: Any):
        inputs, outputs, name = _functional_arguments(type(self).__name__, args, kwargs)
        Trainer.__init__(self)
        if inputs is None:
            Layer.__init__(self, name=name, **kwargs)
            self._function: Function | None = None
            return
        Layer.__init__(
            self, name=name or (auto_name("functional") if type(self) is Model else None), **kwargs
        )
        self._set_function(inputs, outputs)

    def _set_function(self, inputs: Any, outputs: Any) -> None:
        self._function = Function(inputs, outputs, self.name)
        self._function_layers = self._function.layers
        self.autocast = False  # inputs are cast to the dtypes of the `Input`s
        self.supports_masking = True
        shapes = _tree.map_structure(lambda tensor: tensor.shape, inputs)
        self._build_shapes, self.built = {"input_shape": shapes}, True

    # Structure ---

    @property
    def layers(self) -> list[Layer]:
        """The layers directly in the model (not those within these), in the order of use or of creation."""
        return self._layers_held

    @property
    def inputs(self) -> Any:
        """The symbolic inputs as a list; None for a subclassed model."""
        return None if self._function is None else self._function.input_tensors

    @property
    def outputs(self) -> Any:
        """The symbolic outputs as a list; None for a subclassed model."""
        return None if self._function is None else self._function.output_tensors

    @property
    def input(self) -> Any:
        return super().input if self._function is None else self._function.inputs

    @property
    def output(self) -> Any:
        return super().output if self._function is None else self._function.outputs

    @property
    def input_shape(self) -> Any:
        """The shape of the input, None where sizes vary (a list of shapes for several)."""
        return _shapes_of(self.input if self._function is None else self._function.input_tensors)

    @property
    def output_shape(self) -> Any:
        """The shape of the output (a list of shapes for several)."""
        return _shapes_of(self.output if self._function is None else self._function.output_tensors)

    @property
    def input_names(self) -> list[str]:
        return [] if self._function is None else [layer.name for layer in self._function.input_layers]

    @property
    def output_names(self) -> list[str]:
        """The names of the layers that make the outputs."""
        if self._function is None:
            return []
        return [
            tensor._keras_history[0].name for tensor in self._function.output_tensors if tensor._keras_history
        ]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer with that name, or at that place in `layers`.

        Raises:
            ValueError: there is none; or not exactly one of `name` and `index` was given.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer: give exactly one of `name` and `index`.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f'Model "{self.name}" has {len(layers)} layers; there is no layer {index}.')
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f'Model "{self.name}" has no layer {name!r}. {suggestion(str(name), [x.name for x in layers])}'
        )

    # Computing ---

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The outputs for the inputs. Subclasses write their own."""
        if self._function is None:
            raise NotImplementedError(
                f"Model {type(self).__name__} has neither a `call` method nor inputs and outputs: write "
                "`def call(self, inputs)` with what it computes."
            )
        if mask is not None:
            for leaf, leaf_mask in zip(_tree.leaves(inputs), _tree.leaves(mask)):
                set_mask(leaf, leaf_mask)
        return self._function(inputs)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the masks of a model's outputs are those that its last layers set."""
        return None

    # Showing, saving ---

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers: names, output shapes, numbers of weights.

        Args:
            line_length: width in characters; default that of the terminal, at most 110.
            positions: relative positions of the columns' ends, for instance ``[0.4, 0.7, 1.0]``.
            print_fn: function of the text, instead of printing.
            expand_nested: show the layers of models within. Default False.
            show_trainable: show whether layers are trainable. Default False.
            layer_range: names of the first and the last layer to show.
        """
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Write the model to a ``.keras`` file: structure, weights, what it was compiled with, the optimizer's
        state. `schuss.models.load_model` and Keras 3 read it.

        Args:
            filepath: a path that ends in ``.keras``, or a binary file object. One that ends in ``.h5`` makes a
                file of Keras's older format.
            overwrite: replace an existing file; otherwise an error. Default True.
            zipped: accepted as in Keras; folders (False) are not supported.
            **kwargs: of older programs: ``include_optimizer`` (for ``.h5``), ``save_format`` (the file's name
                decides).

        Raises:
            ValueError: the name ends differently.
            TypeError: the model has parts that cannot be written to a config.
            OSError: the file cannot be written. An existing one is kept then.
        """
        from schuss.saving.archive import save_model

        save_model(self, filepath, overwrite, zipped, **kwargs)

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",
        verbose: Any = None,
        input_signature: Any = None,
        opset_version: int | None = None,
    ) -> None:
        """Write what the model predicts to a file that other programs run: ``format="onnx"``. Needs the package ``onnx``.

        Args:
            filepath: a path that ends in ``.onnx``.
            format: ``"onnx"``; Keras's other formats are not supported.
            verbose: accepted as in Keras.
            input_signature: list of `InputSpec`s or shapes, a structure of these as `call` takes them. Axes of size None
                are open in the file. Default: the inputs of a functional or sequential model, for others the shapes with
                which they were built.
            opset_version: of ONNX's operators: 18 (default) to 21.

        Raises:
            ImportError: ``onnx`` is not installed.
            NotImplementedError: another format.
            ValueError: the model does what ONNX cannot (calls Python, draws random numbers), or something else for each
                size of an open axis (then give its size in `input_signature`).
            TypeError: an input is text, or the model keeps something from call to call.
            OSError: the file cannot be written. An existing one is kept then.
        """
        if format != "onnx":
            raise NotImplementedError(
                f'export(format={format!r}) is not supported, but format="onnx" is. For others write the model with '
                "model.save('name.keras'), and export it with Keras: keras.models.load_model('name.keras').export(…)."
            )
        from schuss.saving._onnx._export import export_onnx

        export_onnx(self, filepath, input_signature, opset_version)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: Any = None) -> None:
        """Write all weights, and the optimizer's variables, to a ``.weights.h5`` file, as Keras 3 does, or to a
        ``.safetensors`` file.

        Args:
            filepath: a path that ends in ``.weights.h5`` or ``.safetensors``.
            overwrite: replace an existing file; otherwise an error. Default True.
            max_shard_size: accepted only as None: weights are always written to one file.

        Raises:
            ValueError: the name ends differently, or the model is not built.
            OSError: the file cannot be written. An existing one is kept then.
        """
        from schuss.saving.weights import save_weights

        save_weights(self, filepath, overwrite, max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read what `save_weights`, or Keras 3's, wrote. All is read and checked before the model is changed.

        Args:
            filepath: a ``.weights.h5`` or ``.safetensors`` file, or a ``.keras`` file, whose weights are taken.
            skip_mismatch: leave layers as they are, with a warning, where the file does not fit. Default
                False.
            **kwargs: ``objects_to_skip``: list of layers that are left as they are. ``by_name``: for ``.h5`` files
                of Keras's older format: find layers by their names.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: not such a file, a truncated one, or one of another model (says which layer). The
                model is unchanged then.
        """
        from schuss.saving.weights import load_weights

        load_weights(self, filepath, skip_mismatch, **kwargs)

    # Configuration ---

    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """Copies of the values of all variables, in nested dicts by the parts of their paths.

        Args:
            value_format: ``"backend_tensor"`` (default) or ``"numpy_array"``, which are the same here.

        Returns:
            dict with ``"trainable_variables"``, ``"non_trainable_variables"``, ``"optimizer_variables"`` and
            ``"metrics_variables"``.

        Raises:
            ValueError: two variables have the same path.

        Example:
            >>> import schuss
            >>> model = schuss.Sequential([schuss.Input((3,)), schuss.layers.Dense(2, name="d")], name="m")
            >>> model.get_state_tree()["trainable_variables"]["m"]["d"]["bias"].tolist()
            [0.0, 0.0]
        """
        return state_tree(self, value_format)

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Set variables from what `get_state_tree` returned, or a part of it.

        Raises:
            ValueError: there is no such variable, or a shape differs. Nothing is changed then.
        """
        set_state_tree(self, state_tree)

    @property
    def _serialized_class_name(self) -> str:
        return "Functional" if type(self) is Model and self._function is not None else type(self).__name__

    def get_config(self) -> dict[str, Any]:
        if self._function is not None and type(self).__init__ is Model.__init__:
            return functional_config(self)
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """A new model (without weights) from what `get_config` returned."""
        from schuss.saving.registration import CustomObjectScope

        with CustomObjectScope(custom_objects):
            if "input_layers" in config and "layers" in config:
                return model_from_config(cls, config)
            return super().from_config(config)

    def to_json(self, **kwargs: Any) -> str:
        """The model's structure (without weights) as JSON. `model_from_json` reads it.

        Args:
            **kwargs: for ``json.dumps``.
        """
        import json

        from schuss.saving.serialization import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)

    def get_build_config(self) -> dict[str, Any] | None:
        return None if self._function is not None and type(self) is Model else super().get_build_config()


def _functional_arguments(
    owner: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Any, str | None]:
    """``inputs``, ``outputs``, ``name``, taken out of what a model was made with."""
    values = dict(zip(("inputs", "outputs", "name"), args))
    if len(args) > 3:
        raise TypeError(
            f"{owner}: takes `inputs`, `outputs` and `name` by position, got {len(args)} arguments."
        )
    for key in ("inputs", "outputs", "name"):
        if key in kwargs:
            values[key] = kwargs.pop(key)
    inputs, outputs = values.get("inputs"), values.get("outputs")
    if (inputs is None) != (outputs is None):
        raise ValueError(f"{owner}: `inputs` and `outputs` must be given together.")
    return inputs, outputs, values.get("name")


def _shapes_of(structure: Any) -> Any:
    shapes = _tree.map_structure(lambda tensor: tensor.shape if is_symbolic(tensor) else None, structure)
    return shapes[0] if isinstance(structure, list) and len(structure) == 1 else shapes
