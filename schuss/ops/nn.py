"""What networks are made of, under Keras's name for their module."""

# ruff: noqa: F403
from schuss.ops.activations import *
from schuss.ops.convolution import *
from schuss.ops.ctc import *
from schuss.ops.networks import *
from schuss.ops.patches import *
from schuss.ops.pooling import *
