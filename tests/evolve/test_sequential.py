"""The short form, and that with compiled loops, in the sandbox: evaluation, tuning, audit and export."""

from pathlib import Path

import numpy as np
import pytest

from heuresis.archive.export.python import export_python
from heuresis.archive.export.subject import Subject
from heuresis.evolve.assessment import tasks
from heuresis.evolve.assessment.assess import Assessor
from heuresis.problems import registry

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
SMITH = "def priority(p, w, p_mean):\n    return p / w\n"


@pytest.fixture(scope="module", params=["sequencing", "sequencing_compiled"])
def problem(request):
    return registry.get(str(EXAMPLES / f"{request.param}.py"))


@pytest.fixture(scope="module")
def assessor(problem):
    with Assessor(problem, workers=1) as made:
        yield made


def test_smiths_rule_reaches_the_bound_in_the_sandbox(assessor):
    evaluation = assessor.evaluate(SMITH, confirm=np.random.default_rng(1))
    assert (evaluation.status, evaluation.aggregate) == ("ok", pytest.approx(0.0, abs=1e-12))


def test_programs_that_fail_are_their_own_fault(assessor):
    for source, status, message in (
        ("def priority(p, w, p_mean):\n    return math.log(-p)\n", "invalid", "a key was NaN or infinite"),
        ("def priority(p, w):\n    return p\n", "rejected", "priority"),
    ):
        evaluation = assessor.evaluate(source)
        assert evaluation.status == status
        assert message in evaluation.message


def test_constants_are_tuned(assessor):
    tuned = assessor.tune("def priority(p, w, p_mean):\n    return p - 1.0 * w\n", seed=[1], evaluations=60)
    assert tuned.message == ""
    assert tuned.loss < assessor.evaluate("def priority(p, w, p_mean):\n    return p - 1.0 * w\n").aggregate


def test_an_audit_of_the_champion_needs_nothing_compiled(assessor):
    order = np.arange(5)
    decided = assessor.run(tasks.decide(SMITH, order))
    outcome = assessor.run(tasks.audit(SMITH, order, decided.arrays))
    assert outcome.arrays[0].tolist() == [0.0] * 5


def test_an_exported_rule_chooses_as_the_compiled_one(problem, assessor):
    export = export_python(Subject(SMITH, "c" * 64, problem))
    namespace: dict = {}
    exec(export.files[export.main], namespace)
    for index, instance in enumerate(problem.splits["search"]().instances[:3]):
        definition = problem.scoring.definition
        value = definition.value(instance.data, definition.simulate(instance.data, namespace["choose"]))
        found = assessor.schedule(SMITH, "search", index).schedules[0]
        assert value == found.value
    with pytest.raises(ValueError, match="NaN or an infinity"):
        namespace["choose"](p=[1.0], w=[0.0], p_mean=1.0)
