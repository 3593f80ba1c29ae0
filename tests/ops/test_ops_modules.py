"""Keras's modules of ops name the functions of all our rooms."""

import pytest

from schuss import Input, Model, ops

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
        assert module in ("image", "linalg") or function is getattr(ops, name)


def test_they_take_symbolic_inputs():
    inputs = Input((3,))
    model = Model(inputs, ops.numpy.sin(ops.nn.relu(inputs)))
    assert model.predict([[-1.0, 0.0, 0.5]], verbose=0).tolist() == [[0.0, 0.0, pytest.approx(0.4794255)]]
