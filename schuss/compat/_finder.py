"""The import hook: ``keras`` and ``tensorflow`` as modules whose names are looked up in ours."""

from __future__ import annotations

import dis
import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from schuss.compat._names import EXTRA_KERAS, KERAS_MODULES, TENSORFLOW

_ROOTS = ("keras", "tensorflow")


class StandIn(ModuleType):
    """A module of theirs. Its names are ours; one that we do not have is an error that says where it was
    used."""

    def __init__(self, name: str, source: str | None, extra: dict[str, Any], children: set[str]):
        super().__init__(name, f"Stands for {name}; provided by Schuss.")
        self.__dict__.update(_source=source, _extra=extra, _children=children, __path__=[])

    def __getattr__(self, name: str) -> Any:
        extra = self.__dict__["_extra"]
        if name in extra:
            value = extra[name]()
        elif name in self.__dict__["_children"]:
            return importlib.import_module(f"{self.__name__}.{name}")
        elif name.startswith("__"):
            raise AttributeError(name)
        else:
            source = self.__dict__["_source"]
            module = importlib.import_module(source) if source else None
            try:
                value = getattr(module, name)
            except AttributeError:
                raise _missing(self.__name__, name, module) from None
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        source = self.__dict__["_source"]
        ours = dir(importlib.import_module(source)) if source else []
        return sorted({*ours, *self.__dict__["_extra"], *self.__dict__["_children"]})


def _missing(module_name: str, name: str, module: ModuleType | None) -> Exception:
    """The error for a name we do not have: which, in which line of whose file, and what is near."""
    from schuss.utils._names import suggestion

    frame = sys._getframe(2)
    while frame.f_back is not None and (
        frame.f_code.co_filename == __file__ or "importlib" in frame.f_code.co_filename
    ):
        frame = frame.f_back
    known = [n for n in dir(module) if not n.startswith("_")] if module is not None else []
    near = suggestion(name, known) if known else ""
    where = f"{frame.f_code.co_filename}, line {frame.f_lineno}"
    text = f"{module_name}.{name} is not part of Schuss ({where})."
    if near.startswith("Did you mean"):
        text += f" {near}"
    opcode = dis.opname[frame.f_code.co_code[frame.f_lasti]] if frame.f_lasti >= 0 else ""
    return ImportError(text) if opcode == "IMPORT_FROM" else AttributeError(text)


def _layout(root: str, prefix: str) -> tuple[str | None, dict[str, Any], set[str]]:
    """Of the module at `prefix` below `root`: our module, the names of its own, its submodules."""
    modules, extras = _tables(root)
    start = f"{prefix}." if prefix else ""
    extra, children = {}, set()
    for path, make in extras.items():
        if path.startswith(start):
            head, _, rest = path[len(start) :].partition(".")
            if rest:
                children.add(head)
            else:
                extra[head] = make
    for path in modules:
        if path and path.startswith(start):
            children.add(path[len(start) :].partition(".")[0])
    return modules.get(prefix), extra, children - set(extra)


def _tables(root: str) -> tuple[dict[str, str], dict[str, Any]]:
    if root == "keras":
        return KERAS_MODULES, EXTRA_KERAS
    modules = {f"keras.{path}" if path else "keras": ours for path, ours in KERAS_MODULES.items()}
    extras = {**TENSORFLOW, **{f"keras.{path}": make for path, make in EXTRA_KERAS.items()}}
    return modules, extras


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        root, _, prefix = fullname.partition(".")
        if root not in _ROOTS:
            return None
        parent, _, last = prefix.rpartition(".")
        if prefix and last not in _layout(root, parent)[2]:
            frame = sys._getframe(1)
            while frame.f_back is not None and "importlib" in frame.f_code.co_filename:
                frame = frame.f_back
            raise ModuleNotFoundError(
                f"{fullname} is not part of Schuss ({frame.f_code.co_filename}, line {frame.f_lineno}).",
                name=fullname,
            )
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        root, _, prefix = spec.name.partition(".")
        return StandIn(spec.name, *_layout(root, prefix))

    def exec_module(self, module: ModuleType) -> None:
        pass


_finder = _Finder()


def install() -> None:
    """From now on, ``import keras`` and ``import tensorflow`` give our modules in this process.

    Raises:
        RuntimeError: the real keras or tensorflow has been imported already.
    """
    real = [n for n in _ROOTS if n in sys.modules and not isinstance(sys.modules[n], StandIn)]
    if real:
        raise RuntimeError(f"{real[0]} has been imported already; install Schuss's stand-ins before that.")
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """Undo `install`; modules that were imported meanwhile keep working where they are held."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    for name in [n for n, m in sys.modules.items() if isinstance(m, StandIn)]:
        del sys.modules[name]
