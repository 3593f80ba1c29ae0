"""Fourier transforms, blocks and windows of images, alignments; values by NumPy or by hand, gradients by differences."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import schuss
from schuss import ops

RNG = np.random.default_rng(1)
A, B = RNG.standard_normal((2, 3, 6))
V = RNG.standard_normal((2, 23))
IMAGES = RNG.standard_normal((2, 4, 6, 8))


def _complex(pair: Any) -> np.ndarray:
    return np.asarray(pair[0]) + 1j * np.asarray(pair[1])


def test_fourier_transforms_are_numpys() -> None:
    np.testing.assert_allclose(_complex(ops.fft((A, B))), np.fft.fft(A + 1j * B))
    np.testing.assert_allclose(_complex(ops.fft2((A, B))), np.fft.fft2(A + 1j * B))
    np.testing.assert_allclose(_complex(ops.ifft2((A, B))), np.fft.ifft2(A + 1j * B))
    for n in (None, 4, 6, 7, 9):
        np.testing.assert_allclose(_complex(ops.rfft(A, n)), np.fft.rfft(A, n), atol=1e-12)
        np.testing.assert_allclose(ops.irfft((A, B), n), np.fft.irfft(A + 1j * B, n), atol=1e-12)


def test_a_signal_comes_back_from_its_windows() -> None:
    for window, length in (("hann", 8), ("hamming", 6), (np.ones(8), 8)):
        spectrum = ops.stft(V, length, 2, 8, window=window)
        assert spectrum[0].shape == (2, 12, 5)
        back = ops.istft(spectrum, length, 2, 8, window=window)
        inside = slice(4, back.shape[-1] - 4)  # at the ends fewer windows overlap
        np.testing.assert_allclose(back[:, inside], V[:, inside], atol=1e-6)
        assert ops.istft(spectrum, length, 2, 8, length=10, window=window).shape == (2, 10)


def test_a_transform_of_something_else() -> None:
    with pytest.raises(ValueError, match="fft: input `x` must be a tuple of two arrays"):
        ops.fft(A)
    with pytest.raises(ValueError, match="`fft_length` must equal or larger than `sequence_length`"):
        ops.stft(V, 8, 2, 4)
    with pytest.raises(ValueError, match="must be one of"):
        ops.stft(V, 8, 2, 8, window="hat")


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_blocks_and_channels(data_format: str) -> None:
    deep = ops.space_to_depth(IMAGES, 2, data_format)
    assert deep.shape == ((2, 2, 3, 32) if data_format == "channels_last" else (2, 16, 3, 4))
    np.testing.assert_array_equal(ops.depth_to_space(deep, 2, data_format), IMAGES)
    first = deep[0, 0, 0, :8] if data_format == "channels_last" else deep[0, :4, 0, 0]
    expected = IMAGES[0, 0, 0] if data_format == "channels_last" else IMAGES[0, 0, :2, :2].ravel()
    np.testing.assert_array_equal(first, expected)


def test_windows_of_images() -> None:
    columns = ops.unfold(IMAGES, (2, 3), dilation=2, padding=1, stride=(1, 2))
    padded = np.pad(IMAGES, ((0, 0), (0, 0), (1, 1), (1, 1)))
    assert columns.shape == (2, 4 * 6, 6 * 3)
    np.testing.assert_array_equal(
        columns[:, :, 4].reshape(2, 4, 2, 3), padded[:, :, 1:4:2, 2:7:2]
    )  # the second row of windows, its second one
    ones = ops.fold(ops.unfold(np.ones((1, 1, 4, 4)), 3), 4, 3)
    assert ones[0, 0].tolist() == [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]


def test_rearrange() -> None:
    split = ops.rearrange(IMAGES, "b c (h x) (w y) -> (b h) w (c x y)", x=2, y=4)
    np.testing.assert_array_equal(
        split, IMAGES.reshape(2, 4, 3, 2, 2, 4).transpose(0, 2, 4, 1, 3, 5).reshape(6, 2, 32)
    )
    for pattern, message in (
        ("b c h w", "one '->'"),
        ("b c h w -> b c h", "both sides"),
        ("b c h -> c b h", "names 3 axes"),
        ("b c (h x) w -> b c h x w", "give the sizes of all but one"),
    ):
        with pytest.raises(ValueError, match=message):
            ops.rearrange(IMAGES, pattern)


def _by_enumeration(target: list[int], logits: np.ndarray) -> float:
    """−log of the summed probabilities of all paths that give the target."""
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    total = 0.0
    for path in itertools.product(range(p.shape[1]), repeat=len(p)):
        labels = [k for k, _ in itertools.groupby(path) if k != 0]
        if labels == target:
            total += np.prod([p[t, k] for t, k in enumerate(path)])
    return -np.log(total) if total else np.inf


def test_ctc_sums_over_all_alignments() -> None:
    logits = RNG.standard_normal((4, 5, 3))
    targets = np.array([[1, 2, 0], [1, 1, 0], [2, 0, 0], [1, 1, 1]])
    lengths, times = np.array([2, 2, 0, 3]), np.array([5, 4, 3, 4])
    loss = ops.ctc_loss(targets, logits, lengths, times)
    for b in range(4):
        expected = _by_enumeration(targets[b, : lengths[b]].tolist(), logits[b, : times[b]])
        np.testing.assert_allclose(loss[b], expected, rtol=1e-6)


def test_distances() -> None:
    x, y = RNG.standard_normal((2, 3, 4)), RNG.standard_normal((2, 5, 4))
    expected = np.linalg.norm(x[:, :, None] - y[:, None], axis=-1)
    np.testing.assert_allclose(ops.cdist(x, y), expected)
    same = schuss.grad(lambda x: ops.sum(ops.cdist(x, x)))(x)
    assert np.isfinite(same).all()


GRADIENTS: dict[str, tuple[Callable[..., Any], list[np.ndarray]]] = {
    "fft": (lambda a, b: ops.stack(ops.fft((a, b))), [A, B]),
    "ifft2": (lambda a, b: ops.stack(ops.ifft2((a, b))), [A, B]),
    "rfft": (lambda a: ops.stack(ops.rfft(a, 7)), [A]),
    "irfft": (lambda a, b: ops.irfft((a, b), 9), [A, B]),
    "stft": (lambda v: ops.stack(ops.stft(v, 6, 3, 8)), [V]),
    "unfold": (lambda x: ops.unfold(x, 3, padding=1, stride=2), [IMAGES]),
    "fold": (lambda x: ops.fold(x, (4, 5), 3), [RNG.standard_normal((1, 18, 6))]),
    "ctc_loss": (
        lambda x: ops.ctc_loss(np.array([[1, 1]]), x, np.array([2]), np.array([4])),
        [RNG.standard_normal((1, 4, 3))],
    ),
    "cdist": (lambda x: ops.cdist(x, A), [B]),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_are_finite_differences_and_compile(name: str) -> None:
    function, xs = GRADIENTS[name]
    weights = RNG.standard_normal(np.shape(function(*xs)))

    def f(*xs: Any) -> Any:
        return ops.sum(ops.sin(function(*xs)) * weights)

    slopes = schuss.grad(f, argnums=tuple(range(len(xs))))
    vs = [RNG.standard_normal(x.shape) for x in xs]
    ahead, behind = ([x + h * v for x, v in zip(xs, vs, strict=True)] for h in (1e-6, -1e-6))
    for gradient in (slopes(*xs), schuss.jit(slopes)(*xs)):
        derivative = sum(np.sum(dx * v) for dx, v in zip(gradient, vs, strict=True))
        np.testing.assert_allclose(derivative, (f(*ahead) - f(*behind)) / 2e-6, rtol=1e-5, atol=1e-6)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'softmx'\. Did you mean 'softmax'"):
        ops.softmx  # noqa: B018
    assert ops.numpy.sin is not None
    assert ops.jvp is schuss.jvp
