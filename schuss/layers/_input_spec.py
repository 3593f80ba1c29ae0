"""InputSpec: what a layer requires of its inputs; and the check, whose errors name the layer and both
shapes."""

from __future__ import annotations

from typing import Any

from schuss.graph import _tree, standardize_dtype


class InputSpec:
    """What is required of one input of a layer.

    Args:
        dtype: expected dtype, None for any.
        shape: expected shape, None for an axis of any size.
        ndim, max_ndim, min_ndim: expected number of axes.
        axes: dict from an axis to its expected size.
        allow_last_axis_squeeze: accept shapes that differ by a last axis of size 1.
        name: the input's name, for dict inputs.
        optional: whether None may be given.

    Example:
        >>> from schuss.layers import InputSpec
        >>> InputSpec(min_ndim=2, axes={-1: 784})
        InputSpec(min_ndim=2, axes={-1: 784})
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ):
        self.dtype = None if dtype is None else standardize_dtype(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        limit = self.ndim if self.ndim is not None else self.max_ndim
        if limit is not None and any(not -limit <= axis < limit for axis in self.axes):
            raise ValueError(f"InputSpec: axes {sorted(self.axes)} are not all within {limit} axes.")
        self.allow_last_axis_squeeze, self.name, self.optional = allow_last_axis_squeeze, name, optional

    def __repr__(self) -> str:
        given = {key: value for key, value in self.get_config().items() if value not in (None, {}, False)}
        return "InputSpec(" + ", ".join(f"{key}={value}" for key, value in given.items()) + ")"

    def get_config(self) -> dict[str, Any]:
        ndim = None if self.shape is not None else self.ndim
        return {
            "dtype": self.dtype,
            "shape": self.shape,
            "ndim": ndim,
            "max_ndim": self.max_ndim,
            "min_ndim": self.min_ndim,
            "axes": self.axes,
            "optional": self.optional,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        return cls(**config)


def check_inputs(specs: Any, inputs: Any, layer_name: str) -> None:
    """Raise a ValueError that names the layer, what was expected and what came, unless `inputs` meet
    `specs`."""
    if specs is None:
        return
    wanted = _tree.leaves(specs)
    if isinstance(inputs, dict) and all(spec.name for spec in wanted):
        missing = [spec.name for spec in wanted if spec.name not in inputs and not spec.optional]
        if missing:
            raise ValueError(
                f'Missing data for input "{missing[0]}" of layer "{layer_name}". Given: {sorted(inputs)}.'
            )
        given = [inputs.get(spec.name) for spec in wanted]
    else:
        given = _tree.leaves(inputs)
    if len(given) != len(wanted):
        raise ValueError(
            f'Layer "{layer_name}" expects {len(wanted)} input(s), but it received {len(given)}: '
            f"{', '.join(_shape_text(value) for value in given)}."
        )
    for index, (spec, value) in enumerate(zip(wanted, given, strict=True)):
        if value is None or not hasattr(value, "shape"):
            continue
        problem = _mismatch(spec, value)
        if problem:
            where = f"Input {index}" if spec.name is None else f'Input {index} ("{spec.name}")'
            raise ValueError(f'{where} of layer "{layer_name}" is incompatible with the layer: {problem}')


def _mismatch(spec: InputSpec, value: Any) -> str | None:
    shape = tuple(value.shape)
    ndim = len(shape)
    if spec.shape is not None and spec.allow_last_axis_squeeze:
        if ndim == len(spec.shape) + 1 and shape[-1] == 1:
            shape, ndim = shape[:-1], ndim - 1
        elif ndim == len(spec.shape) - 1 and spec.shape[-1] == 1:
            shape, ndim = (*shape, 1), ndim + 1
    full = f"Full shape received: {shape}."
    if spec.ndim is not None and ndim != spec.ndim:
        wanted = f"shape={spec.shape}" if spec.shape is not None else f"ndim={spec.ndim}"
        return f"expected {wanted}, found ndim={ndim}. {full}{_rank_hint(spec.ndim, shape)}"
    if spec.max_ndim is not None and ndim > spec.max_ndim:
        return f"expected max_ndim={spec.max_ndim}, found ndim={ndim}. {full}"
    if spec.min_ndim is not None and ndim < spec.min_ndim:
        return (
            f"expected min_ndim={spec.min_ndim}, found ndim={ndim}. {full}{_rank_hint(spec.min_ndim, shape)}"
        )
    if spec.dtype is not None and standardize_dtype(value.dtype) != spec.dtype:
        return f"expected dtype={spec.dtype}, found dtype={standardize_dtype(value.dtype)}."
    for axis, size in spec.axes.items():
        found = shape[axis]
        if size is not None and found not in (size, None):
            return f"expected axis {axis} of input shape to have value {size}, but received input with shape {shape}."
    if spec.shape is not None:
        for wanted_size, found in zip(spec.shape, shape, strict=True):
            if wanted_size is not None and found is not None and wanted_size != found:
                return f"expected shape={spec.shape}, found shape={shape}.{_size_hint(spec.shape, shape)}"
    return None


def _size_hint(wanted: tuple[Any, ...], shape: tuple[Any, ...]) -> str:
    if wanted[1:] == shape[1:] or None in wanted[1:]:
        return ""
    return f" Give it examples of shape {wanted[1:]}, or build it for examples of shape {shape[1:]}."


def _rank_hint(wanted: int, shape: tuple[Any, ...]) -> str:
    if len(shape) != wanted - 1:
        return ""
    channels = "the last axis missing, that of channels or features? `x[..., None]` adds one of size 1"
    if shape and shape[0] is None:
        return f" Is {channels}."
    if wanted > 3:
        return f" Is the batch axis missing? A single example `x` is the batch `x[None]`. Or is {channels}."
    return " Is the batch axis missing? A single example `x` is the batch `x[None]`."


def _shape_text(value: Any) -> str:
    return str(tuple(value.shape)) if hasattr(value, "shape") else type(value).__name__
