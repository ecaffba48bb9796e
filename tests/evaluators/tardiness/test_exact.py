"""The exact solver against brute force and against known optima."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numba
import numpy as np
import pytest

from heuresis.evaluators.aliases import Ints
from heuresis.evaluators.tardiness import exact
from heuresis.evaluators.tardiness.algorithms import modified_due_date, total_tardiness
from heuresis.evaluators.tardiness.exact import solve
from heuresis.problems.tardiness.instances import generate

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "smtt" / "known_optima.json.gz"


@numba.njit
def brute_force(p: Ints, d: Ints) -> int:
    """Dynamic programming over the subsets of jobs that come first."""
    n = len(p)
    best = np.full(1 << n, np.iinfo(np.int64).max)
    best[0] = 0
    for done in range(1 << n):
        end = 0
        for j in range(n):
            if done >> j & 1:
                end += p[j]
        for j in range(n):
            if done >> j & 1:
                value = best[done & ~(1 << j)] + max(0, end - d[j])
                best[done] = min(best[done], value)
    return best[-1]


def family(name: str, rng: np.random.Generator, n: int) -> tuple[Ints, Ints]:
    """Random jobs with the quirk that the name tells."""
    p = rng.integers(1, 101, n)
    if name == "equal p":
        p[:] = rng.integers(1, 20)
    elif name == "tiny":
        p = rng.integers(1, 4, n)
    total = int(p.sum())
    factor, width = rng.choice([0.2, 0.4, 0.6, 0.8]), rng.choice([0.2, 0.4, 0.6, 0.8, 1.0])
    low = int(total * (1 - factor - width / 2))
    d = np.maximum(rng.integers(low, int(total * (1 - factor + width / 2)) + 1, n), 0)
    if name == "equal d":
        d[:] = rng.integers(0, total + 1)
    elif name == "due at once":
        d[:] = 0
    elif name == "huge d":
        d[rng.random(n) < 0.5] = 10**12
    elif name == "agreeable":
        p, d = np.sort(p), np.sort(d)
    elif name == "opposed":
        p, d = np.sort(p), np.sort(d)[::-1].copy()
    return p.astype(np.int64), d.astype(np.int64)


FAMILIES = ("field", "equal p", "tiny", "equal d", "due at once", "huge d", "agreeable", "opposed")


@pytest.mark.parametrize("name", FAMILIES)
def test_it_equals_brute_force_on_a_thousand_instances(name: str) -> None:
    rng = np.random.default_rng(FAMILIES.index(name))
    for _ in range(1_000):
        p, d = family(name, rng, int(rng.integers(1, 10)))
        value, sequence = solve(p, d)
        assert sorted(sequence.tolist()) == list(range(len(p)))
        assert total_tardiness(p, d, sequence) == value
        assert value == brute_force(p, d), (p.tolist(), d.tolist())


def known() -> Iterator[tuple[Ints, Ints, int]]:
    for row in json.loads(gzip.decompress(DATA.read_bytes()))["instances"]:
        yield np.array(row["p"]), np.array(row["d"]), row["optimum"]


@pytest.mark.skipif(not DATA.exists(), reason="the shared data folder is absent")
def test_it_finds_the_known_optima() -> None:
    count = 0
    for p, d, optimum in known():
        value, sequence = solve(p, d)
        assert value == optimum
        assert total_tardiness(p, d, sequence) == optimum
        count += 1
    assert count == 140


def test_the_order_and_scale_of_jobs_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    p, d = family("field", rng, 60)
    shuffled = rng.permutation(60)
    assert solve(p, d)[0] == solve(p[shuffled], d[shuffled])[0]
    assert solve(p * 10**9, d * 10**9)[0] == solve(p, d)[0] * 10**9


def test_entries_survive_when_the_table_grows() -> None:
    table = np.full((4, 4), exact._EMPTY, dtype=np.int64)
    entries = [(7, 0), (7, 5)]
    for value, (key, start) in enumerate(entries):
        table[exact._row(key, start, table)] = key, start, value, 0
    grown = exact._grown(table)
    assert grown.shape == (16, 4)
    assert [grown[exact._row(*entry, grown), exact._VALUE] for entry in entries] == [0, 1]


def test_a_hard_instance_that_needs_a_larger_table() -> None:
    p, d = generate(200, 6, 2, (79, 0))
    value, sequence = solve(p, d)
    assert total_tardiness(p, d, sequence) == value
    assert value <= total_tardiness(p, d, modified_due_date(p, d))


@pytest.mark.parametrize(
    ("p", "d"), [([0, 1], [1, 1]), ([1, 1], [1, -1]), ([1], [1, 2]), ([1.0], [1.0]), ([[1]], [[1]])]
)
def test_wrong_arrays_are_refused(p: list[int], d: list[int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        solve(np.array(p), np.array(d))


def test_no_jobs_and_one_job() -> None:
    assert solve(np.empty(0, np.int64), np.empty(0, np.int64))[0] == 0
    assert solve(np.array([5]), np.array([2]))[0] == 3
