"""The array language, with keras.ops' names. In: arrays, variables, tensors. Out: arrays, or tensors inside a
trace.

Every function is composed of primitives; nothing here knows gradients or machines.
"""

# ruff: noqa: E402, F403
import importlib
import inspect
from typing import Any

from schuss.graph import OPERATORS

from schuss.ops.elementwise import *  # isort: skip
from schuss.ops.comparison import *  # isort: skip
from schuss.ops.shaping import *  # isort: skip
from schuss.ops.creation import *  # isort: skip
from schuss.ops.reductions import *  # isort: skip
from schuss.ops.indexing import *  # isort: skip
from schuss.ops.updates import *  # isort: skip
from schuss.ops.contraction import *  # isort: skip
from schuss.ops.einstein import *  # isort: skip
from schuss.ops.sorting import *  # isort: skip
from schuss.ops.statistics import *  # isort: skip
from schuss.ops.core import *  # isort: skip
from schuss.ops.control import *  # isort: skip
from schuss.ops._custom_gradient import *  # isort: skip
from schuss.ops._operators import operators

OPERATORS.update(operators)

from schuss.ops import numpy as numpy
from schuss.ops._symbolic import accept_symbolic
from schuss.ops.activations import *
from schuss.ops.convolution import *
from schuss.ops.ctc import *
from schuss.ops.linalg import *
from schuss.ops.math import *
from schuss.ops.networks import *
from schuss.ops.patches import *
from schuss.ops.pooling import *
from schuss.ops.signal import *

from schuss.ops import image as image, nn as nn  # isort: skip

accept_symbolic(globals())
del accept_symbolic
for _module in (nn, numpy):
    for _name in [name for name in vars(_module) if name in globals() and name[0] != "_"]:
        setattr(_module, _name, globals()[_name])

_ELSEWHERE = {"jvp": "schuss.autodiff"}  # by name: it is written in ops


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return getattr(importlib.import_module(_ELSEWHERE[name]), name)
    if name.startswith("__"):
        raise AttributeError(name)
    from schuss.utils._names import suggestion

    known = [n for n, value in globals().items() if inspect.isfunction(value) and not n.startswith("_")]
    raise AttributeError(f"module 'schuss.ops' has no attribute {name!r}. {suggestion(name, known)}")
