"""The context of a program travels: objective, engine and constraints of the run that found it."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heuresis.archive.records import Proposal, Run, RunStatus, candidate_id
from heuresis.archive.store import Archive
from heuresis.evolve.config import Config
from heuresis.problems import registry

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FOUND = Config("serving", objective="ttft_p99", engine="a30-qwen2-7b", subject_to=("tpot_p99<=0.2",))


def program(number: float = 0.0) -> str:
    baseline = registry.get("serving").baseline("srpt")
    assert baseline is not None
    return f"{baseline.source}\nUNUSED = {number}\n"


def record(source: str, config: Config, run: str = "r_1", *, champion: bool = True) -> str:
    """A finished run that proposed a program; returns the program's id."""
    made = Run(
        run, config.problem, 1, config.to_json(), 0, "{}", "", "medium", RunStatus.RUNNING, "", NOW, NOW
    )  # fmt: skip
    candidate = candidate_id(source)
    with Archive.open(os.environ["HEURESIS_ARCHIVE"]) as archive:
        archive.start_run(made)
        archive.record_proposal(Proposal(run, 0, 0, "offline", "breed", source=source, candidate=candidate))
        archive.finish_run(run, RunStatus.FINISHED, "done", candidate if champion else None)
    return candidate


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    rows = [f"{i / 20},{1500 if i % 5 == 0 else 100},{100 if i % 5 == 0 else 10}" for i in range(40)]
    path = tmp_path / "trace.csv"
    path.write_text("\n".join(["arrived_at,prefill,decode", *rows]) + "\n")
    return path


def test_the_header_of_an_export_is_that_of_the_run(cli):
    found = record(program(), FOUND)
    answer = cli("export", found[:12], "--problem", "serving")
    assert answer.code == 0, answer.err
    assert "# Objective: ttft_p99 (smaller is better)" in answer.out
    assert "# Subject to e2e_mean<=1.1*fcfs, tpot_p99<=0.2" in answer.out
    assert "# Searched for with engine a30-qwen2-7b" in answer.out
    files = cli("export", found[:12], "--problem", "serving", "--json").json["files"]
    manifest = json.loads(next(one["text"] for one in files if one["name"].endswith(".json")))
    assert manifest["objective"]["name"] == "ttft_p99"
    assert manifest["constraints"] == ["e2e_mean<=1.1*fcfs", "tpot_p99<=0.2"]
    assert (manifest["context"], manifest["run"]) == ("engine a30-qwen2-7b", "r_1")


def test_explanations_and_comparisons_are_by_the_objective_of_the_run(cli, trace: Path):
    found = record(program(), FOUND)[:12]
    words = ("--instances", trace)
    explained = cli("explain", found, "--problem", "serving", *words, "--json")
    assert explained.code == 0, explained.err
    assert (explained.json["objective"], explained.json["engine"]) == ("ttft_p99", "a30-qwen2-7b")
    assert explained.json["constraints"] == ["e2e_mean<=1.1*fcfs", "tpot_p99<=0.2"]
    assert "as in run r_1: engine a30-qwen2-7b, objective ttft_p99, subject to tpot_p99<=0.2" in explained.err
    compared = cli("compare", "serving", "fcfs", found, *words, "--json").json
    assert compared["objective"]["name"] == "ttft_p99"
    assert compared["constraints"] == ["e2e_mean<=1.1*fcfs", "tpot_p99<=0.2"]
    other = cli("compare", "serving", "fcfs", found, *words, "--objective", "slo", "--no-guards", "--json")
    assert other.json["objective"]["name"] == "slo"
    assert other.json["constraints"] == ["tpot_p99<=0.2"]
    drawn = cli("plot", "serving", found, *words, "--json")
    assert "engine a30-qwen2-7b" in drawn.err


def test_the_run_that_crowned_a_program_goes_before_the_one_that_began_with_it(cli):
    found = record(program(), replace(FOUND, objective="slo"), "r_1", champion=False)
    record(program(), FOUND, "r_2")
    assert "# Objective: ttft_p99" in cli("export", found[:12], "--problem", "serving").out
    record(program(), replace(FOUND, problem="smtt", objective=None), "r_3")
    assert "# Objective: ttft_p99" in cli("export", found[:12], "--problem", "serving").out


def test_where_programs_were_found_otherwise_that_is_said(cli, trace: Path):
    one, other = record(program(1.0), FOUND), record(program(2.0), replace(FOUND, objective="slo"), "r_2")
    answer = cli("compare", "serving", one[:12], other[:12], "--instances", trace, "--json")
    assert answer.json["objective"]["name"] == "ttft_p99"
    assert f"{other[:12]} was found otherwise (engine a30-qwen2-7b, objective slo, subject to" in answer.err


def test_baselines_and_files_of_nobody_have_no_context(cli, trace: Path, tmp_path: Path):
    record(program(), FOUND)
    mine = tmp_path / "mine.py"
    mine.write_text(program())  # even of a text that a run has found: a file is what its owner asks about
    answer = cli("compare", "serving", "fcfs", mine, "--instances", trace, "--json")
    assert (answer.json["objective"]["name"], answer.json["constraints"]) == ("e2e_mean", [])
    assert "as in run" not in answer.err


def test_an_engine_that_is_gone_is_named_with_the_way_out(cli):
    found = record(program(), replace(FOUND, engine="/nowhere/fast.toml"))
    answer = cli("export", found[:12], "--problem", "serving")
    assert answer.code == 1
    assert "/nowhere/fast.toml" in answer.err
    assert "--run none for the problem as it comes" in answer.err
