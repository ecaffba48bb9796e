"""Searching on instance files of one's own, and what is said of the programs afterwards."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_problem
from search_parts import PlainPool, tinkering

from heuresis.archive.store import Archive
from heuresis.cli.context import taken_over
from heuresis.evolve import run as runs
from heuresis.evolve.assessment import pools
from heuresis.evolve.config import Config
from heuresis.evolve.results.champion import Champion
from heuresis.evolve.results.run_result import RunResult
from heuresis.evolve.run import start
from heuresis.problems import registry
from heuresis.problems.problem import SPLITS, Choice

SHORT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "sequencing.py"


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """Thirty instances of three to six jobs, for `tiny` and for the problem of the example."""
    rng = np.random.default_rng(5)
    rows = []
    for k in range(30):
        p = rng.integers(1, 20, 3 + k % 4)
        d, w = rng.integers(0, 40, len(p)), rng.uniform(1, 9, len(p))
        rows.append({"name": f"day{k}", "p": p.tolist(), "d": d.tolist(), "w": w.tolist()})
    path = tmp_path / "plant.json"
    path.write_text(json.dumps({"instances": rows}))
    return path


@pytest.fixture
def run(cli, plant: Path, monkeypatch: pytest.MonkeyPatch) -> RunResult:
    """A run of `tiny` on these instances, in the archive that commands look into; no sandbox is used."""
    del cli  # its archive comes first
    monkeypatch.setattr(pools, "Pool", PlainPool)
    monkeypatch.setattr(PlainPool, "missing", (), raising=False)
    monkeypatch.setattr(runs, "sandbox_level", lambda: "none")
    monkeypatch.setitem(registry._registered, "tiny", tiny_problem.TINY)
    config = Config("tiny", seed=1, evaluations=12, round_size=4, instances=(str(plant),))
    with Archive.open(os.environ["HEURESIS_ARCHIVE"]) as archive:
        return start(config, archive, make=tinkering)


@pytest.fixture
def champion(run: RunResult) -> Champion:
    """The champion of that run."""
    assert run.champion is not None
    return run.champion


def test_a_program_is_run_again_on_what_it_was_searched_for(cli, run: RunResult, champion: Champion, plant: Path):
    config = f"as in run {run.run.id}: instances of plant.json"
    again = cli("evaluate", "tiny", champion.id, "--split", "test", "--json")
    assert again.json["fingerprint"] == champion.test.fingerprint
    assert config in again.err
    by_hand = cli("evaluate", "tiny", "mdd", "--instances", plant, "--split", "test", "--json")
    assert (by_hand.json["fingerprint"], by_hand.json["files"]) == (champion.test.fingerprint, ["plant.json"])
    assert cli("compare", "tiny", champion.id, "spt", "--json").json["fingerprint"] == champion.test.fingerprint
    named = cli("compare", "tiny", "spt", "mdd", "--run", run.run.id, "--json")
    assert (named.json["fingerprint"], named.json["files"]) == (champion.test.fingerprint, ["plant.json"])
    assert "of search of plant.json" in cli("explain", champion.id, "--problem", "tiny").out
    whole = cli("evaluate", "tiny", champion.id, "--instances", plant, "--json")
    assert len(whole.json["results"][0]["instances"]) == 30
    assert "as in run" not in whole.err


def test_whoever_means_the_problems_own_splits_says_so(cli, champion: Champion):
    shipped = cli("evaluate", "tiny", champion.id, "--split", "test", "--run", "none", "--json")
    assert shipped.json["fingerprint"] == tiny_problem.TINY.splits["test"]().fingerprint
    assert shipped.json["files"] == []
    assert "as in run" not in shipped.err
    assert cli("compare", "smtt", "spt", "mdd", "--run", champion.id).code == 1


def test_what_is_exported_and_shown_names_the_files(cli, run: RunResult, champion: Champion, tmp_path: Path):
    exported = cli("export", champion.id, "--problem", "tiny", "-o", tmp_path / "rule.py")
    assert exported.code == 0, exported.err
    assert "# Searched for with instances of plant.json" in (tmp_path / "rule.py").read_text()
    assert json.loads((tmp_path / "rule.json").read_text())["context"] == "instances of plant.json"
    assert "(plant.json)" in cli("show", champion.id).out
    [listed] = cli("runs", "--json").json["runs"]
    assert (listed["id"], listed["instances"]) == (run.run.id, ["plant.json"])
    refused = cli("evaluate", "smtt", "mdd", "--run", run.run.id)
    assert (refused.code, "it is a run on tiny, not on smtt" in refused.err) == (2, True)


def test_lists_of_the_best_never_mix_files_with_other_instances(cli, run: RunResult, champion: Champion, plant: Path):
    none = cli("top", "tiny", "--json").json
    assert (none["programs"], none["run"]) == ([], None)
    assert "are listed by run: --run RUN" in cli("top", "tiny").err
    mine = cli("top", "tiny", "--run", run.run.id, "--json").json
    assert mine["programs"][0]["id"] == champion.id
    assert mine["programs"][0]["select"] == champion.select
    assert (mine["run"], mine["files"]) == (run.run.id, [str(plant)])
    assert "on plant.json" in cli("top", "tiny", "--run", run.run.id).out
    plant.unlink()
    assert cli("top", "tiny", "--run", run.run.id, "--json").json["programs"] == mine["programs"]


def test_files_that_are_gone_are_told_with_what_to_do(cli, run: RunResult, champion: Champion, plant: Path):
    plant.unlink()
    gone = cli("explain", champion.id, "--problem", "tiny")
    assert gone.code == 1
    assert "plant.json, which is not there any more" in gone.err
    assert "or say --run none" in gone.err
    assert cli("explain", champion.id, "--problem", "tiny", "--run", "none").code == 0
    refused = cli("resume", run.run.id)
    assert (refused.code, "put it back there, or start another run" in refused.err) == (2, True)


def test_what_the_user_says_goes_before_what_the_run_had() -> None:
    found = Choice(None, "ttft_p99", "mine.toml", load=0.9, replicas=3, instances=("a.csv",))
    assert replace(Choice(), **taken_over(Choice(), found, own=False, files=True)) == found
    own = taken_over(Choice(objective="e2e_mean"), found, own=True, files=True)
    assert {name: value for name, value in own.items() if value} == {"engine": "mine.toml", "replicas": 3}
    other = taken_over(Choice(engine="a30-qwen2-7b"), found, own=False, files=True)
    assert {"engine", "replicas"}.isdisjoint(other)
    assert other["instances"] == ("a.csv",)


@pytest.mark.slow
def test_a_problem_of_ones_own_is_searched_on_files(cli, plant: Path):
    found = cli("evolve", SHORT, "--instances", plant, "--evaluations", 4, "--workers", 1, "--seed", 2, "--json")
    assert found.code == 0, found.err
    for split, count in zip(SPLITS, (15, 6, 9), strict=True):
        assert f"{split}: {count} instances by name" in found.err
    test = found.json["champion"]["test"]
    assert (test["instances"], test["files"]) == (9, ["plant.json"])


def test_a_file_of_settings_names_instances_beside_itself(cli, plant: Path, tmp_path: Path, monkeypatch):
    settings = tmp_path / "run.toml"
    settings.write_text('problem = "smtt"\ninstances = ["plant.json"]\nevaluations = 1\nlimit = 3\n')
    monkeypatch.chdir(SHORT.parent)
    refused = cli("evolve", settings)
    assert refused.code == 2
    assert "smtt: this problem takes no limit" in refused.err
    settings.write_text('problem = "bin-packing"\ninstances = ["plant.json"]\nevaluations = 1\n')
    assert f"{plant}: instances[0]: the field 'capacity' is missing" in cli("evolve", settings).err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("evolve", "serving", "--load", "0.9"), "--load changes what is read from files: say --instances FILE"),
        (("evolve", "serving", "--instances", "t.csv", "--load", "0"), "--load: expected a positive, finite share"),
        (
            ("evolve", "serving", "--instances", "t.csv", "--load", "0.9", "--rate", "2"),
            "--rate and --load: expected one of the two",
        ),
        (("evolve", "serving", "--replicas", "2"), "serving: this problem takes no replicas"),
        (("evolve", "smtt", "--instances", "t.csv", "--limit", "9"), "smtt: this problem takes no limit"),
        (("evolve", "bin-packing", "--instances", "t.csv", "--family", "mixed"), "a family chooses no instances of"),
        (("top", "smtt", "--run", "r_none"), "r_none"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_searched(cli, words, expected):
    answer = cli(*words)
    assert answer.code in (1, 2)
    assert expected in answer.err
    assert not answer.out


def test_a_trace_that_is_too_short_is_refused_with_what_is_needed(cli, tmp_path: Path):
    path = tmp_path / "short.csv"
    path.write_text("arrived_at,prefill,decode\n" + "".join(f"{i},50,9\n" for i in range(30)))
    refused = cli("evolve", "serving", "--instances", path, "--evaluations", 1)
    assert refused.code == 1
    assert "short.csv: 30 requests are too few to be cut by time" in refused.err
    one = cli("evolve", "serving-router", "--instances", path, "--engine", "a30-qwen2-7b", "--evaluations", 1)
    assert "a30-qwen2-7b has one replica, but a router chooses among two or more: say --replicas" in one.err
