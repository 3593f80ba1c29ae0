"""Print the table of ``schuss/models/_keras_operations.py``: Keras's operation classes, a line each.

python tools/record_keras_operations.py    # in an environment with Keras 3
"""

from __future__ import annotations

import inspect

import keras
from keras.src.ops import core, image, linalg, math, nn, numpy
from keras.src.ops.operation import Operation

OTHER_NAMES = {
    "BatchNorm": "batch_normalization",
    "GetItem": "get_item",
    "LayerNorm": "layer_normalization",
    "RMSNorm": "rms_normalization",
}
WITHOUT = {  # those that take functions or make arrays of what is none
    "Array", "AssociativeScan", "Cond", "ConvertToTensor", "ForiLoop", "JVP", "Map", "Scan", "Switch",
    "VectorizedMap", "WhileLoop",
}  # fmt: skip


def rows() -> list[str]:
    found = []
    functions = {name.replace("_", ""): name for name in (*dir(keras.ops), *dir(keras.ops.image))}
    for module in (core, image, linalg, math, nn, numpy):
        for name, cls in vars(module).items():
            own = inspect.isclass(cls) and issubclass(cls, Operation) and cls.__module__ == module.__name__
            function = OTHER_NAMES.get(name) or functions.get(name.lower())
            if own and function and name not in WITHOUT:
                options = [p for p in inspect.signature(cls.__init__).parameters if p not in _NO_OPTIONS]
                found.append(" ".join([name, f"{module.__name__.rsplit('.', 1)[1]}.{function}", *options]))
    return sorted(found)


_NO_OPTIONS = ("self", "name", "args", "kwargs")

if __name__ == "__main__":
    print("\n".join(rows()))
