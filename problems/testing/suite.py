"""What every problem must satisfy, as a class that pytest collects and as one function.

The checks run in the process itself: programs are compiled, and simulators called, without a sandbox.
"""

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from heuresis.evaluators.aliases import Decisions, Ints
from heuresis.evaluators.language.reference.distance import TOLERANCE
from heuresis.evaluators.language.reference.judge import Judge, judge_of
from heuresis.evaluators.simulator import Simulator
from heuresis.problems import registry
from heuresis.problems.figures import Gantt
from heuresis.problems.problem import SPLITS, Baseline, Problem
from heuresis.problems.scoring import Drawn, valued
from heuresis.problems.testing.expect import compiled, expect, known, simulator_of
from heuresis.sandbox.screen.screen import screen

NO_CONSTANTS = np.zeros(0)
_CLOSE = 1e-12
"""The loss of the simulator and the score of the trusted side are the same number, added up in another order."""


def check(problem: Problem | str) -> None:
    """Every check of `ProblemSuite` on one problem, its name or its file. Raises Violation."""
    suite = ProblemSuite()
    suite.problem = known(problem)  # type: ignore[misc]  # of this object alone
    for name in [name for name in dir(ProblemSuite) if name.startswith("test_")]:
        getattr(suite, name)()


class ProblemSuite:
    """The checks, one method each. A subclass whose name begins with `Test` says which `problem` they are of."""

    problem: ClassVar[Problem | str]

    def test_it_describes_itself(self) -> None:
        """Name, version, statement, contract and rules say what people and models need."""
        problem = self._problem
        expect(registry.get(problem.name) is problem, f"{problem.name}: call register(...) with it")
        expect(problem.version >= 1, f"version: expected 1 or more, got {problem.version}")
        expect(problem.statement.strip() and problem.objective.definition, "the statement or the objective is empty")
        listed = [b.name for b in problem.baselines] + [a.name for a in problem.algorithms]
        expect(len(set(listed)) == len(listed), f"two rules or algorithms have one name: {listed}")
        expect(all(b.title and b.citation for b in problem.baselines), "every rule has a title and says who it is of")
        text = problem.contract.describe()
        for parameter in (p for f in problem.contract.functions for p in f.parameters):
            expect(parameter.meaning and parameter.meaning in text, f"the meaning of {parameter.name} is not described")

    def test_splits_are_fixed_and_disjoint(self) -> None:
        """The same instances each time, and none of one split in another."""
        sets = {name: self._problem.splits[name]() for name in SPLITS}
        for name, one in sets.items():
            again = self._problem.splits[name]()
            expect(again.fingerprint == one.fingerprint, f"{name}: the second time it has other instances")
            names = {instance.name for instance in one.instances}
            expect(len(names) == len(one.instances) > 0, f"{name}: expected instances of different names, got {names}")
        for one, other in combinations(sets.values(), 2):
            both = {i.name for i in one.instances} & {i.name for i in other.instances}
            expect(not both, f"{one.name} and {other.name} share instances: {sorted(both)[:3]}")
            expect(one.fingerprint != other.fingerprint, f"{one.name} and {other.name} have the same instances")

    def test_rules_decide_every_search_instance(self) -> None:
        """Every rule passes the screen and gets a value, above the bound; the simulator's loss is the score."""
        instances = self._instances("search")
        built, everything = self._simulator(instances), np.arange(len(instances))
        built.warm()
        for rule in self._problem.baselines:
            program = compiled(self._problem, rule.source)
            decisions = built.decide(program, NO_CONSTANTS, everything)
            values = self._values(instances, decisions, rule.name)
            score = self._problem.scoring.score(instances, values)
            loss = built.loss(program, NO_CONSTANTS, everything)
            expect(math.isfinite(score.aggregate), f"{rule.name}: its score is {score.aggregate}")
            expect(
                math.isclose(loss, score.aggregate, rel_tol=_CLOSE, abs_tol=_CLOSE),
                f"{rule.name}: the simulator's loss is {loss!r}, the score {score.aggregate!r}; expected one number",
            )
            for value, instance in zip(values, instances, strict=True):
                low = instance.reference
                expect(low is None or value >= low - 1e-9 * abs(low), f"{instance.name}: {value} lies below {low}")

    def test_decisions_follow_the_order_asked_for(self) -> None:
        """A value belongs to its instance, wherever that stands."""
        instances = self._instances("search")
        built, program = self._simulator(instances), self._program(0)
        order = np.random.default_rng(0).permutation(len(instances))[:20]
        some = self._values([instances[i] for i in order], built.decide(program, NO_CONSTANTS, order), "some")
        everything = self._values(
            instances, built.decide(program, NO_CONSTANTS, np.arange(len(instances))), "everything"
        )
        expect(some == [everything[i] for i in order], "instances have other values when they come in another order")

    def test_decisions_that_are_not_feasible_have_no_value(self) -> None:
        """Arrays of wrong number or length get no value and a message, whatever a child sends."""
        instances = self._instances("search")[:3]
        for wrong in ((), (np.zeros(3, np.uint8),), (np.ones(2, np.uint8), np.zeros(1, np.int32))):
            values, message = self._valued(instances, wrong)
            expect(
                values == (None,) * len(instances) and message,
                f"expected no value and a message for decisions {wrong}, got {values} and {message!r}",
            )

    def test_decisions_are_cut_by_instance(self) -> None:
        """Whatever the order in which the instances came, each has the same part, and the parts are all there is."""
        instances = self._instances("search")
        built, program = self._simulator(instances), self._program(0)
        orders = np.arange(len(instances)), np.random.default_rng(2).permutation(len(instances))
        first, other = (dict(self._parts(instances, order, built, program)) for order in orders)
        expect(first == other, "an instance has other decisions when the instances come in another order")
        whole = built.decide(program, NO_CONSTANTS, orders[0])
        cut = sum(a.nbytes for part in self._problem.scoring.cut(instances, whole) for a in part)
        expect(cut == sum(a.nbytes for a in whole), "`cut` leaves decisions out, or gives some twice")

    def test_the_sample_for_an_audit_is_fixed_small_and_sorted(self) -> None:
        """A few dozen instances, the smallest first, never none."""
        scoring = self._problem.scoring
        for name in SPLITS:
            instances = self._instances(name)
            sample = scoring.audited(instances)
            expect(np.array_equal(sample, scoring.audited(instances)), f"{name}: another sample the second time")
            numbers = set(sample.tolist())
            expect(1 <= len(numbers) == len(sample) <= 100, f"{name}: expected 1 to 100 instances, got {len(sample)}")
            expect(numbers <= set(range(len(instances))), f"{name}: there is no such instance: {max(numbers)}")
            sizes = [scoring.decisions_in([instances[i]]) for i in sample]
            expect(sizes == sorted(sizes), f"{name}: expected the smallest first, got {sizes}")
            expect(scoring.audited(instances[-1:]).tolist() == [0], f"{name}: nothing is audited of a large instance")

    def test_the_reference_interpreter_decides_as_every_rule_does(self) -> None:
        """An audit of a rule's own decisions finds nothing."""
        instances = self._instances("select")
        built = self._simulator(instances)
        sample = self._problem.scoring.audited(instances)[:20]
        shares = min(3, len(sample))
        for number, rule in enumerate(self._problem.baselines):
            part = sample[number % shares : number % shares + 1]  # neighbours in the list share the sample
            decisions = built.decide(compiled(self._problem, rule.source), NO_CONSTANTS, part)
            found = built.audit(self._judge(rule), part, decisions)
            expect(found.dtype == np.float64 and found.shape == part.shape, f"an audit is float64[{len(part)}]")
            expect(np.all(found <= TOLERANCE), f"{rule.name}: the audit finds a distance of {found.max():g}, not 0")

    def test_an_audit_finds_the_decisions_of_another_program(self) -> None:
        """An audit against another rule finds something, and an instance that was not decided is infinitely far."""
        instances = self._instances("select")
        built = self._simulator(instances)
        sample = self._problem.scoring.audited(instances)[:20]
        valid, *others = built.decide(self._program(0), NO_CONSTANTS, sample)
        first, *rest = self._problem.baselines
        if rest:
            found = built.audit(self._judge(rest[0]), sample, [valid, *others])
            expect(np.any(found > TOLERANCE), f"the audit takes {first.name} for {rest[0].name}")
        nothing = built.audit(self._judge(first), sample, [np.zeros_like(valid), *others])
        expect(np.all(np.isinf(nothing)), "an instance that was not decided must be infinitely far")

    def test_the_bootstrap_is_paired_and_around_the_aggregate(self) -> None:
        """Equal programs get equal draws, worse ones larger ones, and the score lies among them."""
        instances = self._instances("search")
        base = np.array([1.0 if i.reference is None else i.reference for i in instances])
        values = np.array([base + 10.0, base + 10.0, base + 40.0])
        draws = self._problem.scoring.resample(instances, values, 300, np.random.default_rng(1))
        expect(draws.shape == (3, 300), f"expected programs × draws, (3, 300), got {draws.shape}")
        expect(np.array_equal(draws[0], draws[1]), "two equal programs must be drawn on the same instances")
        expect(np.all(draws[2] > draws[0]), "a program that is worse everywhere must be worse in every draw")
        low, high = np.percentile(draws[0], [1, 99])
        score = self._problem.scoring.score(instances, values[0].tolist()).aggregate
        expect(low - _CLOSE <= score <= high + _CLOSE, f"the score {score} lies outside of its draws, {low} to {high}")

    def test_groups_cover_the_instances(self) -> None:
        """Each instance stands in one group, and there is something to decide."""
        instances = self._instances("select")
        groups = self._problem.scoring.groups(instances)
        members = sorted(np.concatenate(list(groups.values())).tolist())
        expect(members == list(range(len(instances))), "each instance belongs into one group, and into one only")
        expect(self._problem.scoring.decisions_in(instances) > 0, "nothing is decided on these instances")

    def test_algorithms_reach_what_they_claim(self) -> None:
        """Exact ones the reference, the others nothing below it."""
        for instance in self._instances("search")[::40]:
            for algorithm in self._problem.algorithms:
                value, low = algorithm.solve(instance), instance.reference
                reaches = low is None or (value == low if algorithm.exact else value >= low)
                expect(reaches, f"{algorithm.name} reaches {value} on {instance.name}, whose reference is {low}")

    def test_one_replay_tells_all(self) -> None:
        """Of one replay come values, metrics and the instance that loses most, and its parts are the decisions."""
        instances, scoring = self._instances("search")[:3], self._problem.scoring
        decisions = self._decisions(instances)
        replay = scoring.replay(instances, decisions)
        values = valued(scoring, instances, replay.schedules)
        expect(replay.fault == "" and None not in values, f"expected a value of every instance, got: {replay.fault}")
        measured = scoring.metrics(instances, replay.schedules)
        odd = [name for name, value in measured.items() if value is not None and not math.isfinite(value)]
        expect(not odd, f"metrics are finite numbers or None, not so: {odd}")
        told = {**scoring.score(instances, [v for v in values if v is not None]).metrics, **measured}
        declared = [one.name for one in self._problem.metrics]
        expect(not declared or declared == list(told), f"`metrics` declares {declared}, but there are {list(told)}")
        expect(0 <= scoring.worst(instances, values) < len(instances), "`worst` names none of the instances")
        last = scoring.worst(instances, (*values[:-1], None))
        expect(last == len(instances) - 1, "`worst`: an instance without a value loses most of all")
        parts = scoring.cut(instances, decisions)
        for number, array in enumerate(decisions):
            whole = b"".join(part[number].tobytes() for part in parts)
            expect(whole == array.tobytes(), "the parts of `cut`, one after the other, are not the decisions")

    def test_figures_show_every_schedule(self) -> None:
        """Where schedules can be drawn, each has its curve in every figure, under its name."""
        instances, scoring = self._instances("search")[:1], self._problem.scoring
        if not isinstance(scoring, Drawn):
            return
        [schedule] = scoring.replay(instances, self._decisions(instances)).schedules
        for figure in scoring.figures(instances[0], {"one": schedule, "two": schedule}):
            shown = list(figure.rows) if isinstance(figure, Gantt) else [curve.name for curve in figure.curves]
            expect(shown == ["one", "two"], f"{figure.title}: expected the curves one and two, got {shown}")

    def test_explanations_are_small(self) -> None:
        """A few lines, which fit into a prompt."""
        instances = self._instances("search")
        built, program = self._simulator(instances), self._program(0)
        for index in (0, len(instances) - 1):
            decisions = built.decide(program, NO_CONSTANTS, np.array([index]))
            replay = self._problem.scoring.replay([instances[index]], decisions)
            text = self._problem.scoring.explain(instances[index], replay.schedules[0])
            expect(0 < len(text) < 3_000, f"expected 1 to 3,000 characters, got {len(text)}")
            expect(len(text.splitlines()) < 30, f"expected fewer than 30 lines, got {len(text.splitlines())}")

    @property
    def _problem(self) -> Problem:
        return known(self.problem)

    def _instances(self, split: str) -> tuple[Any, ...]:
        return self._problem.splits[split]().instances

    def _simulator(self, instances: tuple[Any, ...]) -> Simulator:
        return simulator_of(self._problem, instances)

    def _program(self, number: int) -> object:
        return compiled(self._problem, self._problem.baselines[number].source)

    def _decisions(self, instances: tuple[Any, ...]) -> Decisions:
        """Those of the first rule, in the order of the instances."""
        return self._simulator(instances).decide(self._program(0), NO_CONSTANTS, np.arange(len(instances)))

    def _judge(self, rule: Baseline) -> Judge:
        return judge_of(screen(rule.source, self._problem.contract.allow_list()), self._problem.contract)

    def _values(self, instances: Any, decisions: Decisions, who: str) -> list[float]:
        values, message = self._valued(instances, decisions)
        expect(message == "" and None not in values, f"{who}: expected a value of every instance, got: {message}")
        return [value for value in values if value is not None]

    def _valued(self, instances: Any, decisions: Decisions) -> tuple[tuple[float | None, ...], str]:
        """The value of each instance, None where its decisions are not feasible; and what is wrong."""
        replay = self._problem.scoring.replay(instances, decisions)
        return valued(self._problem.scoring, instances, replay.schedules), replay.fault

    def _parts(
        self, instances: tuple[Any, ...], order: Ints, built: Simulator, program: object
    ) -> Iterator[tuple[int, object]]:
        """By the number of an instance its decisions, to the last bit."""
        decisions = built.decide(program, NO_CONSTANTS, order)
        parts = self._problem.scoring.cut([instances[i] for i in order], decisions)
        expect(len(parts) == len(order), f"`cut` gives {len(parts)} parts of {len(order)} instances")
        for i, part in zip(order.tolist(), parts, strict=True):
            yield i, [(a.dtype.str, a.shape, a.tobytes()) for a in part]
