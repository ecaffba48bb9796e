"""Options about models, and what a run says of the calls that it made."""

import json
import re
from pathlib import Path

import pytest
from scripted_server import Answer, ScriptedServer, completion, failure

from heuresis.cli.errors import UserError
from heuresis.cli.settings import asked_first, read_settings
from heuresis.evolve.model_settings import NOTHING_SAID, ModelSettings

RULE = "```python\ndef priority(p, w, t, n_left):\n    return p / (w + 0.{})\n```"


class Numbered(ScriptedServer):
    """Another program each time; every third call fails."""

    def answer(self, body: dict[str, object]) -> Answer:
        count = len(self.seen) + 1
        return failure(400, f"no luck in call {count}") if count % 3 == 0 else completion(RULE.format(count))


def toml(tmp_path: Path, text: str) -> str:
    file = tmp_path / "run.toml"
    file.write_text(f'problem = "smtt"\n{text}')
    return str(file)


def test_a_run_file_has_settings_of_models_for_each_and_for_all(tmp_path: Path) -> None:
    text = """
max_tokens = 1000
temperature = 0.5
[models."openai/x"]
max_tokens = 2000
api_base = "http://127.0.0.1:9/v1"
extra_body = { top_p = 0.9 }
[models.local]
"""
    settings = read_settings(toml(tmp_path, text))
    settings |= asked_first(ModelSettings(concurrency=3), settings)
    assert settings["models"] == ("openai/x", "local")
    assert settings["asking"] == ModelSettings(max_tokens=1000, temperature=0.5, concurrency=3)
    [(name, own)] = settings["asking_each"]
    assert name == "openai/x"
    assert (own.max_tokens, own.concurrency, own.extra_body) == (2000, 3, {"top_p": 0.9})
    assert "max_tokens" not in settings


def test_the_command_line_goes_before_a_run_file(tmp_path: Path) -> None:
    settings = read_settings(toml(tmp_path, '[models."openai/x"]\nmax_tokens = 2000\n'))
    found = asked_first(ModelSettings(max_tokens=7), settings)
    assert found["asking_each"][0][1].max_tokens == 7
    assert asked_first(NOTHING_SAID, {})["asking"] == NOTHING_SAID


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[models."openai/x"]\ncolour = 1', r'models."openai/x"\.unknown settings: colour'),
        ('[models."openai/x"]\nmax_tokens = "many"', r'models."openai/x"\.max_tokens: expected a whole number'),
        ('[models."openai/x"]\nmax_tokens = 0', r'models."openai/x": max_tokens: expected a positive integer'),
        ("[models]\nlocal = 3", 'models."local": expected a table of settings, got 3'),
        ('max_tokens = "many"', "max_tokens: expected a whole number"),
    ],
)
def test_settings_that_cannot_be_are_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_settings(toml(tmp_path, text))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--extra-body", "[1]"), "--extra-body: expected a JSON object"),
        (("--extra-body", '{"model": "y"}'), "extra_body: expected fields that Heuresis does not set itself"),
        (("--max-tokens", "0"), "max_tokens: expected a positive integer"),
        (("--price-in", "1"), "price_in and price_out"),
        (("--api-key-env", "sk-abcdefgh-12345678"), "never a key itself"),
    ],
)
def test_options_that_cannot_be_are_wrong_usage(cli, example: Path, words: tuple[str, str], said: str) -> None:
    answer = cli("evolve", example, "--model", "openai/x", "--evaluations", 3, *words)
    assert answer.code == 2
    assert said in answer.err
    assert "abcdefgh" not in answer.err


def test_options_about_models_need_a_model(cli, example: Path) -> None:
    answer = cli("evolve", example, "--evaluations", 3, "--max-tokens", 5)
    assert answer.code == 2
    assert "--model" in answer.err


def test_an_address_where_nothing_answers_is_told_before_anything_slow(cli, example: Path) -> None:
    answer = cli("evolve", example, "--model", "openai/x", "--api-base", "http://127.0.0.1:9", "--evaluations", 3)
    assert answer.code == 1
    assert "no path such as /v1; using http://127.0.0.1:9/v1" in answer.err
    assert "Nothing answers there" in answer.err
    assert cli("runs", "--json").json["runs"] == []


def test_a_run_tells_what_became_of_its_calls(cli, example: Path) -> None:
    with Numbered() as server:
        words = (
            "--model",
            "openai/x",
            "--api-base",
            server.url,
            "--evaluations",
            6,
            "--workers",
            1,
            "--from",
            "scratch",
        )
        more = (
            "--temperature",
            0.25,
            "--reasoning-effort",
            "low",
            "--extra-body",
            '{"top_p": 0.5}',
            "--concurrency",
            1,
        )
        answer = cli("evolve", example, *words, *more, "--json")
        first = server.seen[0]
    assert answer.code == 0, answer.err
    assert (first["temperature"], first["reasoning_effort"], first["top_p"]) == (0.25, "low", 0.5)
    counts = answer.json["models"]["openai/x"]
    assert counts["calls"] == counts["answered"] + counts["failed"]
    assert counts["answered"] >= 6
    assert counts["failed"] >= 2
    assert re.fullmatch("400: no luck in call [0-9]+", counts["reason"])  # the first by proposals, not by time
    assert f"openai/x: {counts['calls']} calls" in answer.err

    run = answer.json["run"]
    listed = cli("calls", run[:8], "--json").json
    assert (listed["run"], listed["models"]["openai/x"]) == (run, counts)
    assert len(listed["calls"]) == counts["calls"]
    failed = cli("calls", run, "--failed", "--json").json["calls"]
    assert [bool(one["error"]) for one in failed] == [True] * counts["failed"]
    shown = cli("calls", run, "--failed")
    assert (shown.code, "no luck in call" in shown.out) == (0, True)
    assert f"{counts['failed']} failed" in shown.err

    found = cli("failures", run, "--json").json
    assert len(found["failures"]) == sum(one["count"] for one in found["reasons"]) >= 2
    assert any("no luck" in one["reason"] for one in found["reasons"])
    assert "no luck" in cli("failures", run).out
    again = cli("resume", run, "--json")
    assert json.dumps(again.json["models"]["openai/x"]) == json.dumps(counts)


def test_a_run_without_models_has_no_calls(cli, example: Path) -> None:
    answer = cli("evolve", example, "--evaluations", 3, "--workers", 1, "--json")
    assert answer.json["models"] == {}
    run = answer.json["run"]
    assert "called no model" in cli("calls", run).err
    assert cli("calls", run, "--json").json["calls"] == []
    assert cli("failures", run).code == 0
    assert cli("calls", "r_nothing").code == 1
