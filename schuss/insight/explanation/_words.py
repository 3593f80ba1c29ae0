"""What layers and activations are called and which formulas the textbook has for them: one row for each class.

In a formula ``$x`` is the layer's input, ``$z`` what stands before the activation, ``$a`` the output, ``$δ`` = ∂J/∂z, and
``$W``, ``$b``, … its weights, by the symbols in `SYMBOLS`. What has no row is explained by its operations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schuss import activations

SYMBOLS = {
    "kernel": "W",
    "bias": "b",
    "recurrent_kernel": "U",
    "embeddings": "E",
    "gamma": "γ",
    "beta": "β",
    "scale": "γ",
    "alpha": "α",
    "moving_mean": "μ",
    "moving_variance": "v",
    "depthwise_kernel": "D",
    "pointwise_kernel": "P",
    "reverse_embeddings": "R",
    "mean": "μ",
    "variance": "v",
}
"""Weights' letters by their names. Others are called by their names."""


@dataclass(frozen=True)
class Words:
    """A row of the table.

    Attributes:
        what: the layer in a sentence. forward: its formulas. into_x: ∂J/∂x. into: ∂J/∂(weight), by the weight's symbol.
    """

    what: str
    forward: tuple[str, ...]
    into_x: str = ""
    into: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Curve:
    """An activation: f(z), and δ, what ∂J/∂a becomes on its way back through it."""

    value: str
    back: str


def _by_slope(value: str, slope: str) -> Curve:
    return Curve(value, f"∂J/∂$a ⊙ {slope}")


CURVES = {
    "relu": _by_slope('"max"(0, $z)', "[$z > 0]"),
    "relu6": _by_slope('"min"("max"(0, $z), 6)', "[0 < $z < 6]"),
    "leaky_relu": _by_slope('"max"($z, s $z)', '("1 where "$z > 0", else "s)'),
    "sigmoid": _by_slope("σ($z) = {1}/{1 + e^{−$z}}", "$a ⊙ (1 − $a)"),
    "tanh": _by_slope("tanh $z", "(1 − $a^2)"),
    "softmax": Curve("{e^{$z_j}}/{Σ_k e^{$z_k}}", "$a_j ({∂J}/{∂$a_j} − Σ_k $a_k {∂J}/{∂$a_k})"),
    "log_softmax": Curve("$z_j − log Σ_k e^{$z_k}", "{∂J}/{∂$a_j} − e^{$a_j} Σ_k {∂J}/{∂$a_k}"),
    "elu": _by_slope('$z" where "$z > 0", else "s (e^{$z} − 1)', '("1 where "$z > 0", else "s e^{$z})'),
    "selu": _by_slope(
        'λ ($z" where "$z > 0", else "s (e^{$z} − 1))', 'λ ("1 where "$z > 0", else "s e^{$z})'
    ),
    "celu": _by_slope('"max"(0, $z) + "min"(0, s (e^{{$z}/s} − 1))', '("1 where "$z > 0", else "e^{{$z}/s})'),
    "exponential": _by_slope("e^{$z}", "$a"),
    "softplus": _by_slope("log(1 + e^{$z})", "σ($z)"),
    "softsign": _by_slope("{$z}/{1 + |$z|}", "{1}/{(1 + |$z|)^2}"),
    "silu": _by_slope("$z σ($z)", "(σ($z) + $a (1 − σ($z)))"),
    "gelu": _by_slope("$z Φ($z)", "(Φ($z) + $z φ($z))"),
    "mish": _by_slope("$z tanh(log(1 + e^{$z}))", "f′($z)"),
    "hard_sigmoid": _by_slope('"min"("max"({$z}/{6} + {1}/{2}, 0), 1)', "{1}/{6} [−3 < $z < 3]"),
    "hard_silu": _by_slope('$z "min"("max"({$z}/{6} + {1}/{2}, 0), 1)', "f′($z)"),
    "hard_tanh": _by_slope('"min"("max"($z, −1), 1)', "[−1 < $z < 1]"),
    "log_sigmoid": _by_slope("log σ($z)", "σ(−$z)"),
    "tanh_shrink": _by_slope("$z − tanh $z", "tanh^2 $z"),
    "hard_shrink": _by_slope("$z [|$z| > s]", "[|$z| > s]"),
    "soft_shrink": _by_slope('"sign"($z) "max"(|$z| − s, 0)', "[|$z| > s]"),
    "threshold": _by_slope('$z" where "$z > s", else "c', "[$z > s]"),
    "squareplus": _by_slope("{$z + √{$z^2 + s}}/{2}", "{1}/{2} (1 + {$z}/{√{$z^2 + s}})"),
    "sparse_plus": _by_slope('0, {($z + 1)^2}/{4}" or "$z', "f′($z)"),
    "glu": Curve('$z_"left" ⊙ σ($z_"right")', "f′($z)"),
}
"""Activations by the name of their function."""

_UNKNOWN_CURVE = _by_slope("f($z)", "f′($z)")


def curve_of(activation: Any) -> tuple[str, Curve] | None:
    """The activation's name and formulas; None for none, which is the identity."""
    if activation is None or activation is activations.linear:
        return None
    name = getattr(activation, "__name__", None) or getattr(activation, "name", type(activation).__name__)
    return name, CURVES.get(name, CURVES.get({"ReLU": "relu"}.get(name, name.lower()), _UNKNOWN_CURVE))


_DENSE = Words(
    "Each output is a weighted sum of all inputs, plus a bias.",
    ("$z = $x $W + $b",),
    "$δ $W^T",
    {"W": "$x^T $δ", "b": "Σ_n $δ_n"},
)
_CONVOLUTION = Words(
    "The same small kernels slide over the input; each output is the weighted sum of what lies under one.",
    ("$z_{p,c} = Σ_{k,d} $x_{p+k,d} $W_{k,d,c} + $b_c",),
    "Σ_{k,c} $δ_{p−k,c} $W_{k,d,c}",
    {"W": "Σ_{n,p} $x_{n,p+k,d} $δ_{n,p,c}", "b": "Σ_{n,p} $δ_{n,p}"},
)
_TRANSPOSED = Words(
    "Each input spreads over the output with its kernel, the way back of a convolution.",
    ("$z_{p,c} = Σ_{k,d} $x_{p−k,d} $W_{k,c,d} + $b_c",),
    "Σ_{k,c} $δ_{p+k,c} $W_{k,c,d}",
    {"W": "Σ_{n,p} $x_{n,p,d} $δ_{n,p+k,c}", "b": "Σ_{n,p} $δ_{n,p}"},
)
_DEPTHWISE = Words(
    "Each channel is convolved with kernels of its own.",
    ("$z_{p,c} = Σ_k $x_{p+k,c} $W_{k,c} + $b_c",),
    "Σ_k $δ_{p−k,c} $W_{k,c}",
    {"W": "Σ_{n,p} $x_{n,p+k,c} $δ_{n,p,c}", "b": "Σ_{n,p} $δ_{n,p}"},
)
_SEPARABLE = Words(
    "Each channel is convolved by itself; then the channels are mixed at each place.",
    ("$z_{p,c} = Σ_d (Σ_k $x_{p+k,d} $D_{k,d}) $P_{d,c} + $b_c",),
    "",
    {"b": "Σ_{n,p} $δ_{n,p}"},
)
_EMBEDDING = Words(
    "Each number in the input picks its row of the table.",
    ("$a_n = $E_{$x_n}",),
    "",
    {"E": '"row "r: "Σ"_{n: $x_n = r} {∂J}/{∂$a_n}'},
)
_MAXIMUM_POOL = Words(
    "Of each window the largest element is kept.",
    ('$a_p = "max"_k $x_{p+k}',),
    '"∂J/∂a goes to the place of the maximum, 0 elsewhere"',
)
_MEAN_POOL = Words(
    "Of each window the mean is taken.",
    ("$a_p = {1}/{K} Σ_k $x_{p+k}",),
    "{1}/{K} ∂J/∂$a_p",
)
_BATCH_NORMALIZATION = Words(
    "Each channel gets the mean 0 and the variance 1 over the batch, then a scale and a shift that are learned.",
    ('μ = "mean"_n $x_n,  v = "mean"_n ($x_n − μ)^2', "x̂ = {$x − μ}/{√{v + ε}}", "$a = $γ x̂ + $β"),
    '{$γ}/{√{v + ε}} (∂J/∂$a − "mean"(∂J/∂$a) − x̂ "mean"(∂J/∂$a ⊙ x̂))',
    {"γ": "Σ_n ∂J/∂$a ⊙ x̂", "β": "Σ_n ∂J/∂$a"},
)
_LAYER_NORMALIZATION = Words(
    "Each sample gets the mean 0 and the variance 1 over its features, then a scale and a shift that are learned.",
    ('μ = "mean"_j $x_j,  v = "mean"_j ($x_j − μ)^2', "x̂ = {$x − μ}/{√{v + ε}}", "$a = $γ x̂ + $β"),
    '{1}/{√{v + ε}} (g − "mean"(g) − x̂ "mean"(g ⊙ x̂)),  g = $γ ∂J/∂$a',
    {"γ": "Σ_n ∂J/∂$a ⊙ x̂", "β": "Σ_n ∂J/∂$a"},
)
_DROPOUT = Words(
    "In training each element is dropped with probability p; the others grow, so that the mean stays.",
    ('$a = {m}/{1 − p} ⊙ $x,  m = 0" with probability "p", else "1',),
    "{m}/{1 − p} ⊙ ∂J/∂$a",
)
_SAME_NUMBERS = Words("The same numbers in another shape.", ("$a = $x",), '∂J/∂$a", in the shape of "$x')
_ATTENTION = Words(
    "Each position asks (q) all positions (k) how much they matter, and takes the mean of their values (v) so weighted.",
    ('$a = "softmax"({q k^T}/{√{d}}) v',),
)
_MULTI_HEAD = Words(
    "Several attentions side by side, on projections of the inputs; their results are projected together.",
    ("q, k, v = x W_q + b_q, x W_k + b_k, x W_v + b_v", '$a = "softmax"({q k^T}/{√{d}}) v W_o + b_o'),
)

LAYERS: dict[str, Words] = {
    "Dense": _DENSE,
    "EinsumDense": Words(
        "A product with weights along chosen axes, plus a bias.",
        ("$z = $x · $W + $b",),
        "$δ · $W",
        {"W": "$x · $δ", "b": "Σ_n $δ_n"},
    ),
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), _CONVOLUTION),
    **dict.fromkeys(("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), _TRANSPOSED),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _DEPTHWISE),
    **dict.fromkeys(("SeparableConv1D", "SeparableConv2D"), _SEPARABLE),
    "Embedding": _EMBEDDING,
    "ReversibleEmbedding": _EMBEDDING,
    **dict.fromkeys(("MaxPooling1D", "MaxPooling2D", "MaxPooling3D"), _MAXIMUM_POOL),
    **dict.fromkeys(("AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D"), _MAXIMUM_POOL),
    **dict.fromkeys(("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D"), _MAXIMUM_POOL),
    **dict.fromkeys(("AveragePooling1D", "AveragePooling2D", "AveragePooling3D"), _MEAN_POOL),
    **dict.fromkeys(
        ("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D"), _MEAN_POOL
    ),
    **dict.fromkeys(
        ("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"), _MEAN_POOL
    ),
    "BatchNormalization": _BATCH_NORMALIZATION,
    "LayerNormalization": _LAYER_NORMALIZATION,
    "GroupNormalization": Words(
        "As layer normalization, over groups of channels.",
        _LAYER_NORMALIZATION.forward,
        _LAYER_NORMALIZATION.into_x,
        _LAYER_NORMALIZATION.into,
    ),
    "RMSNormalization": Words(
        "Each sample is divided by the root of its mean square.", ('$a = $γ {$x}/{√{"mean"($x^2) + ε}}',)
    ),
    "UnitNormalization": Words("Each sample gets the length 1.", ("$a = {$x}/{‖$x‖}",)),
    "SpectralNormalization": Words(
        "The layer within, with its kernel divided by its largest singular value.", ("$W ← {$W}/{σ_1($W)}",)
    ),
    **dict.fromkeys(("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"), _DROPOUT),
    "GaussianDropout": Words(
        "In training each element is multiplied by noise around 1.", ("$a = m ⊙ $x",), "m ⊙ ∂J/∂$a"
    ),
    "GaussianNoise": Words("In training noise is added.", ("$a = $x + ξ",), "∂J/∂$a"),
    "AlphaDropout": Words(
        "Dropout that keeps mean and variance, for selu.", ("$a = A (m ⊙ $x + (1 − m) α′) + B",)
    ),
    "ActivityRegularization": Words(
        "The same numbers; their size is added to the loss.", ("$a = $x",), "∂J/∂$a"
    ),
    **dict.fromkeys(("Flatten", "Reshape"), _SAME_NUMBERS),
    "Permute": Words(
        "The same numbers with their axes in another order.", ("$a = $x",), '∂J/∂$a", axes back in order"'
    ),
    "RepeatVector": Words("The same numbers, repeated.", ("$a_t = $x",), "Σ_t ∂J/∂$a_t"),
    "Identity": Words("The input itself.", ("$a = $x",), "∂J/∂$a"),
    "Masking": Words("Rows that only say that there is nothing are passed over.", ("$a = $x",), "∂J/∂$a"),
    **dict.fromkeys(
        ("UpSampling1D", "UpSampling2D", "UpSampling3D"),
        Words("Each element becomes several.", ("$a_{s p + k} = $x_p",), "Σ_k ∂J/∂$a_{s p + k}"),
    ),
    **dict.fromkeys(
        ("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"),
        Words("A border of zeros.", ('$a_p = $x_{p−l}", 0 outside"',), "∂J/∂$a_{p+l}"),
    ),
    **dict.fromkeys(
        ("Cropping1D", "Cropping2D", "Cropping3D"),
        Words("The border is cut off.", ("$a_p = $x_{p+l}",), '∂J/∂$a_{p−l}", 0 outside"'),
    ),
    "Add": Words("The sum of the inputs.", ("$a = x_1 + x_2 + …",), "∂J/∂$a"),
    "Subtract": Words("The difference of the inputs.", ("$a = x_1 − x_2",), '∂J/∂$a", −"∂J/∂$a'),
    "Multiply": Words(
        "The product of the inputs, element by element.", ("$a = x_1 ⊙ x_2 ⊙ …",), "∂J/∂$a ⊙ {$a}/{x_i}"
    ),
    "Average": Words("The mean of the inputs.", ("$a = {x_1 + … + x_k}/{k}",), "{1}/{k} ∂J/∂$a"),
    "Maximum": Words(
        "The largest of the inputs, element by element.",
        ('$a = "max"(x_1, x_2, …)',),
        '∂J/∂$a" where "x_i" is the largest"',
    ),
    "Minimum": Words(
        "The smallest of the inputs, element by element.",
        ('$a = "min"(x_1, x_2, …)',),
        '∂J/∂$a" where "x_i" is the smallest"',
    ),
    "Concatenate": Words("The inputs side by side.", ("$a = [x_1, x_2, …]",), '"its part of "∂J/∂$a'),
    "Dot": Words("Products of the inputs, summed along axes.", ("$a = Σ_k x_{1,k} x_{2,k}",)),
    "Attention": _ATTENTION,
    "AdditiveAttention": Words(_ATTENTION.what, ('$a = "softmax"(Σ_j γ_j tanh(q_j + k_j)) v',)),
    **dict.fromkeys(("MultiHeadAttention", "GroupedQueryAttention"), _MULTI_HEAD),
    "SimpleRNN": Words(
        "From step to step of a series a state h is handed on.",
        ("h_t = f($x_t $W + h_{t−1} $U + $b)", '$a = h_T" (or all "h_t)'),
    ),
    "GRU": Words(
        "Two gates say how much of the state is kept (z) and how much of it is looked at (r).",
        (
            "z_t, r_t = σ($x_t W_{z,r} + h_{t−1} U_{z,r} + b_{z,r})",
            "ĥ_t = tanh($x_t W_h + r_t ⊙ (h_{t−1} U_h) + b_h)",
            "$a = h_t = z_t ⊙ h_{t−1} + (1 − z_t) ⊙ ĥ_t",
        ),
    ),
    "LSTM": Words(
        "A memory c is kept (f), added to (i), and shown (o), as three gates say.",
        (
            "i_t, f_t, o_t = σ($x_t W_{i,f,o} + h_{t−1} U_{i,f,o} + b_{i,f,o})",
            "c_t = f_t ⊙ c_{t−1} + i_t ⊙ tanh($x_t W_c + h_{t−1} U_c + b_c)",
            "$a = h_t = o_t ⊙ tanh c_t",
        ),
    ),
    "ConvLSTM1D": Words(
        "An LSTM on images: its products are convolutions.",
        ("c_t = f_t ⊙ c_{t−1} + i_t ⊙ ĉ_t", "$a = h_t = o_t ⊙ tanh c_t"),
    ),
    "Bidirectional": Words(
        "Two recurrent layers: one reads forwards, one backwards; both results are merged.",
        ("$a = [h^{→}, h^{←}]",),
    ),
    "TimeDistributed": Words("The layer within, at every step of a series.", ("$a_t = f($x_t)",)),
    "Normalization": Words(
        "Each feature minus its mean, divided by its deviation; both known from the data.",
        ("$a = {$x − μ}/{√{v}}",),
        "{1}/{√{v}} ∂J/∂$a",
    ),
    "Rescaling": Words("A scale and a shift that are given.", ("$a = s $x + c",), "s ∂J/∂$a"),
    "PReLU": Words(
        "ReLU with a slope for negative numbers that is learned.",
        ('$a = $x" where "$x > 0", else "$α $x',),
        "",
        {"α": "Σ_n {∂J}/{∂$a_n} ⊙ $x_n [$x_n < 0]"},
    ),
}
LAYERS |= dict.fromkeys(("ConvLSTM2D", "ConvLSTM3D"), LAYERS["ConvLSTM1D"])

ACTIVATION_LAYERS = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu", "Softmax": "softmax"}
"""Layers that are one activation."""


def words_of(layer: Any) -> Words | None:
    """The row of the layer's class, or of a class that it is made from if it computes as that does."""
    for cls in type(layer).__mro__:
        if cls.__name__ in LAYERS and cls.__module__.startswith("schuss."):
            return LAYERS[cls.__name__]
        if "call" in vars(cls):
            return None
    return None


def activation_of(layer: Any) -> Any:
    """The layer's activation: of a layer that is nothing else, the layer itself."""
    if type(layer).__name__ in ACTIVATION_LAYERS:
        return getattr(activations, ACTIVATION_LAYERS[type(layer).__name__])
    return getattr(layer, "activation", None)


def filled(formula: str, symbols: dict[str, str]) -> str:
    """The formula with its layer's symbols. Terms with weights that the layer does not have (a bias) are left out."""
    for letter in sorted(SYMBOLS.values()):
        if letter not in symbols:
            formula = (
                formula.replace(f" + ${letter}_c", "").replace(f" + ${letter}", "").replace(f"${letter} ", "")
            )
    for letter, symbol in symbols.items():
        formula = formula.replace(f"${letter}_", f"{symbol}_" if "^" not in symbol else _below(symbol))
        formula = formula.replace(f"${letter}^", f"{symbol}^" if "^" not in symbol else f"{{{symbol}}}^")
        formula = formula.replace(f"${letter}", symbol)
    return formula.replace("$", "")


def _below(symbol: str) -> str:
    """A symbol with a raised number, ready to get an index: ``W^(1)_``, one atom with both scripts."""
    return f"{symbol}_"
