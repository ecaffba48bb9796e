"""SIGKILL at any moment loses nothing that was acknowledged."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heuresis.archive.check import check
from heuresis.archive.records import RunStatus, candidate_id
from heuresis.archive.store import Archive

NURSERY = """
import os, sys
from dataclasses import replace
from heuresis.archive.records import *
from heuresis.archive.store import Archive
for line in sys.stdin:  # a fork per line: importing takes longer than all that is tested here
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        print("dead", flush=True)
        continue
    archive = Archive.open(sys.argv[1])
    archive.reopen_run("r_ab12")  # of a process that is gone
    number = len(archive.trials("r_ab12"))
    print(os.getpid(), flush=True)
    while True:
        call = archive.intend(Call("r_ab12", number, 0, 0, "m", "p" * 300, 0.25))
        print("intended", number, call.attempt, flush=True)
        archive.answer(replace(call, reply="r" * 900, usd=0.125))
        print("answered", number, call.attempt, flush=True)
        source = f"def priority(p):\\n    return p * {number}.0\\n"
        parents = (candidate_id("def priority(p):\\n    return p * 0.0\\n"),) if number else ()
        archive.record_proposal(Proposal("r_ab12", number, 0, "m", "rewrite", parents, source, candidate_id(source)))
        print("proposed", number, 0, flush=True)
        archive.record_evaluation(Evaluation(candidate_id(source), "smtt", 1, "search", "f", "ok", "",
                                             tuple(map(float, range(50))), 1.0, run="r_ab12", number=number))
        print("evaluated", number, 0, flush=True)
        number += 1
"""
KILLS = 30


def kill_a_writer(nursery: subprocess.Popen[str], delay: float) -> list[tuple[str, int, int]]:
    """Start a writer, kill it after a while, return what it had acknowledged."""
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write("\n")
    nursery.stdin.flush()
    writer = int(nursery.stdout.readline())
    time.sleep(delay)
    os.kill(writer, signal.SIGKILL)
    words = []
    while not (line := nursery.stdout.readline()).endswith("dead\n"):
        words.append(line.split())
    return [(kind, int(number), int(attempt)) for kind, number, attempt in words]


@pytest.fixture
def nursery(file: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that forks writers."""
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        yield started
        started.kill()


def test_nothing_acknowledged_is_lost(file: Path, make, nursery) -> None:
    rng = random.Random(3)
    with Archive.open(str(file)) as archive:
        archive.start_run(make.run())
        archive.finish_run("r_ab12", RunStatus.INTERRUPTED, "")
    acknowledged: list[tuple[str, int, int]] = []
    for _ in range(KILLS):
        acknowledged += kill_a_writer(nursery, rng.uniform(0.0, 0.12))
        with Archive.open(str(file)) as archive:
            assert check(archive) == []
            trials = archive.trials("r_ab12")
            calls = {(c.number, c.attempt): c for t in range(len(trials) + 1) for c in archive.calls("r_ab12", t)}
            spent = archive.spent("r_ab12")
        assert [t.proposal.number for t in trials] == list(range(len(trials)))
        for kind, number, attempt in acknowledged:
            if kind == "proposed":
                assert trials[number].proposal.candidate == candidate_id(make.source(number))
                assert len(trials[number].proposal.parents) == min(number, 1)
            elif kind == "evaluated":
                assert trials[number].evaluation is not None
                assert len(trials[number].evaluation.values) == 50
            else:
                assert calls[number, attempt].reply is not None or kind == "intended"
        assert spent == sum(0.25 if c.reply is None else 0.125 for c in calls.values())
    assert {kind for kind, _, _ in acknowledged} == {"intended", "answered", "proposed", "evaluated"}
