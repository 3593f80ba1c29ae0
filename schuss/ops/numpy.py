"""The functions that NumPy has, too, under Keras's name for their module."""

# ruff: noqa: F403
from schuss.ops.comparison import *
from schuss.ops.contraction import *
from schuss.ops.creation import *
from schuss.ops.einstein import *
from schuss.ops.elementwise import *
from schuss.ops.indexing import *
from schuss.ops.reductions import *
from schuss.ops.shaping import *
from schuss.ops.sorting import *
from schuss.ops.statistics import *

from schuss.ops.control import vectorize as vectorize  # isort: skip
from schuss.ops.core import ndim as ndim, size as size, view as view  # isort: skip
from schuss.ops.linalg import slogdet as slogdet  # isort: skip
