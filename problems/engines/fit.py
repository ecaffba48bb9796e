"""Coefficients of an engine's iteration times from measured kernel times."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.serving.engine import Engine, IterationTime
from heuresis.problems.engines.profiles import (
    Iterations,
    Profile,
    ProfileError,
    by_tokens,
    compose,
    measured_tokens,
)

Mask = NDArray[np.bool_]

_FEWEST = 8
"""Rows that each part of a fit needs: no fewer than its coefficients, with some to spare."""


@dataclass(frozen=True, slots=True)
class FitError:
    """How far the fitted times of some iterations are from the composed ones, as fractions of these."""

    regime: str  # mixed or decode
    points: int
    mean: float  # of the absolute errors
    worst: float  # the largest of them, with its sign
    worst_at: Mapping[str, int]  # prefill tokens, tokens before them, decodes, KV tokens of the decodes


@dataclass(frozen=True, slots=True)
class Fit:
    """The two regimes, and their errors over all measured iterations."""

    mixed: IterationTime
    decode: IterationTime
    errors: tuple[FitError, ...]
    iterations: Iterations

    def errors_within(self, engine: Engine) -> tuple[FitError, ...]:
        """The errors over those iterations that the engine could run: its tokens, its sequences, its KV memory."""
        it = self.iterations
        held = it.kv_tokens + it.past + it.prefill_tokens
        sequences = it.decodes + (it.prefill_tokens > 0)
        inside = (it.tokens <= engine.max_num_batched_tokens) & (sequences <= engine.max_num_seqs)
        return _errors(self.mixed, self.decode, it, inside & (held <= engine.kv_tokens))


def fit(profile: Profile, layers: int) -> Fit:
    """Fit both regimes to iterations composed of measured kernels of a model with `layers` decoder layers.

    Each regime in two steps, because layers by tokens are measured at many more numbers of tokens than attention: a
    line with a hinge (const, slope, excess, excess_from) through the time by tokens, the place of the hinge searched
    among the measured numbers of tokens; then what attention and the head add for prefill tokens, decodes, KV tokens
    and attention work. Both by least squares of relative errors, no coefficient negative. Decodes without prefill are
    at most as many tokens as were measured in attention, so that regime has a hinge of its own. Raises ProfileError
    where a regime has too few rows.
    """
    it = compose(profile, layers)
    known = np.isfinite(it.rest)
    prefill, alone = known & (it.prefill_tokens > 0), known & (it.prefill_tokens == 0)
    for regime, mask in (("with a prefill chunk", prefill), ("of decodes only", alone)):
        if np.count_nonzero(mask) < _FEWEST:
            raise ProfileError(f"attention has {np.count_nonzero(mask)} rows {regime}, expected {_FEWEST} or more")
    tokens = measured_tokens(profile)
    const, slope, excess, place = _hinge(tokens, by_tokens(profile, layers, tokens))
    more = _nonnegative(_columns(it, prefill), it.rest[prefill])
    mixed = IterationTime(const + more[0], slope + more[1], slope + more[2], more[3], more[4], excess, place)

    few = tokens[tokens <= it.decodes[alone].max()]
    const, slope, excess, place = _hinge(few, by_tokens(profile, layers, few))
    more = _nonnegative(_columns(it, alone)[:, [0, 2, 3]], it.rest[alone])
    decode = IterationTime(const + more[0], 0.0, slope + more[1], more[2], 0.0, excess, place)
    return Fit(mixed, decode, _errors(mixed, decode, it, np.ones(len(it.decodes), dtype=np.bool_)), it)


def _columns(it: Iterations, mask: Mask) -> Floats:
    """One, prefill tokens, decodes, KV tokens and attention work in 10⁶."""
    ones = np.ones(len(it.decodes))
    every = (ones, it.prefill_tokens, it.decodes, it.kv_tokens, it.attention_work / 1e6)
    return np.stack(every, axis=1)[mask]


def _hinge(tokens: Floats, times: Floats) -> tuple[float, float, float, float]:
    """Const, slope, excess and excess_from of the line with a hinge that fits best; 0 0 where no hinge helps."""
    if len(tokens) < _FEWEST:
        raise ProfileError(f"layers were measured together at {len(tokens)} numbers of tokens, expected {_FEWEST}")
    best: tuple[float, Floats, float] | None = None
    for place in (0.0, *(float(one) for one in tokens[1:-1])):
        beyond = np.maximum(0.0, tokens - place) if place else np.zeros(len(tokens))
        columns = np.stack((np.ones(len(tokens)), tokens, beyond), axis=1)
        found = np.array(_nonnegative(columns, times))
        loss = float(np.sum((columns @ found / times - 1) ** 2))
        if best is None or loss < best[0]:
            best = (loss, found, place)
    assert best is not None  # noqa: S101 - there is always the line without a hinge
    _, (const, slope, excess), place = best
    return float(const), float(slope), float(excess), place if excess > 0 else 0.0


def _nonnegative(columns: Floats, times: Floats) -> list[float]:
    """The coefficients, none of them negative, of least sum of squared relative errors.

    The best set of positive ones is found by trying all sets: with at most five columns that is exact and quick.
    """
    scaled = columns / times[:, None]
    norms = np.linalg.norm(scaled, axis=0)
    scaled = scaled / np.where(norms > 0, norms, 1.0)
    gram, right = scaled.T @ scaled, scaled.sum(axis=0)
    best, least = np.zeros(len(right)), float(len(times))
    for count in range(1, len(right) + 1):
        for chosen in itertools.combinations(range(len(right)), count):
            found = np.zeros(len(right))
            found[list(chosen)] = np.linalg.lstsq(gram[np.ix_(chosen, chosen)], right[list(chosen)], rcond=None)[0]
            loss = float(np.sum((scaled @ found - 1) ** 2))
            if np.all(found >= 0) and loss < least:
                best, least = found, loss
    return [float(one) for one in best / np.where(norms > 0, norms, 1.0)]


def _errors(mixed: IterationTime, decode: IterationTime, it: Iterations, among: Mask) -> tuple[FitError, ...]:
    """The error of each regime that has iterations among those given; those that could not be composed do not count."""
    found = []
    among = among & np.isfinite(it.milliseconds)
    for regime, time, mask in (
        ("mixed", mixed, among & (it.prefill_tokens > 0)),
        ("decode", decode, among & (it.prefill_tokens == 0)),
    ):
        if np.any(mask):
            found.append(_error(regime, time, it, mask))
    return tuple(found)


def _error(regime: str, time: IterationTime, it: Iterations, mask: Mask) -> FitError:
    shapes = {
        "prefill_tokens": it.prefill_tokens[mask],
        "past": it.past[mask],
        "decodes": it.decodes[mask],
        "kv_tokens": it.kv_tokens[mask],
    }
    rows = zip(shapes["prefill_tokens"], shapes["decodes"], shapes["kv_tokens"], it.attention_work[mask], strict=True)
    relative = np.array([time.milliseconds(*row) for row in rows]) / it.milliseconds[mask] - 1
    at = int(np.argmax(np.abs(relative)))
    worst_at = {name: int(values[at]) for name, values in shapes.items()}
    return FitError(regime, len(relative), float(np.mean(np.abs(relative))), float(relative[at]), worst_at)
