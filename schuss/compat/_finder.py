"""The import hook: ``keras`` and ``tensorflow`` as modules whose names are looked up in ours."""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import inspect
import sys
from collections.abc import Sequence
from types import FrameType, ModuleType
from typing import Any

from schuss.compat import _eager
from schuss.compat._names import MODULES, NAMES

_ROOTS = ("keras", "tensorflow")
_EAGER_RESULTS = ("schuss.ops", "schuss.random")
"""Modules whose functions, called by a program, give eager tensors even where nothing is to be computed."""


class StandIn(ModuleType):
    """A module of theirs. Its names are ours; one that we do not have is an error that says where it was used."""

    def __init__(self, name: str):
        super().__init__(name, f"Stands for {name}; provided by Schuss.")
        self.__dict__.update(_source=MODULES[name], __path__=[])

    def __getattr__(self, name: str) -> Any:
        full_name = f"{self.__name__}.{name}"
        if full_name in NAMES:
            value = NAMES[full_name]()
        elif full_name in MODULES:
            return importlib.import_module(full_name)
        elif name == "__all__":
            value = [n for n in dir(self) if not n.startswith("_")]
        elif name.startswith("_"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        else:
            value = self._ours(name)
        setattr(self, name, value)
        return value

    def _ours(self, name: str) -> Any:
        source = self.__dict__["_source"]
        module = importlib.import_module(source) if source else None
        if module is None or (name not in _public(module)):
            raise AttributeError(missing(self.__name__, name))
        value = getattr(module, name)
        if inspect.ismodule(value):
            raise AttributeError(missing(self.__name__, name))
        return _eager_results(value) if source in _EAGER_RESULTS and inspect.isfunction(value) else value

    def __dir__(self) -> list[str]:
        source = self.__dict__["_source"]
        module = importlib.import_module(source) if source else None
        ours = [] if module is None else [n for n in _public(module) if not _is_module(module, n)]
        start = f"{self.__name__}."
        below = {n[len(start) :] for n in (*NAMES, *MODULES) if n.startswith(start)}
        return sorted({*ours, *(n for n in below if "." not in n)})


def _public(module: ModuleType) -> list[str]:
    """The names of a module that are meant for others."""
    names = getattr(module, "__all__", None)
    return [n for n in dir(module) if not n.startswith("_")] if names is None else list(names)


def _is_module(module: ModuleType, name: str) -> bool:
    return inspect.ismodule(vars(module).get(name))


def _eager_results(function: Any) -> Any:
    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return _eager.eager(result) if function.__name__ != "convert_to_numpy" else _eager.plain(result)

    return called


def missing(module_name: str, name: str) -> str:
    """The message for a name we do not have: which, in which line of whose file, and what is near."""
    from schuss.utils._names import suggestion

    frame = users_frame(sys._getframe(1))
    text = f"{module_name}.{name} is not part of Schuss"
    if frame is not None:
        text += f" ({frame.f_code.co_filename}, line {frame.f_lineno})"
    module = sys.modules.get(module_name)
    near = suggestion(name, dir(module)) if isinstance(module, StandIn) else ""
    return f"{text}. {near}" if near.startswith("Did you mean") else f"{text}."


def users_frame(frame: FrameType | None) -> FrameType | None:
    """The first frame, going outwards, that is neither of this module nor of Python's import machinery."""
    while frame is not None and is_machinery(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def _is_from_import() -> bool:
    """Whether ``from module import name`` is looking whether `name` is a module."""
    frame = sys._getframe(1)
    while frame is not None and is_machinery(frame.f_code.co_filename):
        if frame.f_code.co_name == "_handle_fromlist":
            return True
        frame = frame.f_back
    return False


def is_machinery(filename: str) -> bool:
    return filename == __file__ or filename.startswith("<frozen ") or filename == importlib.__file__


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in _ROOTS:
            return None
        if fullname not in MODULES:
            parent, _, name = fullname.rpartition(".")
            if _is_from_import():
                raise ImportError(missing(parent, name), name=parent)
            raise ModuleNotFoundError(missing(parent, name), name=fullname)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


_finder = _Finder()


def install() -> None:
    """From now on, ``import keras`` and ``import tensorflow`` give our modules in this process, and operations
    give arrays that behave as TensorFlow's tensors.

    Raises:
        RuntimeError: the real keras or tensorflow has been imported already.
    """
    real = [n for n in _ROOTS if n in sys.modules and not isinstance(sys.modules[n], StandIn)]
    if real:
        raise RuntimeError(f"{real[0]} has been imported already; install Schuss's stand-ins before that.")
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _eager.install()


def uninstall() -> None:
    """Undo `install`; modules that were imported meanwhile keep working where they are held."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    for name in [n for n, m in sys.modules.items() if isinstance(m, StandIn)]:
        del sys.modules[name]
    _eager.uninstall()
