"""Keras's modules of ops name the functions of all our rooms."""

import pytest

from schuss import ops

NAMES = {
    "nn": "relu gelu softmax one_hot conv depthwise_conv max_pool ctc_loss unfold dot_product_attention moments",
    "numpy": "sin sum equal concatenate arange sort median matmul diag einsum ndim size view slogdet vectorize",
    "linalg": "cholesky det eigh inv lstsq norm qr solve svd",
    "image": "resize affine_transform crop_images pad_images",
}


@pytest.mark.parametrize("module", NAMES)
def test_the_functions_are_those_of_ops(module):
    for name in NAMES[module].split():
        function = getattr(getattr(ops, module), name)
        assert function.__module__.startswith("schuss.ops")
        assert module == "image" or function is getattr(ops, name)
