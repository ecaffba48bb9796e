"""Runs on instance files: cut, recorded, and gone on with only where the files are what they were."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_problem
from search_parts import PlainPool, Watcher, tinkering

from heuresis.archive.records import RunStatus
from heuresis.archive.store import Archive
from heuresis.evolve import run as runs
from heuresis.evolve.assessment import pools
from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.instances import absolute, told
from heuresis.evolve.run import resume, start
from heuresis.problems.problem import SPLITS, InstanceError, UnknownChoice

TINY = tiny_problem.TINY


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive.db")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sandbox: programs run in this process."""
    monkeypatch.setattr(pools, "Pool", PlainPool)
    monkeypatch.setattr(runs, "sandbox_level", lambda: "none")


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """Twenty instances of five jobs, without optima."""
    rng = np.random.default_rng(3)
    rows = [{"p": rng.integers(1, 30, 5).tolist(), "d": rng.integers(0, 60, 5).tolist()} for _ in range(20)]
    path = tmp_path / "jobs.json"
    path.write_text(json.dumps({"instances": rows}))
    return path


def on(jobs: Path) -> Config:
    """Settings of a run on these instances."""
    return Config("tiny", seed=1, evaluations=12, round_size=4, instances=(str(jobs),))


def test_a_run_searches_chooses_and_reports_on_parts_of_the_files(archive: Archive, jobs: Path) -> None:
    watcher = Watcher()
    result = start(on(jobs), archive, watcher, make=tinkering)
    config = Config.from_json(archive.run(result.run.id).config)
    parts = dict(config.parts)
    assert list(parts) == list(SPLITS)
    assert {trial.evaluation.fingerprint for trial in archive.trials(result.run.id) if trial.evaluation} == {
        parts["search"]
    }
    assert result.champion is not None
    table = result.champion.test
    assert (table.fingerprint, table.instances, table.files) == (parts["test"], 6, ("jobs.json",))
    assert {row.name for row in table.rows} >= {baseline.name for baseline in TINY.baselines}
    assert all(row.status == "ok" for row in table.rows)
    assert [e.fingerprint for e in archive.evaluations(result.champion.id, "select")] == [parts["select"]]
    assert any(text.startswith("select: 4 instances by name") for text in watcher.messages)


def test_what_is_recorded_finds_the_files_from_anywhere(
    archive: Archive, jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(jobs.parent)
    result = start(replace(on(jobs), instances=("jobs.json",)), archive, make=tinkering)
    assert Config.from_json(archive.run(result.run.id).config).instances == (str(jobs),)
    assert told(Config.from_json(result.run.config).choice) == "instances of jobs.json"
    assert absolute(Config("serving", engine="mine.toml")).engine == str(jobs.with_name("mine.toml"))
    assert absolute(Config("serving", engine="a30-qwen2-7b")).engine == "a30-qwen2-7b"


def test_a_stopped_run_goes_on_where_its_files_are_what_they_were(archive: Archive, jobs: Path) -> None:
    whole = start(on(jobs), archive, make=tinkering)
    archive.finish_run(whole.run.id, RunStatus.INTERRUPTED, "stopped", None, searched=0.0)
    again = resume(whole.run.id, archive, make=tinkering)
    assert again.champion is not None
    assert whole.champion is not None
    assert again.champion.id == whole.champion.id
    text = jobs.read_text()
    jobs.write_text(text.replace('"d"', '"e": 1, "d"', 1))
    with pytest.raises(ConfigError, match=r"jobs.json, which has another content now; put the old one back, or start"):
        resume(whole.run.id, archive, make=tinkering)
    jobs.unlink()
    with pytest.raises(ConfigError, match=r"jobs.json, which is not there any more; put it back there, or start"):
        resume(whole.run.id, archive, make=tinkering)
    jobs.write_text(text)
    assert resume(whole.run.id, archive, make=tinkering).champion == again.champion


def test_the_same_files_cut_into_other_parts_are_refused(
    archive: Archive, jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = start(on(jobs), archive, make=tinkering)
    archive.finish_run(whole.run.id, RunStatus.INTERRUPTED, "stopped", None, searched=0.0)
    monkeypatch.setattr("heuresis.problems.cutting.SEED", 1)
    with pytest.raises(ConfigError, match="its instance files are the same, but `search`, `select`, `test` made of"):
        resume(whole.run.id, archive, make=tinkering)


def test_nothing_is_recorded_where_the_files_cannot_be(archive: Archive, jobs: Path) -> None:
    with pytest.raises(InstanceError, match="cannot be read"):
        start(on(jobs.with_name("none.json")), archive, make=tinkering)
    rows = json.loads(jobs.read_text())["instances"]
    jobs.write_text(json.dumps({"instances": rows[:2]}))
    with pytest.raises(InstanceError, match="2 different instances cannot be cut into search, select, test"):
        start(on(jobs), archive, make=tinkering)
    with pytest.raises(UnknownChoice, match="takes no limit"):
        start(replace(on(jobs), limit=5), archive, make=tinkering)
    with pytest.raises(UnknownChoice, match="a family chooses no instances of files"):
        start(replace(on(jobs), family="uniform"), archive, make=tinkering)
    assert not archive.runs()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"instances": "a.csv"}, "instances: expected a list of texts"),
        ({"rate": 2.0}, "rate: expected instance files as well, for it changes them, got 2.0"),
        ({"limit": 5}, "limit: expected instance files as well"),
        ({"instances": ("a.csv",), "load": 0.0}, "load: expected a positive, finite number"),
        ({"instances": ("a.csv",), "limit": 1.5}, "limit: expected a positive integer"),
        ({"replicas": 0}, "replicas: expected a positive integer"),
        ({"instances": ("a.csv",), "load": 0.9, "rate": 2.0}, "load: expected only one of rate and load"),
        ({"parts": ("search",)}, "parts: expected splits with their fingerprints"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        Config("tiny", **settings)  # type: ignore[arg-type]


def test_settings_are_read_back_as_they_were_stored() -> None:
    config = Config(
        "serving", instances=("/a.csv",), load=0.9, limit=5, replicas=2, digests=("d",), parts=(("search", "f"),)
    )
    assert Config.from_json(config.to_json()) == config
    assert told(config.choice) == "instances of a.csv, load 0.9, limit 5, replicas 2"
