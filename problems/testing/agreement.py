"""Own compiled loops against `simulate`: the same choices, decision by decision, under rules of all sorts."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.literals import lift_literals
from heuresis.evaluators.sequential.simulator import Sequential
from heuresis.evaluators.simulator import Simulator
from heuresis.problems.problem import Problem
from heuresis.problems.sequential.instances import SequentialInstance
from heuresis.problems.sequential.scoring import SequentialScoring
from heuresis.problems.testing.expect import compiled, expect, known, simulator_of

_CLOSE = 1e-9


def agree(problem: Problem | str, instances: int = 20, rules: int = 20, seed: int = 0) -> int:
    """Hold the problem's own simulator against `simulate`; return how many decisions were compared.

    On so many instances that no split has (of `search`, where `draw` makes none) every rule of the problem chooses, and
    so many random ones: some that seldom tie, some that often tie, one that always ties, some that fail. Choices must
    be the same, and losses the same number. Raises Violation that names the first decision that differs, and TypeError
    for a problem without loops of its own.
    """
    problem = known(problem)
    scoring = problem.scoring
    if not isinstance(scoring, SequentialScoring):
        raise TypeError(
            f"{problem.name}: agree(...) is for SequentialProblem; this one has no `simulate` to compare with"
        )
    drawn = scoring.definition.fresh(instances, seed) or problem.splits["search"]().instances[:instances]
    own, plain = simulator_of(problem, drawn), Sequential(scoring.pack(drawn))
    if isinstance(own, Sequential) and (type(own).follow, type(own).decide) == (Sequential.follow, Sequential.decide):
        raise TypeError(f"{problem.name} has no loops of its own: name the class in `simulator`, with a `follow`")
    own.warm()
    compared = 0
    for name, program, theta in _rules(problem, rules, np.random.default_rng(seed)):
        compared += _compared(scoring, drawn, own, plain, name, program, theta)
    expect(compared > 0, "no rule decided anything, so nothing was compared")
    return compared


def _rules(problem: Problem, count: int, rng: np.random.Generator) -> Iterator[tuple[str, Program, Floats]]:
    """The problem's rules, and random ones, which share a few compiled programs and differ in their constants."""
    for baseline in problem.baselines:
        yield baseline.name, compiled(problem, baseline.source), np.empty(0)
    lifted = [lift_literals(source) for source in _sources(problem.contract)]
    programs = [(compile_program(source, problem.contract), len(theta)) for source, theta in lifted]
    for k in range(count):
        program, size = programs[k % len(programs)]
        theta = rng.normal(size=size)
        yield f"random rule {k} (seed of `agree`)", program, theta


def _sources(contract: Contract) -> tuple[str, ...]:
    """A sum with products and a quotient, the same in steps, its root, a constant; every number of it is drawn."""
    main = contract.main
    terms = [f"len({p.name})" if p.kind.is_array else p.name for p in main.parameters]
    parts = [f"0.5 * {term}" for term in terms]
    parts += [f"0.5 * {one} * {other}" for one, other in pairwise(terms)]
    parts.append(f"0.5 * {terms[0]} / (0.5 + abs({terms[-1]}))")
    total = " + ".join(parts)
    bodies = (f"return {total}", f"return math.floor(0.5 * ({total}))", f"return math.sqrt({total})", "return 0.5")
    return tuple(f"{main.signature}:\n    {body}\n" for body in bodies)


def _compared(
    scoring: SequentialScoring,
    instances: tuple[SequentialInstance, ...],
    own: Simulator,
    plain: Simulator,
    name: str,
    program: Program,
    theta: Floats,
) -> int:
    """Compare one rule on all instances; how many decisions it made."""
    order = np.arange(len(instances))
    sides: list[Any] = [scoring.cut(instances, one.decide(program, theta, order)) for one in (own, plain)]
    decided = 0
    for instance, (valid, _, mine), (good, _, theirs) in zip(instances, *sides, strict=True):
        where = f"{name}, instance {instance.name}"
        expect(valid[0] == good[0], f"{where}: decided (1) or not (0): own loops {valid[0]}, simulate {good[0]}")
        for k, (one, other) in enumerate(zip(mine.tolist(), theirs.tolist(), strict=False)):
            expect(one == other, f"{where}, decision {k + 1}: own loops choose item {one}, simulate item {other}")
        expect(len(mine) == len(theirs), f"{where}: own loops decide {len(mine)} times, simulate {len(theirs)} times")
        decided += len(theirs)
    for subset in (order, order[:1]):
        losses = own.loss(program, theta, subset), plain.loss(program, theta, subset)
        expect(
            np.isclose(*losses, rtol=_CLOSE, atol=_CLOSE), f"{name}: loss {losses[0]} of own loops, {losses[1]} else"
        )
        parts = own.excess(program, theta, subset), plain.excess(program, theta, subset)
        expect(np.allclose(*parts, rtol=_CLOSE, atol=_CLOSE), f"{name}: the parts of the loss differ")
    return decided
