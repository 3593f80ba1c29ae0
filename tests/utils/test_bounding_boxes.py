"""Bounding boxes: formats, the image's border, overlaps."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import schuss
from schuss.utils.bounding_boxes import clip_to_image_size, compute_iou, convert_format

SAME_BOX = {  # in an image of 200 × 100 (height × width)
    "xyxy": [10, 40, 30, 100],
    "yxyx": [40, 10, 100, 30],
    "xywh": [10, 40, 20, 60],
    "center_xywh": [20, 70, 20, 60],
    "center_yxhw": [70, 20, 60, 20],
    "rel_xyxy": [0.1, 0.2, 0.3, 0.5],
    "rel_yxyx": [0.2, 0.1, 0.5, 0.3],
    "rel_xywh": [0.1, 0.2, 0.2, 0.3],
    "rel_center_xywh": [0.2, 0.35, 0.2, 0.3],
}


@pytest.mark.parametrize(("source", "target"), list(itertools.product(SAME_BOX, SAME_BOX)))
def test_formats(source: str, target: str) -> None:
    boxes = np.array([[SAME_BOX[source]]])
    converted = convert_format(boxes, source, target, height=200, width=100)
    assert converted.dtype == np.float32
    np.testing.assert_allclose(converted, [[SAME_BOX[target]]], rtol=1e-5)


def test_of_a_dict_and_in_programs() -> None:
    boxes = np.array([SAME_BOX["xyxy"]], "float32")
    labels = np.array([3])
    converted = convert_format({"boxes": boxes, "labels": labels}, "xyxy", "XYWH")
    assert converted["boxes"].tolist() == [SAME_BOX["xywh"]]
    assert converted["labels"] is labels
    compiled = schuss.jit(lambda x: compute_iou(convert_format(x, "xyxy", "yxyx"), x, "xyxy"))(boxes)
    np.testing.assert_allclose(compiled, [[0.0]])


def test_overlaps_are_those_counted_in_pixels() -> None:
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 9, size=(2, 3, 4, 4))  # two sets, a batch of 3, of 4 boxes each
    boxes = np.concatenate([corners[..., :2], corners[..., :2] + 1 + corners[..., 2:] % 5], axis=-1)

    def pixels(box: Any) -> Any:
        y, x = np.mgrid[:20, :20]
        return (x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3])

    shares = compute_iou(boxes[0], boxes[1], "xyxy")
    assert shares.shape == (3, 4, 4)
    for n, i, j in np.ndindex(3, 4, 4):
        a, b = pixels(boxes[0, n, i]), pixels(boxes[1, n, j])
        assert shares[n, i, j] == pytest.approx((a & b).sum() / (a | b).sum(), abs=1e-5)
    np.testing.assert_array_equal(compute_iou(boxes[0], boxes[1, 0], "xyxy")[0], shares[0])
    np.testing.assert_array_equal(compute_iou(boxes[0, 0], boxes[1], "xyxy")[0], shares[0])


def test_masked_overlaps() -> None:
    shares = compute_iou([[0, 0, 2, 2], [-1, -1, -1, -1]], [[0, 0, 2, 2], [-1] * 4], "xyxy", use_masking=True)
    np.testing.assert_allclose(shares, [[1, -1], [-1, -1]])


def test_relative_overlaps() -> None:
    shares = compute_iou([[0, 0, 0.5, 0.5]], [[0, 0, 0.5, 1.0]], "rel_xyxy", image_shape=(10, 20, 3))
    np.testing.assert_allclose(shares, [[0.5]])


def test_relative_boxes_within_the_image() -> None:
    clipped = clip_to_image_size({"boxes": np.array([[-0.5, 0.5, 0.5, 1.5]])}, bounding_box_format="rel_xyxy")
    assert clipped["boxes"].tolist() == [[0.0, 0.5, 0.5, 1.0]]


def test_errors() -> None:
    with pytest.raises(ValueError, match="unknown format 'xyxz'"):
        convert_format([[0, 0, 1, 1]], "xyxz", "xyxy")
    with pytest.raises(ValueError, match="`height` and `width`"):
        convert_format([[0, 0, 1, 1]], "xyxy", "rel_xyxy")
    with pytest.raises(ValueError, match="last axis of size 4"):
        convert_format([[0, 0, 1]], "xyxy", "xywh")
    with pytest.raises(ValueError, match="must be given"):
        clip_to_image_size({"boxes": [[0, 0, 1, 1]]})
    with pytest.raises(ValueError, match="2 or 3 axes"):
        compute_iou([0, 0, 1, 1], [[0, 0, 1, 1]], "xyxy")
