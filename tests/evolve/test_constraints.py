"""Runs under constraints: penalty in the search, feasibility at the crown, and what the archive tells of both."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_problem
from search_parts import PlainPool, Watcher, rule, tinkering, trial

from heuresis.archive.check import check
from heuresis.archive.queries import top
from heuresis.archive.records import Evaluation, Trial, candidate_id
from heuresis.archive.store import Archive
from heuresis.evaluators.penalty import PENALTY
from heuresis.evolve import run as runs
from heuresis.evolve.assessment import pools
from heuresis.evolve.assessment.assess import Assessor
from heuresis.evolve.config import Config
from heuresis.evolve.results.champion import FINALISTS, finalists
from heuresis.evolve.results.ranking import SEED, breaks
from heuresis.evolve.run import start
from heuresis.problems.constraints import UNPENALISED, VIOLATION
from heuresis.problems.problem import Choice, InstanceError, Problem, UnknownChoice

LATE = tiny_problem.LATE
BOUND = "late_jobs<=1.04*spt"
CONFIG = Config("tiny-late", seed=1, evaluations=len(LATE.baselines), round_size=4)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive.db")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sandbox: programs run in this process."""
    monkeypatch.setattr(pools, "Pool", PlainPool)
    monkeypatch.setattr(runs, "sandbox_level", lambda: "none")


def source(name: str) -> str:
    found = LATE.baseline(name)
    assert found is not None
    return found.source


def evaluated(problem: Problem, name: str, split: str = "select") -> Evaluation:
    with Assessor(problem, workers=1) as assessor:
        return assessor.evaluate(source(name), split)


def test_a_violation_worsens_the_aggregate_and_nothing_else() -> None:
    under = LATE.asked(Choice(subject_to=(BOUND,)))
    plain, worse, spt = evaluated(LATE, "mdd"), evaluated(under, "mdd"), evaluated(LATE, "spt")
    late, bound = plain.metrics["late_jobs"], 1.04 * (spt.metrics["late_jobs"] or 0.0)
    assert late is not None
    assert late > bound
    assert plain.aggregate is not None
    assert (worse.values, worse.metrics[UNPENALISED], worse.metrics[BOUND]) == (plain.values, plain.aggregate, bound)
    violation = late / bound - 1
    assert worse.metrics[VIOLATION] == pytest.approx(violation)
    assert worse.aggregate == pytest.approx(plain.aggregate * (1 + PENALTY * violation))
    assert (worse.objective, breaks(worse)) == (f"aggregate gap subject to {BOUND}", True)
    kept = evaluated(under, "mddc")
    assert (kept.aggregate, breaks(kept)) == (evaluated(LATE, "mddc").aggregate, False)


def test_evaluating_many_at_once_judges_them_alike() -> None:
    under = LATE.asked(Choice(subject_to=(BOUND,)))
    with Assessor(under, workers=2) as assessor:
        together = assessor.evaluate_all([source("mdd"), rule("math.log(0.0 * p)"), source("mddc")], "select")
    assert [e.aggregate for e in together] == [
        evaluated(under, "mdd").aggregate,
        None,
        evaluated(under, "mddc").aggregate,
    ]


def test_no_program_that_breaks_a_constraint_is_champion_while_another_keeps_it(archive: Archive) -> None:
    free = start(CONFIG, archive, make=tinkering)
    bound = start(replace(CONFIG, subject_to=(BOUND,)), archive, make=tinkering)
    assert free.champion is not None
    assert bound.champion is not None
    assert free.champion.id == candidate_id(source("mdd"))  # the best, and over the bound on `select`
    assert bound.champion.id == candidate_id(source("mddc"))
    assert bound.champion.test.constraints == (BOUND,)
    rows = {row.name: row for row in bound.champion.test.rows}
    assert rows["mddc"].broken == ()
    assert rows["edd"].broken[0].startswith(f"{BOUND} (91 > ")
    assert rows["edd"].aggregate is not None
    assert rows["edd"].aggregate.value == evaluated(LATE, "edd", "test").aggregate  # tables have no penalty
    broken = [bool(row.broken) for row in bound.champion.test.rows]
    assert broken == sorted(broken)


def test_scores_under_other_constraints_are_not_mixed(archive: Archive) -> None:
    under = LATE.asked(Choice(subject_to=(BOUND,)))
    start(CONFIG, archive, make=tinkering)
    assert top(archive, LATE.name, objective=under.chosen) == []
    start(replace(CONFIG, subject_to=(BOUND,)), archive, make=tinkering)
    assert top(archive, LATE.name, objective=under.chosen)[0].id == candidate_id(source("mddc"))
    assert top(archive, LATE.name)[0].id == candidate_id(source("mdd"))
    assert check(archive) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"aggregate": 1.0}, "which follows from `unpenalised` and the violations"),
        ({"metrics": {}}, "the metrics `unpenalised`, `violation` and the bound of each constraint beside it"),
        ({"objective": "x subject to nothing"}, "an objective whose constraints can be read"),
    ],
)
def test_a_check_of_the_archive_finds_aggregates_that_do_not_follow(
    archive: Archive, change: dict[str, Any], expected: str
) -> None:
    archive.record_candidate(source("mdd"))
    archive.record_evaluation(evaluated(LATE.asked(Choice(subject_to=(BOUND,))), "mdd"))
    assert check(archive) == []
    archive.record_evaluation(replace(evaluated(LATE.asked(Choice(subject_to=(BOUND,))), "mdd"), **change))
    [fault] = check(archive)
    assert expected in fault


def test_a_champion_that_keeps_to_no_constraint_is_told(archive: Archive) -> None:
    watcher = Watcher()
    result = start(replace(CONFIG, subject_to=("late_jobs<=0",)), archive, watcher, make=tinkering)
    assert result.champion is not None
    told = [text for text in watcher.messages if "no program that stands keeps to all constraints on select" in text]
    assert len(told) == 1
    assert "breaks late_jobs<=0 (" in told[0]


def settled(number: int, aggregate: float, violation: float, operator: str = "scale") -> Trial:
    """A trial under constraints."""
    made = trial(number, aggregate)
    assert made.evaluation is not None
    evaluation = replace(made.evaluation, metrics={VIOLATION: violation})
    return Trial(replace(made.proposal, operator=operator), evaluation)


def test_finalists_are_the_best_that_keep_to_constraints_and_what_the_run_began_with() -> None:
    began, over = settled(0, 9.0, 0.0, SEED), settled(1, 0.1, 0.2)
    kept = [settled(2 + k, 1.0 + k / 100, 0.0) for k in range(FINALISTS)]
    assert finalists([began, over, *kept]) == [*kept, began]
    assert finalists([began, over, *kept[:3]]) == [*kept[:3], began, over]
    free = [trial(k, float(k)) for k in range(FINALISTS + 4)]
    assert finalists(free) == free[:FINALISTS]


def test_metrics_and_baselines_that_are_not_there_are_refused_before_anything_is_recorded(archive: Archive) -> None:
    for text in ("late_job<=1", "late_jobs<=1*sp"):
        with pytest.raises(UnknownChoice, match="did you mean"):
            start(replace(CONFIG, subject_to=(text,)), archive, make=tinkering)
    assert archive.runs() == []


def test_where_a_problem_declares_no_metrics_an_evaluation_tells_them() -> None:
    problem = replace(LATE, metrics=())
    assert evaluated(problem.asked(Choice(subject_to=(BOUND,))), "mdd").metrics[VIOLATION] != 0
    with pytest.raises(UnknownChoice, match=r"no metric 'late_job': did you mean late_jobs\?"):
        evaluated(problem.asked(Choice(subject_to=("late_job<=1",))), "mdd")


def test_a_baseline_that_fails_bounds_nothing() -> None:
    broken = [replace(one, source=rule("math.log(0.0 * p)")) if one.name == "spt" else one for one in LATE.baselines]
    problem = replace(LATE, baselines=tuple(broken)).asked(Choice(subject_to=(BOUND,)))
    with pytest.raises(InstanceError, match="need the baseline spt, which has no value on select: invalid"):
        evaluated(problem, "mdd")


def test_a_run_from_before_there_were_guards_goes_on_without() -> None:
    assert Config.from_json('{"problem": "serving"}').choice.guards is False
    assert Config("serving").choice.guards is True
    assert Config.from_json(Config("serving", subject_to=(BOUND,)).to_json()) == Config("serving", subject_to=(BOUND,))
