"""RandAugment and AugMix: other layers, chosen at random."""

from __future__ import annotations

from typing import Any

from schuss import ops, random
from schuss.layers._shapes import is_integer
from schuss.layers.preprocessing.images._image_layer import factor_range, known_option
from schuss.layers.preprocessing.images.colors import (
    ColorLayer,
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
)
from schuss.layers.preprocessing.images.levels import (
    AutoContrast,
    Equalization,
    RandomPosterization,
    Solarization,
)
from schuss.layers.preprocessing.images.surroundings import RandomSharpness
from schuss.layers.preprocessing.images.warps import (
    INTERPOLATIONS,
    RandomRotation,
    RandomShear,
    RandomTranslation,
)


class _Policy(ColorLayer):
    """A layer that owns others, by name, and draws which of them to apply."""

    def __init__(
        self, names: tuple[str, ...], value_range: Any, factor: Any, interpolation: str, **kwargs: Any
    ):
        super().__init__(value_range, **kwargs)
        owner = type(self).__name__
        self.factor = factor_range(owner, factor, (0, 1))
        self.interpolation = known_option(owner, "interpolation", interpolation, INTERPOLATIONS)
        self._names = names
        for name in names:
            setattr(self, name, self._made(name))

    def _made(self, name: str) -> Any:
        f, warp = self.factor, {"interpolation": self.interpolation, "seed": self.seed}
        levels = {"value_range": self.value_range}
        colors = {**levels, "seed": self.seed}
        kind, options = {
            "random_shear": (RandomShear, {"x_factor": f, "y_factor": f, **warp}),
            "random_translation": (RandomTranslation, {"height_factor": f, "width_factor": f, **warp}),
            "random_rotation": (RandomRotation, {"factor": f, **warp}),
            "random_brightness": (RandomBrightness, {"factor": f, **colors}),
            "random_color_degeneration": (RandomColorDegeneration, {"factor": f, **colors}),
            "random_contrast": (RandomContrast, {"factor": f, **colors}),
            "random_sharpness": (RandomSharpness, {"factor": f, **colors}),
            "random_posterization": (RandomPosterization, {"factor": max(1, int(8 * f[1])), **colors}),
            "solarization": (Solarization, {"addition_factor": f, "threshold_factor": f, **colors}),
            "auto_contrast": (AutoContrast, levels),
            "equalization": (Equalization, levels),
        }[name]
        return kind(**options, data_format=self.data_format, dtype=self.dtype_policy)

    def _drawn_each(self, images: Any, seed: Any) -> dict[str, Any]:
        """What every layer draws, by its name."""
        return {name: getattr(self, name).drawn(images, seed) for name in self._names}

    def _applied(self, index: Any, method: str, x: Any, transformations: dict[str, Any]) -> Any:
        """The layer of this number applied; of a number past the last none. In a trace all are computed, and one is
        chosen."""
        branches = [
            lambda x, name=name: ops.cast(
                getattr(getattr(self, name), method)(x, transformations[name]), x.dtype
            )
            for name in self._names
        ]
        return ops.switch(index, [*branches, lambda x: x], x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor, "interpolation": self.interpolation}


class RandAugment(_Policy):
    """In training a few changes, drawn for each batch from eleven, one after the other: shear, translation, rotation,
    brightness, color, contrast, sharpness, posterization, solarization, auto contrast, equalization.

    Args:
        value_range: (black, white). Default (0, 255).
        num_ops: how many. Default 2.
        factor: range of their strengths, in [0, 1]; one number u for (0, u). Default 0.5.
        interpolation: ``"bilinear"`` (default) or ``"nearest"``.
        seed: integer, for repeatable choices. Default None.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: a factor out of range, or a number of changes that is none.

    Source: Cubuk et al., RandAugment: Practical automated data augmentation with a reduced search space (2019).

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.RandAugment(seed=1)(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    moves_pixels = True

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        if not is_integer(num_ops) or num_ops < 0:
            raise ValueError(f"RandAugment: `num_ops` must be an integer ≥ 0. Received: num_ops={num_ops!r}")
        names = (
            "random_shear", "random_translation", "random_rotation", "random_brightness", "random_color_degeneration",
            "random_contrast", "random_sharpness", "random_posterization", "solarization", "auto_contrast",
            "equalization",
        )  # fmt: skip
        super().__init__(
            names, value_range, factor, interpolation, seed=seed, data_format=data_format, **kwargs
        )
        self.num_ops = num_ops

    def drawn(self, images: Any, seed: Any) -> Any:
        indices = random.randint((self.num_ops,), 0, len(self._names), seed=seed)
        return {"layer_idxes": indices, "transforms": self._drawn_each(images, seed)}

    def transformed(self, images: Any, transformation: Any) -> Any:
        return self._all_applied("transform_images", images, transformation)

    def transformed_masks(self, masks: Any, transformation: Any) -> Any:
        return self._all_applied("transform_segmentation_masks", masks, transformation)

    def _all_applied(self, method: str, x: Any, transformation: Any) -> Any:
        for i in range(self.num_ops):
            x = self._applied(transformation["layer_idxes"][i], method, x, transformation["transforms"])
        return x

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_ops": self.num_ops}


class AugMix(_Policy):
    """In training ``y = w x + (1 − w) Σ_k v_k chain_k(x)``: a mixture of images and of what chains of changes, drawn
    for each batch, make of them; w of a Beta(α, α), v of a Dirichlet(α) distribution.

    Args:
        value_range: (black, white). Default (0, 255).
        num_chains, chain_depth: how many chains, and changes in each. Default 3 and 3.
        factor: range of the changes' strengths, in [0, 1]; one number u for (0, u). Default 0.3.
        alpha: α > 0. Default 1.
        all_ops: whether brightness, color, contrast and sharpness are among the changes. Default True.
        interpolation: ``"bilinear"`` (default) or ``"nearest"``.
        seed: integer, for repeatable choices. Default None.
        data_format: ``"channels_last"`` (default) or ``"channels_first"``.

    Raises:
        ValueError: a factor out of range, or numbers that are none.

    Source: Hendrycks et al., AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty (2019).

    Example:
        >>> import numpy as np, schuss
        >>> schuss.layers.AugMix(seed=1)(np.ones((2, 8, 8, 3)), training=True).shape
        (2, 8, 8, 3)
    """

    moves_pixels = True

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: Any = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        for argument, number in (("num_chains", num_chains), ("chain_depth", chain_depth)):
            if not is_integer(number) or number < 1:
                raise ValueError(f"AugMix: `{argument}` must be a positive integer. Received: {number!r}")
        names = (
            "random_shear", "random_translation", "random_rotation", "random_posterization", "solarization",
            "auto_contrast", "equalization",
        )  # fmt: skip
        if all_ops:
            names += ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")
        super().__init__(
            names, value_range, factor, interpolation, seed=seed, data_format=data_format, **kwargs
        )
        self.num_chains, self.chain_depth, self.alpha, self.all_ops = num_chains, chain_depth, alpha, all_ops

    def drawn(self, images: Any, seed: Any) -> Any:
        shape = (self.num_chains, self.chain_depth)
        weights = random.gamma((self.num_chains,), self.alpha, seed=seed)
        return {
            "chain_mixing_weights": ops.divide(weights, ops.sum(weights)),
            "weight_sample": random.beta((), self.alpha, self.alpha, seed=seed),
            "layer_idxes": random.randint(shape, 0, len(self._names) + 1, seed=seed),
            "transforms": [
                [self._drawn_each(images, seed) for _ in range(shape[1])] for _ in range(shape[0])
            ],
        }

    def transformed(self, images: Any, transformation: Any) -> Any:
        return self.clipped(self._mixed("transform_images", images, transformation))

    def transformed_masks(self, masks: Any, transformation: Any) -> Any:
        return self._mixed("transform_segmentation_masks", masks, transformation)

    def _mixed(self, method: str, x: Any, transformation: Any) -> Any:
        total: Any = 0.0
        for chain in range(self.num_chains):
            y = x
            for depth in range(self.chain_depth):
                index = transformation["layer_idxes"][chain, depth]
                y = self._applied(index, method, y, transformation["transforms"][chain][depth])
            total = ops.add(total, ops.multiply(y, transformation["chain_mixing_weights"][chain]))
        own = transformation["weight_sample"]
        return ops.add(ops.multiply(own, x), ops.multiply(ops.subtract(1.0, own), total))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_chains": self.num_chains,
            "chain_depth": self.chain_depth,
            "alpha": self.alpha,
            "all_ops": self.all_ops,
        }
