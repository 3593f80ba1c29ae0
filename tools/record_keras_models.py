"""Record whole models that Keras trained and saved, what they compute, and the losses of one more epoch.

    python tools/record_keras_models.py [NAME …]    # in an environment with Keras 3; writes tests/recorded/models

The classes that the files need are in ``tests/saving/saved_models.py``, which works with Keras and with Schuss.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "saving"))

from saved_models import examples, flat  # noqa: E402

FOLDER = ROOT / "tests" / "recorded" / "models"


def record(name: str) -> None:
    model, x, y = examples(keras)[name]()
    keras.utils.set_random_seed(1)
    model.fit(x, y, batch_size=4, epochs=2, verbose=0, shuffle=False)
    model.save(FOLDER / f"saved_{name}.keras")
    if name in ("stack", "branches", "images", "series"):
        model.save(FOLDER / f"saved_{name}.h5")  # the older format
    figures = {f"output{i}": np.asarray(value) for i, value in enumerate(flat(model(x)))}
    figures |= {f"optimizer{i}": np.asarray(v) for i, v in enumerate(model.optimizer.variables)}
    figures |= {f"weight{i}": w for i, w in enumerate(model.get_weights())}
    figures["loss"] = np.array(model.evaluate(x, y, verbose=0, batch_size=4)).ravel()[:1]
    np.savez_compressed(FOLDER / f"saved_{name}.npz", **figures)


if __name__ == "__main__":
    for name in sys.argv[1:] or examples(keras):
        record(name)
