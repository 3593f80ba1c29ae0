"""Optimizer: from gradients to the next value of every variable. Subclasses say the rule for one variable."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypedDict

import numpy as np

from schuss import ops
from schuss.graph import (
    Spec,
    StatelessScope,
    Tensor,
    Variable,
    active_trace,
    as_dtype,
    floatx,
    name_scope,
)
from schuss.graph.primitives import host_call_p
from schuss.optimizers import _checks, _clipping
from schuss.optimizers._variables import OwnVariables
from schuss.optimizers.schedules import LearningRateSchedule, deserialize, serialize
from schuss.utils._names import suggestion
from schuss.utils._uids import auto_name


class Common(TypedDict, total=False):
    """The keyword arguments that all optimizers share; `Optimizer` explains them."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class Optimizer(OwnVariables):
    """Base class of optimizers.

    One call of `apply` is one step. For the variables w with gradients g, in this order: g is divided by
    `loss_scale_factor`; (with accumulation: added up, and what follows happens in every k-th step, with the
    mean); g is clipped; ``w ← w − lr · weight_decay · w``; the subclass's rule `update_step`; the moving
    averages; the variables' constraints; ``iterations ← iterations + 1``.

    Everything is computed by `schuss.ops`, and the learning rate and the counter are variables: a step can be
    traced and compiled once, and the learning rate changed afterwards. Other hyper-parameters become
    constants of the trace.

    Args:
        learning_rate: float ≥ 0, a `schedules.LearningRateSchedule`, or a function without arguments that
            returns the rate (called in every step); or ``"auto"``: `fit` finds the rate by experiment, at its
            start (`schuss.insight.find_learning_rate`), says which it is, and trains with it. So it is with a
            schedule's highest rate (``CosineDecay("auto", steps)``).
        weight_decay: float ≥ 0 or None. Decoupled from the gradient, as in AdamW.
        clipnorm: float or None. Each variable's gradient is scaled to at most this 2-norm.
        clipvalue: float or None. Each element of a gradient is clipped to [−clipvalue, clipvalue].
        global_clipnorm: float or None. All gradients together are scaled to at most this 2-norm. At most one
            of the three.
        use_ema: bool, False. Keep an exponential moving average of every variable.
        ema_momentum: float in [0, 1], 0.99: ``average ← ema_momentum · average + (1 − ema_momentum) · w``.
        ema_overwrite_frequency: int or None. Every so many steps the variables take the value of their
            averages; None: only in `finalize_variable_values`, which `fit` calls at its end.
        loss_scale_factor: float or None. The loss is multiplied by it (`scale_loss`), the gradients are
            divided by it.
        gradient_accumulation_steps: int ≥ 2 or None. Variables change only in every k-th step, by the mean
            gradient of k.
        name: str. Default: made from the class's name, "sgd", then "sgd_1".

    Raises:
        ValueError: an argument is out of its range, unknown, or more than one clipping is asked for.

    Example (an optimizer of one's own):
        >>> import numpy as np, schuss
        >>> from schuss.optimizers import Optimizer
        >>> class SignDescent(Optimizer):
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         self.assign_sub(variable, learning_rate * schuss.ops.sign(gradient))
        >>> w = schuss.Variable(np.array([1.0, -1.0], "float32"))
        >>> SignDescent(learning_rate=0.5).apply([np.array([3.0, -0.1], "float32")], [w])
        >>> w.numpy().tolist()
        [0.5, -0.5]
    """

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        if kwargs.pop("decay", None) is not None:
            warnings.warn(
                f"{type(self).__name__}: `decay` is ignored. Use "
                "learning_rate=schedules.InverseTimeDecay(…).",
                stacklevel=3,
            )
        if kwargs:
            unknown = next(iter(kwargs))
            hint = (
                "Did you mean 'learning_rate'?" if unknown == "lr" else suggestion(unknown, self._keywords())
            )
            raise ValueError(f"{type(self).__name__}: unknown argument {unknown!r}. {hint}")
        super().__init__(name or auto_name(type(self).__name__))
        self.weight_decay = _checks.optional_number(self, "weight_decay", weight_decay)
        self.clipnorm = _checks.optional_number(self, "clipnorm", clipnorm)
        self.clipvalue = _checks.optional_number(self, "clipvalue", clipvalue)
        self.global_clipnorm = _checks.optional_number(self, "global_clipnorm", global_clipnorm)
        if sum(limit is not None for limit in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                f"{type(self).__name__}: only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be "
                "set, got "
                f"clipnorm={clipnorm}, clipvalue={clipvalue}, global_clipnorm={global_clipnorm}."
            )
        self.use_ema = bool(use_ema)
        self.ema_momentum = _checks.number(self, "ema_momentum", ema_momentum, high=1.0)
        self.ema_overwrite_frequency = ema_overwrite_frequency
        if ema_overwrite_frequency is not None:
            _checks.positive_integer(self, "ema_overwrite_frequency", ema_overwrite_frequency)
        self.loss_scale_factor = _checks.optional_number(
            self, "loss_scale_factor", loss_scale_factor, without_low=True
        )
        self.gradient_accumulation_steps = gradient_accumulation_steps
        if gradient_accumulation_steps is not None:
            _checks.positive_integer(
                self, "gradient_accumulation_steps", gradient_accumulation_steps, least=2
            )

        self.built = False
        self._trainable_variables: list[Variable] = []
        self._index: dict[int, int] = {}
        self._averages: list[Variable] = []
        self._accumulators: list[Variable] = []
        self._undecayed_ids: set[int] = set()
        self._undecayed_pattern: re.Pattern[str] | None = None
        self._shared: dict[tuple[str, np.dtype, int], tuple[Any, Any]] | None = None
        self._iterations = self.add_variable((), dtype="int32", name="iteration")
        self._learning_rate: Any = None
        self._seeks_rate = False
        self._take_learning_rate(learning_rate)

    def _keywords(self) -> list[str]:
        """The constructor's argument names, for suggestions."""
        import inspect

        classes = [cls for cls in type(self).__mro__ if issubclass(cls, Optimizer)]
        arguments = [a for cls in classes for a in inspect.signature(cls).parameters.values()]
        return [a.name for a in arguments if a.kind is not a.VAR_KEYWORD]

    # The learning rate and the counter

    def _take_learning_rate(self, rate: Any) -> None:
        self._seeks_rate = isinstance(rate, str) and rate == "auto"
        if isinstance(rate, LearningRateSchedule) or callable(rate):
            self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._learning_rate = rate
            return
        value = np.nan if self._seeks_rate else self._rate_number(rate)
        start = lambda shape, dtype: np.full(shape, value, dtype)  # noqa: E731
        self._learning_rate = self.add_variable((), start, name="learning_rate")
        self._variables.insert(1, self._variables.pop())  # its place also where it takes that of a schedule

    def _rate_number(self, rate: Any) -> float:
        """A learning rate as a float; a ValueError if it is none."""
        if isinstance(rate, (np.ndarray, Variable)) and rate.size == 1:
            rate = np.asarray(rate).item()
        try:
            return float(_checks.number(self, "learning_rate", rate))
        except ValueError as error:
            hint = "It may also be 'auto', a LearningRateSchedule, or a function without arguments."
            raise ValueError(f"{error} {hint}") from None

    @property
    def learning_rate(self) -> Any:
        """α: a float32 `Variable`, or what the schedule (the function) gives for the present iteration.
        Settable."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(self._iterations)
        if isinstance(self._learning_rate, Variable):
            return self._learning_rate
        value = self._learning_rate()
        if active_trace() is None or isinstance(value, (Tensor, Variable)):
            return value
        # A plain number would become a constant of the compiled program. Ask the function again in every
        # step.
        specs = (Spec((), as_dtype(floatx())),)
        function = self._call_learning_rate
        (rate,) = host_call_p.bind(self._iterations, function=function, specs=specs)
        return rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        held = self._learning_rate
        if isinstance(rate, str) and rate == "auto":
            raise ValueError(
                f"{self.name}: 'auto' is said when an optimizer is made, {type(self).__name__}(learning_rate='auto'). "
                "To find a rate for a model as it is now, call schuss.insight.find_learning_rate(model, x, y)."
            )
        if isinstance(held, Variable) and isinstance(rate, Tensor):
            held.assign(rate)
        elif isinstance(rate, LearningRateSchedule) or callable(rate):
            self._take_learning_rate(rate)
        elif isinstance(held, Variable):
            held.assign(self._rate_number(rate))
            self._seeks_rate = False
        else:
            raise TypeError(
                f"The learning rate of {self.name!r} comes from {type(held).__name__}, so it cannot be set "
                f"to {rate!r}. "
                "Make the optimizer with a float `learning_rate` if it is to be changed."
            )

    @property
    def seeks_rate(self) -> bool:
        """Whether the learning rate, or its schedule's highest, is ``"auto"``, and has not been found yet."""
        held = self._learning_rate
        return held.seeks_rate if isinstance(held, LearningRateSchedule) else self._seeks_rate

    def take_rate(self, rate: float) -> None:
        """The rate that was sought."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            self._learning_rate.take_rate(rate)
        else:
            self.learning_rate = rate

    @property
    def learning_rate_sources(self) -> tuple[Any, ...]:
        """Where learning rates come from: variables, schedules, functions. A compiled step is made for these
        objects; the values of variables may change."""
        held = self._learning_rate
        if isinstance(held, LearningRateSchedule) and held.seeks_rate:
            return held, "auto"  # the step with the number is another one
        return (held,)

    def _call_learning_rate(self, iterations: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(self._learning_rate(), floatx())]

    @property
    def iterations(self) -> Any:
        """The number of steps made (of updates, where gradients are accumulated)."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    # Variables

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the optimizer's variables for these trainable ones, once. Subclasses that need more extend it."""
        if self.built:
            return
        variables = list(variables)
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulators = self.add_optimizer_variables(variables, "gradient_accumulator")
        self._index = {id(variable): i for i, variable in enumerate(variables)}
        self._trainable_variables = variables
        self.built = True

    def _get_variable_index(self, variable: Variable) -> int:
        return self._index[id(variable)]

    # A step

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """The rule: assign `variable` and the optimizer's variables that belong to it. Subclasses define
        it."""
        raise NotImplementedError(f"{type(self).__name__} does not define `update_step`.")

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Any:
        """One step, for pairs (gradient, variable). Returns `iterations`."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """One step.

        Args:
            grads: an array of each variable's shape; None where a variable does not take part. If there are
                none at all, nothing happens.
            trainable_variables: the variables, in the gradients' order. Default: those it was built with.

        Raises:
            ValueError: gradients and variables do not fit each other; no gradient at all; an unknown
                variable.
        """
        grads, variables = self._given(grads, trainable_variables)
        if not grads:
            return
        if self.seeks_rate and active_trace() is None:
            raise ValueError(_checks.no_rate_yet(self))
        with name_scope(self.name):
            self._apply(*self._matched(grads, variables))

    def _given(
        self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None
    ) -> tuple[list[Any], list[Variable]]:
        """What `apply` was given, as lists of one length, with the optimizer built."""
        grads = list(grads)
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        if grads and len(grads) != len(variables):
            raise ValueError(
                f"{self.name}: {len(grads)} gradients for {len(variables)} trainable variables; there must "
                "be one for "
                f"each.{'' if self.built else ' The optimizer is not built: pass `trainable_variables`.'}"
            )
        if grads and not self.built:
            self.build(variables)
        return grads, variables

    def _matched(self, grads: list[Any], variables: list[Variable]) -> tuple[list[Any], list[Variable]]:
        """Gradients and variables without those that have no gradient; a ValueError for what cannot be
        meant."""
        unknown = [variable for variable in variables if id(variable) not in self._index]
        if unknown:
            raise ValueError(
                f"{self.name}: unknown variable {unknown[0]!r}. An optimizer works for the variables it was "
                "built with; "
                "make a new one for others."
            )
        missing = [variable.path for gradient, variable in zip(grads, variables) if gradient is None]
        if len(missing) == len(variables):
            raise ValueError(f"{self.name}: no gradients provided for any variable.")
        if missing:
            warnings.warn(
                f"{self.name}: gradients do not exist for the variables {missing}; they stay as they are.",
                stacklevel=4,
            )
        kept = [pair for pair in zip(grads, variables) if pair[0] is not None]
        gradients = [ops.convert_to_tensor(gradient) for gradient, _ in kept]
        for gradient, (_, variable) in zip(gradients, kept):
            if tuple(gradient.shape) != variable.shape:
                raise ValueError(
                    f"{self.name}: the gradient of variable {variable.path!r} has shape "
                    f"{tuple(gradient.shape)}; "
                    f"expected the variable's, {variable.shape}."
                )
        return gradients, [variable for _, variable in kept]

    def _apply(self, grads: list[Any], variables: list[Variable]) -> None:
        if self.loss_scale_factor is not None:
            grads = [gradient * (1.0 / self.loss_scale_factor) for gradient in grads]
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables, self.gradient_accumulation_steps)
        else:
            self._update(grads, variables)
        if self.use_ema:
            self._average()
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))
        self._iterations.assign_add(1)

    def _accumulate(self, grads: list[Any], variables: list[Variable], k: int) -> None:
        """Add the gradients up; in every k-th step, update by their mean.

        Which step it is, the counter's value decides and not Python, so that one compiled program is right
        for all.
        """
        due = ops.equal(ops.mod(self._iterations + 1, k), 0)
        sums = [
            ops.add(self._accumulators[self._get_variable_index(variable)], gradient)
            for gradient, variable in zip(grads, variables)
        ]
        self._assign_where(due, lambda: self._update([total * (1.0 / k) for total in sums], variables))
        for total, variable in zip(sums, variables):
            self._accumulators[self._get_variable_index(variable)].assign(
                ops.where(due, ops.zeros_like(total), total)
            )

    def _assign_where(self, condition: Any, run: Callable[[], None]) -> None:
        """The assignments that `run` makes, if the scalar `condition` is true, which need not be known yet."""
        with StatelessScope() as scope:
            run()
        for key, variable in scope.variables.items():
            variable.assign(ops.where(condition, scope.values[key], variable))

    def _update(self, grads: list[Any], variables: list[Variable]) -> None:
        rate = ops.convert_to_tensor(self.learning_rate)
        grads = self._clip(grads)
        self._shared = {}
        try:
            self._decay_weights(variables, rate)
            self._update_all(grads, variables, rate)
        finally:
            self._shared = None

    def _update_all(self, grads: list[Any], variables: list[Variable], rate: Any) -> None:
        for gradient, variable in zip(grads, variables):
            self.update_step(gradient, variable, rate)

    def _clip(self, grads: list[Any]) -> list[Any]:
        if self.clipnorm:
            return [_clipping.clip_by_norm(gradient, self.clipnorm) for gradient in grads]
        if self.global_clipnorm:
            return _clipping.clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue:
            return [ops.clip(gradient, -self.clipvalue, self.clipvalue) for gradient in grads]
        return grads

    def _decay_weights(self, variables: list[Variable], rate: Any) -> None:
        if self.weight_decay is None:
            return
        decay = ops.multiply(rate, self.weight_decay)
        for variable in variables:
            if self._use_weight_decay(variable):
                variable.assign(variable - variable * self._in_dtype(decay, variable))

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Leave variables without weight decay.

        Args:
            var_list: these variables.
            var_names: those in whose name one of these regular expressions is found: ``["bias"]``.
        """
        self._undecayed_ids = {id(variable) for variable in var_list or ()}
        self._undecayed_pattern = re.compile("|".join(var_names)) if var_names else None

    def _use_weight_decay(self, variable: Variable) -> bool:
        if id(variable) in self._undecayed_ids:
            return False
        return self._undecayed_pattern is None or self._undecayed_pattern.search(variable.name) is None

    def _average(self) -> None:
        """Move the averages towards the variables (in the first step, to them); where it is time, the
        reverse."""
        momentum = ops.where(ops.not_equal(self.iterations, 0), self.ema_momentum, 0.0)
        for variable, average in zip(self._trainable_variables, self._averages):
            m = ops.cast(momentum, variable.dtype)
            average.assign(m * average + (1.0 - m) * variable)
        if self.ema_overwrite_frequency:
            due = ops.equal(ops.mod(self.iterations + 1, self.ema_overwrite_frequency), 0)
            for variable, average in zip(self._trainable_variables, self._averages):
                variable.assign(ops.where(due, average, variable))

    def averages(self) -> list[tuple[Variable, Variable]]:
        """Each trainable variable with its moving average; empty without `use_ema`, and before `build`."""
        return list(zip(self._trainable_variables, self._averages)) if self.use_ema else []

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """The end of training: with `use_ema`, the variables take the values of their averages."""
        if not self.use_ema:
            return
        for variable in var_list:
            if id(variable) not in self._index:
                raise ValueError(
                    f"{self.name}: there is no average of variable {variable.path!r}; was it built for it?"
                )
            variable.assign(self._averages[self._get_variable_index(variable)])

    def scale_loss(self, loss: Any) -> Any:
        """The loss whose gradients `apply` expects: times `loss_scale_factor`, if there is one."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """One step as a function of values: nothing is assigned.

        Args:
            optimizer_variables: a value for each of `variables`.
            grads: the gradients.
            trainable_variables: a value for each variable the optimizer was built with.

        Returns:
            The new values of the trainable and of the optimizer's variables, two lists.
        """
        if not self.built:
            raise ValueError(f"{self.name}: call `build(trainable_variables)` before `stateless_apply`.")
        for what, values, variables in (
            ("optimizer_variables", optimizer_variables, self.variables),
            ("trainable_variables", trainable_variables, self._trainable_variables),
        ):
            if len(values) != len(variables):
                raise ValueError(
                    f"{self.name}: `{what}` must have {len(variables)} values, got {len(values)}."
                )
        pairs = [
            *zip(self._trainable_variables, trainable_variables),
            *zip(self.variables, optimizer_variables),
        ]
        with StatelessScope([(variable, ops.cast(value, variable.dtype)) for variable, value in pairs]):
            self.apply(grads)
            values = [variable.value for variable, _ in pairs]
        return values[: len(trainable_variables)], values[len(trainable_variables) :]

    # For the rules

    def assign(self, variable: Variable, value: Any) -> None:
        """``variable ← value``"""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """``variable ← variable + value``"""
        variable.assign(variable + value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """``variable ← variable − value``"""
        variable.assign(variable - value)

    def _once(self, name: str, variable: Variable, make: Callable[[np.dtype], Any], of: Any = None) -> Any:
        """A scalar that the updates of one step share: ``make(variable.dtype)``, kept for the others of that
        dtype.

        `of` is the value it is made from, if that can differ between variables (a learning rate scaled by a
        subclass).
        """
        if self._shared is None:
            return make(variable.dtype)
        key = (name, variable.dtype, id(of))
        if key not in self._shared:
            self._shared[key] = (make(variable.dtype), of)
        return self._shared[key][0]

    def _in_dtype(self, value: Any, variable: Variable) -> Any:
        """The scalar `value` in the variable's dtype."""
        return self._once("cast", variable, lambda dtype: ops.cast(value, dtype), of=value)

    def _rest(self, beta: float, variable: Variable) -> float:
        """1 − β, rounded in the variable's dtype: for the rules of which Keras has β in that dtype first."""
        number = variable.dtype.type
        return float(number(1) - number(beta))

    def _step_number(self, variable: Variable) -> Any:
        """t = 1, 2, …, in the variable's dtype."""
        return self._once("t", variable, lambda dtype: ops.cast(self.iterations + 1, dtype))

    # Keeping

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments. A schedule becomes a dict; a function stays one."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            rate = serialize(rate)
        elif isinstance(rate, Variable):
            rate = "auto" if self._seeks_rate else float(rate.array)
        return {
            "name": self.name,
            "learning_rate": rate,
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
        """The optimizer that `get_config` describes, without its variables' values."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize(config["learning_rate"], custom_objects)
        return cls(**config)
