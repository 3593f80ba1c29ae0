"""Objects as plain dicts and back, in Keras 3's layout. Only known classes are ever made; no code is run from
a file."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import threading
import types
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from schuss.graph import Variable
from schuss.saving._lambdas import described_lambda, is_lambda, revived_lambda
from schuss.saving.registration import CustomObjectScope, get_registered_name, get_registered_object
from schuss.utils._names import suggestion

_ROOMS = [
    "layers",
    "models",
    "initializers",
    "regularizers",
    "constraints",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "activations",
    "random",
]
_OWN_ROOMS = ["tabular"]
"""Rooms with classes that Keras has not."""
_PLAIN = (str, int, float, bool, type(None))


_LIVE_CLASS = "__live_class__"
_KERAS_PRIVATE = {
    "Functional": "keras.src.models.functional",
    **dict.fromkeys(("Cross", "Feature"), "keras.src.layers.preprocessing.feature_space"),
}
"""Classes that Keras has, but not under a public name."""
_PUBLIC_NAMES = {"GroupedQueryAttention": "GroupQueryAttention", "TFDIdentity": "Identity"}
"""Classes that have another name in public, in Keras as here."""
_UNLISTED = {
    "DTypePolicy": "schuss.layers._dtype_policy",
    "FloatDTypePolicy": "schuss.dtype_policies",
    **dict.fromkeys(("Cross", "Feature", "FeatureSpace"), "schuss.layers.preprocessing.feature_space"),
}
"""Classes that are not among the names of `schuss.layers`, and where they are."""


_unsafe = False


def enable_unsafe_deserialization() -> None:
    """Read lambda functions from configs from now on where `safe_mode` is not given: their code is run. Do so only if
    all configs come from sources that you trust. `load_model` still has its own `safe_mode`, which is True."""
    global _unsafe
    _unsafe = True


class _State(threading.local):
    safe_mode: bool | None = None
    """What files may make, in this thread: with `safe_mode`, nothing that runs code from the file."""
    from_file = False
    """Whether the configs are those of a file."""
    live: bool = False
    """Whether configs are for copies in memory: classes and functions stand for themselves in them."""
    met: dict[int, list[Any]] | None = None
    """id → the object, once for each place where it was met, while the objects of a model are counted."""
    shared: frozenset[int] = frozenset()
    """The ids of objects that have several places in the model that is written."""
    made: dict[Any, Any] | None = None
    """The number that stands for an object in several places → the object, while a whole model is read."""


_state = _State()


@contextlib.contextmanager
def live_objects() -> Iterator[None]:
    """Within, configs are not for files: they hold classes and functions themselves, which need no names."""
    outer, _state.live = _state.live, True
    try:
        yield
    finally:
        _state.live = outer


def serialize_sharing(obj: Any) -> Any:
    """`serialize_keras_object`, with numbers by which `deserialize_sharing` makes an object that has several
    places (a layer used within and outside of a model within) only once."""
    outer = _state.met, _state.shared
    try:
        met: dict[int, list[Any]] = {}
        _state.met = met
        serialize_keras_object(obj)
        _state.met, _state.shared = None, frozenset(key for key, places in met.items() if len(places) > 1)
        return serialize_keras_object(obj)
    finally:
        _state.met, _state.shared = outer


def deserialize_sharing(
    config: Any, custom_objects: Mapping[str, Any] | None, safe_mode: bool, shown: str | None = None
) -> Any:
    """`deserialize_from_file` for what `serialize_sharing`, or Keras's `save`, wrote; without `shown` the config is not of
    a file, but of a copy in memory."""
    outer = _state.made
    _state.made = {}
    try:
        if shown is None:
            return deserialize_keras_object(config, custom_objects, safe_mode)
        return deserialize_from_file(config, custom_objects, safe_mode, shown)
    finally:
        _state.made = outer


def deserialize_from_file(
    config: Any, custom_objects: Mapping[str, Any] | None, safe_mode: bool, shown: str
) -> Any:
    """`deserialize_keras_object` for a config of the file that messages call `shown`; see `in_safe_mode`.

    Raises:
        ValueError: an unknown class, or one that `safe_mode` refuses; the config is damaged, or asks for more memory than
            there is.
        TypeError: a class does not take the config's arguments.
    """
    outer, _state.from_file = _state.from_file, True
    try:
        return deserialize_keras_object(config, custom_objects, safe_mode)
    except (KeyError, IndexError, AttributeError, RecursionError, OverflowError, MemoryError) as error:
        raise ValueError(
            f"{shown}: the model cannot be made from its config; it may be damaged ({type(error).__name__}: {error})."
        ) from error
    finally:
        _state.from_file = outer


def in_safe_mode() -> bool:
    """Whether what is made is described by a file that is not to be trusted: other files that it names are not read."""
    return _state.from_file and _safe()


def _safe() -> bool:
    return not _unsafe if _state.safe_mode is None else _state.safe_mode


def serialize_keras_object(obj: Any) -> Any:
    """`obj` as values that JSON can hold.

    Args:
        obj: a number, string, list, tuple (becomes a list), dict, array, function, or an object with
            `get_config`.

    Returns:
        For objects ``{"module", "class_name", "config", "registered_name"}``, with ``"build_config"`` for
        built layers.

    Raises:
        TypeError: an object without `get_config`.

    Example:
        >>> import schuss
        >>> d = schuss.saving.serialize_keras_object(schuss.initializers.Zeros())
        >>> d["class_name"], d["config"]
        ('Zeros', {})
    """
    if isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, (list, tuple)):
        return [serialize_keras_object(item) for item in obj]
    if isinstance(obj, Mapping) and not hasattr(obj, "get_config"):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode()}}
    if isinstance(obj, types.EllipsisType):
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, slice):
        parts = {key: serialize_keras_object(getattr(obj, key)) for key in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, (np.ndarray, Variable)):
        array = np.asarray(obj)
        if not array.ndim:
            return array.item()
        return {"class_name": "__numpy__", "config": {"value": array.tolist(), "dtype": array.dtype.name}}
    if _state.live and (inspect.isroutine(obj) or inspect.isclass(obj)):
        return obj
    if is_lambda(obj):
        return described_lambda(obj)
    if inspect.isfunction(obj) or inspect.isbuiltin(obj):
        name = get_registered_name(obj)
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    if inspect.isclass(obj) or not hasattr(obj, "get_config"):
        raise TypeError(
            f"Cannot serialize {obj!r} (type {type(obj).__name__}): it has no `get_config` method."
        )
    return _described(obj)


def _described(obj: Any) -> dict[str, Any]:
    cls = type(obj)
    name = getattr(obj, "_serialized_class_name", cls.__name__)
    name = _PUBLIC_NAMES.get(name, name) if home_of(cls) else name
    private, home = _KERAS_PRIVATE.get(name) if cls.__module__.startswith("schuss.") else None, home_of(cls)
    described = {
        "module": private or home,
        "class_name": name,
        "config": {key: serialize_keras_object(value) for key, value in obj.get_config().items()},
        "registered_name": name if private else None if home else get_registered_name(cls),
    }
    build_config = obj.get_build_config() if hasattr(obj, "get_build_config") and obj.built else None
    if build_config:
        described["build_config"] = serialize_keras_object(build_config)
    compile_config = _compile_config(obj)
    if compile_config:
        described["compile_config"] = compile_config
    if _state.live:
        described[_LIVE_CLASS] = cls
    _note_if_shared(obj, described)
    return described


def _compile_config(obj: Any) -> dict[str, Any] | None:
    """What a compiled model was compiled with; None, with a warning, if it cannot be written."""
    if not getattr(obj, "compiled", False):
        return None
    try:
        return serialize_keras_object(obj.get_compile_config())
    except (TypeError, ValueError, NotImplementedError) as error:
        warnings.warn(
            f'Model "{obj.name}" is described without what it was compiled with, which cannot be written down: '
            f"{error} It must be compiled again after it has been loaded.",
            stacklevel=2,
        )
        return None


def _note_if_shared(obj: Any, described: dict[str, Any]) -> None:
    if _state.met is not None:
        _state.met.setdefault(id(obj), []).append(obj)
    if id(obj) in _state.shared:
        described["shared_object_id"] = id(obj)


def home_of(cls: type) -> str | None:
    """Where Keras has a class of the library: ``"keras.layers"`` (``"schuss.tabular"`` where Keras has no such room); None
    for classes of the user's."""
    if not cls.__module__.startswith("schuss."):
        return None
    room = cls.__module__.split(".")[1]
    if room in _OWN_ROOMS:
        return f"schuss.{room}"
    if room == "models" or cls.__name__ == "DTypePolicy":
        return "keras"
    if cls.__name__ == "FeatureSpace":
        return "keras.utils"
    return "keras.optimizers.schedules" if "schedules" in cls.__module__ else f"keras.{room}"


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool | None = None
) -> Any:
    """The object that `serialize_keras_object` described.

    Classes are found among the library's and the registered ones (and `custom_objects`), never by importing a
    module that the config names.

    Args:
        config: plain values. custom_objects: name → class or function, for classes that are not registered.
        safe_mode: refuse what would run code from the config (lambda functions). Default: within another call
            what that was given, else True, unless `enable_unsafe_deserialization` was called.

    Raises:
        ValueError: an unknown class, or one that `safe_mode` refuses.
        TypeError: the class does not take the config's arguments.
    """
    outer = _state.safe_mode
    _state.safe_mode = outer if safe_mode is None else safe_mode
    try:
        with CustomObjectScope(custom_objects):
            return _revived(config)
    finally:
        _state.safe_mode = outer


def deserialize_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config for ``cls(**config)``: described objects in it are made, other values kept."""
    return {key: _revived(value) if _is_described(value) else value for key, value in config.items()}


def _is_described(value: Any) -> bool:
    if isinstance(value, dict):
        return "class_name" in value and "config" in value
    return isinstance(value, (list, tuple)) and any(_is_described(item) for item in value)


def _revived(config: Any) -> Any:
    if isinstance(config, _PLAIN):
        return config
    if isinstance(config, (list, tuple)):
        return [_revived(item) for item in config]
    if _state.live and callable(config):
        return config
    if not isinstance(config, Mapping):
        raise TypeError(f"Cannot make an object from {config!r}: expected plain values and dicts.")
    if "class_name" not in config or "config" not in config:
        return {key: _revived(value) for key, value in config.items()}
    name: Any = config["class_name"]
    arguments: Any = config["config"]
    if name in ("__numpy__", "__tensor__"):
        return np.array(arguments["value"], arguments["dtype"])
    if name == "__tuple__":
        return tuple(_revived(item) for item in arguments.get("value", arguments.get("items", ())))
    if name == "__bytes__":
        return arguments["value"].encode()
    if name == "__ellipsis__":
        return Ellipsis
    if name == "__slice__":
        return slice(arguments["start"], arguments["stop"], arguments["step"])
    if name == "__lambda__":
        return revived_lambda(arguments, _safe())
    if name == "function":
        return _find(str(arguments), config)
    shared = config.get("shared_object_id")
    if shared is not None and _state.made is not None:
        if shared not in _state.made:
            _state.made[shared] = _made(_find(name, config), config)
        return _state.made[shared]
    return _made(_find(name, config), config)


def _made(cls: Any, config: Mapping[str, Any]) -> Any:
    arguments = config["config"]
    if inspect.isfunction(cls):
        return cls
    if not hasattr(cls, "from_config"):
        raise ValueError(f"{cls.__name__} cannot be made from a config: it has no `from_config` method.")
    try:
        made = cls.from_config(arguments)
    except (TypeError, KeyError) as error:
        raise TypeError(f"{cls.__name__} could not be made from its config {arguments}: {error}") from error
    build_config = config.get("build_config")
    if build_config and hasattr(made, "build_from_config") and not made.built:
        made.build_from_config(build_config)
    compile_config = config.get("compile_config")
    if compile_config and hasattr(made, "compile_from_config"):
        _compile(made, compile_config)
    return made


def _compile(model: Any, config: dict[str, Any]) -> None:
    from schuss.training.trainer import Trainer

    own = type(model)
    if own.compile is not Trainer.compile and own.compile_from_config is Trainer.compile_from_config:
        warnings.warn(
            f'Model "{model.name}" is not compiled while it is loaded, because {own.__name__} has a `compile` of its '
            "own. Compile it after loading, or give the class a `compile_from_config(config)`, too.",
            stacklevel=2,
        )
        return
    model.compile_from_config(config)


def _find(name: str, config: Mapping[str, Any]) -> Any:
    """The class or function that a config names: the user's, or one of the library's vocabulary."""
    if _state.live and _LIVE_CLASS in config:
        return config[_LIVE_CLASS]
    registered = config.get("registered_name")
    module = str(config.get("module") or "")
    for candidate in (registered, name):
        found = get_registered_object(candidate) if candidate else None
        if found is not None:
            return found
    rooms = [room for room in _OWN_ROOMS if module == f"schuss.{room}"]
    rooms += [room for room in _ROOMS if module == f"keras.{room}"]
    rooms += ["layers"] if module in ("keras.utils", "keras.dtype_policies") else []
    rooms = rooms or (_ROOMS if module in ("", "builtins", "keras") or module.startswith("keras.src") else [])
    for room in rooms:
        found = _in_room(room, name)
        if found is not None:
            return found
    known = sorted({n for room in (rooms or _ROOMS) for n in _names(room)})
    if module.startswith("keras"):
        raise ValueError(f"{module}.{name} does not exist in Schuss. {suggestion(name, known)}")
    shown = name if registered in (None, "function") else registered
    raise ValueError(
        f"Unknown class or function {shown!r} (module {config.get('module')!r}). "
        f"{suggestion(name, known)} "
        "If it is yours, register it with @schuss.saving.register_keras_serializable() or give it in "
        "`custom_objects`."
    )


def _in_room(room: str, name: str) -> Any:
    name = "Model" if room == "models" and name == "Functional" else _PUBLIC_NAMES.get(name, name)
    if room == "layers" and name in _UNLISTED:
        return getattr(importlib.import_module(_UNLISTED[name]), name)
    return getattr(importlib.import_module(f"schuss.{room}"), name) if name in _names(room) else None


def _names(room: str) -> list[str]:
    try:
        return list(importlib.import_module(f"schuss.{room}").__all__)
    except ModuleNotFoundError:
        return []
