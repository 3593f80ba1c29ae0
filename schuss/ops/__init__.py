"""The array language, with keras.ops' names. In: arrays, variables, tensors. Out: arrays, or tensors inside a
trace.

Every function is composed of primitives; nothing here knows gradients or machines.
"""

# ruff: noqa: E402, F403
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

from schuss.ops._symbolic import accept_symbolic
from schuss.ops.activations import *
from schuss.ops.linalg import *
from schuss.ops.math import *
from schuss.ops.nn import *

accept_symbolic(globals())
del accept_symbolic
