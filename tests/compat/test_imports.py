"""Which imports give what, and what those that are not there say."""

import importlib
import sys

import pytest

import schuss


def run(source, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(source)
    names = {}
    exec(compile(source, str(path), "exec"), names)
    return names


@pytest.mark.parametrize(
    "line",
    [
        "from tensorflow.keras.layers import Dense",
        "import tensorflow as tf; Dense = tf.keras.layers.Dense",
        "import tensorflow.keras as keras; Dense = keras.layers.Dense",
        "from tensorflow import keras; Dense = keras.layers.Dense",
        "import tensorflow.keras.layers as L; Dense = L.Dense",
        "import keras; Dense = keras.layers.Dense",
        "from keras import layers; Dense = layers.Dense",
        "import keras.layers; Dense = keras.layers.Dense",
        "from keras.layers import *",
        "from tensorflow.keras.layers import *",
        "import importlib; Dense = importlib.import_module('tensorflow.keras.layers').Dense",
    ],
)
def test_forms_of_import(tf, tmp_path, line):
    assert run(line, tmp_path)["Dense"] is schuss.layers.Dense


def test_older_names(tf):
    assert tf.keras.losses.mse is schuss.losses.mean_squared_error
    assert tf.keras.metrics.KLD is schuss.losses.kl_divergence
    assert tf.zeros_initializer is schuss.initializers.Zeros
    tf.keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        assert tf.keras.mixed_precision.global_policy().name == "mixed_float16"
        assert tf.keras.layers.Dense(1).compute_dtype == "float16"
    finally:
        tf.keras.mixed_precision.set_global_policy(None)
    assert tf.keras.layers.Dense(1).compute_dtype == "float32"


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("keras.Sequential", "models.Sequential"),
        ("keras.Model", "models.Model"),
        ("keras.Input", "layers.Input"),
        ("keras.models.Sequential", "models.Sequential"),
        ("keras.losses.MeanSquaredError", "losses.MeanSquaredError"),
        ("keras.Loss", "losses.Loss"),
        ("keras.optimizers.schedules.ExponentialDecay", "optimizers.schedules.ExponentialDecay"),
        ("keras.utils.to_categorical", "utils.to_categorical"),
        ("keras.preprocessing.sequence.pad_sequences", "utils.pad_sequences"),
        ("keras.preprocessing.image.load_img", "utils.load_img"),
        ("keras.ops.image.resize", "ops.image.resize"),
        ("keras.layers.RandomFlip", "layers.RandomFlip"),
        ("keras.datasets.mnist.load_data", "datasets.mnist.load_data"),
        ("keras.activations.relu", "activations.relu"),
    ],
)
def test_names(tf, path, ours):
    def found(root, path):
        for name in path.split("."):
            root = getattr(root, name)
        return root

    keras = importlib.import_module("keras")
    assert found(keras, path.removeprefix("keras.")) is found(schuss, ours) is found(tf, path)


def test_versions(tf):
    assert tf.__version__.startswith("2.")
    assert tf.keras.__version__.startswith("3.")


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        ("import tensorflow as tf\ntf.keras.layers.Danse(1)", AttributeError,
         r"tensorflow\.keras\.layers\.Danse is not part of Schuss \(.*program\.py, line 2\)\. Did you mean 'Dense'"),
        ("\nfrom tensorflow.keras.layers import Danse", ImportError,
         r"tensorflow\.keras\.layers\.Danse is not part of Schuss \(.*program\.py, line 2\)\. Did you mean 'Dense'"),
        ("from tensorflow.python.keras import layers", ModuleNotFoundError, r"tensorflow\.python is not part of Schuss \(.*line 1"),
        ("import tensorflow.contrib", ModuleNotFoundError, r"tensorflow\.contrib is not part of Schuss \(.*line 1"),
        ("import tensorflow_datasets", ModuleNotFoundError, "No module named 'tensorflow_datasets'"),
        ("import importlib\nimportlib.import_module('keras.nothing')", ModuleNotFoundError,
         r"keras\.nothing is not part of Schuss \(.*program\.py, line 2"),
        ("import tensorflow as tf\ntf.raw_ops", AttributeError, r"tensorflow\.raw_ops is not part of Schuss"),
        ("import keras\nkeras.hvp", AttributeError, r"keras\.hvp is not part of Schuss"),
        ("import keras\nkeras.layers._layer", AttributeError, "_layer"),
    ],
)  # fmt: skip
def test_what_is_not_there(tf, tmp_path, line, kind, message):
    with pytest.raises(kind, match=message):
        run(line, tmp_path)


def test_looking_whether_a_name_is_there(tf):
    assert not hasattr(tf, "xyz")
    assert hasattr(tf.keras, "layers")
    assert getattr(tf.nn, "conv4d", None) is None
    assert "Dense" in dir(tf.keras.layers)
    assert "math" in dir(tf)


def test_fallback(tf, tmp_path):
    source = "try:\n    from tensorflow.contrib import layers\nexcept ImportError:\n    layers = None"
    assert run(source, tmp_path)["layers"] is None


def test_every_name_of_the_tables_is_there(tf):
    from schuss.compat._names import MODULES, NAMES

    for name in MODULES:
        module = importlib.import_module(name)
        for public in dir(module):
            getattr(module, public)
    for make in NAMES.values():
        make()


def test_uninstall():
    from schuss.compat import install, uninstall

    install()
    import tensorflow  # noqa: F401

    uninstall()
    assert "tensorflow" not in sys.modules


def test_install_after_the_real_one(monkeypatch):
    from types import ModuleType

    from schuss.compat import install

    monkeypatch.setitem(sys.modules, "keras", ModuleType("keras"))
    with pytest.raises(RuntimeError, match="keras has been imported already"):
        install()
