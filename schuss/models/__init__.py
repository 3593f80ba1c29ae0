"""Models. In: layers. Out: something that can be trained, summarized, saved. Knows training, not the
compiler."""

from schuss.models.model import Model
from schuss.models.rebuilding import clone_model, model_from_json
from schuss.models.sequential import Sequential
from schuss.saving.archive import load_model, save_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]
