"""The compiled packing loops against plain Python over single bins, and their failures."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from on_demand import OnDemand

from heuresis.evaluators.bin_packing.levels import simulator as packing
from heuresis.evaluators.bin_packing.levels.contract import CONTRACT, CONTRACT_N, CONTRACT_STATELESS
from heuresis.evaluators.bin_packing.levels.simulator import Packing, PackingStateless, PackingWithCount
from heuresis.evaluators.bin_packing.objective import aggregate
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.problems.bin_packing.levels.problem import PROBLEM, PROBLEM_N, PROBLEM_STATELESS
from heuresis.sandbox.screen.screen import screen

HEAD, HEAD_N = (c.main.signature + ":\n    return " for c in (CONTRACT, CONTRACT_N))
NO_CONSTANTS = np.zeros(0)
TABLED = {b.name: b.source for b in PROBLEM.baselines if b.name in ("best_fit", "worst_fit", "harmonic")} | {
    "constant": HEAD + "1.0",
    "waste": HEAD + "abs(rem - item - 3) + 0.001 * rem * (item % 2)",
    "coarse": HEAD + "math.floor(rem / 8.0) - math.floor(item / 3.0)",
    "sometimes infinite": HEAD + "rem / (rem - item - 2) if rem < cap else 9.0",
    "never on a new bin": HEAD + "rem if rem < cap else math.log(cap - rem - 1.0)",
}
STATEFUL = {b.name: b.source for b in PROBLEM.baselines if "counts" in b.source.partition(":")[2]} | {
    "counts full bins": HEAD + "rem + 0.5 * counts[0] - 0.25 * counts[rem] * item",
    "last seen": HEAD + "rem * (1 - 2 * (seen[item] % 2)) + seen[-1]",
}
WITH_COUNT = {
    f"{b.name}, n known": b.source for b in PROBLEM_N.baselines if b.name in ("best_fit", "sum_of_squares")
} | {
    "turns at half": HEAD_N + "rem if 2 * left < n else -rem",
    "long ones": HEAD_N + "-rem if n > 5 else rem",
}
STATELESS = {f"{b.name}, no state": b.source for b in PROBLEM_STATELESS.baselines} | {
    "no state, sometimes infinite": CONTRACT_STATELESS.main.signature + ":\n    return cap / (rem - item - 2) * item"
}
EITHER = [(CONTRACT, n, s) for n, s in (TABLED | STATEFUL).items()] + [
    (CONTRACT_N, n, s) for n, s in WITH_COUNT.items()
]
EITHER += [(CONTRACT_STATELESS, n, s) for n, s in STATELESS.items()]
SIMULATORS = {CONTRACT: Packing, CONTRACT_N: PackingWithCount, CONTRACT_STATELESS: PackingStateless}
Instance = tuple[int, list[int]]


def packed(instances: Sequence[Instance], make: type[Packing] = Packing, family: Sequence[int] = ()) -> Packing:
    return make(
        {
            "items": np.concatenate([items for _, items in instances]),
            "offsets": np.concatenate(([0], np.cumsum([len(items) for _, items in instances]))),
            "capacity": np.array([cap for cap, _ in instances]),
            "reference": np.array([-(-sum(items) // cap) for cap, items in instances], dtype=np.float64),
            "group": np.array(family or [0] * len(instances)),
        }
    )


def plain(
    rule: Callable[..., float], cap: int, items: Sequence[int], contract: Contract
) -> tuple[list[int], int] | None:
    """What each item's bin had left and the number of bins, over a list of single bins; None where the rule fails."""
    bins: list[int] = []
    chosen: list[int] = []
    for number, item in enumerate(items):
        counts = np.array([bins.count(r) for r in range(cap + 1)])
        seen = np.array([items[: number + 1].count(s) for s in range(cap + 1)])
        known = () if contract is CONTRACT_STATELESS else (counts, seen)
        known = (len(items), len(items) - number, *known) if contract is CONTRACT_N else known
        fitting = [*(r for r in bins if r >= item), cap]
        values = [rule(item, r, cap, *known) for r in fitting]
        if not np.all(np.isfinite(values)):
            return None
        _, rem = min(zip(values, fitting, strict=True))  # of equal scores the fullest
        if rem == cap:
            bins.append(cap)
        chosen.append(rem)
        bins[bins.index(rem)] -= item
    return chosen, len(bins)


def compiled(source: str, contract: Any) -> Program:
    return compile_program(screen(source, contract.allow_list()), contract)


def ruled(source: str, contract: Contract) -> tuple[Program, Any, Contract]:
    return compiled(source, contract), judge_of(screen(source, contract.allow_list()), contract), contract


RULES = OnDemand(lambda part: ruled(*part), {name: (source, contract) for contract, name, source in EITHER})


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    cap = draw(st.integers(1, 30))
    return cap, draw(st.lists(st.integers(1, cap), min_size=1, max_size=30))


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25)
@given(given_ones=st.lists(instances(), min_size=1, max_size=4), data=st.data())
def test_packings_equal_plain_python(name: str, given_ones: list[Instance], data: st.DataObject) -> None:
    program, judge, contract = RULES[name]
    simulator = packed(given_ones, SIMULATORS[contract])
    order = np.array(data.draw(st.permutations(range(len(given_ones)))))
    expected = [plain(judge, *given_ones[i], contract) for i in order]
    for way in ways(program):
        valid, chosen = way(simulator, order)
        assert valid.tolist() == [e is not None for e in expected]
        parts = np.split(chosen, np.cumsum([len(given_ones[i][1]) for i in order])[:-1])
        for part, found in zip(parts, expected, strict=True):
            assert part.tolist() == (found[0] if found else [-1] * len(part))
    loss = simulator.loss(program, NO_CONSTANTS, order)
    if None in expected:
        assert loss == np.inf
        assert np.all(simulator.excess(program, NO_CONSTANTS, order) == np.inf)
    else:
        bins = np.array([e[1] for e in expected if e])
        bound = simulator.reference[order]
        assert loss == pytest.approx(bins.sum() / bound.sum() - 1)
        assert simulator.excess(program, NO_CONSTANTS, order) * bound.sum() == pytest.approx(bins - bound)


def ways(program: Program) -> list[Callable[[Packing, np.ndarray], Sequence[np.ndarray]]]:
    """As the simulator chooses; by counts; and by a table, where that may be."""

    def by_counts(simulator: Packing, order: np.ndarray) -> Sequence[np.ndarray]:
        return simulator.decide(program.main, NO_CONSTANTS, order)  # bare: nothing is known of what it reads

    def by_table(simulator: Packing, order: np.ndarray) -> Sequence[np.ndarray]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(packing, "_WORTHWHILE", 1 << 30)
            assert all(simulator.table_pays(program, sample) for sample in simulator.samples(order))
            return simulator.decide(program, NO_CONSTANTS, order)

    stateless = [by_table] if not program.reads[0] & packing.STATE else []
    return [lambda simulator, order: simulator.decide(program, NO_CONSTANTS, order), by_counts, *stateless]


def test_what_a_program_reads_decides_how_it_is_packed() -> None:
    simulator = packed([(30, [7, 8] * 200)])
    (sample,) = simulator.samples(np.arange(1))
    assert simulator.table_pays(RULES["best_fit"][0], sample)
    assert not simulator.table_pays(RULES["sum_of_squares"][0], sample)
    assert not simulator.table_pays(RULES["best_fit"][0].main, sample)
    helper = "def more(c, r):\n    return c[r]\n\n" + HEAD + "more(counts, rem)"
    assert compiled(helper, CONTRACT).reads == (frozenset({"counts", "rem"}),)
    (few,) = packed([(30, [7, 8])]).samples(np.arange(1))
    assert not simulator.table_pays(RULES["best_fit"][0], few)  # a table would be larger than what is packed with it


def test_capacities_may_differ_between_instances() -> None:
    simulator = packed([(10, [4, 6] * 100), (7, [3, 4] * 100), (10, [5] * 100)])
    assert [(s.capacity, s.positions.tolist(), s.items, s.sizes) for s in simulator.samples(np.array([1, 2, 0]))] == [
        (7, [0], 200, 2),
        (10, [1, 2], 300, 3),
    ]
    assert simulator.loss(RULES["best_fit"][0], NO_CONSTANTS, np.array([1, 2, 0])) == 0.0


@pytest.mark.parametrize("bad", ["math.log(-1.0 * rem)", "1.0 / (rem - cap)", "math.sqrt(-1.0 * item)"])
def test_a_score_that_is_not_finite_fails_that_instance_only(bad: str) -> None:
    source = HEAD + f"({bad}) if seen[9] > 0 or item == 3 else float(rem)"
    stateless = HEAD + f"({bad}) if item == 3 else float(rem)"
    simulator = packed([(10, [4, 6, 1]), (10, [3, 3, 4]), (10, [5, 5, 5])])
    for program in (compiled(source, CONTRACT), compiled(stateless, CONTRACT)):
        for way in ways(program):
            valid, chosen = way(simulator, np.array([0, 1, 2]))
            assert valid.tolist() == [1, 0, 1]
            assert chosen.tolist() == [10, 6, 10, -1, -1, -1, 10, 5, 10]
        assert simulator.loss(program, NO_CONSTANTS, np.array([0, 1])) == np.inf
        assert simulator.loss(program, NO_CONSTANTS, np.array([0, 2])) == pytest.approx(4 / 4 - 1)


def test_an_error_for_a_bin_that_never_occurs_stops_nothing() -> None:
    source = HEAD + "-rem if rem != 8 else float(rem - 8) ** -1"
    simulator = packed([(10, [5] * 100), (10, [2] * 100)])
    program = compiled(source, CONTRACT)
    (sample,) = simulator.samples(np.array([0]))
    assert simulator.table_pays(program, sample)
    assert simulator.loss(program, NO_CONSTANTS, np.array([0])) == pytest.approx(1.0)  # the largest `rem`: a new bin
    with pytest.raises(ZeroDivisionError):
        simulator.loss(compiled(HEAD + "float(rem - 10) ** -1", CONTRACT), NO_CONSTANTS, np.array([0]))


def test_the_objective_is_the_mean_over_families() -> None:
    bins, bound = np.array([11.0, 11.0, 30.0]), np.array([10.0, 10.0, 20.0])
    assert aggregate(bins, bound, np.array([0, 0, 1])) == pytest.approx((0.1 + 0.5) / 2)
    assert aggregate(bins, bound, np.array([0, 0, 0])) == pytest.approx(52 / 40 - 1)
    simulator = packed([(10, [6] * 10), (10, [5] * 8)], family=[0, 1])
    assert simulator.loss(RULES["best_fit"][0], NO_CONSTANTS, np.arange(2)) == pytest.approx((10 / 6 - 1 + 0.0) / 2)
    assert simulator.excess(RULES["best_fit"][0], NO_CONSTANTS, np.arange(2)).tolist() == [4 / 6, 0.0]


@pytest.mark.parametrize("order", [[], [-1], [2]])
def test_wrong_instance_numbers_are_refused(order: list[int]) -> None:
    simulator = packed([(10, [6]), (10, [5])])
    with pytest.raises(ValueError, match=r"0\.\.1"):
        simulator.decide(RULES["best_fit"][0], NO_CONSTANTS, np.array(order, dtype=np.int64))


def test_a_replay_finds_impossible_choices() -> None:
    simulator, judge = packed([(10, [4, 4, 4])]), RULES["best_fit"][1]
    right = simulator.decide(RULES["best_fit"][0], NO_CONSTANTS, np.arange(1))
    assert right[1].tolist() == [10, 6, 10]
    assert simulator.audit(judge, np.arange(1), right).tolist() == [0.0]
    for wrong in ([6, 6, 10], [10, 6, 2], [10, 5, 10], [10, 10, 11]):
        found = simulator.audit(judge, np.arange(1), [np.ones(1, np.uint8), np.array(wrong, np.int32)])
        assert found.tolist() == [np.inf]
    worse = simulator.audit(judge, np.arange(1), [np.ones(1, np.uint8), np.array([10, 10, 6], np.int32)])
    assert worse.tolist() == [pytest.approx((6 - 2) / 2)]
    with pytest.raises(ValueError, match="3 items"):
        simulator.audit(judge, np.arange(1), [np.ones(1, np.uint8), np.zeros(2, np.int32)])
