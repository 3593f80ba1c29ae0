"""Models. In: layers. Out: something that can be trained, summarized, saved. Knows training, not the
compiler."""

from typing import Any

from schuss.models.model import Model
from schuss.models.rebuilding import clone_model, model_from_json
from schuss.models.sequential import Sequential
from schuss.saving.archive import load_model, save_model
from schuss.utils._names import missing_name

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, "model", name, __all__)
