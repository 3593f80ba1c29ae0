"""What a command of LaTeX's is in Unicode."""

from __future__ import annotations

_GREEK = """
    α alpha  β beta  γ gamma  δ delta  ϵ epsilon  ε varepsilon  ζ zeta  η eta  θ theta  κ kappa  λ lambda  μ mu  ν nu  ξ xi
    π pi  ρ rho  σ sigma  τ tau  φ varphi  ϕ phi  χ chi  ψ psi  ω omega
    Γ Gamma  Δ Delta  Θ Theta  Λ Lambda  Ξ Xi  Π Pi  Σ Sigma  Φ Phi  Ψ Psi  Ω Omega
    ∂ partial  ∇ nabla  ∞ infty  ⋯ cdots  … dots  … ldots  ′ prime  ᵀ top  ‖ lVert  ‖ rVert  ‖ Vert  ℓ ell
"""
_NAMES = "log ln exp sin cos tanh"
SYMBOLS: dict[str, str] = {
    **{f"\\{name}": sign for sign, name in zip(_GREEK.split()[::2], _GREEK.split()[1::2])},
    **{f"\\{name}": name for name in _NAMES.split()},
    "\\sum": "Σ", "\\prod": "Π", "\\max": "max", "\\min": "min", "\\lim": "lim",
    "\\{": "{", "\\}": "}", "\\|": "‖", "\\%": "%", "'": "′",
}  # fmt: skip

# Operators that have their limits above and below.
LARGE = frozenset({"\\sum", "\\prod", "\\max", "\\min", "\\lim"})

# Operators and relations: a space stands on both sides.
RELATIONS: dict[str, str] = {
    "=": "=", "<": "<", ">": ">", "\\le": "≤", "\\ge": "≥", "\\ne": "≠", "\\approx": "≈", "\\sim": "~",
    "\\leftarrow": "←", "\\rightarrow": "→", "\\to": "→", "\\cdot": "·", "\\times": "×", "\\odot": "⊙", "\\in": "∈",
    "\\pm": "±", "\\Rightarrow": "⇒", "\\propto": "∝", "\\ll": "≪", "\\gg": "≫",
}  # fmt: skip

SPACES: dict[str, str] = {
    "\\,": " ", "\\;": " ", "\\:": " ", "\\ ": " ", "\\!": "", "\\quad": "  ", "\\qquad": "    ", "~": " ",
}  # fmt: skip

# Combined with the letter that they follow.
ACCENTS: dict[str, str] = {"\\hat": "\u0302", "\\bar": "\u0304", "\\tilde": "\u0303", "\\dot": "\u0307"}

SUBSCRIPTS: dict[str, str] = dict(
    zip("0123456789+−=()aehijklmnoprstuvxβγρφχ ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ ")
)
SUPERSCRIPTS: dict[str, str] = dict(zip("0123456789+−=()nikhjlmstTLᵀ′* ", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵏʰʲˡᵐˢᵗᵀᴸᵀ′* "))
