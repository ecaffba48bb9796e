"""Contracts of several functions: the search varies one of them among the others of its parent."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from router_parts import SOURCES as ROUTERS
from router_parts import fleets
from serving_parts import SOURCES as SCHEDULERS
from serving_parts import instances as replicas

from heuresis.archive.records import Evaluation, Proposal, Trial, candidate_id
from heuresis.evaluators.language.compile import Program, compile_program, default_source
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.expressions.interpreter import encode
from heuresis.evaluators.language.expressions.printer import from_source, to_source
from heuresis.evaluators.language.expressions.tree import Expr, constants
from heuresis.evaluators.routing import contract as router_contract
from heuresis.evaluators.routing.simulator import Routing
from heuresis.evaluators.serving import contract as serving_contract
from heuresis.evaluators.serving.simulator import Serving
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.genetic.breed import Breeder, Effort, function_of
from heuresis.evolve.genetic.compiled import compile_tree
from heuresis.evolve.genetic.operators import vary
from heuresis.evolve.genetic.trees import Grammar
from heuresis.evolve.proposers.functions import alone, with_others
from heuresis.evolve.proposers.offline import GRAFT_SHARE, RANDOM_SHARE, OfflineProposer
from heuresis.evolve.proposers.proposer import Request
from heuresis.problems import registry
from heuresis.problems.problem import InstanceSet, Problem
from heuresis.sandbox.screen.screen import screen

ONE, NO_CONSTANTS = np.zeros(1, dtype=np.int64), np.zeros(0)
EFFORT = Effort(offspring=6, probes=2, tuned=1, evaluations=8, max_size=40, tune_steps=2_000, all_tuning=8_000)
SERVING = registry.get("serving")
RULES = {b.name: b.source for b in SERVING.baselines}


def expression(source: str, contract: Contract, part: int) -> Expr:
    """The expression that one function of a program is, its default body where it is left out."""
    function = contract.functions[part]
    given_here = function.required or alone(source, function.name) is not None
    tree = from_source(source if given_here else default_source(function), contract.alone(part))
    assert tree is not None
    return tree


def among(source: str, contract: Contract, part: int) -> list[Program | None]:
    """The functions of a program around one of them, as a step gets them: from arrays, defaults where left out."""
    found: list[Program | None] = []
    for k, function in enumerate(contract.functions):
        here = function.required or alone(source, function.name) is not None
        code = encode(expression(source, contract, k), contract.alone(k)) if here else np.empty(0)
        found.append(None if k == part else function_of(contract, k, code))
    return found


def decides_alike(simulator: Serving | Routing, source: str, part: int, seed: int) -> None:
    """Interpreted, compiled for tuning and compiled as a program, a new function in a place decides the same."""
    contract = simulator.contract
    rng, mine = np.random.default_rng(seed), contract.alone(part)
    tree = expression(source, contract, part)
    for _ in range(3):
        made = vary(Grammar(mine, max_size=40), [tree], rng)
        tree = tree if made is None else made[1]
    breeder = Breeder(simulator, EFFORT, rng, among(source, contract, part), part)
    whole = compile_program(with_others(to_source(tree, mine), source, contract), contract)
    expected = simulator.decide(whole, NO_CONSTANTS, ONE)
    fast = breeder.among_others(compile_tree(tree, mine))
    for program, theta in ((breeder.judge(tree), encode(tree, mine)), (fast, constants(tree))):
        found = simulator.decide(program, theta, ONE)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


SLOWLY = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.no_cover  # compiles three programs for each example
@SLOWLY
@given(replicas(), st.sampled_from(["holding", "of_now", "fcfs"]), st.integers(0, 2), st.integers(0, 99))
def test_a_function_of_a_scheduler_decides_alike_however_it_runs(
    drawn: tuple[object, dict[str, np.ndarray]], name: str, part: int, seed: int
) -> None:
    decides_alike(Serving(drawn[1]), SCHEDULERS[name], part, seed)


@pytest.mark.no_cover  # compiles three programs for each example
@SLOWLY
@given(fleets(), st.sampled_from(["holding", "scaling"]), st.integers(0, 4), st.integers(0, 99))
def test_a_function_of_a_router_decides_alike_however_it_runs(
    drawn: dict[str, np.ndarray], name: str, part: int, seed: int
) -> None:
    decides_alike(Routing(drawn), ROUTERS[name], part, seed)


def test_default_bodies_are_expressions_to_begin_with() -> None:
    for contract in (serving_contract.CONTRACT, router_contract.CONTRACT):
        for part, function in enumerate(contract.functions):
            if not function.required:
                assert from_source(default_source(function), contract.alone(part)) is not None


def test_a_contract_of_one_function_is_itself_alone() -> None:
    smtt = registry.get("smtt").contract
    assert smtt.alone(0) == smtt


@pytest.fixture(scope="module")
def assessor() -> Iterator[Assessor]:
    few = SERVING.splits["search"]().instances[:2]
    with Assessor(SERVING, workers=1, instance_sets={"search": InstanceSet("search", few, "f")}) as opened:
        yield opened


def trial(number: int, rule: str) -> Trial:
    source = RULES[rule]
    proposal = Proposal("r_1", number, 0, "offline", "x", source=source, candidate=candidate_id(source))
    return Trial(proposal, Evaluation(candidate_id(source), "serving", 1, "search", "f", "ok", "", (1.0,), 1.0))


def request(low: float, high: float, skip: int, *rules: str) -> Request:
    """A request whose first draw lies in an interval; `skip` chooses among such."""
    seeds = (s for s in itertools.count() if low <= np.random.default_rng(s).random() < high)
    seed = next(itertools.islice(seeds, skip, None))
    return Request(7, np.random.default_rng(seed), tuple(trial(i, rule) for i, rule in enumerate(rules)), ())


def functions(source: str, problem: Problem = SERVING) -> dict[str, str | None]:
    """What a program says for each function of the contract, as the screen leaves it."""
    checked = screen(source, problem.contract.allow_list())
    return {f.name: alone(checked, f.name) for f in problem.contract.functions}


def test_a_step_changes_one_function_and_keeps_the_others(assessor: Assessor) -> None:
    proposer, parent = OfflineProposer(SERVING, assessor, EFFORT), functions(RULES["srpt_past_future"])
    changed = set()
    for skip in range(2):
        draft = proposer.propose(request(0.5, 1.0 - GRAFT_SHARE, skip, "srpt_past_future"))
        assert draft.reason == "", draft.reason
        made = functions(draft.source or "")
        differs = {name for name in made if made[name] != parent[name]}
        assert len(differs) == 1, draft.source
        changed |= differs
    assert len(changed) > 1
    assert assessor.evaluate(draft.source or "").status == "ok"


def test_a_function_is_taken_over_from_another_parent(assessor: Assessor) -> None:
    proposer, made = OfflineProposer(SERVING, assessor, EFFORT), []
    for skip in range(8):
        draft = proposer.propose(request(1.0 - GRAFT_SHARE, 1.0, skip, "srpt", "past_future"))
        if draft.operator == "graft":
            made.append(functions(draft.source or ""))
            assert len(draft.parents) == 2
    assert made
    assert all(one["priority"] is not None for one in made)
    assert any(one["admit"] is not None and "arrival" not in (one["priority"] or "").split("return")[1] for one in made)


def test_tuning_stays_within_the_decisions_of_a_step(assessor: Assessor) -> None:
    proposer = OfflineProposer(SERVING, assessor, replace(EFFORT, tune_steps=1, all_tuning=1))
    draft = proposer.propose(request(RANDOM_SHARE, RANDOM_SHARE + 0.04, 0, "srpt"))
    assert draft.operator == "tune"
    assert draft.work <= 2


def test_the_loss_that_is_reported_is_that_of_the_whole_program() -> None:
    instances = SERVING.splits["search"]().instances[:2]
    simulator = Serving(SERVING.scoring.pack(instances))
    source = screen(RULES["srpt_past_future"], SERVING.contract.allow_list())
    for part in range(3):
        rng = np.random.default_rng(part)
        others = among(source, SERVING.contract, part)
        made = Breeder(simulator, EFFORT, rng, others, part).breed([expression(source, SERVING.contract, part)])
        text = with_others(to_source(made.tree, SERVING.contract.alone(part)), source, SERVING.contract)
        whole = compile_program(text, SERVING.contract)
        assert math.isfinite(made.loss)
        assert made.loss == simulator.loss(whole, NO_CONSTANTS, np.arange(2))
