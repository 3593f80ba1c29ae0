"""Fit the polynomials of schuss/backends/cpu/vecmath: minimax, by Remez's exchange.

Needs mpmath. ``python tools/fit_vecmath.py [NAME…]`` prints the coefficients, lowest power first, with the
largest relative error; rounded to float32 or float64 they are what stands in the modules.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import mpmath as mp

mp.mp.dps = 60
Function = Callable[[mp.mpf], mp.mpf]
Fit = tuple[list[mp.mpf], mp.mpf]


def evaluate(coefficients: list[mp.mpf], x: mp.mpf) -> mp.mpf:
    return mp.polyval(coefficients[::-1], x)


def remez(f: Function, low: float, high: float, degree: int, scale: Function | None = None) -> Fit:
    """The polynomial p of that degree that minimises ``max |p − f| / scale`` (scale: |f|), and that
    maximum."""
    scale = scale or (lambda x: abs(f(x)))
    low, high = mp.mpf(low), mp.mpf(high)
    unknown = degree + 2
    count = 40 * unknown
    grid = [
        (low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)
    ]
    values, scales = [f(x) for x in grid], [scale(x) for x in grid]
    chosen = [int((1 - mp.cos(mp.pi * i / (unknown - 1))) / 2 * (count - 1)) for i in range(unknown)]
    while True:
        matrix, right = mp.matrix(unknown, unknown), mp.matrix(unknown, 1)
        for row, i in enumerate(chosen):
            for k in range(degree + 1):
                matrix[row, k] = grid[i] ** k
            matrix[row, degree + 1] = (-1) ** row * scales[i]
            right[row] = values[i]
        p = list(mp.lu_solve(matrix, right)[: degree + 1])
        errors = [(evaluate(p, x) - v) / s for x, v, s in zip(grid, values, scales, strict=True)]
        extremes: list[int] = []  # where the error is largest between its changes of sign
        for i, error in enumerate(errors):
            if extremes and (error > 0) == (errors[extremes[-1]] > 0):
                if abs(error) > abs(errors[extremes[-1]]):
                    extremes[-1] = i
            else:
                extremes.append(i)
        while len(extremes) > unknown:
            extremes.pop(0 if abs(errors[extremes[0]]) < abs(errors[extremes[-1]]) else -1)
        if len(extremes) < unknown:
            raise ArithmeticError(
                f"the error changes sign only {len(extremes) - 1} times; {unknown - 1} needed"
            )
        if extremes == chosen:
            return p, max(abs(e) for e in errors)
        chosen = extremes


def remainder_of(f: Function, power: int, *series: float) -> tuple[Function, Function]:
    """``(f(x) − series(x))/x^power`` in u = x², and what its errors are measured by: f(x)/x^power."""

    def rest(u: mp.mpf) -> mp.mpf:
        x = mp.sqrt(u)
        return (f(x) - mp.polyval(series[::-1], x)) / x**power

    return rest, lambda u: abs(f(mp.sqrt(u))) / mp.sqrt(u) ** power


def odd(f: Function, bound: float, degree: int) -> Fit:
    """``(f(x) − x)/x³`` in x², for an odd f with slope 1 at 0."""
    rest, scale = remainder_of(f, 3, 0, 1)
    return remez(rest, TINY, mp.mpf(bound) ** 2, degree, scale=scale)


def cosine(degree: int) -> Fit:
    rest, scale = remainder_of(mp.cos, 4, 1, 0, -0.5)
    return remez(rest, TINY, mp.mpf(ANGLE) ** 2, degree, scale=scale)


def exponential(degree: int) -> Fit:
    """``(exp r − 1 − r)/r²``; its errors count little beside exp r."""
    return remez(lambda r: (mp.expm1(r) - r) / r**2, -0.3466, 0.3466, degree)


def logarithm(f: mp.mpf) -> mp.mpf:
    return (mp.log1p(f) - f) / f**2


def erf(bound: float, degree: int) -> Fit:
    """``(erf(x) − x)/x`` in x²."""
    rest, scale = remainder_of(mp.erf, 1, 0, 1)
    return remez(rest, TINY, mp.mpf(bound) ** 2, degree, scale=scale)


def erf_tail(low: float, high: float, degree: int) -> Fit:
    """``−log erfc x``, its errors measured by what they do to erf x."""
    return remez(lambda x: -mp.log(mp.erfc(x)), low, high, degree, scale=lambda x: mp.erf(x) / mp.erfc(x))


def erf_inverse(w: mp.mpf) -> mp.mpf:
    """``erf⁻¹(x)/x`` in ``w = −log(1 − x²)`` (M. Giles, "Approximating the erfinv function", 2010)."""
    x = mp.sqrt(-mp.expm1(-w))
    return mp.erfinv(x) / x


def erf_inverse_near(centre: float, top: int) -> Fit:
    """In ``w − centre`` for w up to twice the centre."""
    return remez(lambda v: erf_inverse(v + centre), -centre, centre, top)


def erf_inverse_far(low: float, high: float, centre: float, top: int) -> Fit:
    """In ``√w − centre``."""
    return remez(lambda v: erf_inverse((v + centre) ** 2), low - centre, high - centre, top)


def log_gamma(t: mp.mpf) -> mp.mpf:
    """``log Γ(x)/((x − 1)(x − 2))`` in ``t = x − 3/2``."""
    return mp.loggamma(t + 1.5) / ((t + 0.5) * (t - 0.5))


def ratio_logarithm(base: float, power: int, degree: int, *series: float) -> Fit:
    """The rest of ``log((1 + s)/(1 − s))`` after a series in s, over s^power, in s²."""
    rest, scale = remainder_of(lambda s: 2 * mp.atanh(s) / mp.log(base), power, *series)
    return remez(rest, TINY, mp.mpf(ATANH_BOUND) ** 2, degree, scale=scale)


TINY, ANGLE, TAN_PI_8, ATANH_BOUND = mp.mpf(10) ** -12, 0.8, 0.41422, 0.17158
FITS: dict[str, Callable[[], Fit]] = {
    "exp32": lambda: exponential(4),
    "exp64": lambda: exponential(9),
    "log32": lambda: remez(logarithm, -1 / 3, 1 / 3, 7, scale=lambda f: abs(mp.log1p(f)) / f**2),
    "sinh32": lambda: odd(mp.sinh, 1, 3),
    "erf32": lambda: erf(0.9, 5),
    "erf64": lambda: erf(1, 11),
    "erf_tail32": lambda: erf_tail(0.9, 3.95, 6),
    "erf_tail64": lambda: erf_tail(1, 6, 17),
    "erf_inverse_near32": lambda: erf_inverse_near(2.5, 9),
    "erf_inverse_far32": lambda: erf_inverse_far(mp.sqrt(5), 4.09, 3, 9),
    "erf_inverse_near64": lambda: erf_inverse_near(3.125, 23),
    "erf_inverse_middle64": lambda: erf_inverse_far(2.5, 4, 3.25, 18),
    "erf_inverse_far64": lambda: erf_inverse_far(4, 6.1, 5, 17),
    "sin32": lambda: odd(mp.sin, ANGLE, 2),
    "sin64": lambda: odd(mp.sin, ANGLE, 5),
    "cos32": lambda: cosine(2),
    "cos64": lambda: cosine(5),
    "asin32": lambda: odd(mp.asin, 0.5, 4),
    "asin64": lambda: odd(mp.asin, 0.5, 11),
    "atan32": lambda: odd(mp.atan, TAN_PI_8, 4),
    "atan64": lambda: odd(mp.atan, TAN_PI_8, 10),
    "log_tail64": lambda: ratio_logarithm(mp.e, 5, 7, 0, 2, 0, mp.mpf(2) / 3),
    "log2_double": lambda: ratio_logarithm(2, 3, 3, 0, 2 / mp.log(2)),
    "exp2_double": lambda: remez(lambda r: (2**r - 1) / r, -0.5001, 0.5001, 6),
    "log_gamma64": lambda: remez(log_gamma, -0.5, 0.5, 20),
}


def main(names: list[str]) -> None:
    for name in names or FITS:
        p, error = FITS[name]()
        digits = 10 if name.endswith("32") else 17
        print(f"{name}: largest relative error 2^{mp.nstr(mp.log(error, 2), 4)}")
        print("   ", ", ".join(mp.nstr(c, digits) for c in p))


if __name__ == "__main__":
    main(sys.argv[1:])
