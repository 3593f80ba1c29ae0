"""Graphs → programs that run. In: a traced graph. Out: a program, from one of two evaluators with one
meaning.

``SCHUSS_BACKEND`` selects: ``cpu`` (default) compiles to machine code, ``reference`` evaluates one primitive
at a time with NumPy. Nothing here knows layers or training.
"""

from schuss.backends._jit import jit
from schuss.backends._programs import backend_name, compile

__all__ = ["backend_name", "compile", "jit"]
