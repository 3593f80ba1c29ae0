"""Layer: a function of arrays that owns variables. The base of all layers and models, with Keras 3's
semantics."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from schuss import constraints, initializers, ops, regularizers
from schuss.graph import (
    StatelessScope,
    Tensor,
    Text,
    Variable,
    _tree,
    as_array,
    as_text,
    autocasting,
    is_float,
    standardize_dtype,
    structure_changed,
    untraced,
)
from schuss.layers._call import (
    Signature,
    building,
    calling,
    calls,
    errors_named,
    is_outermost,
    resolve_training,
)
from schuss.layers._config import Configurable, argument_names, given_arguments
from schuss.layers._dtype_policy import DTypePolicy, get_policy
from schuss.layers._input_spec import check_inputs
from schuss.layers._masks import get_mask, set_mask, unmasked_twin
from schuss.layers._remat import RematScope, current_scope, recomputed_call
from schuss.layers._shapes import as_shapes, batch_shape, map_shapes, shapes_for
from schuss.layers._state import Holder, holds_state
from schuss.layers._symbolic import KerasTensor, Node, any_symbolic, infer_apart, is_symbolic
from schuss.utils._names import suggestion
from schuss.utils._uids import auto_name

_INPUT_ARGUMENTS = ("input_shape", "batch_input_shape", "input_dim", "batch_size", "input_dtype", "weights")


class Layer(Configurable):
    """A function of arrays, y = f(x), with variables that learning changes.

    Subclasses create variables in ``build(input_shape)`` (or in ``__init__``) with `add_weight`, and compute
    in ``call(inputs)`` with `schuss.ops`. Layers, variables, metrics and seed generators set as attributes,
    also in lists and dicts, belong to the layer.

    Args:
        activity_regularizer: function (or its name) of the outputs whose value is added to the loss.
        trainable: whether gradient descent may change the weights. Default True.
        dtype: in which type the layer computes and keeps its weights: a name, a `DTypePolicy`; default
            floatx. Floating-point inputs are cast to it.
        autocast: whether to cast inputs so. Default True.
        name: default: the class's name in snake case, with a number from the second on.
        input_shape: shape of one example; a Sequential model that starts with this layer is built at once.

    Example:
        >>> import numpy as np, schuss
        >>> class Scale(schuss.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> layer = Scale()
        >>> layer(np.ones((2, 3))).shape, layer.count_params()
        ((2, 3), 3)
    """

    _call_signature: Signature
    _inbound_nodes: list[Node]
    _locked: bool
    _is_building: bool
    _remat: RematScope | None
    takes_text = False
    """Whether `call` is made for text, arrays of strings."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = object.__new__(cls)
        for name, start in (
            ("_trained_weights", []),
            ("_kept_weights", []),
            ("_losses", []),
            ("_inbound_nodes", []),
        ):
            object.__setattr__(layer, name, start)
        object.__setattr__(layer, "_found", None)
        object.__setattr__(layer, "_remat", current_scope())
        object.__setattr__(layer, "_trainable", True)
        object.__setattr__(layer, "built", False)
        object.__setattr__(layer, "_locked", False)
        object.__setattr__(layer, "_is_building", False)
        object.__setattr__(layer, "_auto_config", given_arguments(cls.__init__, args, kwargs))
        return layer

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _own_build(cls.__dict__["build"])  # type: ignore[method-assign]
        if "call" in cls.__dict__:
            cls._call_signature = Signature.of(cls.__dict__["call"])

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ):
        unknown = [key for key in kwargs if key not in _INPUT_ARGUMENTS]
        if unknown:
            known = [*argument_names(type(self)), *_INPUT_ARGUMENTS]
            raise ValueError(
                f"{type(self).__name__}: unrecognized keyword argument {unknown[0]!r}. "
                f"{suggestion(unknown[0], known)}"
            )
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(
                f"{type(self).__name__}: `name` must be a string without '/', which separates the names of "
                f"nested layers; got {name!r}."
            )
        self.name: str = name or auto_name(type(self).__name__)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.dtype_policy: DTypePolicy = get_policy(dtype)
        self.autocast = autocast
        self.supports_masking = False
        self.input_spec: Any = None
        self._build_shapes: dict[str, Any] | None = None
        self._path: str | None = None
        self._batch_input_shape = batch_shape(type(self).__name__, kwargs)
        self._initial_weights = kwargs.get("weights")
        if not trainable:
            self.trainable = False

    def __setattr__(self, name: str, value: Any) -> None:
        if self._locked and isinstance(value, (Holder, Variable)):
            known = self._held() + self._trained_weights + self._kept_weights
            if not any(value is item for item in known):
                raise ValueError(
                    f'Layer "{self.name}" is built already; {type(value).__name__} cannot be added to it as '
                    f"{name!r}. Create layers and variables in `__init__` or `build`, not in `call`: what "
                    "`call` "
                    "creates would be new each time, and would not learn."
                )
        if isinstance(value, Variable):
            self._adopt(value)
        changes = holds_state(name, value) or holds_state(name, vars(self).get(name)) or name == "_trainable"
        super().__setattr__(name, value)
        if changes:
            structure_changed()

    def __delattr__(self, name: str) -> None:
        value = vars(self).get(name)
        if isinstance(value, Variable):
            self._disown(value)
        super().__delattr__(name)
        structure_changed()

    # Types and names ---

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self.dtype_policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        return self.dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype in which the layer computes."""
        return self.dtype_policy.compute_dtype

    @property
    def input_dtype(self) -> str:
        return self.dtype_policy.compute_dtype

    @property
    def path(self) -> str:
        """The names of the enclosing layers and this one's: ``"model/block/dense"``; set when built."""
        return self._path or self.name

    # Building ---

    def build(self, input_shape: Any) -> None:
        """Create the variables, knowing the inputs' shape. Called before the first `call`.

        Args:
            input_shape: tuple, None for sizes that vary (a list or dict of tuples for several inputs). A
                `build` with several arguments gets the shape of the argument ``x`` of `call` as ``x_shape``.
        """
        if any(not layer.built for layer in self._layers_held):
            self.compute_output_spec(
                map_shapes(input_shape, lambda shape: KerasTensor(shape, self.compute_dtype))
            )
        self._finish_building({"input_shape": as_shapes(input_shape)})

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = None,
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Create a variable of this layer.

        Args:
            shape: tuple of ints, default ``()``.
            initializer: name, config, or function ``(shape, dtype) -> array``. Default ``"glorot_uniform"``
                for float types, ``"zeros"`` for others.
            dtype: default: the layer's `variable_dtype`.
            autocast: whether a layer of mixed precision reads it in its compute dtype. Default True.
            trainable: whether gradient descent changes it. Default True.
            regularizer: function (or its name) of the variable whose value is added to the loss.
            constraint: function (or its name) applied to the value after each update.
            name: the last part of the variable's path. Default ``"variable"``.
            aggregation, overwrite_with_gradient: accepted as in Keras.

        Returns:
            The `Variable`.
        """
        if self._locked:
            raise ValueError(
                f'Layer "{self.name}" is built already; a weight ({name or "variable"!r}) cannot be added to it. Call '
                "`add_weight` in `__init__` or `build`, not in `call`."
            )
        shape = (
            () if shape is None else (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape)
        )
        if any(n is None for n in shape):
            raise ValueError(
                f'Layer "{self.name}": weight {name!r} would have shape {shape}, but the sizes of weights must be '
                "known. Give the layer's input a shape without None in the axis the weight depends on."
            )
        dtype = standardize_dtype(dtype or self.variable_dtype)
        if initializer is None:
            initializer = "glorot_uniform" if is_float(dtype) else "zeros"
        make = initializers.get(initializer)
        with untraced(), building(self.name) as path:
            value = make(shape, dtype=dtype)
            variable = Variable(value, shape=shape, dtype=dtype, trainable=trainable, name=name or "variable")
        variable.path = f"{path}/{variable.name}"
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.autocast = autocast
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._adopt(variable)
        if not self._trainable:
            variable.trainable = False
        return variable

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes with which the layer was built, from which `build_from_config` builds it again."""
        if self._build_shapes is None:
            return None
        if list(self._build_shapes) == ["input_shape"]:
            return dict(self._build_shapes)
        return {"shapes_dict": dict(self._build_shapes)}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build with the shapes that `get_build_config` returned."""
        shapes = config.get("shapes_dict") or config
        known = {key: as_shapes(shape) for key, shape in shapes.items() if shape is not None}
        if list(known) == ["input_shape"]:
            self.build(known["input_shape"])
        elif known:
            self.build(**known)

    def _build_for(self, arguments: dict[str, Any]) -> None:
        """Build with the shapes of the arguments of the call under way."""
        shapes = shapes_for(self.build, arguments)
        if type(self).build is Layer.build:  # the call itself will build the layers within
            self._path = "/".join(calls.path) or self.name
            self._finish_building(shapes)
        else:
            self.build(**shapes)
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None

    def _finish_building(self, shapes: dict[str, Any]) -> None:
        self._build_shapes = {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else shapes
        self.built = self._locked = True

    # Calling ---

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation: arrays (or tensors of a trace) in, arrays out. Written by subclasses with
        `schuss.ops`."""
        raise NotImplementedError(
            f"{type(self).__name__} has no `call` method: write what it computes there."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the layer's outputs; the first call builds it.

        Args:
            *args, **kwargs: as for `call`. Arrays, tensors of a trace, or symbolic inputs (see `Input`).
                ``training`` may be given to any layer and holds for the layers called within.
        """
        self._check_initialized()
        signature = self._call_signature
        training = None if signature.has("training") else kwargs.pop("training", None)
        bound = signature.bind(self.name, args, kwargs)
        for index, (name, value) in enumerate(bound.arguments.items()):
            bound.arguments[name] = self._converted(value, first=index == 0)
        if any_symbolic(list(bound.arguments.values())):
            return self._symbolic_call(bound)
        if is_outermost():
            self._clear_losses()
        if signature.has("training"):
            training = resolve_training(bound.arguments.get("training"), signature.default("training"))
            bound.arguments["training"] = training
        else:
            training = resolve_training(training, None)
        inputs = next(iter(bound.arguments.values()), None)
        check_inputs(self.input_spec, inputs, self.name)
        with calling(self.name, training):
            if not self.built:
                self._build_for(bound.arguments)
                check_inputs(self.input_spec, inputs, self.name)
            masks = self._masks_of(bound)
            with self._precision(), errors_named(self, bound.arguments):
                outputs = (calls.watcher or recomputed_call)(self, bound)
        if self.activity_regularizer is not None:
            for output in _tree.leaves(outputs):
                penalty = self.activity_regularizer(output)
                self.add_loss(
                    penalty / output.shape[0] if output.shape else penalty
                )  # for a sample, on average
        if masks is not None and not self.supports_masking:
            outputs = _tree.map_structure(
                lambda y: unmasked_twin(y) if any(y is x for x in _tree.leaves(inputs)) else y, outputs
            )
        self._pass_mask_on(inputs, outputs, masks)
        return outputs

    def _precision(self) -> AbstractContextManager[None]:
        """Within: variables are read in the compute dtype, if the layer keeps them in another (mixed
        precision)."""
        mixed = self.autocast and self.compute_dtype != self.variable_dtype and is_float(self.compute_dtype)
        return autocasting(self.compute_dtype if mixed else None)

    def _check_initialized(self) -> None:
        if "dtype_policy" not in vars(self):
            raise RuntimeError(
                f"{type(self).__name__}.__init__ has not called super().__init__(). Make it the first "
                "statement."
            )

    def _converted(self, value: Any, first: bool = False) -> Any:
        """Arrays as arrays of supported types, floating-point ones in the layer's compute dtype."""
        if type(value) is np.ndarray or type(value) is Tensor:
            return self._converted_leaf(value)
        if first and isinstance(value, (list, tuple)) and value:
            flat = _tree.leaves(value)
            if flat and all(isinstance(leaf, (int, float)) for leaf in flat):
                value = as_array(value)
            elif flat and all(isinstance(leaf, (str, bytes)) for leaf in flat):
                text = as_text(value)
                value = value if text is None else text
        return _tree.map_structure(self._converted_leaf, value)

    def _converted_leaf(self, leaf: Any) -> Any:
        if is_symbolic(leaf):
            return self._taken_text(leaf) if leaf.dtype == "string" else leaf
        if not (hasattr(leaf, "__array__") or hasattr(leaf, "__schuss_value__")):
            return leaf
        if isinstance(leaf, Tensor):
            value = leaf
        elif isinstance(leaf, Text):
            return self._taken_text(leaf)
        elif hasattr(leaf, "__schuss_value__"):
            value = leaf.__schuss_value__()
        else:
            try:
                value = as_array(leaf)
            except TypeError as error:
                text = as_text(leaf)
                if text is not None:
                    return self._taken_text(text)
                raise TypeError(f'Layer "{self.name}": {error}') from None
        if not self.autocast or not is_float(value.dtype) or value.dtype == self.compute_dtype:
            return value
        mask, value = get_mask(value), ops.cast(value, self.compute_dtype)
        if mask is not None:
            set_mask(value, mask)
        return value

    def _taken_text(self, text: Any) -> Any:
        """Text as an argument of `call`: for layers that are made for it or hold others, and the user's own."""
        own = not type(self).__module__.startswith("schuss.")
        if self.takes_text or own or self._layers_held:
            return text
        raise TypeError(
            f'Layer "{self.name}" ({type(self).__name__}) computes with numbers, but received text, of shape '
            f"{tuple(text.shape)}. Make numbers of it first, with a layer such as TextVectorization, StringLookup or "
            "Hashing."
        )

    def _masks_of(self, bound: inspect.BoundArguments) -> Any:
        """Fill in the mask arguments of `call` that were not given; returns the mask of the first
        argument."""
        given = list(bound.arguments.items())
        first_mask = None
        for index, (name, value) in enumerate(given):
            if name == "mask" or name.endswith("_mask") or name == "training":
                continue
            masks = [get_mask(leaf) for leaf in _tree.leaves(value)]
            known = any(mask is not None for mask in masks)
            if index == 0:
                first_mask = bound.arguments.get("mask")
                if first_mask is None and known:
                    first_mask = masks if isinstance(value, (list, tuple)) else masks[0]
            wanted = "mask" if index == 0 and self._call_signature.has("mask") else f"{name}_mask"
            if known and self._call_signature.has(wanted) and bound.arguments.get(wanted) is None:
                bound.arguments[wanted] = masks if isinstance(value, (list, tuple)) else masks[0]
        return first_mask

    def _pass_mask_on(self, inputs: Any, outputs: Any, mask: Any) -> None:
        if not self.supports_masking:
            if mask is not None and not self._call_signature.has("mask") and not isinstance(mask, list):
                warnings.warn(
                    f'Layer "{self.name}" ({type(self).__name__}) does not support masking, but its input has a mask. '
                    "The mask is dropped here.",
                    stacklevel=3,
                )
            return
        flat = _tree.leaves(outputs)
        if not flat or all(get_mask(leaf) is not None for leaf in flat):
            return
        made = self.compute_mask(inputs, mask)
        if made is None:
            return
        for leaf, leaf_mask in zip(flat, made if isinstance(made, (list, tuple)) else [made] * len(flat)):
            set_mask(leaf, leaf_mask)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the outputs; by default that of the inputs."""
        return previous_mask

    # Symbolic calls ---

    def _symbolic_call(self, bound: inspect.BoundArguments) -> Any:
        inputs = next(iter(bound.arguments.values()), None)
        check_inputs(self.input_spec, inputs, self.name)
        if not self.built:
            with building(self.name):
                self._build_for(bound.arguments)
            check_inputs(self.input_spec, inputs, self.name)
        args, kwargs = _tree.map_structure(self._converted_symbol, (bound.args, bound.kwargs))
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, bound.args, bound.kwargs, outputs)
        return outputs

    def _converted_symbol(self, leaf: Any) -> Any:
        """A symbolic value as `call` will see it: floats in the layer's compute dtype."""
        if not is_symbolic(leaf) or not self.autocast or not is_float(leaf.dtype):
            return leaf
        return leaf if leaf.dtype == self.compute_dtype else KerasTensor(leaf.shape, self.compute_dtype)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The symbolic outputs (`KerasTensor`) for symbolic inputs: by `compute_output_shape` where a
        subclass says it, else by tracing `call`."""
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            arguments = self._call_signature.bind(self.name, args, kwargs).arguments
            shape = self.compute_output_shape(**shapes_for(self.compute_output_shape, arguments))
            return map_shapes(shape, lambda s: KerasTensor(s, self.compute_dtype))
        return self._traced_output_spec(*args, **kwargs)

    def _traced_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        def traced(*args: Any, **kwargs: Any) -> Any:
            training = kwargs.get("training")
            if self._call_signature.has("training"):
                bound = self._call_signature.bind(self.name, args, kwargs)
                training = resolve_training(
                    bound.arguments.get("training"), self._call_signature.default("training")
                )
                bound.arguments["training"] = training
                args, kwargs = bound.args, bound.kwargs
            arguments = self._call_signature.bind(self.name, args, kwargs).arguments
            with calling(self.name, training), self._precision(), errors_named(self, arguments):
                return self.call(*args, **kwargs)

        return infer_apart(traced, args, kwargs)

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the output for a shape (or structure of shapes) of the input; None for sizes that
        vary."""
        shapes = args[0] if args else next(iter(kwargs.values()))
        layer = self if self.built else type(self).from_config(self.get_config())
        inputs = map_shapes(shapes, lambda shape: KerasTensor(shape, self.compute_dtype))
        if not layer.built:
            layer.build(as_shapes(shapes))
        return _tree.map_structure(lambda tensor: tensor.shape, layer._traced_output_spec(inputs))

    @property
    def input(self) -> Any:
        """The symbolic input of the layer's only symbolic call."""
        node = self._only_node("input")
        args = _tree.map_structure(lambda leaf: leaf, (node.args, node.kwargs))
        tensors = node.input_tensors
        return (
            args[0][0]
            if args[0] and any_symbolic(args[0][0])
            else tensors[0]
            if len(tensors) == 1
            else tensors
        )

    @property
    def output(self) -> Any:
        """The symbolic output of the layer's only symbolic call."""
        return self._only_node("output").outputs

    def _only_node(self, what: str) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(
                f'Layer "{self.name}" has no symbolic {what}: it was not called on an `Input` or on what other layers '
                "made of one."
            )
        if len({id(tensor) for node in self._inbound_nodes for tensor in node.output_tensors}) != len(
            self._inbound_nodes[0].output_tensors
        ):
            raise AttributeError(
                f'Layer "{self.name}" was called {len(self._inbound_nodes)} times, so "{what}" is ambiguous. Keep the '
                "tensor that the call returned instead."
            )
        return self._inbound_nodes[0]

    # State ---

    def count_params(self) -> int:
        """How many numbers the weights have.

        Raises:
            ValueError: the layer has not been built.
        """
        if not self.built:
            raise ValueError(
                f'Layer "{self.name}" is not built, so its weights cannot be counted. Call it on data, or '
                "`build(input_shape)` it, first."
            )
        return super().count_params()

    def stateless_call(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Call the layer as a function without side effects: state in, state out.

        Args:
            trainable_variables: values for `trainable_variables`, in their order.
            non_trainable_variables: values for `non_trainable_variables`, in their order.
            *args, **kwargs: as for calling the layer.
            return_losses: also return the list of `losses`.

        Returns:
            ``(outputs, non_trainable_variables)`` with the new values, and the losses where asked for.

        Raises:
            ValueError: the layer is not built, or another number of values than variables.
        """
        if not self.built:
            raise ValueError(
                f'Layer "{self.name}" is not built, so it has no state yet. Call it on data, or build(input_shape) '
                "it, first."
            )
        mapping: list[tuple[Variable, Any]] = []
        for kind, values in (
            ("trainable_variables", trainable_variables),
            ("non_trainable_variables", non_trainable_variables),
        ):
            variables, values = getattr(self, kind), list(values)
            if len(values) != len(variables):
                raise ValueError(
                    f'Layer "{self.name}" has {len(variables)} {kind}, but stateless_call received {len(values)} '
                    f"values for them: expected {', '.join(v.path for v in variables) or 'none'}."
                )
            mapping += [(v, _state_value(v, value)) for v, value in zip(variables, values, strict=True)]
        with StatelessScope(mapping) as scope:
            outputs = self(*args, **kwargs)
            losses = self.losses if return_losses else []
        state = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return (outputs, state, losses) if return_losses else (outputs, state)

    def __reduce__(self) -> Any:
        """For pickle: structure and weights, without what happened to the layer."""
        from schuss.saving.copies import reduced

        return reduced(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        from schuss.saving.copies import copied

        memo[id(self)] = made = copied(self)
        return made

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


Layer._call_signature = Signature.of(Layer.call)


def _own_build(build: Callable[..., Any]) -> Callable[..., Any]:
    """A subclass's `build`, so that what it creates has the layer's path and is created once, outside of any
    trace."""

    @functools.wraps(build)
    def wrapped(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self._is_building:  # called by the build of a subclass
            build(self, *args, **kwargs)
            return
        self._is_building = True
        try:
            with building(self.name) as path, untraced():
                self._path = path
                build(self, *args, **kwargs)
        finally:
            self._is_building = False
        bound = inspect.signature(build).bind(self, *args, **kwargs)
        self._finish_building({key: as_shapes(shape) for key, shape in list(bound.arguments.items())[1:]})

    return wrapped


def _state_value(variable: Variable, value: Any) -> Any:
    value = value.__schuss_value__() if hasattr(value, "__schuss_value__") else value
    value = value if isinstance(value, Tensor) else as_array(value)
    if tuple(value.shape) != variable.shape:
        raise ValueError(
            f"stateless_call: variable {variable.path!r} has shape {variable.shape}, but the value given for "
            "it has "
            f"shape {tuple(value.shape)}."
        )
    return value
