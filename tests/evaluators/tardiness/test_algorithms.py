"""The trusted algorithms: feasible, never below the optimum, and about as good as published."""

import numpy as np
import pytest

from heuresis.evaluators.tardiness import algorithms as rules
from heuresis.evaluators.tardiness.exact import solve
from heuresis.problems.tardiness.instances import DUE_DATE_RANGES, TARDINESS_FACTORS, generate

ALGORITHMS = (
    rules.by_processing_time, rules.by_due_date, rules.modified_due_date, rules.psk, rules.net_benefit_of_relocation,
    rules.edd_challenger, rules.mdd_challenger, rules.augmented_mdd, rules.augmented_mdd_challenger, rules.mdd_descent,
)  # fmt: skip


def gaps(n: int, per_cell: int) -> dict[str, float]:
    """Aggregate gap of each algorithm in percent."""
    totals = dict.fromkeys((a.__name__ for a in ALGORITHMS), 0)
    optimum = 0
    for factor in TARDINESS_FACTORS:
        for width in DUE_DATE_RANGES:
            for number in range(per_cell):
                p, d = generate(n, factor, width, (77, n, factor, width, number))
                least = solve(p, d)[0]
                optimum += least
                for algorithm in ALGORITHMS:
                    sequence = algorithm(p, d)
                    assert sorted(sequence.tolist()) == list(range(n)), algorithm.__name__
                    value = rules.total_tardiness(p, d, sequence)
                    assert value >= least, algorithm.__name__
                    totals[algorithm.__name__] += value
    return {name: 100 * (total / optimum - 1) for name, total in totals.items()}


@pytest.mark.parametrize("n", [20, 50])
def test_gaps_are_near_the_published_ones(n: int) -> None:
    gap = gaps(n, 10)
    assert gap["psk"] == gap["modified_due_date"]
    assert 1.0 < gap["modified_due_date"] < 2.2
    assert 0.3 < gap["net_benefit_of_relocation"] < 1.8
    assert 3.5 < gap["edd_challenger"] < 8.0
    assert 0.3 < gap["mdd_challenger"] < 1.7
    assert 0.2 < gap["augmented_mdd_challenger"] < gap["augmented_mdd"] + 0.2 < 1.6
    assert 0.0 <= gap["mdd_descent"] < 0.4


def test_a_descent_ends_where_no_move_helps() -> None:
    p, d = generate(15, 6, 2, (78, 0))
    sequence = rules.mdd_descent(p, d)
    value = rules.total_tardiness(p, d, sequence)
    for i in range(15):
        for j in range(15):
            moved = np.insert(np.delete(sequence, i), j, sequence[i])
            swapped = sequence.copy()
            swapped[[i, j]] = swapped[[j, i]]
            assert rules.total_tardiness(p, d, moved) >= value
            assert rules.total_tardiness(p, d, swapped) >= value
