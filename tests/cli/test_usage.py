"""One clear message and the right exit code for whatever is wrong."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from heuresis.cli import errors
from heuresis.cli.settings import parse_mix
from heuresis.evolve.config import Config


def test_help_and_version(cli):
    assert cli("--help").code == 0
    assert "evolve" in cli("--help").out
    assert cli("--version").out.startswith("heuresis ")
    assert cli("evolve", "--no-such-option").code == 2
    assert cli("no-such-command").code == 2


@pytest.mark.parametrize("command", ["evaluate", "top", "evolve", "problems"])
def test_unknown_problem(cli, command):
    answer = cli(command, "no-such-problem")
    assert answer.code == 2
    assert "no-such-problem" in answer.err
    assert "smtt" in answer.err


def test_problem_file_with_a_defect_names_the_line(cli, tmp_path: Path):
    path = tmp_path / "broken.py"
    path.write_text("import math\nvalue = math.nothing\n")
    answer = cli("problems", path)
    assert answer.code == 1
    assert "line 2" in answer.err
    assert "nothing" in answer.err


def test_unknown_program_lists_what_there_is(cli):
    answer = cli("evaluate", "smtt", "no_such_rule")
    assert answer.code == 2
    assert "mddc" in answer.err
    assert cli("show", "c_0123").code == 1
    assert cli("show", "nowhere.py").code == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "json"),
        ('{"instances": [{"p": [1, 2], "d": [3]}]}', "d"),
        ('{"instances": [{"p": [1, "x"], "d": [3, 4]}]}', "p"),
        ('{"things": []}', "instances"),
    ],
)
def test_malformed_instances_name_the_field(cli, tmp_path: Path, text: str, expected: str):
    path = tmp_path / "bad.json"
    path.write_text(text)
    answer = cli("evaluate", "smtt", "mdd", "--instances", path)
    assert answer.code == 1
    assert expected in answer.err.lower()
    assert "bad.json" in answer.err


def test_unreadable_instances(cli, tmp_path: Path):
    answer = cli("evaluate", "smtt", "mdd", "--instances", tmp_path / "absent.json")
    assert answer.code == 1
    assert "absent.json" in answer.err


def test_unknown_split_and_target(cli):
    assert cli("evaluate", "smtt", "mdd", "--split", "train").code == 2
    assert cli("export", "mdd", "--to", "cobol").code == 2


@pytest.mark.parametrize("command", [("runs",), ("top", "smtt"), ("archive", "check"), ("resume", "r_1")])
def test_archive_that_is_not_ours(cli, tmp_path: Path, command: tuple[str, ...]):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE things (name TEXT)")
    other.close()
    answer = cli(*command, "--archive", path)
    assert answer.code == 1
    assert str(path) in answer.err
    assert len(answer.err.strip().splitlines()) == 1


def test_resume_of_an_unknown_run(cli):
    answer = cli("resume", "r_beef")
    assert answer.code == 1
    assert "r_beef" in answer.err or "beef" in answer.err


@pytest.mark.parametrize("text", ["offline", "offline=", "=1", "offline=x", "offline=0.5,,local=0.5"])
def test_bad_mix(cli, text: str):
    answer = cli("evolve", "smtt", "--mix", text)
    assert answer.code == 2
    assert "--mix" in answer.err


def test_mix():
    assert parse_mix("offline=0.7, local=0.3") == (("offline", 0.7), ("local", 0.3))
    assert parse_mix("local:a=b.gguf=1") == (("local:a=b.gguf", 1.0),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed = 1", "problem"),
        ("problem = 'smtt'\nspeed = 9", "speed"),
        ("problem = 'smtt'\nseed = ]\n", "line 2"),
        ("problem = 'smtt'\nworkers = 0", "workers"),
    ],
)
def test_bad_settings_file(cli, tmp_path: Path, text: str, expected: str):
    path = tmp_path / "run.toml"
    path.write_text(text)
    answer = cli("evolve", path)
    assert answer.code in {1, 2}
    assert expected in answer.err


def test_settings_file_with_options_before_it(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[Config] = []

    def start(config: Config, *_: object, **__: object) -> None:
        seen.append(config)
        raise errors.UserError("enough")

    monkeypatch.setattr("heuresis.evolve.run.start", start)
    path = tmp_path / "run.toml"
    path.write_text(
        'problem = "smtt"\nseed = 3\nevaluations = 7\nmix = { offline = 0.5, local = 0.5 }\nfrom = ["mdd"]\n'
    )
    assert cli("evolve", path, "--seed", 4).code == 1
    [config] = seen
    assert (config.seed, config.evaluations, config.mix) == (4, 7, (("offline", 0.5), ("local", 0.5)))
    assert len(config.seeds) == 1
    assert "def priority" in config.seeds[0]


def test_a_family_is_handed_on_and_checked(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[Config] = []

    def start(config: Config, *_: object, **__: object) -> None:
        seen.append(config)
        raise errors.UserError("enough")

    path = tmp_path / "run.toml"
    path.write_text('problem = "bin-packing"\nfamily = "mixed"\nevaluations = 7\n')
    with monkeypatch.context() as patch:
        patch.setattr("heuresis.evolve.run.start", start)
        cli("evolve", path)
        cli("evolve", path, "--family", "uniform")
        cli("evolve", "smtt", "--evaluations", 1)
    assert [config.family for config in seen] == ["mixed", "uniform", None]
    answer = cli("evolve", "bin-packing", "--family", "zipf", "--evaluations", 1, "--allow-weak-sandbox")
    assert answer.code == 2
    assert "no family 'zipf': expected one of weibull, uniform, mixed" in answer.err
    answer = cli("evolve", "smtt", "--family", "uniform", "--evaluations", 1, "--allow-weak-sandbox")
    assert answer.code == 2
    assert "smtt: no family 'uniform': this problem has none" in answer.err
    assert cli("runs", "--json").json["runs"] == []


def test_families_are_listed_with_the_problem(cli):
    assert cli("problems", "bin-packing", "--json").json["families"] == ["weibull", "uniform", "mixed"]
    assert "families to search on (--family): weibull, uniform, mixed" in cli("problems", "bin-packing").out
    assert cli("problems", "smtt", "--json").json["families"] == []


def test_a_defect_of_ours_gives_a_hint_and_no_traceback(cli, monkeypatch: pytest.MonkeyPatch):
    def broken() -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("heuresis.problems.registry.names", broken)
    answer = cli("problems")
    assert answer.code == 1
    assert "HEURESIS_DEBUG" in answer.err


def test_a_full_disk_is_said_in_words():
    message, code = errors.explain(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/x")) or ("", 0)
    assert code == 1
    assert "/data/x" in message
    assert "resume" in message
    assert errors.explain(ZeroDivisionError()) is None


def test_every_known_error_exists():
    import importlib

    for name, code in errors._KNOWN.items():
        module, _, kind = name.rpartition(".")
        found = getattr(importlib.import_module(module), kind)
        assert issubclass(found, Exception), name
        assert f"{found.__module__}.{found.__qualname__}" == name, "errors are looked up by where they are defined"
        assert code in {errors.FAILED, errors.USAGE}


def test_an_archive_that_the_environment_names_and_that_is_not_there_is_told(cli, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HEURESIS_ARCHIVE", str(tmp_path / "mistyped.db"))
    answer = cli("runs")
    assert answer.code == 0
    assert "mistyped.db, where there is no archive yet" in " ".join(answer.err.split())
    monkeypatch.delenv("HEURESIS_ARCHIVE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert "no archive" not in cli("runs").err
