"""Pictures as arrays and arrays as pictures."""

from schuss.utils._images import array_to_img, img_to_array, load_img, save_img, smart_resize

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]
