"""MaxNumBoundingBoxes: as many boxes for every image."""

from __future__ import annotations

from typing import Any

from schuss import ops
from schuss.layers._shapes import is_integer
from schuss.layers.preprocessing.images._image_layer import ImageLayer


class MaxNumBoundingBoxes(ImageLayer):
    """The first `max_number` bounding boxes of each image, and filled ones where there are fewer. Images stay as they
    are.

    Args:
        max_number: how many. fill_value: of the boxes and labels that are filled in. Default −1.

    Input: a dict with ``"images"`` and ``"bounding_boxes"``: ``{"boxes": [n, number, 4], "labels": [n, number]}``.

    Raises:
        ValueError: no positive integer, or keys that are no boxes'.

    Example:
        >>> import numpy as np, schuss
        >>> boxes = {"boxes": np.zeros((1, 2, 4)), "labels": np.array([[5, 6]])}
        >>> layer = schuss.layers.MaxNumBoundingBoxes(3)
        >>> layer({"images": np.ones((1, 8, 8, 3)), "bounding_boxes": boxes})["bounding_boxes"]["labels"].tolist()
        [[5, 6, -1]]
    """

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any):
        if not is_integer(max_number) or max_number < 1:
            raise ValueError(
                f"MaxNumBoundingBoxes: `max_number` must be a positive integer. Received: max_number={max_number!r}"
            )
        super().__init__(**kwargs)
        self.max_number, self.fill_value = int(max_number), int(fill_value)

    def transform_images(self, images: Any, transformation: Any = None, training: Any = True) -> Any:
        return images

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Any = None, training: Any = True
    ) -> Any:
        self._check_keys(bounding_boxes)
        return {key: self._as_many(value) for key, value in bounding_boxes.items()}

    def _as_many(self, values: Any) -> Any:
        missing = max(self.max_number - values.shape[1], 0)
        widths = [(0, 0), (0, missing)] + [(0, 0)] * (len(values.shape) - 2)
        return ops.pad(values[:, : self.max_number], widths, constant_values=self.fill_value)

    def _check_keys(self, bounding_boxes: Any) -> None:
        if not isinstance(bounding_boxes, dict) or set(bounding_boxes) - {"boxes", "labels"}:
            raise ValueError(
                f'Layer "{self.name}" (MaxNumBoundingBoxes): "bounding_boxes" must be a dict of "boxes" and "labels". '
                f"Received: {sorted(bounding_boxes) if isinstance(bounding_boxes, dict) else type(bounding_boxes)}"
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        if not isinstance(input_shape, dict) or "bounding_boxes" not in input_shape:
            return input_shape
        boxes = input_shape["bounding_boxes"]
        self._check_keys(boxes)
        sized = {key: (shape[0], self.max_number, *shape[2:]) for key, shape in boxes.items()}
        return {**input_shape, "bounding_boxes": sized}

    def compute_output_spec(self, data: Any, training: Any = True) -> Any:
        return self._traced_output_spec(data)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "max_number": self.max_number, "fill_value": self.fill_value}
