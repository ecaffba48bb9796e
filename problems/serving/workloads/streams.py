"""Draws that are the same on every machine and with every NumPy: raw streams, and functions of basic arithmetic.

The raw stream of PCG64 never changes; NumPy's distributions, and the last digits of a mathematical library's logarithm
and exponential, may. Here all is made of + - * / and sqrt, which IEEE 754 rounds in one way only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints

_LN2_HIGH: Final = 0.693147180369123816490
"""The upper 33 bits of ln 2, so that its product with a small integer is exact; the rest follows."""
_LN2_LOW: Final = 1.90821492927058770002e-10


def logarithm(x: Floats) -> Floats:
    """The natural logarithm of positive normal numbers, to about 1e-15 relative.

    With x = m 2^e it is 2 artanh((m - 1)/(m + 1)) + e ln 2.
    """
    mantissa, exponent = np.frexp(np.asarray(x, dtype=np.float64))
    small = mantissa < math.sqrt(0.5)
    mantissa = np.where(small, 2.0 * mantissa, mantissa)
    power = exponent.astype(np.float64) - small
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    total = np.zeros_like(s)
    for k in range(25, 0, -2):
        total = total * square + 1.0 / k
    result: Floats = power * _LN2_HIGH + (power * _LN2_LOW + 2.0 * s * total)
    return result


def exponential(x: Floats) -> Floats:
    """e^x for |x| <= 700, to about 1e-15 relative: 2^k times the Taylor series of the rest."""
    x = np.asarray(x, dtype=np.float64)
    if np.any(np.abs(x) > 700):
        raise ValueError(f"exponential: expected numbers of -700 to 700, got {x[np.abs(x) > 700][0]}")
    k = np.rint(x / (_LN2_HIGH + _LN2_LOW))
    rest = (x - k * _LN2_HIGH) - k * _LN2_LOW
    total = np.ones_like(x)
    for n in range(16, 0, -1):
        total = 1.0 + rest * total / n
    result: Floats = np.ldexp(total, k.astype(np.int64))
    return result


def normal_quantile(share: Floats) -> Floats:
    """The standard normal's quantile of shares strictly between 0 and 1: Wichura 1988, AS 241, doi:10.2307/2347330."""
    q = np.asarray(share, dtype=np.float64) - 0.5
    central = np.abs(q) <= 0.425
    r = np.where(central, 0.180625 - q * q, 0.0)
    middle = q * _ratio(r, _A, _B)
    tail = np.minimum(share, 1.0 - np.asarray(share))
    root = np.sqrt(-logarithm(np.where(central, 0.5, tail)))
    outer = np.where(root <= 5.0, _ratio(root - 1.6, _C, _D), _ratio(root - 5.0, _E, _F))
    result: Floats = np.where(central, middle, np.where(q < 0, -outer, outer))
    return result


def _ratio(x: Floats, above: Sequence[float], below: Sequence[float]) -> Floats:
    """A rational function, coefficients from the constant up."""
    top, bottom = np.zeros_like(x), np.zeros_like(x)
    for a, b in zip(reversed(above), reversed(below), strict=True):
        top, bottom = top * x + a, bottom * x + b
    result: Floats = top / bottom
    return result


# fmt: off
_A = (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
      4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3)
_B = (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
      2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3)
_C = (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
      1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4)
_D = (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
      1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9)
_E = (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
      2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7)
_F = (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
      7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15)
# fmt: on


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Draws from one raw stream of PCG64; the order of the calls is part of what is drawn."""

    bits: np.random.PCG64

    @staticmethod
    def seeded(*seed: int) -> "Stream":
        """The stream of a seed of natural numbers."""
        return Stream(np.random.PCG64(np.random.SeedSequence(list(seed))))

    def shares(self, n: int) -> Floats:
        """Uniform on (0, 1): 2^52 equal steps, their middles."""
        raw = self.bits.random_raw(n) >> np.uint64(12)
        result: Floats = (raw.astype(np.float64) + 0.5) / 2.0**52
        return result

    def normal(self, n: int) -> Floats:
        """Standard normal."""
        return normal_quantile(self.shares(n))

    def lognormal(self, n: int, mu: float, sigma: float) -> Floats:
        """The exponential of a normal of mean `mu` and standard deviation `sigma`."""
        return exponential(mu + sigma * self.normal(n))

    def lognormals(self, mu: Floats, sigma: Floats) -> Floats:
        """The same for each pair of parameters."""
        return exponential(mu + sigma * self.normal(len(mu)))

    def exponentials(self, n: int) -> Floats:
        """Exponential of mean 1."""
        return -logarithm(self.shares(n))

    def geometric(self, n: int, mean: float) -> Ints:
        """1, 2, …: how many tries until the first success of chance 1/mean."""
        if mean <= 1.0:
            return np.ones(n, dtype=np.int64)
        rate = -float(logarithm(np.array(1.0 - 1.0 / mean)))
        return 1 + np.floor(self.exponentials(n) / rate).astype(np.int64)

    def choice(self, n: int, weights: Sequence[float]) -> Ints:
        """Places 0, 1, … as often as their weights say."""
        ends = np.cumsum(np.asarray(weights, dtype=np.float64))
        result: Ints = np.searchsorted(ends[:-1], self.shares(n) * ends[-1], side="right").astype(np.int64)
        return result

    def gamma(self, n: int, shape: float) -> Floats:
        """Gamma of scale 1, mean `shape`: Marsaglia and Tsang 2000, doi:10.1145/358407.358414.

        A shape below 1 is one more and a uniform to the power 1/shape (their section 6).
        """
        boost = exponential(np.maximum(logarithm(self.shares(n)) / shape, -700.0)) if shape < 1 else np.ones(n)
        d = (shape + 1.0 if shape < 1 else shape) - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        found = np.zeros(n)
        missing = np.arange(n)
        while len(missing):
            x, u = self.normal(len(missing)), self.shares(len(missing))
            t = 1.0 + c * x
            positive = np.where(t > 0, t, 1.0)
            v = positive * positive * positive
            good = (t > 0) & (logarithm(u) < 0.5 * x * x + d - d * v + d * logarithm(v))
            found[missing[good]] = d * v[good]
            missing = missing[~good]
        return found * boost
