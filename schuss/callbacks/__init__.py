"""Callbacks: what users do between epochs and batches. In: logs, dicts of floats. They see the model, not the
engine."""

from typing import Any

from schuss.callbacks.backup_and_restore import BackupAndRestore
from schuss.callbacks.callback import Callback
from schuss.callbacks.callback_list import CallbackList
from schuss.callbacks.csv_logger import CSVLogger
from schuss.callbacks.early_stopping import EarlyStopping
from schuss.callbacks.history import History
from schuss.callbacks.lambda_callback import LambdaCallback
from schuss.callbacks.learning_rate_scheduler import LearningRateScheduler
from schuss.callbacks.model_checkpoint import ModelCheckpoint
from schuss.callbacks.progbar_logger import ProgbarLogger
from schuss.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from schuss.callbacks.remote_monitor import RemoteMonitor
from schuss.callbacks.swap_ema_weights import SwapEMAWeights
from schuss.callbacks.tensorboard import TensorBoard
from schuss.callbacks.terminate_on_nan import TerminateOnNaN
from schuss.utils._names import missing_name

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, "callback", name, __all__)
