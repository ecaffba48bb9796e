"""The loop over single bins against the literature's few lines of NumPy, and against the evaluator over counts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import whole_programs
from hypothesis import given, settings
from hypothesis import strategies as st
from on_demand import OnDemand

from heuresis.evaluators.bin_packing.levels.contract import CONTRACT as BY_COUNTS
from heuresis.evaluators.bin_packing.levels.simulator import Packing
from heuresis.evaluators.bin_packing.single_bins.contract import CONTRACT
from heuresis.evaluators.bin_packing.single_bins.simulator import PackingArray, PackingArrayFresh
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.sandbox.screen.screen import screen

NO_CONSTANTS = np.zeros(0)
HEAD = whole_programs.HEAD
Instance = tuple[int, list[int]]
SOURCES = {
    name: whole_programs.PROGRAMS[name]
    for name in ("best fit", "zeros like", "all alike", "infinite", "choice", "relative", "slices", "one largest")
} | {
    "literature": HEAD + "score = (bins - max(bins)) ** 2 / item + bins ** 2 / item ** 2\n"
    "    score[bins > item] = -score[bins > item]\n    score[1:] -= score[:-1]\n    return score",
    "worst fit": HEAD + "return np.where(bins < np.max(bins), bins, -np.inf)",
    "last bin": HEAD + "return np.arange(len(bins)) % 5",
    "sometimes not a number": HEAD + "return np.sqrt(bins - 2 * item)",
    "knows n": HEAD + "return -bins * (len(bins) % 3 - 1)",
}
COMPILED = OnDemand(lambda source: compile_program(screen(source, CONTRACT.allow_list()), CONTRACT), SOURCES)


def payload(instances: list[Instance]) -> dict[str, np.ndarray]:
    return {
        "items": np.concatenate([items for _, items in instances]),
        "offsets": np.concatenate(([0], np.cumsum([len(items) for _, items in instances]))),
        "capacity": np.array([cap for cap, _ in instances]),
        "reference": np.array([-(-sum(items) // cap) for cap, items in instances], dtype=np.float64),
        "group": np.zeros(len(instances), dtype=np.int64),
    }


def literature(priority: Callable[[float, Any], Any], cap: int, items: list[int], fresh: bool) -> list[int] | None:
    """The bin of each item, as published evaluators choose it; None where a priority is NaN."""
    bins = np.full(1 if fresh else len(items), float(cap))
    chosen = []
    for item in items:
        valid = np.nonzero(bins - item >= 0)[0]
        priorities = priority(float(item), bins[valid])
        if np.any(np.isnan(priorities)):
            return None
        best = valid[np.argmax(priorities)]
        bins[best] -= item
        chosen.append(int(best))
        if fresh and bins[-1] != cap:
            bins = np.append(bins, float(cap))
    return chosen


@st.composite
def drawn(draw: st.DrawFn) -> Instance:
    cap = draw(st.integers(1, 30))
    return cap, draw(st.lists(st.integers(1, cap), min_size=1, max_size=70))


@pytest.mark.parametrize("fresh", [False, True], ids=["all bins", "one fresh"])
@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=12)
@given(instances=st.lists(drawn(), min_size=1, max_size=3), data=st.data())
def test_packings_equal_the_literature(name: str, fresh: bool, instances: list[Instance], data: st.DataObject) -> None:
    program, rule = COMPILED[name], whole_programs.numpy_of(SOURCES[name])
    simulator = (PackingArrayFresh if fresh else PackingArray)(payload(instances))
    order = np.array(data.draw(st.permutations(range(len(instances)))))
    expected = [literature(rule, *instances[i], fresh) for i in order]
    for way in (program, program.main):  # bare: nothing is known of it, and it sees all bins
        valid, chosen = simulator.decide(way, NO_CONSTANTS, order)
        assert valid.tolist() == [e is not None for e in expected]
        parts = np.split(chosen, np.cumsum([len(instances[i][1]) for i in order])[:-1])
        for part, found in zip(parts, expected, strict=True):
            assert part.tolist() == (found if found is not None else [-1] * len(part))
    loss = simulator.loss(program, NO_CONSTANTS, order)
    if None in expected:
        assert loss == np.inf
        assert np.all(simulator.excess(program, NO_CONSTANTS, order) == np.inf)
    else:
        bins, bound = np.array([len(set(e)) for e in expected if e]), simulator.reference[order]
        assert loss == pytest.approx(bins.sum() / bound.sum() - 1)
        assert simulator.excess(program, NO_CONSTANTS, order) * bound.sum() == pytest.approx(bins - bound)


@pytest.mark.parametrize("name", ["best fit", "literature", "choice"])
@settings(max_examples=10)
@given(instance=drawn(), fresh=st.booleans())
def test_the_reference_confirms_what_was_chosen(name: str, instance: Instance, fresh: bool) -> None:
    simulator = (PackingArrayFresh if fresh else PackingArray)(payload([instance]))
    decisions = simulator.decide(COMPILED[name], NO_CONSTANTS, np.arange(1))
    judge = judge_of(screen(SOURCES[name], CONTRACT.allow_list()), CONTRACT)
    assert simulator.audit(judge, np.arange(1), decisions).max() <= 1e-9


@settings(max_examples=40)
@given(instance=drawn())
def test_best_fit_is_that_over_counts(instance: Instance) -> None:
    """Where no two levels have equal scores the tie rules agree: bins of one level are the same to what follows."""
    items, cap = np.array(instance[1]), instance[0]
    _, chosen = PackingArrayFresh(payload([instance])).decide(COMPILED["best fit"], NO_CONSTANTS, np.arange(1))
    _, levels = Packing(payload([instance])).decide(OVER_COUNTS, NO_CONSTANTS, np.arange(1))
    left = np.full(len(items), cap)
    for item, bin_, level in zip(items, chosen, levels, strict=True):
        assert left[bin_] == level
        left[bin_] -= item


OVER_COUNTS: Program = compile_program(BY_COUNTS.main.signature + ":\n    return rem - item", BY_COUNTS)


def test_a_replay_finds_wrong_choices() -> None:
    simulator = PackingArrayFresh(payload([(10, [4, 4, 4])]))
    judge = judge_of(screen(SOURCES["best fit"], CONTRACT.allow_list()), CONTRACT)

    def found(*chosen: int) -> float:
        return float(simulator.audit(judge, np.arange(1), [np.ones(1, np.uint8), np.array(chosen, np.int32)])[0])

    assert found(0, 0, 1) == 0.0
    assert found(0, 1, 2) == pytest.approx((6 - 2) / 2)
    for impossible in ((1, 0, 0), (0, 0, 0), (0, 0, 2), (0, 0, -1)):
        assert found(*impossible) == np.inf
    with pytest.raises(ValueError, match="3 items"):
        found(0, 0)
    undecided = [np.zeros(1, np.uint8), np.array([0, 0, 1], np.int32)]
    assert simulator.audit(judge, np.arange(1), undecided)[0] == np.inf
    for wrong in (lambda *_: np.nan, lambda *_: [1.0], lambda _, bins: [np.nan] * len(bins)):
        assert simulator.audit(wrong, np.arange(1), [np.ones(1, np.uint8), np.array([0, 0, 1])])[0] == np.inf
    best = [np.inf, -np.inf]
    assert simulator.audit(lambda _, bins: (best * 2)[: len(bins)], np.arange(1), [np.ones(1, np.uint8), np.array([0, 0, 1])])[0] == 0.0  # fmt: skip


def test_wrong_instance_numbers_are_refused() -> None:
    simulator = PackingArray(payload([(10, [6]), (10, [5])]))
    for order in ([], [-1], [2]):
        with pytest.raises(ValueError, match=r"0\.\.1"):
            simulator.decide(COMPILED["best fit"], NO_CONSTANTS, np.array(order, dtype=np.int64))
