"""One step of genetic programming, in this process."""

import math
from dataclasses import astuple

import numpy as np
import pytest
from expression_parts import BASELINES, HEAD, NO_CONSTANTS, tiny_simulator

from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.expressions.interpreter import MAX_STACK, decode, encode
from heuresis.evaluators.language.expressions.printer import format_constant, from_source, to_source
from heuresis.evaluators.language.expressions.tree import Expr, const, constants
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evaluators.tardiness.simulator import Dispatch
from heuresis.evolve.genetic import breed
from heuresis.evolve.genetic.breed import OPERATOR_NAMES, PRUNE, RANDOM, Breeder, Effort, Offspring, interpretable
from heuresis.evolve.genetic.operators import OPERATORS

EFFORT = Effort(offspring=10, probes=5, tuned=2, evaluations=20, max_size=50)
PARENTS = [BASELINES["atc"], BASELINES["mdd"], BASELINES["edd"]]
EVERYTHING = np.arange(20)


@pytest.fixture(scope="module")
def simulator() -> "Counting":
    return Counting(tiny_simulator())


class Counting:
    """A simulator that counts what it simulates."""

    contract = CONTRACT

    def __init__(self, inner: Dispatch) -> None:
        self._inner, self.size, self.work = inner, inner.size, 0

    def loss(self, program: object, theta: np.ndarray, subset: np.ndarray) -> float:
        self.work += len(subset)
        return self._inner.loss(program, theta, subset)

    def excess(self, program: object, theta: np.ndarray, subset: np.ndarray) -> np.ndarray:
        self.work += len(subset)
        return self._inner.excess(program, theta, subset)


def breeder(simulator: object, seed: int = 3, effort: Effort = EFFORT) -> Breeder:
    return Breeder(simulator, effort, np.random.default_rng(seed))


def printed_loss(simulator: Counting, tree: Expr) -> float:
    """The loss of the source that is proposed."""
    return simulator._inner.loss(compile_program(to_source(tree, CONTRACT), CONTRACT), NO_CONSTANTS, EVERYTHING)


@pytest.mark.parametrize("parents", [PARENTS, PARENTS[:1], []], ids=["three parents", "one parent", "none"])
def test_a_step_is_honest_and_follows_from_its_seed(simulator: Counting, parents: list[Expr]) -> None:
    before = simulator.work
    made = breeder(simulator).breed(parents)
    assert made.work == simulator.work - before
    assert made.loss == printed_loss(simulator, made.tree)
    assert math.isfinite(made.loss)
    assert breeder(simulator).grammar.fits(made.tree)
    assert all(x == float(format_constant(x)) for x in constants(made.tree))
    assert (made.operator < len(OPERATORS)) is bool(parents)
    assert made.operator == RANDOM or parents
    assert breeder(simulator).breed(parents) == made
    assert breeder(simulator, seed=4).breed(parents) != made


def test_the_best_of_the_tuned_is_kept(simulator: Counting) -> None:
    tried: list[float] = []

    class Watched(Breeder):
        def tuned(self, tree: Expr, subset: np.ndarray) -> tuple[Expr, float]:
            made = super().tuned(tree, subset)
            tried.append(made[1])
            return made

    effort = Effort(offspring=6, probes=5, tuned=3, evaluations=10, max_size=50)
    made = Watched(simulator, effort, np.random.default_rng(2)).breed(PARENTS)
    assert len(tried) == 3
    assert made.loss == min(tried)


def test_pruning_drops_what_does_not_help(simulator: Counting) -> None:
    source = "max(t + p, d) + 0.0 * (p / p_mean) + (0.0 if d < d_max else 0.0) * p"
    parent = from_source(HEAD + source, CONTRACT)
    assert parent is not None
    made, again = (breeder(simulator).prune(parent) for _ in range(2))
    assert made == again
    assert made.operator == PRUNE
    assert made.tree.size < parent.size
    assert made.loss == printed_loss(simulator, made.tree)
    assert made.loss <= printed_loss(simulator, parent) + 1e-5


def test_what_cannot_be_pruned_stays(simulator: Counting) -> None:
    made = breeder(simulator).prune(Expr("d"))
    assert (made.tree, made.operator) == (Expr("d"), PRUNE)
    assert made.loss == printed_loss(simulator, Expr("d"))


@pytest.mark.parametrize(
    "parent",
    [Expr("math.log", (Expr("-", (Expr("d"), Expr("t"))),)), Expr("/", (Expr("p"), Expr("t"))), const(1.0)],
    ids=["fails", "divides by zero", "constant"],
)
def test_odd_parents_are_no_obstacle(simulator: Counting, parent: Expr) -> None:
    made = breeder(simulator).breed([parent, *PARENTS])
    assert math.isfinite(made.loss)
    assert made.loss == printed_loss(simulator, made.tree)
    assert breeder(simulator).prune(parent).operator == PRUNE


def test_where_nothing_fits_a_random_program_is_made(simulator: Counting) -> None:
    narrow = Effort(offspring=3, probes=4, tuned=1, evaluations=5, max_size=3)
    made = breeder(simulator, effort=narrow).breed([BASELINES["mddc"]])
    assert OPERATOR_NAMES[made.operator] == "random"
    assert made.tree.size <= 3
    assert made.loss == printed_loss(simulator, made.tree)


def test_constants_tuned_out_of_the_grammar_are_put_back(simulator: Counting) -> None:
    parent = from_source(HEAD + "d / (1.00000049 + t)", CONTRACT)
    assert parent is not None
    maker = breeder(simulator)
    maker.grammar = OnlyAsWritten(maker.grammar.contract)
    tree, loss = maker.tuned(parent, EVERYTHING)
    assert constants(tree).tolist() == [1.0]
    assert loss == printed_loss(simulator, tree)


class OnlyAsWritten(breed.Grammar):
    """A grammar that lets no tree through."""

    def fits(self, tree: Expr) -> bool:
        del tree
        return False


def test_the_informative_instances_are_where_a_rule_loses(simulator: Counting) -> None:
    tree = BASELINES["mdd"]
    maker = breeder(simulator)
    subset = maker.informative(tree)
    excess = simulator.excess(maker.judge(tree), encode(tree, CONTRACT), EVERYTHING)
    assert subset.tolist() == sorted(set(subset.tolist()))
    assert set(subset.tolist()) <= set(range(20))
    assert 0.85 * excess.sum() <= excess[subset].sum()
    assert len(subset) < 20
    failing = Expr("math.log", (Expr("-", (Expr("d"), Expr("t"))),))
    assert len(maker.informative(failing)) == 5


def test_expressions_that_the_stack_cannot_hold_are_left_out(simulator: Counting) -> None:
    tower = Expr("p")
    for _ in range(8):
        tower = Expr("if_less", (Expr("t"), Expr("d"), Expr("d_min"), tower))
    assert tower.depth < MAX_STACK
    assert not interpretable(tower)
    base = Expr("if_less", tower.args[3].args)
    assert interpretable(base)
    effort = Effort(offspring=40, probes=2, tuned=1, evaluations=1, max_size=120)
    for seed in range(2):
        made = breeder(simulator, seed, effort).breed([base, tower])
        assert interpretable(made.tree)


def test_it_travels_as_arrays(simulator: Counting) -> None:
    seed = np.array([1, 2, 3, 4])
    head = (seed, np.array([0, 0]), EFFORT.to_array())
    arrays = [encode(tree, CONTRACT) for tree in PARENTS]
    encoded, facts = breed.run(simulator, [*head, *arrays])
    direct = Breeder(simulator, EFFORT, np.random.default_rng([1, 2, 3, 4])).breed(PARENTS)
    tree = decode(np.asarray(encoded, dtype=np.float64), CONTRACT)
    assert Offspring(tree, int(facts[0]), float(facts[1]), int(facts[2]), int(facts[3])) == direct
    _, facts = breed.run(simulator, [seed, np.array([1, 0]), EFFORT.to_array(), arrays[0]])
    assert OPERATOR_NAMES[int(facts[0])] == "prune"
    with pytest.raises(ValueError, match="opcode"):
        breed.run(simulator, [*head, np.array([1.0, 77.0])])


def test_effort_is_an_array_of_its_fields() -> None:
    assert EFFORT.to_array().tolist() == list(astuple(EFFORT))
    assert Effort(*EFFORT.to_array().tolist()) == EFFORT
    assert all(isinstance(x, int) and x > 0 for x in astuple(Effort()))


def test_names_are_those_of_the_operators() -> None:
    assert OPERATOR_NAMES[: len(OPERATORS)] == tuple(name for name, _, _ in OPERATORS)
    assert (OPERATOR_NAMES[RANDOM], OPERATOR_NAMES[PRUNE]) == ("random", "prune")
    assert len(set(OPERATOR_NAMES)) == len(OPERATOR_NAMES)
