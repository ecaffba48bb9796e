"""What is shown while a run goes on, in a terminal and in a log."""

import io
from dataclasses import replace

import pytest
from rich.console import Console
from search_parts import trial

from heuresis.archive.calls import ModelCalls
from heuresis.cli import live, render
from heuresis.evolve.results.progress import Progress
from heuresis.evolve.results.reasons import Reason, Reasons

PROGRESS = Progress(
    evaluations=120,
    proposals=150,
    best=0.0123,
    best_id="c_1",
    best_history=(0.0156, 0.0156, 0.0140, 0.0123),
    failures={"timeout": 2, "no program": 9},
    by_proposer={"offline": (100, 90, 0.0123), "local": (50, 30, None)},
    seconds=60.0,
    budget_left={"evaluations": "80"},
    baselines={"spt": 0.5, "mdd": 0.0156},
)


def drawn(progress: Progress, *, percent: bool = True) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(live.panel(progress, percent=percent))
    return console.file.getvalue()


def test_the_panel_has_all_of_it():
    text = drawn(PROGRESS)
    for part in (
        "1.23 %",
        "1.56",
        "120 programs in 1:00",
        "2.0/s",
        "offline",
        "local",
        "timeout 2",
        "no program 9",
        "80",
    ):
        assert part in text, part
    assert text.index("mdd") < text.index("spt"), "the best baseline stands first"
    assert max(map(len, text.splitlines())) <= 100


def test_models_that_fail_are_seen_with_the_words_of_their_servers():
    calls = ModelCalls("openai/x", 3, 1, 2, "402: Insufficient Balance")
    shown = replace(PROGRESS, models=(calls, ModelCalls("local", 5, 5), ModelCalls("never/asked")))
    words = "openai/x: 3 calls, 1 answered, 2 failed, mostly: 402: Insufficient Balance"
    assert words in drawn(shown)
    assert "local: 5 calls, 5 answered, 0 failed" in drawn(shown)
    assert "never/asked" not in drawn(shown)
    assert words in live.line(shown, percent=True)


def test_the_most_frequent_reasons_are_seen():
    shown = replace(PROGRESS, reasons=(Reason("invalid", "mine.py, line 41, in metrics: KeyError: 'x'", 3),))
    words = "3 × invalid: mine.py, line 41, in metrics: KeyError: 'x'"
    assert words in drawn(shown)
    assert words in live.line(shown, percent=True)


def test_reasons_are_counted_by_their_words_and_not_by_their_numbers():
    reasons = Reasons()
    for number in range(3):
        failed = trial(number)
        reasons.add(replace(failed, evaluation=replace(failed.evaluation, message=f"line {number}")))
    reasons.add(trial(4, source=None))
    reasons.add(trial(5, 1.0))
    assert reasons.top() == (Reason("invalid", "line 0", 3), Reason("no program", "no idea", 1))
    assert reasons.by_kind == {"invalid": 3, "no program": 1}


def test_before_anything_succeeded():
    empty = replace(PROGRESS, best=None, best_history=(), by_proposer={}, failures={}, budget_left={}, seconds=0.0)
    assert "best –" in drawn(empty)
    assert "best –" in live.line(empty, percent=True)


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    clock = iter([100.0, 101.0, 102.0, 115.0, 116.0])
    monkeypatch.setattr(live.time, "monotonic", lambda: next(clock))
    with live.View() as view:
        for _ in range(3):
            view.settled(None, PROGRESS)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "120 programs" in lines[0]


def test_quiet_says_nothing_but_messages(capsys: pytest.CaptureFixture[str]):
    with live.View(quiet=True) as view:
        view.settled(None, PROGRESS)
        view.message("something happened")
    found = capsys.readouterr()
    assert (found.out, found.err) == ("", "something happened\n")


@pytest.mark.parametrize("count", [0, 1, 2, 40, 41, 300])
def test_sparkline_has_the_last_value_and_fits(count: int):
    text = render.sparkline([float(i % 7) for i in range(count)])
    assert len(text) == min(count, 40)


def test_sparkline_shows_direction():
    text = render.sparkline([3.0, 2.0, 1.0, 0.0])
    assert text[0] == "█"
    assert text[-1] == "▁"
    assert list(text) == sorted(text, reverse=True)


def test_durations():
    assert [render.duration(s) for s in (0, 59.6, 61, 3661)] == ["0:00", "1:00", "1:01", "1:01:01"]
