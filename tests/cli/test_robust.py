"""Odd names, closed pipes, narrow terminals, absent archives and settings of the wrong kind."""

import io
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from heuresis.archive.records import Run, RunStatus
from heuresis.archive.store import Archive
from heuresis.cli import render
from heuresis.problems import registry

TWO = "def priority(p, d):\n    return p\n"


def test_a_program_to_start_from_that_does_not_fit_is_named(cli, tmp_path: Path):
    path = tmp_path / "bad.py"
    path.write_text(TWO)
    answer = cli("evolve", "smtt", "--from", path, "--evaluations", 5)
    assert answer.code == 1
    assert "bad.py" in answer.err
    assert "line 1" in answer.err
    assert "unexpected" not in answer.err


@pytest.mark.usefixtures("unconfined")
def test_the_printed_advice_works_as_printed(cli, example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    answer = cli("evolve", example, "--evaluations", 4, "--workers", 1, "--archive", tmp_path / "my archive.db")
    assert answer.code == 0, answer.err
    advice = [line for line in answer.out.splitlines() if line.startswith("heuresis ")]
    assert [line.split()[1] for line in advice] == ["show", "explain", "export"]
    for line in advice:
        built_in = {name: registry.get(name) for name in registry._BUILT_IN}
        monkeypatch.setattr(registry, "_registered", built_in)  # as in a new process
        monkeypatch.setattr(registry, "_files", {})
        done = cli(*shlex.split(line)[1:])
        assert done.code == 0, (line, done.err)
    assert "weighted-completion" in (tmp_path / "rule.json").read_text()


@pytest.mark.usefixtures("unconfined")
def test_explain_of_a_program_that_fails(cli, instances: Path, tmp_path: Path):
    path = tmp_path / "bad.py"
    path.write_text(TWO)
    for words in ((), ("--instance", "i1")):
        answer = cli("explain", path, "--problem", "smtt", "--instances", instances, *words)
        assert answer.code == 1
        assert answer.out == ""
        assert "rejected" in answer.err
        assert "line 1" in answer.err


@pytest.mark.usefixtures("unconfined")
def test_brackets_in_names_are_no_markup(cli, tmp_path: Path):
    path = tmp_path / "odd.json"
    path.write_text('{"instances": [{"name": "[/x]", "p": [3, 1], "d": [1, 2], "optimum": 3}]}')
    answer = cli("explain", "mdd", "--instances", path)
    assert answer.code == 0
    assert "[/x]" in answer.out


def test_brackets_in_what_the_archive_holds(cli, tmp_path: Path):
    now = datetime.now(UTC)
    running = RunStatus.RUNNING
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        archive.start_run(Run("r_1", "odd[/p]", 1, "{}", 0, "{}", "", "", running, "", now, now))
        archive.finish_run("r_1", RunStatus.FAILED, "openai/[/x] cannot be reached")
    answer = cli("runs")
    assert answer.code == 0
    assert "openai/[/x] cannot be reached" in answer.out
    assert "odd[/p]" in answer.out


def test_tables_take_texts_as_they_are():
    made = render.table("a [/b]", title="[/c]")
    made.add_row("openai/[bold]x[/bold]")
    written = io.StringIO()
    Console(file=written, width=60).print(made)  # a console that reads markup in strings
    assert "openai/[bold]x[/bold]" in written.getvalue()
    assert "a [/b]" in written.getvalue()


def test_export_does_not_overwrite_itself(cli, tmp_path: Path):
    answer = cli("export", "mdd", "-o", tmp_path / "rule.json")
    assert answer.code == 2
    assert "rule.json" in answer.err
    assert list(tmp_path.glob("rule*")) == []


def test_options_go_before_the_file_for_from_too(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[object] = []
    monkeypatch.setattr("heuresis.cli.evolve.make_config", lambda settings: seen.append(settings) or 1 / 0)
    path = tmp_path / "run.toml"
    path.write_text('problem = "smtt"\nfrom = ["mdd", "spt"]\nmodels = "local"\n')
    cli("evolve", path, "--from", "edd")
    path.write_text('problem = "smtt"\nfrom = "scratch"\n')
    cli("evolve", path)
    path.write_text('problem = "smtt"\nfrom = "mdd"\n')
    cli("evolve", path)
    first, second, third = seen
    assert (len(first["seeds"]), first["models"]) == (1, ("local",))
    assert {key: second[key] for key in second if not key.startswith("asking")} == {"problem": "smtt", "scratch": True}
    assert len(third["seeds"]) == 1


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('evaluations = "many"', "evaluations"),
        ("mix = {offline = 'a'}", "mix"),
        ("mix = 3", "mix"),
        ("seed = 1.5", "seed"),
        ("workers = 1.5", "workers"),
        ("workers = true", "workers"),
        ("minutes = [1]", "minutes"),
        ("models = [1]", "models"),
        ("from = 3", "from"),
        ("grammar = 1", "grammar"),
        ("api_base = 1", "api_base"),
    ],
)
def test_settings_of_another_kind_name_the_key(cli, tmp_path: Path, line: str, key: str):
    path = tmp_path / "run.toml"
    path.write_text(f"problem = 'smtt'\n{line}\n")
    answer = cli("evolve", path)
    assert answer.code == 2
    assert f"{key}: expected" in answer.err
    path.write_text("problem = 3\n")
    assert "problem: expected" in cli("evolve", path).err


def test_a_model_s_options_need_a_model(cli):
    for words in (("--grammar",), ("--api-base", "http://127.0.0.1:9/v1")):
        answer = cli("evolve", "smtt", *words, "--evaluations", 1)
        assert answer.code == 2
        assert words[0] in answer.err
        assert "--model" in answer.err


@pytest.mark.usefixtures("unconfined")
def test_two_beginnings_of_one_id_are_one_program(cli, example: Path, tmp_path: Path):
    path = tmp_path / "wspt.py"
    path.write_text("def priority(p, w, p_mean):\n    return p / w\n")
    found = cli("import", path, "--problem", example, "--json").json["id"]
    answer = cli("compare", example, found[:8], found[:10])
    assert answer.code == 2
    assert "same program" in answer.err


@pytest.mark.parametrize("command", [("evaluate", "smtt"), ("compare", "smtt", "spt", "mdd"), ("evolve", "smtt")])
def test_workers_are_at_least_one(cli, command: tuple[str, ...]):
    answer = cli(*command, "--workers", 0)
    assert answer.code == 2
    assert "--workers" in answer.err


@pytest.mark.parametrize(
    "command",
    [("runs",), ("top", "smtt"), ("show", "mdd"), ("lineage", "mdd"), ("archive", "check"), ("resume", "r_12")],
)
def test_looking_makes_no_archive(cli, tmp_path: Path, command: tuple[str, ...]):
    place = tmp_path / "typo" / "archive.db"
    for url in (str(place), f"sqlite:///{place}"):
        answer = cli(*command, "--archive", url)
        assert answer.code == 1
        assert "no archive" in answer.err
        assert str(place) in answer.err
        assert not place.parent.exists()


def test_the_default_archive_is_empty_before_it_exists(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = tmp_path / "new" / "accept.db"
    monkeypatch.setenv("HEURESIS_ARCHIVE", f"sqlite:///{place}")
    answer = cli("runs", "--json")
    assert (answer.code, answer.json) == (0, {"runs": []})
    assert cli("top", "smtt", "--json").json["programs"] == []
    assert cli("show", "mdd").code == 0
    assert cli("archive", "check", "--json").json["archive"] == str(place)
    assert cli("show", "c_0123").code == 1
    assert not place.parent.exists()


@pytest.mark.parametrize(
    "words", [("problems", "smtt"), ("problems", "smtt", "--json"), ("--help",), ("export", "mdd")]
)
def test_a_reader_that_has_gone_ends_it_quietly(tmp_path: Path, words: tuple[str, ...]):
    reading, writing = os.pipe()
    os.close(reading)
    Archive.open(str(tmp_path / "archive.db")).close()
    variables = os.environ | {"HEURESIS_ARCHIVE": str(tmp_path / "archive.db")}
    command = [sys.executable, "-m", "heuresis", *words]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, env=variables, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("unconfined")
def test_what_a_reader_of_instances_left_out_is_said(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "mixed.json"
    path.write_text('{"instances": [{"p": [3, 1], "d": [1, 2], "optimum": 3}, {"p": [3, 1], "d": [1, 2]}]}')
    for words in (("evaluate", "smtt", "mdd"), ("compare", "smtt", "mdd", "spt"), ("explain", "mdd")):
        answer = cli(*words, "--instances", path)
        assert answer.code == 0
        assert "note: 1 of 2 instances have no optimum" in answer.err


@pytest.mark.parametrize("code", ["'this needs a licence'", "0", ""])
def test_a_problem_file_that_exits_is_no_success(cli, tmp_path: Path, code: str):
    path = tmp_path / "leaves.py"
    path.write_text(f"import sys\nsys.exit({code})\n")
    answer = cli("problems", path)
    assert answer.code == 1
    assert "leaves.py" in answer.err
    assert code.strip("'") in answer.err


@pytest.mark.usefixtures("unconfined")
def test_narrow_terminals_keep_names_and_numbers_whole(
    cli, instances: Path, example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "wspt.py"
    path.write_text("def priority(p, w, p_mean):\n    return p / w\n")
    found = cli("import", path, "--problem", example, "--json").json["id"]
    written = io.StringIO()
    monkeypatch.setattr(render, "out", lambda: Console(file=written, width=60, highlight=False, markup=False))
    assert cli("top", example).code == 0
    assert cli("compare", "smtt", "spt", "mdd", "--instances", instances).code == 0
    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= 60
    assert any("program" in line and "select %" in line for line in lines)
    assert any(found[:12] in line for line in lines)
    assert any("program" in line and "minus spt" in line for line in lines)
