"""Families of instances: scores of different ones never stand side by side without saying so."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heuresis.archive.records import Evaluation, Run, RunStatus, candidate_id
from heuresis.archive.store import Archive
from heuresis.problems.bin_packing.levels.problem import PROBLEM

FAMILIES = """\
        options=Options({
            name: {"search": functools.partial(split, "search", seed, 20), "select": functools.partial(split, "select", seed + 1, 20)}
            for name, seed in (("plain", 1), ("other", 5))
        }),
    )
)
"""


@pytest.fixture
def with_families(example: Path, tmp_path: Path) -> Path:
    """The small problem, with two families."""
    path = tmp_path / "two_families.py"
    text = example.read_text().replace("MachineryError, Problem\n", "MachineryError, Options, Problem\n", 1)
    path.write_text(text.removesuffix("    )\n)\n") + FAMILIES)
    return path


@pytest.fixture
def searched() -> dict[str, str]:
    """An archive with one program of each of two families, the mixed one last, as searches leave it; their ids."""
    ids = {}
    with Archive.open(os.environ["HEURESIS_ARCHIVE"]) as archive:
        for number, family in enumerate(("weibull", "mixed")):
            source = f"def score(item, rem, cap, counts, seen):\n    return rem * {number + 1}.5\n"
            config = json.dumps({"problem": PROBLEM.name} | ({"family": family} if family == "mixed" else {}))
            now, run = datetime.now(UTC), f"r_ab1{number}"
            archive.start_run(
                Run(run, PROBLEM.name, 1, config, 0, "{}", "abc", "strong", RunStatus.RUNNING, "", now, now)
            )
            ids[family] = archive.record_candidate(source)
            for split, fingerprint in (*PROBLEM.of_family(family).comparable().items(), ("test", "f0")):
                archive.record_evaluation(
                    Evaluation(
                        candidate_id(source), PROBLEM.name, 1, split, fingerprint, "ok", "", (0.5,), 0.5, run=run
                    )
                )
    return ids


def test_the_archive_is_asked_by_family(cli, searched: dict[str, str]):
    assert [row["id"] for row in cli("top", "bin-packing", "--json").json["programs"]] == [searched["weibull"]]
    mixed = cli("top", "bin-packing", "--family", "mixed", "--json").json
    assert (mixed["family"], [row["id"] for row in mixed["programs"]]) == ("mixed", [searched["mixed"]])
    assert "bin-packing on mixed instances" in cli("top", "bin-packing", "--family", "mixed").out
    none = cli("top", "bin-packing", "--family", "uniform")
    assert (none.code, none.out) == (0, "")
    assert "bin-packing (uniform) yet; `heuresis evolve bin-packing --family uniform`" in none.err
    assert cli("top", "bin-packing", "--family", "zipf").code == 2


def test_runs_and_programs_say_their_family(cli, searched: dict[str, str]):
    assert {row["id"]: row["family"] for row in cli("runs", "--json").json["runs"]} == {
        "r_ab10": "weibull",
        "r_ab11": "mixed",
    }
    assert "bin-packing (mixed)" in cli("runs").out
    for family, program in searched.items():
        shown = cli("show", program, "--json").json
        assert [one["family"] for one in shown["evaluations"]] == [family, family, None]
        assert (shown["search"], shown["select"], shown["test"]) == (0.5, 0.5, 0.5)
        assert cli("lineage", program, "--json").json["lineage"][0]["select"] == 0.5
    assert "select (mixed)" in cli("show", searched["mixed"]).out


@pytest.mark.usefixtures("unconfined")
def test_a_program_is_recorded_and_found_by_family(cli, with_families: Path, tmp_path: Path):
    rule = tmp_path / "rule.py"
    rule.write_text("def priority(p, w, p_mean):\n    return p\n")
    made = cli("import", rule, "--problem", with_families, "--family", "other", "--json")
    assert (made.code, made.json["family"]) == (0, "other"), made.err
    assert cli("top", with_families, "--json").json["programs"] == []
    [row] = cli("top", with_families, "--family", "other", "--json").json["programs"]
    assert (row["id"], row["search"]) == (made.json["id"], made.json["search"])
    measured = cli("evaluate", with_families, rule, "--family", "other", "--json").json
    assert (measured["family"], measured["results"][0]["aggregate"]) == ("other", made.json["select"])
    for words in (("--split", "test"), ("--instances", rule)):
        refused = cli("evaluate", with_families, rule, "--family", "other", *words)
        assert refused.code == 2
        assert "--family other chooses no instances" in refused.err
