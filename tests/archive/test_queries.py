"""The best programs, lineage, what a run made, and checking."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from broken_archives import forge

from heuresis.archive.check import check
from heuresis.archive.queries import comparable_rows, lineage, program, programs, top
from heuresis.archive.records import ArchiveError
from heuresis.archive.store import Archive


def record(
    archive: Archive, make, number: int, parents: tuple[int, ...] = (), run: str = "r_ab12", **changes: object
) -> str:
    """A proposal and its evaluation; returns the program's id."""
    made = make.proposal(number, run=run, parents=tuple(make.proposal(p).candidate for p in parents))
    archive.record_proposal(made)
    archive.record_evaluation(make.evaluation(number, run=run, **changes))
    return str(made.candidate)


def test_top_is_ordered_by_select_and_then_by_search(archive: Archive, make) -> None:
    archive.start_run(make.run())
    ids = [record(archive, make, n, aggregate=float(a)) for n, a in enumerate((5, 4, 3, 2, 1))]
    record(archive, make, 5, status="timeout", values=(), aggregate=None)
    for number, aggregate in ((0, 0.7), (1, 0.6), (4, None)):
        values = (1.0,) if aggregate else (None,)
        archive.record_evaluation(
            make.evaluation(number, split="select", fingerprint="f1", number=None, aggregate=aggregate, values=values)
        )
    rows = top(archive, "smtt")
    assert [r.id for r in rows] == [ids[1], ids[0], ids[3], ids[2]]  # 4 failed on select, 5 on search
    assert (rows[0].select, rows[0].search, rows[0].test) == (0.6, 4.0, None)
    assert (rows[0].origin, rows[0].operator, rows[0].run, rows[0].number, rows[0].code_size) == (
        "offline",
        "mutate",
        "r_ab12",
        1,
        12,
    )
    assert rows[0].source == make.source(1)
    assert [r.id for r in top(archive, "smtt", limit=2)] == [ids[1], ids[0]]
    assert top(archive, "other") == []


def test_scores_of_other_instances_do_not_mix(archive: Archive, make) -> None:
    archive.start_run(make.run())
    old, new = record(archive, make, 0, aggregate=0.1), record(archive, make, 1, aggregate=2.0, problem_version=2)
    assert [r.id for r in top(archive, "smtt")] == [new]
    assert [r.id for r in top(archive, "smtt", version=1)] == [old]
    later = record(archive, make, 2, aggregate=3.0, problem_version=2, fingerprint="f9")
    assert [r.id for r in top(archive, "smtt")] == [later]


def test_scores_of_other_objectives_do_not_mix(archive: Archive, make) -> None:
    archive.start_run(make.run())
    archive.start_run(make.run("r_cd34"))
    plain = record(archive, make, 0, aggregate=2.0)
    other = record(archive, make, 1, run="r_cd34", aggregate=0.1, objective="ttft_p99")
    both = make.evaluation(0, run=None, number=None, aggregate=0.2, values=(0.1, 0.3), objective="ttft_p99")
    archive.record_evaluation(both)
    assert [(r.id, r.search) for r in top(archive, "smtt")] == [(plain, 2.0)]
    assert [(r.id, r.search) for r in top(archive, "smtt", objective="ttft_p99")] == [(other, 0.1), (plain, 0.2)]
    assert [r.search for r in programs(archive, "cd34")] == [0.1]
    assert [r.search for r in programs(archive, "ab12")] == [2.0]
    assert program(archive, other).search == 0.1
    assert program(archive, plain, "smtt").search == 0.2  # the objective of its last evaluation
    assert lineage(archive, plain)[0].program.search == 0.2
    assert both in archive.evaluations(plain)


def test_scores_of_other_families_do_not_mix(archive: Archive, make) -> None:
    archive.start_run(make.run())
    archive.start_run(make.run("r_cd34"))
    first = record(archive, make, 0, aggregate=2.0, fingerprint="f1")
    second = record(archive, make, 1, run="r_cd34", aggregate=0.1, fingerprint="f2")
    assert [(r.id, r.search) for r in top(archive, "smtt", instances={"search": "f1"})] == [(first, 2.0)]
    assert [(r.id, r.search) for r in top(archive, "smtt", instances={"search": "f2"})] == [(second, 0.1)]
    assert top(archive, "smtt", instances={"search": "f3"}) == []
    assert [r.search for r in programs(archive, "ab12")] == [2.0]
    assert [r.search for r in programs(archive, "cd34")] == [0.1]
    assert program(archive, first).search is None
    assert program(archive, first, instances={"search": "f1"}).search == 2.0
    assert lineage(archive, first, instances={"search": "f1"})[0].program.search == 2.0


def test_lineage_goes_back_generation_by_generation(archive: Archive, make) -> None:
    archive.start_run(make.run())
    for number, parents in ((0, ()), (1, (0,)), (2, (0,)), (3, (2, 1)), (4, (3, 0))):
        record(archive, make, number, parents)
    found = lineage(archive, make.proposal(4).candidate)
    assert [(a.depth, a.program.number) for a in found] == [(0, 4), (1, 3), (1, 0), (2, 2), (2, 1)]
    assert found[0].parents == (make.proposal(3).candidate, make.proposal(0).candidate)
    assert found[1].program.search == 4.75
    assert [a.program.number for a in lineage(archive, make.proposal(4).candidate, depth=1)] == [4, 3, 0]
    alone = archive.record_candidate("def priority(p):\n    return -p\n")
    assert [(a.depth, a.program.origin, a.parents) for a in lineage(archive, alone)] == [(0, "", ())]
    with pytest.raises(ArchiveError, match="there is no program"):
        lineage(archive, "c_none")


def test_a_run_lists_what_it_proposed(archive: Archive, make) -> None:
    archive.start_run(make.run())
    archive.start_run(make.run("r_cd34"))
    first = record(archive, make, 0)
    archive.record_proposal(make.proposal(0, number=1, reason="a duplicate"))
    archive.record_proposal(make.proposal(0, run="r_cd34", proposer="local"))
    assert [(r.id, r.number, r.run) for r in programs(archive, "r_ab12")] == [(first, 0, "r_ab12")]
    assert [(r.id, r.origin) for r in programs(archive, "cd34")] == [(first, "local")]
    assert program(archive, first).search == 1.75


def test_equal_runs_have_equal_comparable_rows(archive: Archive, make) -> None:
    now = make.run().created
    archive.start_run(make.run())
    archive.start_run(make.run("r_cd34", created=now + timedelta(days=1)))
    record(archive, make, 0, seconds=1.0)
    record(archive, make, 1, (0,))
    record(archive, make, 0, run="r_cd34", seconds=2.0, decisions_per_second=None)
    archive.record_proposal(replace(make.proposal(1, run="r_cd34", parents=(make.proposal(0).candidate,)), seconds=8.0))
    assert comparable_rows(archive, "r_ab12") != comparable_rows(archive, "r_cd34")
    archive.record_evaluation(make.evaluation(1, run="r_cd34"))
    rows = comparable_rows(archive, "r_ab12")
    assert rows == comparable_rows(archive, "r_cd34")
    assert {name: len(found) for name, found in rows.items()} == {
        "runs": 1, "candidates": 2, "proposals": 2, "parents": 1, "calls": 0, "evaluations": 2, "extensions": 0
    }  # fmt: skip


def test_check_finds_what_others_have_broken(file: Path, make) -> None:
    with Archive.open(str(file)) as archive:
        archive.start_run(make.run())
        for number in range(4):
            record(archive, make, number)
        assert check(archive) == []
    forge(
        file,
        "UPDATE evaluations SET candidate = 'c_gone' WHERE number = 0",
        "UPDATE evaluations SET instance_values = '[1.0]' WHERE number = 1",
        "UPDATE evaluations SET instance_values = '[1.0,null]' WHERE number = 2",
        f"UPDATE candidates SET source = 'x' WHERE id = '{make.proposal(1).candidate}'",
    )
    with Archive.open(str(file)) as archive:
        found = "\n".join(check(archive))
    forge(file, reseal=True)
    with Archive.open(str(file)) as archive:
        resealed = "\n".join(check(archive))
    for words in (
        "refers to a row of candidates that is not there",
        "expected the text of the program",
        "which follows from its other columns",
        "values are missing",
    ):
        assert words in found
    assert "values, as others on the same instances have, got" in resealed
