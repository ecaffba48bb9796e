"""How long prompts and outputs are, and how requests follow each other: the parts of generated workloads."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.problems.serving.workloads.streams import Stream


@dataclass(frozen=True, slots=True)
class Mode:
    """A lognormal of tokens: its share of the requests, and mean and standard deviation of the logarithm."""

    weight: float
    mu: float
    sigma: float


@dataclass(frozen=True, slots=True)
class Lengths:
    """A mixture of lognormals in tokens, rounded and cut to 1..`longest`.

    A share `tail` of all is then ten times as long, also beyond `longest`.
    """

    modes: tuple[Mode, ...]
    longest: int
    tail: float = 0.0

    def draw(self, stream: Stream, n: int) -> Ints:
        """So many lengths."""
        mode = stream.choice(n, [one.weight for one in self.modes])
        mu, sigma = (np.array([getattr(one, what) for one in self.modes])[mode] for what in ("mu", "sigma"))
        drawn = np.clip(np.rint(stream.lognormals(mu, sigma)), 1, self.longest).astype(np.int64)
        if self.tail:
            drawn = np.where(stream.shares(n) < self.tail, 10 * drawn, drawn)
        return drawn


def lognormal(mu: float, sigma: float, longest: int, tail: float = 0.0) -> Lengths:
    """Lengths of one mode."""
    return Lengths((Mode(1.0, mu, sigma),), longest, tail)


class Gaps(StrEnum):
    """The times between arrivals that follow each other."""

    POISSON = "poisson"
    """Exponential."""
    GAMMA = "gamma"
    """Gamma with a coefficient of variation of 3."""
    LOGNORMAL = "lognormal"
    """Lognormal of sigma 2, a coefficient of variation of 7.3."""

    def draw(self, stream: Stream, n: int) -> Floats:
        """So many arrivals, the first at 0, of mean gap 1 exactly: a sample's own rate would blur its load."""
        if self is Gaps.POISSON:
            gaps = stream.exponentials(n)
        elif self is Gaps.GAMMA:
            gaps = stream.gamma(n, 1 / 9)
        else:
            gaps = stream.lognormal(n, 0.0, 2.0)
        return to_span(np.cumsum(gaps))


def to_span(arrivals: Floats) -> Floats:
    """The arrivals moved and stretched to lie between 0 and n - 1, n their number."""
    moved = arrivals - arrivals[0]
    result: Floats = moved * ((len(arrivals) - 1) / moved[-1]) if len(arrivals) > 1 else moved
    return result


def zipf(n: int) -> list[float]:
    """Weights 1, 1/2, … 1/n."""
    return [1.0 / (k + 1) for k in range(n)]


def on_and_off(stream: Stream, n: int, clients: int, on: float, off: float) -> tuple[Floats, Ints]:
    """Arrivals of clients with Zipf rates, each at times on and at times off, and whose they are.

    `on` and `off` are the mean lengths of these times in units of the mean gap of all arrivals; both are exponential,
    and a client that is on sends a Poisson stream. Arrivals lie between 0 and n - 1.
    """
    weights = np.array(zipf(clients))
    rates = weights / np.cumsum(weights)[-1] * (on + off) / on
    times: list[Floats] = []
    for rate in rates.tolist():
        awake = np.cumsum(stream.exponentials(n)) / rate  # by the client's own clock, which stands while it is off
        changes = max(2, round(4 * n / (on + off)))
        ons, offs = on * stream.exponentials(changes), off * stream.exponentials(changes)
        slept = np.concatenate([offs[:1] * stream.shares(1), offs[1:]])
        phase = np.minimum(np.searchsorted(np.cumsum(ons), awake, side="right"), changes - 1)
        times.append(awake + np.cumsum(slept)[phase])
    merged = np.concatenate(times)
    order = np.argsort(merged, kind="stable")[:n]
    return to_span(merged[order]), order // n
