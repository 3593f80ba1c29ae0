"""Training: `compile`, `fit`, `evaluate`, `predict`. In: a model, data, callbacks. Out: runs of compiled
steps, and logs.

One step (forward, loss, backpropagation, update, metrics) is traced once for each signature of the data and
compiled as a whole; an epoch is a run of it. Knows nothing of machines, nor of what a layer does.
"""

from schuss.training.py_dataset import PyDataset
from schuss.training.trainer import Trainer

__all__ = ["PyDataset", "Trainer"]
