"""Lambda functions in configs: their code, as Keras writes it. Run from a file only where the user says so."""

from __future__ import annotations

import base64
import binascii
import builtins
import marshal
import types
import warnings
from typing import Any


def is_lambda(value: Any) -> bool:
    return isinstance(value, types.LambdaType) and value.__name__ == "<lambda>"


def described_lambda(function: Any) -> dict[str, Any]:
    """The code of a lambda function, with a warning: it can only be read with ``safe_mode=False``, and by the
    same version of Python.

    Raises:
        TypeError: its defaults or the outer variables that it uses are no plain values.
    """
    from schuss.saving.serialization import serialize_keras_object

    code = base64.encodebytes(marshal.dumps(function.__code__)).decode("ascii")
    closure = [cell.cell_contents for cell in function.__closure__ or ()] or None
    try:
        defaults, closure = (serialize_keras_object(values) for values in (function.__defaults__, closure))
    except TypeError as error:
        raise TypeError(
            f"A lambda function uses what cannot be written to a config: {error} Define it with `def` and register "
            "it with schuss.saving.register_keras_serializable."
        ) from None
    warnings.warn(
        "A lambda function is written to a config as code, which is read only with safe_mode=False and by the "
        "same version of Python. Better define it with `def` and register it with "
        "schuss.saving.register_keras_serializable.",
        stacklevel=3,
    )
    return {
        "class_name": "__lambda__",
        "config": {
            "code": code,
            "defaults": defaults,
            "closure": closure,
            "value": [
                code,
                defaults,
                closure,
            ],  # the one form Keras reads in Lambda layers, the other elsewhere
        },
    }


def revived_lambda(config: Any, safe_mode: bool) -> Any:
    """The function again.

    Args:
        config: ``{"code", "defaults", "closure"}``, or ``{"value": [code, defaults, closure]}``.
        safe_mode: refuse.

    Raises:
        ValueError: in safe mode; or the code is none, or that of another version of Python.
    """
    if safe_mode:
        raise ValueError(
            "The config holds the code of a lambda function, which could do anything and is not run. If you trust "
            "where it comes from, load it with safe_mode=False. Better: a named function, registered with "
            "schuss.saving.register_keras_serializable."
        )
    code, defaults, closure = config["value"] if "value" in config else _parts(config)
    try:
        loaded = marshal.loads(base64.b64decode(code))
    except (ValueError, EOFError, TypeError, binascii.Error) as error:
        raise ValueError(
            f"The code of a lambda function cannot be read ({error}). It may be that of another version of Python."
        ) from None
    cells = None if closure is None else tuple(types.CellType(value) for value in closure)
    return types.FunctionType(
        loaded, _names(), "<lambda>", None if defaults is None else tuple(defaults), cells
    )


def _parts(config: Any) -> tuple[Any, Any, Any]:
    return config["code"], config.get("defaults"), config.get("closure")


def _names() -> dict[str, Any]:
    """What the function's code may refer to by name."""
    import numpy as np

    import schuss
    from schuss import ops

    return {"__builtins__": builtins, "np": np, "numpy": np, "schuss": schuss, "keras": schuss, "ops": ops}
