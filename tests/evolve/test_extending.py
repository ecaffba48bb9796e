"""What a resume may change, and what becomes of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from search_parts import PlainPool, Watcher, comparable, tinkering
from tiny_problem import TINY

from heuresis.archive.check import check
from heuresis.archive.records import Extension, RunStatus
from heuresis.archive.store import Archive
from heuresis.evolve import run as runs
from heuresis.evolve.assessment import pools
from heuresis.evolve.config import Config, ConfigError
from heuresis.evolve.extending import Changes, Used, changed, extended, told
from heuresis.evolve.run import crown, resume, start

CONFIG = Config("tiny", seed=1, evaluations=12, round_size=4)
NOTHING = Used(0, 0.0, 0.0)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """An archive, and no sandbox: programs run in this process."""
    monkeypatch.setattr(pools, "Pool", PlainPool)
    monkeypatch.setattr(runs, "sandbox_level", lambda: "none")
    with Archive.open(str(tmp_path / "archive.db")) as opened:
        yield opened


def test_a_run_gets_more_evaluations_and_the_archive_says_from_where(archive: Archive) -> None:
    made = start(CONFIG, archive, make=tinkering, table=False)
    first = archive.trials(made.run.id)
    watcher = Watcher()
    more = resume(
        made.run.id, archive, watcher, changes=Changes(evaluations=20, workers=1), make=tinkering, table=False
    )
    assert (more.evaluations, more.reason) == (20, "the budget of 20 evaluations is used up")
    trials = archive.trials(made.run.id)
    assert trials[: len(first)] == first
    assert archive.extensions(made.run.id) == [Extension(made.run.id, len(first), '{"evaluations": 20, "workers": 1}')]
    assert f"from proposal {len(first)} on: workers 2 → 1, evaluations 12 → 20" in watcher.messages
    assert watcher.config == replace(CONFIG, evaluations=20, workers=1)
    assert Config.from_json(archive.run(made.run.id).config) == CONFIG
    again = resume(made.run.id, archive, make=tinkering, table=False)  # as it was extended, and no further
    assert (again.evaluations, len(archive.extensions(made.run.id))) == (20, 1)
    assert check(archive) == []


def test_an_extended_run_that_is_stopped_ends_as_one_that_is_not(archive: Archive) -> None:
    ids = []
    for stop in (False, True):
        run = start(CONFIG, archive, make=tinkering, table=False).run
        ids.append(run.id)
        watcher = Watcher(lambda t, _, stop=stop: interrupt() if stop and t.proposal.number == 15 else None)
        resume(run.id, archive, watcher, changes=Changes(evaluations=24), make=tinkering, table=False)
        resume(run.id, archive, make=tinkering, table=False)
    whole, stopped = ids
    assert comparable(archive, stopped) == comparable(archive, whole)


def interrupt() -> None:
    """Ctrl-C."""
    import os
    import signal

    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (Changes(seed=2), "seed: the run has 1, got 2; that cannot change, because every recorded proposal was drawn"),
        (
            Changes(problem="smtt"),
            "problem: the run has tiny, got smtt; that cannot change, because every recorded score",
        ),
        (Changes(mix=(("offline", 1.0),)), "mix: the run has none, got offline=1.0; that cannot change, because it"),
        (Changes(evaluations=12), "has used 12 evaluations of 12; .* give --evaluations with more than that"),
        (
            Changes(evaluations=30, minutes=0.0001),
            r"minutes of 0\.0001; budgets are those of the whole run, so give --minutes",
        ),
        (Changes(minutes=5.0), "has used 12 evaluations of 12"),
        (Changes(evaluations=0), "evaluations: expected a positive integer, got 0"),
    ],
    ids=str,
)
def test_what_would_break_the_records_or_end_at_once_is_refused(
    archive: Archive, changes: Changes, message: str
) -> None:
    made = start(CONFIG, archive, make=tinkering, table=False)
    archive.heartbeat(made.run.id, 60.0)
    rows = comparable(archive, made.run.id)
    with pytest.raises(ConfigError, match=message):
        resume(made.run.id, archive, changes=changes, make=tinkering)
    assert comparable(archive, made.run.id) == rows
    assert archive.run(made.run.id).status is RunStatus.FINISHED
    assert archive.extensions(made.run.id) == []


def test_saying_what_a_run_has_changes_nothing() -> None:
    config = replace(CONFIG, mix=(("offline", 0.5), ("a/b", 0.5)), models=("a/b",))
    same = Changes(seed=1, problem="tiny", mix=config.mix, workers=2, models=("a/b",))
    assert changed(config, same, NOTHING) == config
    assert told(config, config) == ""


def test_new_models_take_the_places_of_the_old_ones() -> None:
    mixed = replace(CONFIG, mix=(("offline", 0.7), ("a/b", 0.3)), models=("a/b",))
    new = changed(mixed, Changes(models=("c/d",), api_base="http://localhost:1/v1"), NOTHING)
    assert (new.models, new.mix) == (("c/d",), (("offline", 0.7), ("c/d", 0.3)))
    assert extended(mixed, [Extension("r_1", 3, '{"models": ["c/d"], "mix": [["offline", 0.7], ["c/d", 0.3]]}')]) == (
        replace(new, api_base=None)
    )
    assert changed(CONFIG, Changes(models=("c/d", "e/f")), NOTHING).models == ("c/d", "e/f")
    with pytest.raises(ConfigError, match="so 1 can be named in place of a/b, got c/d, e/f"):
        changed(mixed, Changes(models=("c/d", "e/f")), NOTHING)


def test_settings_of_an_extension_that_none_has_are_told() -> None:
    with pytest.raises(ConfigError, match="unknown settings: luck"):
        extended(CONFIG, [Extension("r_1", 3, '{"luck": 1}')])


def test_a_run_without_a_table_is_crowned_later(archive: Archive) -> None:
    watcher = Watcher()
    made = start(replace(CONFIG, evaluations=30), archive, watcher, make=tinkering, table=False)
    assert made.champion is not None
    assert made.champion.test is None
    champion = made.champion.id
    assert all(not archive.evaluations(t.proposal.candidate or "", "test") for t in archive.trials(made.run.id))
    found = crown(made.run.id, archive)
    assert found.champion is not None
    assert found.champion.test is not None
    assert (found.champion.id, found.run.status, found.run.champion) == (champion, RunStatus.FINISHED, champion)
    assert found.champion.test.row(found.champion.test.against or "").status == "ok"


def test_a_budget_too_small_to_search_is_said_before_and_after(archive: Archive) -> None:
    watcher, seeds = Watcher(), len(TINY.baselines)
    made = start(replace(CONFIG, evaluations=seeds), archive, watcher, make=tinkering, table=False)
    assert watcher.messages[0] == (
        f"a budget of {seeds} evaluations is too small to search: the run begins with {seeds} programs; give more than "
        f"{seeds}, or begin with fewer (--from)"
    )
    assert made.reason == (
        f"the budget of {seeds} evaluations is used up; nothing was searched: no program beyond the {seeds} to begin "
        "with was evaluated"
    )
    assert made.champion is not None
    assert made.champion.rule in {b.name for b in TINY.baselines}
    more = resume(made.run.id, archive, changes=Changes(evaluations=30), make=tinkering, table=False)
    assert more.reason == "the budget of 30 evaluations is used up"
