"""Bounding boxes: from one format to another, within the image, and how far they overlap.

Formats: ``"xyxy"`` (left, top, right, bottom), ``"yxyx"``, ``"xywh"`` (left, top, width, height), ``"center_xywh"``,
``"center_yxhw"``, in pixels; ``"rel_xyxy"``, ``"rel_yxyx"``, ``"rel_xywh"``, ``"rel_center_xywh"``, in parts of the image.
"""

from __future__ import annotations

from typing import Any

from schuss import config, ops

__all__ = ["clip_to_image_size", "compute_iou", "convert_format"]

_LAYOUTS = ("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw")
_RELATIVE = ("rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh")


def convert_format(
    boxes: Any, source: str, target: str, height: Any = None, width: Any = None, dtype: Any = "float32"
) -> Any:
    """Boxes in another format.

    Args:
        boxes: […, 4]; or a dict, whose ``"boxes"`` are converted in a new dict.
        source, target: formats (see the module).
        height, width: of the image; wanted by relative formats.
        dtype: of the result. Default ``"float32"``.

    Raises:
        ValueError: an unknown format, boxes of another shape, a size that is missing.

    Example:
        >>> from schuss.utils import bounding_boxes
        >>> bounding_boxes.convert_format([[10, 20, 30, 60]], "xyxy", "center_xywh").tolist()
        [[20.0, 40.0, 20.0, 40.0]]
    """
    if isinstance(boxes, dict):
        return {**boxes, "boxes": convert_format(boxes["boxes"], source, target, height, width, dtype)}
    source, target = source.lower(), target.lower()
    for name in (source, target):
        if name not in (*_LAYOUTS, *_RELATIVE):
            raise ValueError(
                f"convert_format: unknown format {name!r}. Known are: {', '.join((*_LAYOUTS, *_RELATIVE))}."
            )
    if (source in _RELATIVE or target in _RELATIVE) and (height is None or width is None):
        raise ValueError(
            f"convert_format: from {source!r} to {target!r}, `height` and `width` of the image must be given. "
            f"Received: height={height}, width={width}"
        )
    boxes = ops.cast(boxes, dtype)
    if boxes.shape[-1] != 4:
        raise ValueError(
            f"convert_format: `boxes` must have a last axis of size 4. Received: {tuple(boxes.shape)}"
        )
    if source == target:
        return boxes
    left, top, right, bottom = _corners(boxes, source.removeprefix("rel_"))
    if (source in _RELATIVE) != (target in _RELATIVE):
        scale = ops.multiply if source in _RELATIVE else ops.divide
        across, down = ops.cast(width, dtype), ops.cast(height, dtype)
        left, right = scale(left, across), scale(right, across)
        top, bottom = scale(top, down), scale(bottom, down)
    return _laid_out(left, top, right, bottom, target.removeprefix("rel_"))


def _corners(boxes: Any, layout: str) -> tuple[Any, Any, Any, Any]:
    a, b, c, d = ops.split(boxes, 4, axis=-1)
    if layout in ("yxyx", "center_yxhw"):
        a, b, c, d = b, a, d, c
    if layout in ("xyxy", "yxyx"):
        return a, b, c, d
    if layout == "xywh":
        return a, b, a + c, b + d
    return a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0


def _laid_out(left: Any, top: Any, right: Any, bottom: Any, layout: str) -> Any:
    across, down = right - left, bottom - top
    parts = {
        "xyxy": (left, top, right, bottom),
        "yxyx": (top, left, bottom, right),
        "xywh": (left, top, across, down),
        "center_xywh": (left + across / 2.0, top + down / 2.0, across, down),
        "center_yxhw": (top + down / 2.0, left + across / 2.0, down, across),
    }
    return ops.concatenate(parts[layout], axis=-1)


def clip_to_image_size(
    bounding_boxes: dict[str, Any], height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> dict[str, Any]:
    """The parts of boxes that lie within the image.

    Args:
        bounding_boxes: a dict with ``"boxes"`` […, 4] and, if there are any, ``"labels"`` […].
        height, width: of the image. bounding_box_format: ``"xyxy"`` (default) or ``"rel_xyxy"``.

    Returns:
        A new dict. The labels of boxes of which nothing is left are −1.

    Raises:
        ValueError: another format; for ``"xyxy"`` no size.

    Example:
        >>> from schuss.utils import bounding_boxes
        >>> boxes = {"boxes": [[-10.0, 0.0, 20.0, 20.0], [50.0, 0.0, 60.0, 9.0]], "labels": [7, 8]}
        >>> clipped = bounding_boxes.clip_to_image_size(boxes, height=10, width=40)
        >>> clipped["boxes"].tolist(), clipped["labels"].tolist()
        ([[0.0, 0.0, 20.0, 10.0], [40.0, 0.0, 40.0, 9.0]], [7, -1])
    """
    if bounding_box_format not in ("xyxy", "rel_xyxy"):
        raise ValueError(
            "clip_to_image_size: `bounding_box_format` must be 'xyxy' or 'rel_xyxy'. Received: "
            f"{bounding_box_format!r}"
        )
    if bounding_box_format == "rel_xyxy":
        height = width = 1.0
    elif height is None or width is None:
        raise ValueError("clip_to_image_size: `height` and `width` must be given for the format 'xyxy'.")
    left, top, right, bottom = ops.split(ops.convert_to_tensor(bounding_boxes["boxes"]), 4, axis=-1)
    left, right = (ops.clip(x, 0, width) for x in (left, right))
    top, bottom = (ops.clip(y, 0, height) for y in (top, bottom))
    clipped = {**bounding_boxes, "boxes": ops.concatenate([left, top, right, bottom], axis=-1)}
    if bounding_boxes.get("labels") is not None:
        areas = ops.squeeze((right - left) * (bottom - top), -1)
        clipped["labels"] = ops.where(areas > 0, ops.convert_to_tensor(bounding_boxes["labels"]), -1)
    return clipped


def compute_iou(
    boxes1: Any,
    boxes2: Any,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Any = None,
) -> Any:
    """How far boxes overlap: the area of what each two have in common, divided by the area that they cover together.

    Args:
        boxes1: [m, 4] or [batch, m, 4]. boxes2: [n, 4] or [batch, n, 4].
        bounding_box_format: of both (see the module).
        use_masking: whether `mask_val` (default −1) takes the place of results with boxes all of whose numbers are
            negative.
        image_shape: (height, width, channels), for relative formats.

    Returns:
        [m, n] or [batch, m, n].

    Raises:
        ValueError: boxes of another number of axes; a relative format without `image_shape`.

    Example:
        >>> from schuss.utils import bounding_boxes
        >>> bounding_boxes.compute_iou([[0, 0, 2, 2]], [[0, 0, 2, 4], [5, 5, 6, 6]], "xyxy").tolist()
        [[0.5, 0.0]]
    """
    height, width = (None, None) if image_shape is None else image_shape[:2]
    first, second = (
        convert_format(boxes, bounding_box_format, "xyxy", height, width) for boxes in (boxes1, boxes2)
    )
    if first.ndim not in (2, 3) or second.ndim not in (2, 3):
        raise ValueError(
            "compute_iou: boxes must have 2 or 3 axes. Received: "
            f"boxes1.shape={tuple(first.shape)}, boxes2.shape={tuple(second.shape)}"
        )
    first, second = ops.expand_dims(first, -2), ops.expand_dims(second, -3)  # [..., m, 1, 4], [..., 1, n, 4]
    corner = ops.maximum(first[..., :2], second[..., :2]), ops.minimum(first[..., 2:], second[..., 2:])
    common = ops.prod(ops.maximum(corner[1] - corner[0], 0.0), axis=-1)
    areas = [ops.prod(boxes[..., 2:] - boxes[..., :2], axis=-1) for boxes in (first, second)]
    shares = ops.divide(common, areas[0] + areas[1] - common + config.epsilon())
    if not use_masking:
        return shares
    absent = [ops.less(ops.max(boxes, axis=-1), 0.0) for boxes in (first, second)]
    return ops.where(ops.logical_or(*absent), ops.cast(mask_val, shares.dtype), shares)
