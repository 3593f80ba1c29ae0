"""Imports as older notebooks have them, and small layers."""

import numpy as np
import tensorflow as tf
from tensorflow import keras as ks
from tensorflow.keras.layers import (
    Dense,
    Activation,
    Dropout,
    BatchNormalization,
    LeakyReLU,
    PReLU,
    ELU,
    Add,
    add,
    Concatenate,
    concatenate,
    Multiply,
    Average,
    Subtract,
    Dot,
    Input,
    InputLayer,
    Reshape,
    Permute,
    RepeatVector,
    Lambda,
    Masking,
    GaussianNoise,
    GaussianDropout,
    AlphaDropout,
    SpatialDropout1D,
    ActivityRegularization,
    LayerNormalization,
    GlobalAveragePooling1D,
    GlobalMaxPool1D,
    UpSampling1D,
    ZeroPadding1D,
    Cropping1D,
    TimeDistributed,
    UnitNormalization,
    Softmax,
    ReLU,
    Identity,
    CategoryEncoding,
    Discretization,
    Rescaling,
    GroupNormalization,
    GlobalAvgPool2D,
)
from tensorflow.keras.models import Sequential, Model, load_model, model_from_json, clone_model
from tensorflow.keras.optimizers import SGD, Adam, RMSprop, Adagrad, Adadelta, Adamax, Nadam
from tensorflow.keras.callbacks import (
    EarlyStopping,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TensorBoard,
    LearningRateScheduler,
    CSVLogger,
    Callback,
    History,
    LambdaCallback,
)
from tensorflow.keras.utils import to_categorical, plot_model, normalize, Sequence, get_file
from tensorflow.keras.regularizers import l1, l2, l1_l2
from tensorflow.keras.initializers import (
    RandomNormal,
    glorot_uniform,
    he_normal,
    Zeros,
    Ones,
    RandomUniform,
    TruncatedNormal,
    Orthogonal,
    HeNormal,
)
from tensorflow.keras.constraints import max_norm, MaxNorm, unit_norm, NonNeg
from tensorflow.keras.losses import (
    MeanSquaredError,
    binary_crossentropy,
    categorical_crossentropy,
    KLDivergence,
    Huber,
    BinaryCrossentropy,
)
from tensorflow.keras.metrics import (
    Mean,
    Accuracy,
    categorical_accuracy,
    top_k_categorical_accuracy,
    Precision,
    Recall,
    MeanIoU,
)
from tensorflow.keras.datasets import mnist, cifar10, fashion_mnist, imdb, reuters, boston_housing
from tensorflow.keras.activations import relu, sigmoid, softmax

a = Input((3, 4))
for l in [
    SpatialDropout1D(0.2),
    GlobalAveragePooling1D(),
    GlobalMaxPool1D(),
    UpSampling1D(2),
    ZeroPadding1D((1, 2)),
    Cropping1D(1),
    TimeDistributed(Dense(5)),
    GroupNormalization(2),
    LayerNormalization(),
    UnitNormalization(),
    Permute((2, 1)),
    PReLU(),
    Masking(0.0),
    GlobalAveragePooling1D(keepdims=True),
]:
    print(type(l).__name__, l(a).shape, l.count_params())
print(
    CategoryEncoding(num_tokens=4, output_mode="one_hot")([3, 2, 0, 1]).numpy().tolist(),
    CategoryEncoding(num_tokens=4, output_mode="multi_hot")([[0, 1], [0, 0], [1, 2], [3, 1]])
    .numpy()
    .tolist(),
)
print(
    Discretization(bin_boundaries=[0.0, 1.0, 2.0])(np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]]))
    .numpy()
    .tolist()
)
print(
    tf.keras.layers.UpSampling2D(size=(2, 1))(np.arange(4.0).reshape(1, 2, 2, 1)).numpy().ravel().tolist(),
    tf.keras.layers.GlobalMaxPooling2D()(np.arange(8.0).reshape(1, 2, 2, 2)).numpy().tolist(),
    tf.keras.layers.ZeroPadding2D(((1, 0), (0, 2)))(np.ones((1, 2, 2, 1))).shape,
    tf.keras.layers.Cropping2D(((1, 0), (0, 1)))(np.ones((1, 3, 3, 1))).shape,
)
ml = CategoryEncoding(num_tokens=4, output_mode="count")
print(ml([[0, 1], [0, 0]], count_weights=np.array([[0.1, 0.2], [0.1, 0.1]])).numpy().round(2).tolist())
print(normalize(np.array([[3.0, 4.0]])), tf.keras.utils.to_categorical([1, 0]))
