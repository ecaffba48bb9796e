"""Features of every kind and of awkward names: compiled, bred, asked of models and exported."""

from collections.abc import Iterator

import numpy as np
import pytest
from sequential_parts import Kinds

from heuresis.archive.export.python import export_python
from heuresis.archive.export.subject import Subject
from heuresis.evaluators.language.contract import Unit
from heuresis.evaluators.language.expressions.interpreter import interpreter
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.genetic.compiled import compile_tree
from heuresis.evolve.genetic.trees import Grammar, random_program
from heuresis.evolve.prompts.gbnf import contract_grammar
from heuresis.evolve.prompts.prompt import OPERATORS, propose
from heuresis.evolve.prompts.sketch import blank_sketch, make_sketch
from heuresis.evolve.prompts.sketch_gbnf import sketch_grammar
from heuresis.problems import registry
from heuresis.problems.problem import Problem
from heuresis.problems.testing import check


@pytest.fixture(scope="module")
def kinds() -> Iterator[Problem]:
    yield registry.register(Kinds())
    del registry._registered["kinds"]


def test_it_passes_the_suite(kinds: Problem) -> None:
    check(kinds)


def test_expressions_of_it_are_interpreted_and_compiled(kinds: Problem) -> None:
    interpreter(kinds.contract)
    grammar, rng = Grammar(kinds.contract, max_size=30), np.random.default_rng(0)
    for _ in range(5):
        compile_tree(random_program(grammar, rng), kinds.contract)


def test_its_rules_run_in_the_sandbox_and_exported_they_choose_the_same(kinds: Problem) -> None:
    definition, instances = kinds.scoring.definition, kinds.splits["search"]().instances
    with Assessor(kinds, workers=1) as assessor:
        for rule in kinds.baselines:
            evaluation = assessor.evaluate(rule.source, confirm=np.random.default_rng(0))
            assert evaluation.ok, evaluation.message
            export = export_python(Subject(rule.source, "c" * 64, kinds))
            namespace: dict = {}
            exec(export.files[export.main], namespace)
            values = [definition.simulate(one.data, namespace["choose"]) for one in instances]
            assert values == list(evaluation.values)
            assert assessor.explain(rule.source, "search", 0)


def test_small_models_get_grammars_and_sketches(kinds: Problem) -> None:
    main = kinds.contract.main
    assert "root ::=" in contract_grammar(kinds.contract)
    sketch = blank_sketch(main, Unit.ONE)
    assert "root ::=" in sketch_grammar(kinds.contract, sketch)
    source = "def key_of(count, keys, self, out, item, instance, i):\n    return keys * self + keys\n"
    made = make_sketch(source, main, np.random.default_rng(0), extend=True)
    assert made is not None
    assert "root ::=" in sketch_grammar(kinds.contract, made)


def test_a_model_is_told_of_every_feature(kinds: Problem) -> None:
    for operator in OPERATORS:
        system = propose(kinds, operator, ())[0].content
        assert "Features of every kind" in system
        assert all(f"`{p.name}`" in system for p in kinds.contract.main.parameters)
