"""The offline proposer, end to end through the sandbox."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from search_parts import rule
from tiny_problem import TINY

from heuresis.archive.records import Evaluation, Proposal, Trial, candidate_id
from heuresis.evaluators.language.expressions.interpreter import encode
from heuresis.evaluators.language.expressions.printer import from_source
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evolve.assessment import tasks
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.genetic.breed import OPERATOR_NAMES, Effort
from heuresis.evolve.genetic.operators import OPERATORS
from heuresis.evolve.proposers.offline import (
    PRUNE_SHARE,
    RANDOM_SHARE,
    TUNE_EVALUATIONS,
    TUNE_SHARE,
    OfflineProposer,
)
from heuresis.evolve.proposers.proposer import Draft, Request
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.screen.screen import screen
from heuresis.sandbox.task import Task

EFFORT = Effort(offspring=12, probes=6, tuned=1, evaluations=30, max_size=50)
MDD, ATC = rule("max(t + p, d)"), rule("-math.exp(-max(0.0, d - p - t) / (2.0 * p_mean)) / p")
LOOP = rule("0.5 * p").replace("    return", "    for i in range(2):\n        p = p + 1.5\n    return")


def trial(number: int, source: str | None) -> Trial:
    candidate = None if source is None else candidate_id(source)
    proposal = Proposal("r_1", number, 0, "offline", "x", source=source, candidate=candidate)
    if candidate is None:
        return Trial(proposal, None)
    return Trial(proposal, Evaluation(candidate, "tiny", 1, "search", "f", "ok", "", (1.0,), 1.0))


PARENTS = (trial(0, MDD), trial(1, ATC), trial(2, rule("p + 0.5 * d")))


def drawing(low: float, high: float) -> int:
    """A seed whose first draw is in an interval, so that a test can choose what the proposer does."""
    return next(s for s in range(10_000) if low <= np.random.default_rng(s).random() < high)


BREEDS = drawing(RANDOM_SHARE + TUNE_SHARE + PRUNE_SHARE, 1.0)
PRUNES = drawing(RANDOM_SHARE + TUNE_SHARE, RANDOM_SHARE + TUNE_SHARE + PRUNE_SHARE)
TUNES = drawing(RANDOM_SHARE, RANDOM_SHARE + TUNE_SHARE)
STARTS = drawing(0.0, RANDOM_SHARE)


def request(seed: int, *parents: Trial) -> Request:
    return Request(7, np.random.default_rng(seed), parents, ())


@pytest.fixture(scope="module")
def assessor() -> Iterator[Assessor]:
    with Assessor(TINY, workers=1, limits=Limits(seconds=60.0)) as made:
        yield made


@pytest.fixture(scope="module")
def proposer(assessor: Assessor) -> OfflineProposer:
    return OfflineProposer(TINY, assessor, EFFORT)


def ids(*trials: Trial) -> set[str | None]:
    return {t.proposal.candidate for t in trials}


@pytest.mark.parametrize(
    ("seed", "parents", "operators"),
    [
        (BREEDS, PARENTS, {name for name, _, _ in OPERATORS}),
        (BREEDS + 1, PARENTS[:1], {name for name, _, _ in OPERATORS}),
        (PRUNES, PARENTS, {"prune"}),
        (TUNES, PARENTS[1:2], {"tune"}),
        (STARTS, PARENTS, {"random"}),
        (BREEDS, (), {"random"}),
    ],
    ids=["breed", "breed one", "prune", "tune", "start afresh", "no parents"],
)
def test_the_same_request_gives_the_same_draft(
    proposer: OfflineProposer, assessor: Assessor, seed: int, parents: tuple[Trial, ...], operators: set[str]
) -> None:
    draft = proposer.propose(request(seed, *parents))
    assert proposer.propose(request(seed, *parents)) == draft
    assert draft.operator in operators
    assert draft.reason == ""
    assert draft.source is not None
    assert draft.work > 0
    assert set(draft.parents) <= ids(*parents)
    assert bool(draft.parents) is (draft.operator != "random")
    assert assessor.evaluate(draft.source).ok
    assert from_source(screen(draft.source, CONTRACT.allow_list()), CONTRACT) is not None


def test_a_program_that_is_no_expression_has_its_constants_tuned(proposer: OfflineProposer) -> None:
    looks = LOOP.replace("1.5", "9.0 * p").replace("0.5 * p", "p + 0.1 * d")
    without = LOOP.replace("1.5", "1").replace("0.5 * p", "p")
    draft = proposer.propose(request(BREEDS, trial(4, without), trial(5, looks)))
    assert (draft.operator, draft.reason) == ("tune", "")
    assert draft.source is not None
    assert "for i in range(2)" in draft.source
    assert draft.source != looks
    assert draft.parents == (candidate_id(looks),)


def test_constants_that_nothing_depends_on_are_no_proposal(proposer: OfflineProposer) -> None:
    draft = proposer.propose(request(BREEDS, trial(5, LOOP)))
    assert (draft.operator, draft.source, draft.reason) == ("tune", None, "no better constants were found")


def test_tuning_has_more_time_than_an_evaluation() -> None:
    asked = list[Task]()

    class Watched(Assessor):
        def run(self, task: Task) -> Outcome:
            asked.append(task)
            return Outcome(Status.TIMEOUT, message="too long")

    with Watched(TINY, workers=1, limits=Limits(seconds=1.0)) as watched:
        draft = OfflineProposer(TINY, watched, EFFORT).propose(request(BREEDS, trial(5, LOOP)))
    assert [t.limits for t in asked] == [Limits(seconds=6.0)]
    assert (draft.operator, draft.source, draft.reason) == ("tune", None, "too long")


def test_tuning_on_long_instances_takes_some_of_them_and_fewer_evaluations() -> None:
    asked = list[Task]()

    class Watched(Assessor):
        def run(self, task: Task) -> Outcome:
            asked.append(task)
            return Outcome(Status.TIMEOUT, message="too long")

    few = replace(EFFORT, tune_steps=10, all_tuning=100)
    with Watched(TINY, workers=1) as watched:
        instances = watched.instance_set().instances
        for effort in (EFFORT, few):
            OfflineProposer(TINY, watched, effort).propose(request(BREEDS, trial(5, LOOP)))
    (_, every, all_of_them), (_, fewer, some) = [task.arrays for task in asked]
    assert all_of_them.tolist() == list(range(len(instances)))
    assert 1 <= len(some) < len(instances)
    steps = TINY.scoring.decisions_in([instances[i] for i in some])
    assert steps <= 10 or len(some) == 1
    assert fewer[0] == 600 // steps < every[0] == TUNE_EVALUATIONS


def test_programs_that_are_no_expressions_donate_nothing(proposer: OfflineProposer) -> None:
    seeds = [s for s in range(BREEDS, 200) if np.random.default_rng(s).random() > 0.3][:4]
    for seed in seeds:
        draft = proposer.propose(request(seed, trial(0, MDD), trial(5, LOOP)))
        assert draft.operator != "crossover"
        assert draft.reason == ""


def test_an_expression_varies_whatever_the_first_parent_is(proposer: OfflineProposer) -> None:
    seeds = [s for s in range(BREEDS, 200) if np.random.default_rng(s).random() > 0.3][:4]
    for seed in seeds:
        draft = proposer.propose(request(seed, trial(5, LOOP), trial(6, LOOP + "\n"), trial(0, MDD)))
        assert draft.operator in {name for name, _, _ in OPERATORS}
        assert draft.parents == (candidate_id(MDD),)


@pytest.mark.parametrize("source", [None, "def priority(", "def priority(p):\n    return p\n", rule("nothing + 1.0")])
def test_a_parent_that_does_not_run_is_a_reason(proposer: OfflineProposer, source: str | None) -> None:
    draft = proposer.propose(request(BREEDS, trial(0, source)))
    assert draft.operator == "tune"
    assert draft.source is None
    assert draft.reason


class Child:
    """Stands in for the assessor: a child that returns what a test wants."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.tasks = outcome, list[Task]()

    def run(self, task: Task) -> Outcome:
        self.tasks.append(task)
        return self.outcome


TREE = from_source(MDD, CONTRACT)
assert TREE is not None
GOOD = encode(TREE, CONTRACT)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome(Status.TIMEOUT, message="120 s"), "timeout: 120 s"),
        (Outcome(Status.OK, ()), "no expression came back"),
        (Outcome(Status.OK, (np.array([1.0, 77.0]), np.array([0.0, 1.0, 9.0]))), "opcode"),
        (Outcome(Status.OK, (GOOD, np.array([99.0, 1.0, 9.0]))), "no expression came back"),
        (Outcome(Status.OK, (GOOD, np.array([np.inf, 1.0, 9.0]))), "no expression came back"),
        (Outcome(Status.OK, (GOOD, np.array([0.0, 1.0]))), "no expression came back"),
    ],
)
def test_a_child_that_fails_or_lies_is_a_reason(outcome: Outcome, reason: str) -> None:
    draft = OfflineProposer(TINY, Child(outcome), EFFORT).propose(request(BREEDS, PARENTS[0]))
    assert (draft.operator, draft.source) == ("breed", None)
    assert reason in draft.reason
    assert set(draft.parents) <= ids(*PARENTS)


def test_what_a_child_is_asked_and_what_its_answer_becomes() -> None:
    crossed = OPERATOR_NAMES.index("crossover")
    child = Child(Outcome(Status.OK, (GOOD, np.array([crossed, 0.5, 321.0, 2.0]))))
    draft = OfflineProposer(TINY, child, EFFORT).propose(request(BREEDS, *PARENTS))
    assert draft == Draft("crossover", MDD, draft.parents, work=321)
    assert len(draft.parents) == 2  # the one that varied and the one that gave a part, of three that were offered
    assert set(draft.parents) < ids(*PARENTS)
    (task,) = child.tasks
    assert task.kind == tasks.BREED
    seed, kind, effort, *encoded = task.arrays
    assert (seed.shape, kind.tolist(), effort.tolist()) == ((4,), [0, 0], EFFORT.to_array().tolist())
    assert len(encoded) == 3


GOLDEN = (
    "hinge",
    343,
    rule("value").replace(
        "    return",
        "    value = max(t + p, d)\n"
        "    value += 0.108962 * max(0.0, 0.101347 - 2.20125 * ((p_mean + p_max) / p) + 0.0603839 * (p / p_sum * p_sum "
        "/ p_sum) + 1.49285 * (max(0.0, p_mean) / p_max) + 0.670293 * ((d_min - d) / p_max)) * p_mean\n"
        "    return",
    ),
)
"""Changes where the search does: then recorded runs can no longer be repeated from their seed."""


def test_a_fixed_request_gives_the_same_draft_as_ever(proposer: OfflineProposer) -> None:
    draft = proposer.propose(request(1, *PARENTS))
    assert (draft.operator, draft.work, draft.source) == GOLDEN
