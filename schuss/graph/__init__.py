"""What a computation is. In: Python functions on arrays. Out: a `Graph` of primitives. Knows no gradients, no
machine."""

from schuss.graph import primitives
from schuss.graph._dtypes import (
    DTYPES,
    SUPPORTED,
    as_dtype,
    floatx,
    is_bool,
    is_float,
    is_integer,
    result_type,
    set_floatx,
    standardize_dtype,
)
from schuss.graph._graph import Graph, Node, StateSlot, needed_nodes
from schuss.graph._primitive import (
    PRIMITIVES,
    Primitive,
    as_value,
    gradient_rules,
    lowering_rules,
    observers,
    reference_rules,
    shape_rules,
)
from schuss.graph._structure import structure, structure_changed
from schuss.graph._tensor import OPERATORS, ArrayLike, Spec, Tensor, as_array
from schuss.graph._text import Reading, Text, TextPart, as_text, is_text
from schuss.graph._trace import (
    StatelessScope,
    Trace,
    active_trace,
    name_path,
    name_scope,
    readers,
    trace,
    tracing,
    untraced,
)
from schuss.graph._variable import Variable, autocasting

__all__ = [
    "DTYPES",
    "OPERATORS",
    "PRIMITIVES",
    "SUPPORTED",
    "ArrayLike",
    "Graph",
    "Node",
    "Primitive",
    "Reading",
    "Spec",
    "StateSlot",
    "StatelessScope",
    "Tensor",
    "Text",
    "TextPart",
    "Trace",
    "Variable",
    "active_trace",
    "as_array",
    "as_dtype",
    "as_text",
    "as_value",
    "autocasting",
    "floatx",
    "gradient_rules",
    "is_bool",
    "is_float",
    "is_integer",
    "is_text",
    "lowering_rules",
    "name_path",
    "name_scope",
    "needed_nodes",
    "observers",
    "primitives",
    "readers",
    "reference_rules",
    "result_type",
    "set_floatx",
    "shape_rules",
    "standardize_dtype",
    "structure",
    "structure_changed",
    "trace",
    "tracing",
    "untraced",
]
