"""What the offline search writes under a contract whose parameters are all plain numbers."""

import numpy as np

from heuresis.evaluators.language.contract import Unit
from heuresis.evaluators.language.expressions.tree import Expr
from heuresis.evaluators.vector_packing.contract import CONTRACT
from heuresis.evolve.genetic.trees import Grammar, random_number, random_program

GRAMMAR = Grammar(CONTRACT)


def leaves(tree: Expr) -> list[str]:
    return [node.op for node in tree.walk() if not node.args]


def test_the_contract_has_nothing_else() -> None:
    assert {p.unit for p in CONTRACT.main.parameters} == {Unit.ONE}


def test_rules_read_more_parameters_than_they_hold_constants() -> None:
    rng = np.random.default_rng(0)
    found = [leaf for _ in range(200) for leaf in leaves(random_program(GRAMMAR, rng))]
    assert found.count("const") < len(found) / 2
    assert {p.name for p in CONTRACT.main.parameters} <= set(found)


def test_quotients_divide_by_what_is_never_zero() -> None:
    rng = np.random.default_rng(1)
    trees = [random_number(GRAMMAR, 3, rng) for _ in range(300)]
    quotients = [node for tree in trees for node in tree.walk() if node.op == "/"]
    assert len(quotients) > 20
    assert all(GRAMMAR.fits(node.args[1]) for node in quotients)
    assert all(node.args[1].op == "+" and node.args[1].args[1].value > 0 for node in quotients)
