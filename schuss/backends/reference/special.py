"""Special functions in NumPy, in double precision: erf, its inverse, log-gamma, digamma.

The series are Chebyshev expansions, computed with 40 digits and cut where the terms fall below double
precision.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial.chebyshev import chebval

_ERF = np.array([  # erf(x)/x in t = 2x² − 1, for |x| ≤ 1
    0.9754769393826541, -0.14226120510371365, 0.010035582187599796, -0.0005768764699767485, 2.741993125219606e-05,
    -1.1043175507344507e-06, 3.8488755420345036e-08, -1.1808582533875466e-09, 3.2334215826050907e-11,
    -7.991015947004549e-13, 1.7990725113961456e-14, -3.718635487818693e-16, 7.103599003714253e-18,
])  # fmt: skip
_ERFCX = np.array([  # exp(x²) erfc(x) (x + 3)/2 in (4t − 1)/3 with t = (x − 3)/(x + 3), for x ≥ 1
    0.5039781175024709, -0.27450633843614436, 0.06290055613973934, -0.011855533410573845, 0.0017469133546981139,
    -0.00017592809792362318, 5.649461978665642e-06, 1.6204389461220661e-06, -2.6928630325697554e-07,
    -4.2307454110215393e-10, 4.952003803870031e-09, -3.5182017626173735e-10, -8.332245265262954e-11,
    1.2059464540426238e-11, 1.513045850723118e-12, -3.465800866274095e-13, -3.30128403652558e-14,
    9.876420438696086e-15, 9.269959705808032e-16, -2.879452385152521e-16, -3.272464619329257e-17,
    8.46448105542774e-18, 1.325849289898352e-18,
])  # fmt: skip
_LGAMMA = np.array([  # log Γ(x) / ((x − 1)(x − 2)) in t = x − 2, for 1 ≤ x ≤ 3
    0.44148902545501423, -0.11119580321752523, 0.01951044826068884, -0.003922461463025264, 0.0008478989895953857,
    -0.00019153855341365593, 4.454470184975607e-05, -1.05728743735943e-05, 2.5474336873408417e-06,
    -6.208535880776316e-07, 1.5268677399071546e-07, -3.782637660291326e-08, 9.428100823624284e-09,
    -2.361999702184645e-09, 5.943541905817546e-10, -1.501312977072867e-10, 3.8050196458110534e-11,
    -9.672485299656325e-12, 2.465348198355661e-12, -6.298868140791711e-13, 1.6128460030283787e-13,
    -4.137949206814042e-14, 1.0635701227757898e-14, -2.7382420786652826e-15, 7.060670507214892e-16,
    -1.8232177141662118e-16, 4.714169006756272e-17, -1.2204107319639856e-17, 3.1630451661790255e-18,
    -8.206746544166728e-19,
])  # fmt: skip


def _scaled_erfc(x: np.ndarray) -> np.ndarray:
    """``exp(x²) erfc(x)`` for x ≥ 1, where ``(x − 3)/(x + 3)`` runs from −1/2 to 1."""
    t = np.where(np.isinf(x), 1.0, (x - 3) / (x + 3))
    return chebval((4 * t - 1) / 3, _ERFCX) * 2 / (x + 3)


@np.errstate(all="ignore")
def erf(x: np.ndarray) -> np.ndarray:
    """``2/√π ∫₀ˣ exp(−t²) dt``."""
    x = np.asarray(x, "float64")
    size = np.abs(x)
    near = x * chebval(2 * np.minimum(size, 1.0) ** 2 - 1, _ERF)
    far = np.minimum(np.maximum(size, 1.0), 7.0)
    tail = 1 - np.exp(-far * far) * _scaled_erfc(far)
    return np.where(size <= 1, near, np.where(np.isnan(x), x, np.copysign(tail, x)))


@np.errstate(all="ignore")
def erf_inv(y: np.ndarray) -> np.ndarray:
    """x with ``erf(x) = y``; ±∞ at ±1, NaN outside."""
    y = np.asarray(y, "float64")
    size = np.abs(y)
    inner = np.where(size < 1, size, 0.5)
    # A first guess to three digits: S. Winitzki, "A handy approximation for the error function and its
    # inverse" (2008).
    a = 0.147
    log = np.log1p(-inner * inner)
    b = 2 / (np.pi * a) + log / 2
    x = np.sqrt(np.maximum(np.sqrt(b * b - log / a) - b, 0.0))
    for _ in range(
        3
    ):  # Halley's method; in the tail on erfc(x)/exp(−x²), for 1 − y is exact there and erf(x) is not
        tail = np.maximum(x, 1.0)
        error = np.where(
            x <= 1, (erf(x) - inner) * np.exp(x * x), (1 - inner) * np.exp(x * x) - _scaled_erfc(tail)
        )
        step = error * np.sqrt(np.pi) / 2
        x = x - step / (1 + x * step)
    x = np.where(size < 1, x, np.where(size == 1, np.inf, np.nan))
    return np.copysign(x, y)


@np.errstate(all="ignore")
def lgamma(x: np.ndarray) -> np.ndarray:
    """``log |Γ(x)|``; +∞ at 0, −1, −2, …"""
    x = np.asarray(x, "float64")
    negative = _log_gamma_positive(np.where(x < 0, -x, 1.0))
    # Γ(−x) Γ(x) = −π / (x sin πx); sin πx through x's distance to the nearest integer
    sine = np.abs(np.sin(np.pi * (x - np.rint(x))))
    reflected = np.log(np.pi / (np.abs(x) * sine)) - negative
    result = np.where(x < 0, reflected, _log_gamma_positive(np.where(x < 0, 1.0, x)))
    return np.where(((x <= 0) & (x == np.floor(x))) | np.isinf(x), np.inf, result)


def _log_gamma_positive(x: np.ndarray) -> np.ndarray:
    large = np.maximum(x, 9.0)
    inverse = 1 / large
    square = inverse * inverse
    # Stirling's series, B₂ₖ / (2k (2k−1) x^(2k−1))
    series = inverse * (1/12 - square * (1/360 - square * (1/1260 - square * (1/1680 - square * (
        1/1188 - square * (691/360360 - square * (1/156 - square * 3617/122400)))))))  # fmt: skip
    stirling = (large - 0.5) * (np.log(large) - 1) - 0.5 + 0.5 * np.log(2 * np.pi) + series
    small = np.minimum(x, 9.0)
    factor = np.ones_like(small)
    low = small < 1
    factor = np.where(low, 1 / np.where(low, small, 1.0), factor)  # Γ(x) = Γ(x + 1) / x
    small = np.where(low, small + 1, small)
    for _ in range(6):  # Γ(x) = (x − 1) Γ(x − 1)
        high = small > 3
        small = np.where(high, small - 1, small)
        factor = np.where(high, factor * small, factor)
    middle = np.log(factor) + (small - 1) * (small - 2) * chebval(small - 2, _LGAMMA)
    return np.where(x > 9, stirling, middle)


@np.errstate(all="ignore")
def digamma(x: np.ndarray) -> np.ndarray:
    """``d/dx log Γ(x)``; NaN at −1, −2, …, −∞ at 0."""
    x = np.asarray(x, "float64")
    fraction = x - np.rint(x)
    reflected = _digamma_positive(np.where(x < 0, 1 - x, 1.0)) - np.pi / np.tan(np.pi * fraction)
    result = np.where(x < 0, reflected, _digamma_positive(np.where(x > 0, x, 1.0)))
    result = np.where((x < 0) & (fraction == 0), np.nan, result)
    return np.where(x == 0, -np.copysign(np.inf, x), np.where(np.isnan(x), x, result))


def _digamma_positive(x: np.ndarray) -> np.ndarray:
    total = np.zeros_like(x)
    for _ in range(10):  # ψ(x) = ψ(x + 1) − 1/x
        low = x < 10
        total = np.where(low, total - 1 / x, total)
        x = np.where(low, x + 1, x)
    square = 1 / (x * x)
    series = square * (1/12 - square * (1/120 - square * (1/252 - square * (1/240 - square * (
        1/132 - square * (691/32760 - square / 12))))))  # fmt: skip
    return np.log(x) - 0.5 / x - series + total
