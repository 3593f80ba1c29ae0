"""Every kind of layer is explained: its step has the layer's output, and each shown number its origin."""

import json

import numpy as np
import pytest

import schuss
from schuss import layers as L
from schuss.insight.explanation._words import LAYERS

IMAGE, SERIES, VECTOR = (6, 6, 2), (5, 3), (6,)
CASES = {
    "Dense": (VECTOR, lambda: L.Dense(4, activation="tanh")),
    "EinsumDense": (
        SERIES,
        lambda: L.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d", activation="gelu"),
    ),
    "Conv1D": (SERIES, lambda: L.Conv1D(4, 2, padding="causal", activation="elu")),
    "Conv2D": (IMAGE, lambda: L.Conv2D(3, 3, strides=2, padding="same", activation="sigmoid")),
    "Conv3D": ((4, 4, 4, 1), lambda: L.Conv3D(2, 2)),
    "Conv1DTranspose": (SERIES, lambda: L.Conv1DTranspose(2, 2, strides=2)),
    "Conv2DTranspose": (IMAGE, lambda: L.Conv2DTranspose(2, 3, strides=2, activation="relu")),
    "DepthwiseConv2D": (IMAGE, lambda: L.DepthwiseConv2D(2)),
    "SeparableConv2D": (IMAGE, lambda: L.SeparableConv2D(3, 2)),
    "MaxPooling2D": (IMAGE, lambda: L.MaxPooling2D(2)),
    "AveragePooling2D": (IMAGE, lambda: L.AveragePooling2D(2, padding="same")),
    "GlobalAveragePooling2D": (IMAGE, lambda: L.GlobalAveragePooling2D()),
    "GlobalMaxPooling1D": (SERIES, lambda: L.GlobalMaxPooling1D()),
    "BatchNormalization": (IMAGE, lambda: L.BatchNormalization()),
    "LayerNormalization": (SERIES, lambda: L.LayerNormalization()),
    "GroupNormalization": (IMAGE, lambda: L.GroupNormalization(2)),
    "RMSNormalization": (VECTOR, lambda: L.RMSNormalization()),
    "UnitNormalization": (VECTOR, lambda: L.UnitNormalization()),
    "SpectralNormalization": (VECTOR, lambda: L.SpectralNormalization(L.Dense(3))),
    "Dropout": (VECTOR, lambda: L.Dropout(0.5)),
    "GaussianNoise": (VECTOR, lambda: L.GaussianNoise(0.1)),
    "GaussianDropout": (VECTOR, lambda: L.GaussianDropout(0.1)),
    "AlphaDropout": (VECTOR, lambda: L.AlphaDropout(0.2)),
    "ActivityRegularization": (VECTOR, lambda: L.ActivityRegularization(l2=0.1)),
    "Flatten": (IMAGE, lambda: L.Flatten()),
    "Reshape": (VECTOR, lambda: L.Reshape((3, 2))),
    "Permute": (SERIES, lambda: L.Permute((2, 1))),
    "RepeatVector": (VECTOR, lambda: L.RepeatVector(3)),
    "UpSampling2D": (IMAGE, lambda: L.UpSampling2D(2)),
    "ZeroPadding2D": (IMAGE, lambda: L.ZeroPadding2D(1)),
    "Cropping2D": (IMAGE, lambda: L.Cropping2D(1)),
    "SimpleRNN": (SERIES, lambda: L.SimpleRNN(3)),
    "GRU": (SERIES, lambda: L.GRU(3, return_sequences=True)),
    "LSTM": (SERIES, lambda: L.LSTM(3)),
    "ConvLSTM1D": ((3, 4, 2), lambda: L.ConvLSTM1D(2, 2)),
    "Bidirectional": (SERIES, lambda: L.Bidirectional(L.LSTM(2))),
    "TimeDistributed": (SERIES, lambda: L.TimeDistributed(L.Dense(2))),
    "Activation": (VECTOR, lambda: L.Activation("softplus")),
    "ReLU": (VECTOR, lambda: L.ReLU()),
    "LeakyReLU": (VECTOR, lambda: L.LeakyReLU()),
    "PReLU": (VECTOR, lambda: L.PReLU()),
    "ELU": (VECTOR, lambda: L.ELU()),
    "Softmax": (VECTOR, lambda: L.Softmax()),
    "Rescaling": (VECTOR, lambda: L.Rescaling(0.5)),
    "Lambda": (VECTOR, lambda: L.Lambda(lambda x: x * x)),
    "Masking": (SERIES, lambda: L.Masking()),
    "Identity": (VECTOR, lambda: L.Identity()),
}


def in_a_model(shape, layer):
    """The layer between others that learn."""
    first = L.Dense(shape[-1], name="first")
    return schuss.Sequential([L.Input(shape), first, layer, L.Flatten(), L.Dense(2, name="last")], name="net")


@pytest.mark.parametrize("name", CASES)
def test_each_layer(name):
    shape, make = CASES[name]
    layer = make()
    model = in_a_model(shape, layer)
    model.compile(schuss.optimizers.SGD(1e-4), "mse")
    rng = np.random.default_rng(0)
    explanation = schuss.explain(model, rng.normal(size=(3, *shape)), rng.normal(size=(3, 2)))
    (step,) = [s for s in explanation.layers if s.title == f"net/{layer.name}"]
    assert step.kind == name
    outcome = explanation.outcome
    assert outcome.second_order == pytest.approx(outcome.after, abs=0.05 * abs(outcome.slope) + 1e-9)
    json.dumps(explanation.to_dict())
    assert layer.name in str(explanation)
    assert "<script" in explanation.html()
    for quantity in explanation.quantities.values():  # the origins are the numbers
        explanation.formula(quantity.key)
        if quantity.array.size:
            explanation.origin(quantity.key, *(n - 1 for n in quantity.array.shape))


def test_the_table_of_words_names_classes_that_there_are():
    there = {getattr(found, "__name__", "") for found in map(L.__dict__.get, dir(L))}
    assert not set(LAYERS) - there
