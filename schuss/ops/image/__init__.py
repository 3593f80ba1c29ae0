"""Images, under keras.ops.image's names. In: arrays [h, w, c] or batches [n, h, w, c] (``"channels_first"``: c before
h). Out: the same, composed of `schuss.ops`: resizing is a product with a constant matrix for each axis, warping a
gather, so both trace, differentiate and compile."""

from schuss.ops._symbolic import accept_symbolic
from schuss.ops.image.borders import crop_images, pad_images
from schuss.ops.image.color import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from schuss.ops.image.elastic import elastic_transform
from schuss.ops.image.filters import gaussian_blur, sobel_edges, ssim
from schuss.ops.image.patches import extract_patches, extract_patches_3d
from schuss.ops.image.resizing import resize, scale_and_translate
from schuss.ops.image.warping import affine_transform, map_coordinates, perspective_transform

__all__ = [
    "affine_transform", "crop_images", "elastic_transform", "extract_patches", "extract_patches_3d", "gaussian_blur",
    "hsv_to_rgb", "map_coordinates", "pad_images", "perspective_transform", "resize", "rgb_to_grayscale",
    "rgb_to_hsv", "scale_and_translate", "sobel_edges", "ssim",
]  # fmt: skip

accept_symbolic(globals())
del accept_symbolic
