"""One step of genetic programming inside a worker: vary, judge many cheaply, tune the constants of the best few.

It runs in a confined child like everything else that a worker does, on search instances only. Expressions travel as
arrays (`language.expressions.interpreter.encode`); what comes back is decoded, printed as Python and evaluated like any
other program, so nothing here is trusted with a score.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.language.compile import Program, default_program
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.expressions.interpreter import MAX_STACK, decode, encode, interpreter, stack_height
from heuresis.evaluators.language.expressions.printer import format_constant
from heuresis.evaluators.language.expressions.tree import Expr, array_of, constants, with_constants
from heuresis.evaluators.simulator import Simulator
from heuresis.evolve.genetic.compiled import compile_tree
from heuresis.evolve.genetic.operators import ALL_OPERATORS, Varied, prunings, vary
from heuresis.evolve.genetic.reads import Rng
from heuresis.evolve.genetic.trees import Grammar, random_program
from heuresis.evolve.genetic.tune import tune

Array = NDArray[np.generic]

RANDOM, PRUNE = len(ALL_OPERATORS), len(ALL_OPERATORS) + 1
OPERATOR_NAMES = (*(name for name, _, _ in ALL_OPERATORS), "random", "prune")
"""What made an offspring, by the number that `breed` reports."""

PLAIN_SHARE, PLAIN_EFFORT = 0.7, 3
"""How often a rule that reads no array stays so, and how many times the decisions it gets where it is tabulated."""

HEAT = 5
"""Candidates race on one decision in so many."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much one step may do; counts, never seconds, so that a step is repeatable."""

    offspring: int = 100  # judged by the interpreter
    probes: int = 40  # instances that each of them is judged on
    tuned: int = 1  # of these, compiled and tuned
    evaluations: int = 600  # of one tuning
    max_size: int = 120  # nodes of an expression
    probe_steps: int = 8_000  # decisions that an offspring is judged on, at most (one instance always is)
    tune_steps: int = 40_000  # decisions of one evaluation while constants are tuned, at most
    all_probes: int = 400_000  # decisions that all offspring are judged on, at most
    all_tuning: int = 2_000_000  # decisions of one tuning, at most

    def multiplied(self, factor: int) -> "Effort":
        """With so many times the decisions."""
        return replace(
            self,
            probe_steps=factor * self.probe_steps,
            tune_steps=factor * self.tune_steps,
            all_probes=factor * self.all_probes,
            all_tuning=factor * self.all_tuning,
        )

    def to_array(self) -> NDArray[np.int64]:
        """As a task's array."""
        return np.array(astuple(self), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Offspring:
    """What a step made: the expression, the number of its operator, its loss on all search instances, the work, donor.

    `work` counts simulated instances, probes and tuning included.
    """

    tree: Expr
    operator: int
    loss: float
    work: int
    donor: int = 0  # the number of the parent that gave a part, beside the first one; 0: none did


class Breeder:
    """Varies and tunes expressions against one simulator. Counts the instances it simulates.

    They are one function of the contract, the `part`-th; `others` has a program for each of its functions, among which
    they work, and None in their own place. Without any they work among the default ones.
    """

    def __init__(
        self, simulator: Simulator, effort: Effort, rng: Rng, others: Sequence[Program | None] = (), part: int = 0
    ) -> None:
        self.simulator, self.effort, self.rng = simulator, effort, rng
        self.others, self.part = others, part
        self.grammar = Grammar(simulator.contract.alone(part), max_size=effort.max_size)
        self.everything = np.arange(simulator.size, dtype=np.int64)
        self.steps: NDArray[np.int64] | None = getattr(simulator, "lengths", None)  # decisions of each instance
        self.work = 0

    def breed(self, parents: Sequence[Expr]) -> Offspring:
        """The best offspring of `parents[0]` (the others donate subtrees), or a random program without parents."""
        given, parents = parents, self.narrow(parents)
        subset = self.chosen(parents[0]) if parents else self.sample(len(self.everything) // 4)
        brood = [o for o in (self._vary(parents) for _ in range(self.offspring(subset))) if o is not None]
        few = self.affordable(subset[self.rng.permutation(len(subset))[: self.effort.probes]], self.effort.probe_steps)
        # where items differ by whole numbers, offspring that decide just as their parent are no news
        known = self.probe(parents[0], few) if parents and self.grammar.whole else None
        judged = [((value := self.probe(tree, few)) == known, value, i) for i, (_, tree, _) in enumerate(brood)]
        best: Offspring | None = None
        for _, _, position in sorted(judged)[: self.effort.tuned]:
            operator, tree, donor = brood[position]
            tree, loss = self.tuned(tree, subset)
            if best is None or loss < best.loss:
                place = next((i for i, one in enumerate(given) if donor and one is parents[donor]), 0)
                best = Offspring(tree, operator, loss, self.work, place)
        if best is None:  # nothing admissible came of these parents
            tree = random_program(self.grammar, self.rng)
            best = Offspring(tree, RANDOM, self.probe(tree, self.everything), self.work)
        return replace(best, work=self.work)

    def prune(self, parent: Expr) -> Offspring:
        """The parent without the parts that do not help, its constants tuned again."""
        self.narrow([parent])
        subset = self.chosen(parent)
        few = self.affordable(subset, 2 * self.effort.probe_steps)
        offspring, rounds = self.effort.offspring, self.effort.offspring // 8
        left = self.times(few, 2 * self.effort.all_probes, offspring * rounds)
        tree, loss = parent, self.probe(parent, few)
        for _ in range(rounds):
            smaller = [t for t in prunings(tree) if self.grammar.fits(t)][: min(offspring, left)]
            left -= len(smaller)
            judged = [(self.probe(t, few), position) for position, t in enumerate(smaller)]
            judged = [(value, position) for value, position in judged if value <= loss + 1e-5]
            if not judged:
                break
            tree = min((smaller[position] for _, position in judged), key=lambda t: t.size)
        tree, final = self.tuned(tree, subset)
        return Offspring(tree, PRUNE, final, self.work)

    def narrow(self, parents: Sequence[Expr]) -> Sequence[Expr]:
        """Let this step make rules without arrays, mostly, where its first parent is one; returns who takes part.

        Those are the parents that read no array. A simulator that tabulates such rules judges them at a fraction of the
        cost, so the step may try more.
        """
        plain = [tree for tree in parents if all(array_of(node) is None for node in tree.walk())]
        if not plain or plain[0] != parents[0] or (self.grammar.reads and self.rng.random() >= PLAIN_SHARE):
            return parents
        if getattr(self.simulator, "tabulates", False):
            self.effort = self.effort.multiplied(PLAIN_EFFORT)
        self.grammar = replace(self.grammar, arrays=False)
        return plain

    def _vary(self, parents: Sequence[Expr]) -> Varied | None:
        if parents:
            made = vary(self.grammar, parents, self.rng)
        else:
            made = Varied(RANDOM, random_program(self.grammar, self.rng))
        return made if made is not None and interpretable(made.tree) else None

    def probe(self, tree: Expr, subset: NDArray[np.int64]) -> float:
        """The loss of an expression on some instances, interpreted."""
        self.work += len(subset)
        return self.simulator.loss(self.judge(tree), encode(tree, self.grammar.contract), subset)

    def judge(self, tree: Expr) -> Program:
        """The interpreter, as a program that reads what the tree reads."""
        named = frozenset(array_of(node) or node.op for node in tree.walk())
        shown = frozenset(p.name for p in self.grammar.contract.main.parameters)
        return self.among_others(Program((interpreter(self.grammar.contract),), (named & shown,)))

    def among_others(self, alone: Program) -> Program:
        """A program of one function in its place among the others."""
        whole = [other or alone for other in self.others] or [alone]
        return Program(tuple(one.main for one in whole), tuple(one.reads[0] for one in whole))

    def affordable(self, order: NDArray[np.int64], steps: int) -> NDArray[np.int64]:
        """The first instances of an order, as many as have no more decisions than `steps`, but one at least."""
        if self.steps is None:
            return order
        return order[: max(1, int(np.searchsorted(np.cumsum(self.steps[order]), steps, side="right")))]

    def heat(self, subset: NDArray[np.int64]) -> NDArray[np.int64]:
        """Some of a subset at random, with a fifth of its decisions at most; all where no instance is so short."""
        if self.steps is None:
            return subset
        most = int(self.steps[subset].sum()) // HEAT
        few = self.affordable(self.rng.permutation(subset), most)
        return few if self.steps[few].sum() <= most else subset

    def times(self, subset: NDArray[np.int64], steps: int, most: int) -> int:
        """How often some instances may be simulated with so many decisions, once at least."""
        if self.steps is None:
            return most
        return max(1, min(most, steps // int(self.steps[subset].sum())))

    def offspring(self, subset: NDArray[np.int64]) -> int:
        """How many offspring may be judged on a few of some instances."""
        if self.steps is None:
            return self.effort.offspring
        each = max(self.effort.probe_steps, int(self.steps[subset].min()))
        return max(1, min(self.effort.offspring, self.effort.all_probes // each))

    def chosen(self, tree: Expr) -> NDArray[np.int64]:
        """The instances to vary and tune an expression on: where it loses most, or any where looking costs too much."""
        if self.steps is None or self.steps.sum() <= self.effort.tune_steps:
            return self.informative(tree)
        return self.affordable(self.rng.permutation(self.everything), self.effort.tune_steps)

    def sample(self, count: int) -> NDArray[np.int64]:
        """Some instances at random."""
        return np.sort(self.rng.choice(self.everything, size=max(1, count), replace=False))

    def informative(self, tree: Expr) -> NDArray[np.int64]:
        """The instances where an expression loses most of its loss (85 %), and a few others at random.

        On most instances every sensible rule does the same; tuning on them would only cost time.
        """
        self.work += len(self.everything)
        excess = self.simulator.excess(self.judge(tree), encode(tree, self.grammar.contract), self.everything)
        if not np.all(np.isfinite(excess)):
            return self.sample(len(self.everything) // 4)
        # a little is added so that no instance counts for nothing
        excess = np.maximum(excess, 0.0) + 0.1 * excess.mean().clip(min=1e-12)
        order = np.argsort(-excess, kind="stable")
        enough = int(np.searchsorted(np.cumsum(excess[order]), 0.85 * excess.sum())) + 1
        return np.union1d(order[:enough], self.sample(len(self.everything) // 20))

    def tuned(self, tree: Expr, subset: NDArray[np.int64]) -> tuple[Expr, float]:
        """The expression with its constants tuned on `subset`, and its loss on everything."""
        program = self.among_others(compile_tree(tree, self.grammar.contract))
        heat, start = self.heat(subset), constants(tree)
        records = [math.inf]

        def rough(theta: NDArray[np.float64]) -> float:
            self.work += len(heat)
            return self.simulator.loss(program, theta, heat)

        def loss(theta: NDArray[np.float64]) -> float:
            self.work += len(subset)
            value = self.simulator.loss(program, theta, subset)
            if self.steps is None or value >= records[-1]:
                return value
            if not self.grammar.fits(with_constants(tree, theta)):  # a record that the search could not keep
                return math.inf
            records.append(value)
            return value

        races = len(heat) < len(subset)
        # a candidate of a race is simulated on a heat, and one in `RACE` on all: on half of the subset, all in all
        evaluations = self.times(subset, self.effort.all_tuning * (2 if races else 1), self.effort.evaluations)
        theta = _as_written(tune(loss, start, evaluations, self.rng, rough=rough if races else None)[0])
        best = with_constants(tree, theta)
        if not self.grammar.fits(best):  # tuned out of what is always finite
            theta = _as_written(start)
            best = with_constants(tree, theta)
        self.work += len(self.everything)
        return best, self.simulator.loss(program, theta, self.everything)


def _as_written(theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """The constants as the source will say them."""
    return np.array([float(format_constant(x)) for x in theta])


def interpretable(tree: Expr) -> bool:
    """Whether the interpreter's stack suffices for an expression."""
    return tree.depth < MAX_STACK and stack_height(tree) <= MAX_STACK


def run(simulator: Simulator, arrays: Sequence[Array]) -> tuple[Array, ...]:
    """In: seed, [kind (0 breed, 1 prune), part], `Effort`, others, parents; out: offspring and facts.

    The facts are [operator, loss, work, donor], as in `Offspring`.

    Parents and offspring are the function of the contract at the place `part`. Where it has several, one array for each
    of them comes first: the function that the offspring shall work with, empty for its default body.
    """
    seed, what, effort, *encoded = arrays
    kind, part = what.tolist()
    functions, contract = simulator.contract.functions, simulator.contract.alone(part)
    count = len(functions) if len(functions) > 1 else 0
    others = [None if k == part else function_of(simulator.contract, k, code) for k, code in enumerate(encoded[:count])]
    breeder = Breeder(simulator, Effort(*effort.tolist()), np.random.default_rng(seed.tolist()), others, part)
    parents = [decode(e.astype(np.float64), contract) for e in encoded[count:]]
    made = breeder.prune(parents[0]) if kind == 1 else breeder.breed(parents)
    return encode(made.tree, contract), np.array([made.operator, made.loss, made.work, made.donor], dtype=np.float64)


def function_of(contract: Contract, part: int, code: Array) -> Program:
    """One function of a contract, compiled: what an array encodes, or the default body where that is empty."""
    if code.size == 0 and not contract.functions[part].required:
        return default_program(contract.functions[part])
    alone = contract.alone(part)
    return compile_tree(decode(code.astype(np.float64), alone), alone, tunable=False)
