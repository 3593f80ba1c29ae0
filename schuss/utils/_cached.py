"""Attributes that are computed when they are first asked for, without the lock of Python 3.11's `functools.cached_property`.

That lock is one for all objects: a long computation (a compilation) keeps other threads waiting, and a process forked
meanwhile waits for ever. Here two threads that ask at once may both compute; the last one's value stays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class cached_property(Generic[T]):
    """A method's result as an attribute of the object, computed once."""

    def __init__(self, function: Callable[[Any], T]):
        self.function, self.name, self.__doc__ = function, function.__name__, function.__doc__

    @overload
    def __get__(self, instance: None, owner: Any = None) -> cached_property[T]: ...

    @overload
    def __get__(self, instance: object, owner: Any = None) -> T: ...

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.function(instance)
        return value
