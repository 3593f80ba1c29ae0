"""Programs written for keras or tensorflow.keras, run as they are. In: imports of those names. Out: our
modules.

`install` puts a finder before Python's own, so that in this process ``import keras`` and
``import tensorflow`` give ours, whether or not the real ones are installed; nothing in the environment is
changed.
"""

from schuss.compat._finder import install, uninstall
from schuss.compat._runner import run_program

__all__ = ["install", "run_program", "uninstall"]
