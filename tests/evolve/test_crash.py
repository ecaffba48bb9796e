"""SIGKILL at random moments loses nothing that was recorded, repeats no paid reply, and changes no result."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted_server import Answer, ScriptedServer, completion
from search_parts import comparable, rule

from heuresis.archive.check import check
from heuresis.archive.records import Call, RunStatus, Trial
from heuresis.archive.store import Archive
from heuresis.evolve.config import Config

SUPPORT = Path(__file__).resolve().parents[1] / "support"
CONFIG = Config("tiny", evaluations=40, round_size=3, lag=2, islands=2)
KILLS = 12
"""At least so many for each kind of run."""


class Host:
    """Searches in children of a process that has everything imported (`crash_host.py`)."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process, self._folder = process, folder

    def search(
        self, archive: Path, run: str | None, config: Config, url: str | None, kill_after: float | None = None
    ) -> bool:
        """Search in a child, killed after so many seconds; whether it came to its end."""
        order = {"archive": str(archive), "run": run, "config": config.to_json(), "url": url, "kill_after": kill_after}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return False
        assert status == 0
        return True

    def kill_until_done(self, name: str, config: Config, url: str | None, longest: float) -> tuple[Path, str, int]:
        """A search killed at random moments until it is done: its archive, its id and how often it was killed."""
        archive, rng, kills = self._folder / f"{name}.db", np.random.default_rng(config.seed), 0
        seen: list[Trial] = []
        while not self.search(archive, only_run(archive), config, url, float(rng.uniform(0.01, longest))):
            kills, longest = kills + 1, 1.1 * longest  # so that it ends on the slowest machine
            seen = nothing_lost(archive, seen)
        run = only_run(archive)
        assert run is not None
        return archive, run, kills

    def undisturbed(self, name: str, config: Config, url: str | None) -> tuple[Path, str]:
        """The same search without any kill."""
        archive = self._folder / f"{name}.db"
        assert self.search(archive, None, config, url)
        run = only_run(archive)
        assert run is not None
        return archive, run


def only_run(path: Path) -> str | None:
    """The one run of an archive; None where the child was killed before it had begun."""
    if not path.exists():
        return None
    with Archive.open(str(path)) as archive:
        found = [summary.run.id for summary in archive.runs()]
    assert len(found) <= 1
    return found[0] if found else None


def nothing_lost(path: Path, before: list[Trial]) -> list[Trial]:
    """The trials after a kill; every one that was there before is there as it was, or with its evaluation."""
    run = only_run(path)
    if run is None:
        assert not before
        return []
    with Archive.open(str(path)) as archive:
        now = archive.trials(run)
        assert check(archive) == []
    by_number = {trial.proposal.number: trial for trial in now}
    for trial in before:
        assert by_number[trial.proposal.number].proposal == trial.proposal
        assert trial.evaluation in (None, by_number[trial.proposal.number].evaluation)
    return now


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    script = str(SUPPORT / "crash_host.py")
    environment = {**os.environ, "OPENAI_API_KEY": "sk-nothing"}
    process = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    yield Host(process, tmp_path_factory.mktemp("crash"))
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.slow
def test_a_search_killed_at_random_moments_ends_as_if_nothing_had_been(host: Host) -> None:
    killed = 0
    for seed in range(100):
        config = replace(CONFIG, seed=seed)
        archive, run, kills = host.kill_until_done(f"killed-{seed}", config, None, longest=0.5)
        killed += kills
        whole, other = host.undisturbed(f"whole-{seed}", config, None)
        with Archive.open(str(archive)) as one, Archive.open(str(whole)) as two:
            assert comparable(one, run) == comparable(two, other)
            assert one.run(run).status is two.run(other).status is RunStatus.FINISHED
            assert one.run(run).champion == two.run(other).champion is not None
        if killed >= KILLS:
            break
    assert killed >= KILLS


class Model(ScriptedServer):
    """Replies with a program that depends on the request alone; now and then with one that must be repaired."""

    def answer(self, body: dict[str, Any]) -> Answer:
        """A fenced program."""
        digest = hashlib.sha256(asked(body["messages"]).encode()).digest()
        factor = 0.5 + digest[0] / 256
        source = rule(f"max(t + {factor!r} * p, d)") if digest[1] > 60 else "def priority(p):\n    return p\n"
        return completion(f"Here it is:\n```python\n{source}```\n", tokens=(900, 60))


def asked(messages: list[dict[str, str]]) -> str:
    """A prompt as one text."""
    return json.dumps([{"role": m["role"], "content": m["content"]} for m in messages], sort_keys=True)


@pytest.mark.slow
def test_no_recorded_reply_is_paid_for_again_and_lost_intents_stay_spent(host: Host) -> None:
    killed, lost = 0, 0
    for seed in range(50, 150):
        config = replace(CONFIG, seed=seed, evaluations=30)
        with Model() as model:
            archive, run, kills = host.kill_until_done(f"model-{seed}", config, model.url, longest=0.6)
            requests = Counter(asked(body["messages"]) for body in model.seen)
            whole, other = host.undisturbed(f"model-whole-{seed}", config, model.url)
        killed += kills
        with Archive.open(str(archive)) as one, Archive.open(str(whole)) as two:
            assert comparable(one, run) == comparable(two, other)
            calls = [call for trial in one.trials(run) for call in one.calls(run, trial.proposal.number)]
            lost += each_reply_is_paid_once(calls, requests)
            assert one.spent(run) == pytest.approx(sum(c.usd if c.reply is not None else c.max_usd for c in calls))
            if any(c.reply is None for c in calls):
                assert one.spent(run) > two.spent(other)
        if killed >= KILLS and lost:
            break
    assert killed >= KILLS
    assert lost > 0  # some kill hit a call under way


def each_reply_is_paid_once(calls: list[Call], requests: Counter[str]) -> int:
    """Check every turn of every proposal; how many intents have no reply."""
    intended: Counter[str] = Counter()
    turns: dict[tuple[int, int], list[Call]] = {}
    for call in calls:
        turns.setdefault((call.number, call.turn), []).append(call)
        intended[asked(json.loads(call.prompt))] += 1
        assert call.error is None
        assert re.fullmatch(r"0\.\d+", f"{call.max_usd:.6f}")
    for attempts in turns.values():
        assert [c.attempt for c in attempts] == list(range(len(attempts)))
        assert [c.reply is not None for c in attempts] == [False] * (len(attempts) - 1) + [True]
        assert len({c.prompt for c in attempts}) == 1  # under the same number the same question
    assert not requests - intended  # the server was asked nothing that was not intended first
    return sum(call.reply is None for call in calls)
