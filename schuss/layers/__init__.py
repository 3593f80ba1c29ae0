"""Layers. In: arrays or tensors of a trace. Out: the same, computed with `schuss.ops` and the layer's
variables."""

from __future__ import annotations

from typing import Any

from schuss.layers._input_spec import InputSpec
from schuss.layers._layer import Layer
from schuss.layers.activations.activations import ELU, LeakyReLU, PReLU, ReLU, Softmax
from schuss.layers.attention.additive_attention import AdditiveAttention
from schuss.layers.attention.attention import Attention
from schuss.layers.attention.grouped_query_attention import GroupedQueryAttention as GroupQueryAttention
from schuss.layers.attention.multi_head_attention import MultiHeadAttention
from schuss.layers.convolutional.convolution import Conv1D, Conv2D, Conv3D
from schuss.layers.convolutional.depthwise import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from schuss.layers.convolutional.transpose import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from schuss.layers.core.activation import Activation, Identity
from schuss.layers.core.dense import Dense
from schuss.layers.core.einsum_dense import EinsumDense
from schuss.layers.core.embedding import Embedding
from schuss.layers.core.input_layer import Input, InputLayer
from schuss.layers.core.lambda_layer import Lambda
from schuss.layers.core.masking import Masking
from schuss.layers.core.reversible_embedding import ReversibleEmbedding
from schuss.layers.core.wrapper import TimeDistributed, Wrapper
from schuss.layers.merging.join import Concatenate, Dot, concatenate, dot
from schuss.layers.merging.merge import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)
from schuss.layers.normalization.batch_normalization import BatchNormalization
from schuss.layers.normalization.group_normalization import GroupNormalization
from schuss.layers.normalization.layer_normalization import (
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from schuss.layers.normalization.spectral_normalization import SpectralNormalization
from schuss.layers.pooling.adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from schuss.layers.pooling.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from schuss.layers.pooling.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from schuss.layers.preprocessing.category_encoding import CategoryEncoding, Discretization
from schuss.layers.preprocessing.hashed_crossing import HashedCrossing
from schuss.layers.preprocessing.hashing import Hashing
from schuss.layers.preprocessing.images.boxes import MaxNumBoundingBoxes
from schuss.layers.preprocessing.images.colors import (
    RandomBrightness,
    RandomColorDegeneration,
    RandomColorJitter,
    RandomContrast,
    RandomGrayscale,
    RandomHue,
    RandomSaturation,
)
from schuss.layers.preprocessing.images.levels import (
    AutoContrast,
    ContrastLimitedAdaptiveHistogramEqualization,
    Equalization,
    RandomInvert,
    RandomPosterization,
    Solarization,
)
from schuss.layers.preprocessing.images.mixing import CutMix, MixUp
from schuss.layers.preprocessing.images.policies import AugMix, RandAugment
from schuss.layers.preprocessing.images.sizes import CenterCrop, RandomCrop, Resizing
from schuss.layers.preprocessing.images.surroundings import (
    RandomErasing,
    RandomGaussianBlur,
    RandomSharpness,
)
from schuss.layers.preprocessing.images.warps import (
    RandomElasticTransform,
    RandomFlip,
    RandomPerspective,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from schuss.layers.preprocessing.integer_lookup import IntegerLookup
from schuss.layers.preprocessing.mel_spectrogram import MelSpectrogram
from schuss.layers.preprocessing.normalization import Normalization
from schuss.layers.preprocessing.pipeline import Pipeline
from schuss.layers.preprocessing.rescaling import Rescaling
from schuss.layers.preprocessing.stft_spectrogram import STFTSpectrogram
from schuss.layers.preprocessing.string_lookup import StringLookup
from schuss.layers.preprocessing.text_vectorization import TextVectorization
from schuss.layers.regularization.activity_regularization import ActivityRegularization
from schuss.layers.regularization.dropout import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from schuss.layers.reshaping.border import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from schuss.layers.reshaping.reshape import Flatten, Permute, RepeatVector, Reshape
from schuss.layers.reshaping.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from schuss.layers.rnn.bidirectional import Bidirectional
from schuss.layers.rnn.conv_lstm import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from schuss.layers.rnn.gru import GRU, GRUCell
from schuss.layers.rnn.lstm import LSTM, LSTMCell
from schuss.layers.rnn.rnn import RNN
from schuss.layers.rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from schuss.layers.rnn.stacked_rnn_cells import StackedRNNCells
from schuss.utils._names import missing_name

GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution1DTranspose, Convolution2DTranspose, Convolution3DTranspose = (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
)
SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "AugMix",
    "AutoContrast",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "ContrastLimitedAdaptiveHistogramEqualization",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "CutMix",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Equalization",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "HashedCrossing",
    "Hashing",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxNumBoundingBoxes",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "MelSpectrogram",
    "Minimum",
    "MixUp",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "Pipeline",
    "RMSNormalization",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "ReversibleEmbedding",
    "STFTSpectrogram",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "Solarization",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]


def serialize(layer: Any) -> Any:
    """A layer as a dict of plain values, in Keras 3's layout."""
    from schuss.saving.serialization import serialize_keras_object

    return serialize_keras_object(layer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The layer that `serialize` described.

    Raises:
        ValueError: it is not a layer's config, or of an unknown class (with the nearest known ones).
    """
    from schuss.saving.serialization import deserialize_keras_object

    layer = deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(
            f"`layers.deserialize` was given the config of something else than a layer: {config}."
        )
    return layer


_OF_OTHER_LIBRARIES = {
    "FlaxLayer": "Flax",
    "JaxLayer": "JAX",
    "TFSMLayer": "TensorFlow",
    "TorchModuleWrapper": "PyTorch",
}


def __getattr__(name: str) -> Any:
    if name in _OF_OTHER_LIBRARIES:
        raise AttributeError(
            f"module {__name__!r} has no layer {name!r}: it wraps a part of {_OF_OTHER_LIBRARIES[name]}, which can be "
            "neither differentiated nor compiled here. Write it with the layers and ops of Schuss."
        )
    raise missing_name(__name__, "layer", name, __all__)
