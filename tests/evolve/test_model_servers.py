"""Whole runs with servers of models as they really are, on loopback."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_problem
from model_servers import (
    HalfThoughts,
    LimitedUpstream,
    Mannered,
    NoSeed,
    OneSlot,
    OtherLimit,
    Poor,
    Refusing,
    SmallContext,
    Streaming,
    Thoughtful,
    Together,
)
from search_parts import PlainPool, Tinkerer, Watcher

from heuresis.archive.calls import ModelCalls, calls_of
from heuresis.archive.records import RunStatus
from heuresis.archive.store import Archive
from heuresis.evolve import conductor
from heuresis.evolve import run as runs
from heuresis.evolve.assessment import pools
from heuresis.evolve.config import Config
from heuresis.evolve.model_settings import ModelSettings
from heuresis.evolve.models.calls import SILENCE
from heuresis.evolve.results.run_result import RunResult
from heuresis.evolve.run import MixMaker, start
from heuresis.evolve.search.mix import Mix
from heuresis.evolve.wiring import Setting, make_mix

NAME = "openai/x"
CONFIG = Config(
    "tiny",
    seed=1,
    evaluations=len(tiny_problem.TINY.baselines) + 6,
    models=(NAME,),
    asking=ModelSettings(request_timeout=20.0),
    round_size=4,
)


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sandbox and no final table: neither is what is tested."""
    monkeypatch.setattr(pools, "Pool", PlainPool)
    monkeypatch.setattr(runs, "sandbox_level", lambda: "none")
    monkeypatch.setattr(conductor, "crown", lambda *_, **__: None)
    for name in [name for name in os.environ if "proxy" in name.lower()]:
        monkeypatch.delenv(name)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive.db")) as opened:
        yield opened


def searched(
    server: Mannered, archive: Archive, config: Config = CONFIG, make: MixMaker = make_mix
) -> tuple[RunResult, ModelCalls, Watcher]:
    watcher = Watcher()
    with server:
        result = start(replace(config, api_base=server.url), archive, watcher, make=make)
    return result, next(one for one in result.models if one.model == NAME), watcher


def beside_another(setting: Setting) -> Mix:
    """The model, and a proposer that works."""
    return Mix((Tinkerer(), *make_mix(setting).proposers), (1.0, 1.0), setting.tell)


def programs(archive: Archive, result: RunResult) -> int:
    """How many programs of the model succeeded."""
    trials = archive.trials(result.run.id)
    return sum(t.proposal.proposer == NAME and t.evaluation is not None and t.evaluation.ok for t in trials)


@pytest.mark.parametrize(
    ("server", "failed", "notes"),
    [
        (Mannered, 0, []),
        (OtherLimit, 0, ["asked with max_completion_tokens from now on"]),
        (NoSeed, 0, ["asked without seed from now on; the server said: 422: body.seed: not permitted"]),
        (HalfThoughts, 0, []),
        (Streaming, 0, []),
    ],
)
def test_an_odd_server_is_no_hindrance(server: type[Mannered], failed: int, notes: list[str], archive: Archive) -> None:
    result, calls, watcher = searched(server(), archive)
    assert result.run.status is RunStatus.FINISHED
    assert calls.failed == failed
    assert programs(archive, result) == 6
    said = [line for line in watcher.messages if line.startswith("openai/")]
    assert len(said) == len(notes), watcher.messages
    assert all(note in line for note, line in zip(notes, said, strict=True))


def test_what_was_learnt_is_not_tried_again(archive: Archive) -> None:
    server = OtherLimit()
    searched(server, archive, replace(CONFIG, asking=ModelSettings(concurrency=1)))
    assert ["max_tokens" in body for body in server.seen].count(True) == 1


def test_a_reply_of_thoughts_alone_is_asked_for_again_with_more_room(archive: Archive) -> None:
    server = Thoughtful()
    result, calls, _ = searched(server, archive, replace(CONFIG, asking=ModelSettings(concurrency=1)))
    limits = [body["max_tokens"] for body in server.seen]
    assert (limits[0], set(limits[1:])) == (16_384, {65_536})
    assert calls.failed == 0
    assert programs(archive, result) == 6


def test_a_limit_that_was_asked_for_is_never_exceeded(archive: Archive) -> None:
    server = Thoughtful()
    asking = ModelSettings(max_tokens=1_000, concurrency=1)
    result, calls, watcher = searched(server, archive, replace(CONFIG, asking=asking, minutes=0.05))
    assert {body["max_tokens"] for body in server.seen} == {1_000}
    assert "reached" not in result.reason
    assert calls.answered == calls.calls - calls.failed
    assert [said for said in watcher.messages if "--max-tokens" in said]


def test_errors_inside_a_200_are_tried_again_and_cost_nothing(archive: Archive) -> None:
    asking = ModelSettings(price_in=1.0, price_out=1.0, max_tokens=500, concurrency=1)
    result, calls, _ = searched(LimitedUpstream(), archive, replace(CONFIG, asking=asking, budget_usd=5.0))
    assert result.run.status is RunStatus.FINISHED
    assert calls.failed >= 6
    assert "rate limited upstream" in calls.reason
    failed = calls_of(archive, result.run.id, failed=True)
    assert len(failed) == calls.failed
    assert sum(call.usd for call in failed) == 0.0


def test_a_server_with_one_slot_is_asked_one_thing_at_a_time(archive: Archive) -> None:
    server = OneSlot(0.15)
    result, calls, _ = searched(server, archive)
    assert result.run.status is RunStatus.FINISHED
    assert calls.failed == 0
    assert server.most_open <= 2


def test_requests_at_a_time_can_be_limited(archive: Archive) -> None:
    server = Together(3)
    result, _, _ = searched(server, archive, replace(CONFIG, asking=ModelSettings(concurrency=3)))
    assert result.run.status is RunStatus.FINISHED
    assert server.most_open == 3


def test_an_account_without_money_ends_a_run_with_the_words_of_the_server(archive: Archive) -> None:
    result, calls, _ = searched(Poor(), archive)
    assert result.run.status is RunStatus.FAILED
    assert "402: Insufficient Balance" in result.reason
    assert calls.answered == 0
    assert calls.failed == calls.calls >= 1


def test_in_a_mix_the_others_go_on_and_it_is_told(archive: Archive) -> None:
    result, calls, watcher = searched(Poor(), archive, make=beside_another)
    assert result.run.status is RunStatus.FINISHED
    assert "Insufficient Balance" in calls.reason
    assert (calls.answered, calls.failed > 0) == (0, True)
    assert len([said for said in watcher.messages if "is paused" in said]) == 1
    assert watcher.progress[-1].models[0].failed == calls.failed


def test_in_a_mix_a_model_that_never_answers_is_paused(archive: Archive) -> None:
    config = replace(CONFIG, evaluations=len(tiny_problem.TINY.baselines) + 40, asking=ModelSettings(concurrency=1))
    result, calls, watcher = searched(Refusing(), archive, config, make=beside_another)
    assert result.run.status is RunStatus.FINISHED
    assert SILENCE <= calls.failed < 2 * SILENCE
    [paused] = [said for said in watcher.messages if "is paused" in said]
    assert f"has not answered {SILENCE} times in a row" in paused
    assert "bad request: temperature must be 1" in paused


def test_a_server_that_refuses_everything_is_given_up_after_a_while(archive: Archive) -> None:
    server = Refusing()
    result, calls, _ = searched(server, archive, replace(CONFIG, asking=ModelSettings(concurrency=1)))
    assert result.run.status is RunStatus.FAILED
    assert f"has not answered {SILENCE} times in a row" in result.reason
    assert "bad request: temperature must be 1" in result.reason
    assert SILENCE <= calls.failed == calls.calls < 2 * SILENCE  # others were under way
    assert "bad request: temperature must be 1" in calls.reason


def test_a_prompt_that_does_not_fit_is_asked_in_short(archive: Archive) -> None:
    whole = Mannered()
    searched(whole, archive, replace(CONFIG, asking=ModelSettings(concurrency=1)))
    sizes = [sum(len(message["content"]) for message in body["messages"]) for body in whole.seen]
    server = SmallContext(min(sizes) - 1 + (max(sizes) - min(sizes)) // 4)
    result, _, watcher = searched(server, archive, replace(CONFIG, asking=ModelSettings(concurrency=1), minutes=0.2))
    assert programs(archive, result) > 0
    assert any("asked in short" in said for said in watcher.messages)
