"""From source to evaluation through the real sandbox."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from search_parts import rule
from tiny_problem import TINY

from heuresis.archive.records import candidate_id
from heuresis.evaluators.language.compile import compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.evolve.assessment import tasks
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.assessment.verdict import INVALID
from heuresis.evolve.worker import Worker, specimen
from heuresis.problems.problem import MachineryError
from heuresis.problems.tardiness.instances import fingerprint
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import SandboxError
from heuresis.sandbox.screen.screen import screen

MDD = rule("max(t + p, d)")


@pytest.fixture(scope="module")
def assessor() -> Iterator[Assessor]:
    with Assessor(TINY, workers=1, limits=Limits(seconds=60.0)) as made:
        yield made


def test_a_good_program_has_a_value_on_each_instance_and_their_score(assessor: Assessor) -> None:
    found = assessor.evaluate(MDD, run="r_1", number=7)
    search = TINY.splits["search"]()
    assert (found.status, found.message, found.ok) == ("ok", "", True)
    assert len(found.values) == len(search.instances)
    assert found.aggregate == pytest.approx(np.mean([v for v in found.values if v is not None]))
    assert (found.problem, found.problem_version, found.split) == ("tiny", 1, "search")
    assert found.fingerprint == search.fingerprint == fingerprint(search.instances)
    assert (found.candidate, found.run, found.number) == (candidate_id(MDD), "r_1", 7)
    assert found.metrics["total"] == sum(v for v in found.values if v is not None)
    assert found.decisions_per_second is not None
    assert found.decisions_per_second > 0
    assert found.seconds > 0


def test_code_size_counts_what_is_left_after_screening(assessor: Assessor) -> None:
    plain, wordy = (
        assessor.evaluate(MDD),
        assessor.evaluate(MDD.replace("    return", '    """Says much."""\n    return')),
    )
    assert plain.code_size == wordy.code_size > 10
    assert plain.values == wordy.values
    assert assessor.evaluate(rule("max(t + p, d) + p * 0.001")).code_size > plain.code_size


@pytest.mark.parametrize(
    ("source", "status", "message"),
    [
        ("import os\n" + MDD, "rejected", "line 1"),
        ("def other(x):\n    return x\n", "rejected", "priority"),
        ("def priority(", "rejected", "syntax"),
        (rule("float(True) + p"), "compile_error", "line 2"),
        (rule("math.log(0.0 * p)"), INVALID, "NaN or infinite"),
    ],
)
def test_what_a_program_does_wrong_becomes_its_status(
    assessor: Assessor, source: str, status: str, message: str
) -> None:
    found = assessor.evaluate(source)
    assert found.status == status
    assert message in found.message
    assert found.aggregate is None
    assert not found.ok
    assert assessor.evaluate(MDD).ok  # it cost itself only


def test_a_program_without_end_costs_its_time_and_no_more() -> None:
    with Assessor(TINY, workers=1, limits=Limits(seconds=3.0)) as hasty:
        found = hasty.evaluate(f"{rule('p')[:-13]}\n    while p > 0.0:\n        d = d + 1.0\n    return d\n")
        assert (found.status, found.aggregate) == ("timeout", None)
        assert "3 s" in found.message


def test_another_order_of_instances_changes_nothing(assessor: Assessor) -> None:
    found = assessor.evaluate(MDD)
    confirmed = assessor.evaluate(MDD, confirm=np.random.default_rng(3))
    assert found.ok
    assert (confirmed.status, confirmed.message, confirmed.values) == (found.status, found.message, found.values)


def test_one_bad_instance_makes_no_number(assessor: Assessor) -> None:
    found = assessor.evaluate(rule(f"math.log(d_max - {max_due_date() - 0.5!r}) * 0.0 + p"))
    assert found.status == INVALID
    assert None in found.values
    assert found.aggregate is None


def max_due_date() -> float:
    return float(max(i.d.max() for i in TINY.splits["search"]().instances))


def test_check_says_why_a_program_does_not_compile(assessor: Assessor) -> None:
    assert assessor.check(MDD) is None
    assert "line 2" in (assessor.check(rule("float(True) + p")) or "")
    assert "expected" in (assessor.check("def priority(p):\n    return p\n") or "")


def test_tuning_writes_better_constants_into_the_source(assessor: Assessor) -> None:
    start = rule("max(t + 0.1 * p, 0.2 * d)")
    tuned = assessor.tune(start, seed=[3, 1], evaluations=60)
    again = assessor.tune(start, seed=[3, 1], evaluations=60)
    assert tuned == again
    before, after = assessor.evaluate(start), assessor.evaluate(tuned.source)
    assert before.aggregate is not None
    assert after.aggregate is not None
    assert after.aggregate < before.aggregate
    assert after.aggregate == pytest.approx(tuned.loss, rel=1e-3)
    assert 20 < tuned.work <= 60 * 20


def test_tuning_a_subset_counts_its_work(assessor: Assessor) -> None:
    tuned = assessor.tune(rule("p + 0.5 * d"), seed=[1], evaluations=10, subset=np.array([0, 5]))
    assert tuned.work % 2 == 0
    assert tuned.work <= 20


@pytest.mark.parametrize("source", ["nonsense(", rule("float(True) + p")])
def test_what_cannot_be_tuned_comes_back_with_the_reason(assessor: Assessor, source: str) -> None:
    tuned = assessor.tune(source, seed=[1], evaluations=10)
    assert (tuned.loss, tuned.work) == (float("inf"), 0)
    assert tuned.source.strip() == source.strip()
    assert tuned.message


def test_explain_shows_the_instance_that_loses_most(assessor: Assessor) -> None:
    found = assessor.evaluate(rule("-p"))
    index = assessor.worst(found)
    assert found.values[index] == max(v for v in found.values if v is not None)
    text = assessor.explain(rule("-p"), "search", index)
    assert "| job |" in text
    assert f"{int(found.values[index] or 0)}" in text
    assert assessor.explain("nonsense(", "search", 0).startswith("rejected: ")


def test_many_programs_at_once_come_back_in_order(assessor: Assessor) -> None:
    sources = [rule(f"p * {k}.0 + d") for k in range(4)] + ["nonsense("]
    found = assessor.evaluate_all(sources)
    assert [e.candidate for e in found] == [candidate_id(s) for s in sources]
    assert [e.status for e in found] == ["ok"] * 4 + ["rejected"]
    assert assessor.evaluate_all([]) == []


def test_other_instances_run_in_processes_of_their_own(assessor: Assessor) -> None:
    found = assessor.evaluate(MDD)
    searching = set(assessor.pids())
    selected = assessor.evaluate(MDD, "select")
    both = set(assessor.pids())
    assert searching < both
    chosen = TINY.splits["test"]()
    tested = assessor.evaluate(MDD, replace(chosen, instances=chosen.instances[:3]))
    assert len(tested.values) == 3
    assert searching < set(assessor.pids()) != both  # those with `select` are gone
    assert (selected.split, tested.split) == ("select", "test")
    assert selected.values != found.values


def test_a_value_below_the_proven_optimum_is_an_error_in_the_machinery(assessor: Assessor) -> None:
    search = TINY.splits["search"]()
    impossible = tuple(replace(i, optimum=10**9) for i in search.instances)
    with pytest.raises(MachineryError, match="below the proven optimum"):
        assessor.evaluate(MDD, replace(search, instances=impossible))


def test_a_closed_assessor_says_so() -> None:
    with Assessor(TINY, workers=1) as made:
        assert made.pids() == []  # nothing was asked of it
    with pytest.raises(SandboxError, match="closed"):
        made.evaluate(MDD)


def test_the_specimen_is_a_program_of_the_contract() -> None:
    source = screen(specimen(CONTRACT), CONTRACT.allow_list())
    compiled = compile_program(source, CONTRACT)
    out = np.full(1, 7.0)
    columns = [np.full(1, 2.0) if p.varies else 2.0 for p in CONTRACT.main.parameters]
    compiled.main(*columns, np.empty(0), out, 1)
    assert out[0] != 7.0
    assert all(f"{name}(" in source for name in CONTRACT.calls)


def test_the_specimen_uses_arrays_where_there_are_any() -> None:
    parameters = (
        Parameter("item", Unit.ONE, "size", varies=True),
        Parameter("bins", Unit.ONE, "left", varies=False, kind=Kind.FLOAT64_ARRAY),
        Parameter("seen", Unit.COUNT, "how often", varies=False, kind=Kind.INT64_ARRAY),
    )
    contract = Contract((Function("score", parameters, "a number"),))
    source = screen(specimen(contract), contract.allow_list())
    out = np.full(1, 7.0)
    for length in (3, 0):
        row = np.full(1, 2.0), np.arange(float(length)), np.arange(length)
        compile_program(source, contract).main(*row, np.empty(0), out, 1)
        assert out[0] != 7.0
        assert judge_of(source, contract)(2.0, *row[1:]) == pytest.approx(out[0], nan_ok=True)
    assert all(f"{name}(" in source for name in contract.allowed_calls)


def test_the_engine_refuses_work_that_it_does_not_know() -> None:
    worker = Worker(TINY.scoring.pack(TINY.splits["search"]().instances), {tasks.SIMULATOR: TINY.simulator})
    program = worker.compile(MDD, "check")
    with pytest.raises(ValueError, match="no kind of work 'sing'"):
        worker.run("sing", program, ())
    with pytest.raises(ValueError, match="needs a program"):
        worker.run(tasks.DECIDE, None, ())


def test_refusals_are_capped_as_what_children_say_is(assessor: Assessor) -> None:
    """A refusal quotes the program, which may consist of one name of thousands of letters."""
    source = rule(f"p + {'_' + 'x' * 5_000}")
    most = assessor.limits.message_bytes
    evaluation = assessor.evaluate(source)
    assert evaluation.status == "rejected"
    assert 0 < len(evaluation.message) <= most
    tuned = assessor.tune(source, seed=[1], evaluations=8)
    assert 0 < len(tuned.message) <= most
