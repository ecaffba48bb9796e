"""No string of others acts on a terminal: archives, files, arguments, models' replies and errors, everywhere shown."""

import ast
import json
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hostile_text import HOSTILE, TOGETHER, acting, spelled
from scripted_server import ScriptedServer, completion, failure

from heuresis.archive.records import Call, Evaluation, Proposal, Run, RunStatus, candidate_id
from heuresis.archive.rows import storable
from heuresis.archive.store import Archive
from heuresis.cli import console
from heuresis.cli.main import run
from heuresis.evolve.config import Config
from heuresis.evolve.search.listener import Stage

EVERY = pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
KINDS = pytest.mark.parametrize("hostile", TOGETHER.values(), ids=TOGETHER.keys())
"""For what is shown whole: several at once."""
FILES = pytest.mark.parametrize(
    "hostile",
    [text.replace("/", "") for text in TOGETHER.values() if "\x00" not in text and "\ud83d" not in text],
    ids=[name for name, text in TOGETHER.items() if "\x00" not in text and "\ud83d" not in text],
)
"""Those that can stand in a command line and in the name of a file."""


WHEN = datetime(2026, 1, 1, tzinfo=UTC)
RUN = Run("r_1", "x", 1, "{}", 0, "{}", "", "strong", RunStatus.RUNNING, "", WHEN, WHEN)


@pytest.fixture(params=["pipe", "terminal"])
def colours(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the output goes to a terminal, with colours; else into a pipe."""
    monkeypatch.setattr(console, "WIDE", 1000)  # so that no table leaves a column out
    monkeypatch.setenv("COLUMNS", "1000")
    if request.param == "terminal":
        monkeypatch.setenv("FORCE_COLOR", "1")
    else:
        monkeypatch.delenv("FORCE_COLOR", raising=False)
    return request.param == "terminal"


def compact(text: str) -> str:
    """Without styles, line breaks and spaces, between which tables put their words."""
    return re.sub(r"\x1b\[[0-9;]*m|\s", "", text)


def source_with(hostile: str) -> str:
    return f"# note {hostile}\ndef priority(p, w, p_mean):\n    return p / w\n"


def strings_in(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from (key, *strings_in(value))
    elif isinstance(document, list):
        for one in document:
            yield from strings_in(one)
    elif isinstance(document, str):
        yield document


def foreign_archive(path: Path, hostile: str) -> tuple[str, str]:
    """An archive from elsewhere with one run whose every text is hostile; the answer is the ids of its programs.

    The first has a hostile comment, the second fits the contract.
    """
    source = storable(source_with(hostile))
    clean = "def priority(p, w, p_mean):\n    return p\n"
    parent = candidate_id(clean)
    program = candidate_id(source)
    run = storable(f"r_1{hostile}")
    settings = json.dumps({"problem": "x", "family": hostile, "objective": hostile})
    versions = json.dumps({"heuresis": hostile})
    with Archive.open(str(path)) as archive:
        row = Run(
            run, f"p{hostile}", 1, settings, 0, versions, hostile, f"s{hostile}", RunStatus.RUNNING, "", WHEN, WHEN
        )
        archive.start_run(row)
        archive.record_proposal(Proposal(run, 0, 0, f"m{hostile}", f"o{hostile}", (), clean, parent))
        archive.record_proposal(
            Proposal(run, 1, 0, f"m{hostile}", f"o{hostile}", (parent,), source, program, f"why{hostile}")
        )
        archive.intend(Call(run, 0, 0, 0, hostile, hostile, 0.0))
        archive.answer(Call(run, 0, 0, 0, hostile, hostile, 0.0, reply=hostile, finish_reason=hostile))
        archive.intend(Call(run, 0, 0, 1, hostile, hostile, 0.0))
        archive.answer(Call(run, 0, 0, 1, hostile, hostile, 0.0, error=hostile))
        problem, mark = "weighted-completion", storable(f"f{hostile}")
        fields = {"metrics": {f"k{hostile}": 0.5}, "code_size": 3, "run": run, "number": 1}
        archive.record_evaluation(Evaluation(program, problem, 1, "search", mark, "ok", "", (0.5,), 0.5, **fields))
        failed = (program, f"q{hostile}", 1, "select", mark, "crashed", f"said{hostile}", (None,), None)
        archive.record_evaluation(Evaluation(*failed, objective=f"by{hostile}"))
        archive.finish_run(run, RunStatus.FAILED, f"because{hostile}", program)
    return program, parent


@KINDS
def test_an_archive_from_elsewhere(cli, example: Path, tmp_path: Path, hostile: str, colours: bool):
    program, clean = foreign_archive(tmp_path / "foreign.db", hostile)
    at = ("--archive", tmp_path / "foreign.db")
    cli("problems", example)  # so that its name is known
    shown = spelled(storable(hostile))
    in_source = shown.replace("\\t", " ").replace("\\nheuresis", "\nheuresis")  # tabs are spaces there, lines lines
    commands = {
        ("runs",): [f"because{shown}", f"p{shown}"],
        ("top", example): [f"m{shown}", f"o{shown}"],
        ("show", program): [f"note {in_source}", f"m{shown}", f"said{shown}", f"by{shown}", f"q{shown}", f"k{shown}"],
        ("lineage", program): [f"m{shown}", f"o{shown}"],
        ("archive", "check"): [],
        ("export", clean, "--problem", example): [f"# Proposed by m{shown}"],
        ("resume", "r_1"): [],
    }
    for words, expected in commands.items():
        answer = cli(*words, *at)
        assert "unexpected" not in answer.err, (words, answer.err)
        assert acting(answer.out + answer.err, colours=colours) == "", words
        for text in expected:
            assert compact(text) in compact(answer.out), (words, text)
    assert cli("runs", *at).code == 0


@KINDS
def test_json_of_an_archive_from_elsewhere(cli, example: Path, tmp_path: Path, hostile: str):
    program, _ = foreign_archive(tmp_path / "foreign.db", hostile)
    cli("problems", example)
    kept = storable(hostile)
    commands = {
        ("runs",): [f"because{kept}", hostile],
        ("top", example): [f"m{kept}", f"o{kept}", source_with(kept)],
        ("show", program): [f"m{kept}", source_with(kept), f"said{kept}", f"k{hostile}"],
        ("lineage", program): [f"m{kept}", source_with(kept)],
    }
    for words, expected in commands.items():
        answer = cli(*words, "--json", "--archive", tmp_path / "foreign.db")
        assert answer.code == 0, answer.err
        assert acting(answer.out) == "", words
        assert answer.out.count("\n") == 1
        assert set(expected) <= set(strings_in(answer.json)), words


@pytest.mark.usefixtures("unconfined")
def test_names_in_files_of_instances(cli, tmp_path: Path, colours: bool):
    names = [text for text in HOSTILE.values() if "\ud83d" not in text]  # which the reader refuses
    names.append("[link=http://evil.example]y[/link]")
    path = tmp_path / "odd.json"
    rows = [{"name": name, "p": [3, 1], "d": [1, 2], "optimum": 3} for name in names]
    path.write_text(json.dumps({"instances": rows}))
    answer = cli("evaluate", "smtt", "mdd", "--instances", path, "--json")
    assert acting(answer.out) == ""
    assert [row["name"] for row in answer.json["results"][0]["instances"]] == names
    joined = "".join(names)
    path.write_text(json.dumps({"instances": [rows[0] | {"name": joined}]}))
    packing = tmp_path / "packing.json"
    packing.write_text(json.dumps({"instances": [{"name": joined, "capacity": 10, "items": [3, 8, 7]}]}))
    for words in (("explain", "mdd"), ("evaluate", "smtt", "mdd"), ("plot", "bin-packing", "best_fit")):
        answer = cli(*words, "--instances", packing if words[0] == "plot" else path)
        assert answer.code == 0, answer.err
        assert acting(answer.out + answer.err, colours=colours) == "", words
        assert (compact(spelled(joined)) in compact(answer.out)) == (words[0] != "evaluate")


@EVERY
def test_the_name_of_an_instance_in_a_message(cli, tmp_path: Path, hostile: str):
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({"instances": [{"name": hostile, "p": [3, 1], "d": [1, 2], "optimum": 3}]}))
    answer = cli("explain", "mdd", "--instances", path, "--instance", "absent")
    assert answer.code in {1, 2}
    assert acting(answer.err) == ""
    assert len([line for line in answer.err.splitlines() if not line.startswith("HEURESIS_ARCHIVE names")]) == 1


@EVERY
def test_what_is_wrong_in_a_file_is_quoted_plainly(cli, tmp_path: Path, hostile: str, colours: bool):
    path = tmp_path / "bad.json"
    row = {"name": hostile, "p": [3, 1], "d": [1, hostile], hostile: hostile}
    path.write_text(json.dumps({"instances": [row], hostile: 1}))
    answer = cli("evaluate", "smtt", "mdd", "--instances", path)
    assert answer.code == 1
    assert acting(answer.out + answer.err, colours=colours) == ""
    assert len(answer.err.splitlines()) == 1
    toml = tmp_path / "run.toml"
    for key, value in (("family", "smtt"), ("problem", hostile), (hostile, "smtt"), ("api_base", "smtt")):
        pair = {"problem": "smtt", key: value}
        toml.write_text("".join(f"{json.dumps(k)} = {json.dumps(v)}\n" for k, v in pair.items()))
        answer = cli("evolve", toml)
        assert answer.code in {1, 2}
        assert acting(answer.out + answer.err, colours=colours) == ""
        assert sum(not line.startswith("no budget given") for line in answer.err.splitlines()) == 1


@FILES
def test_words_of_the_command_line(cli, tmp_path: Path, hostile: str, colours: bool):
    wrong = [
        ("show", f"{hostile}.py"),
        ("show", hostile),
        ("evaluate", f"x{hostile}"),
        ("evaluate", f"x{hostile}.py"),
        ("top", "smtt", "--family", hostile),
        ("top", "smtt", "--objective", hostile),
        ("evolve", "smtt", "--from", hostile),
        ("evaluate", "smtt", "mdd", "--split", hostile),
        ("evaluate", "smtt", "mdd", "--instances", tmp_path / hostile),
        ("export", "mdd", "--to", hostile),
        ("evolve", "smtt", "--mix", hostile),
        ("resume", f"r_{hostile}"),
        ("runs", "--archive", tmp_path / hostile),
        ("engine", "show", hostile),
        (f"x{hostile}",),
        ("evolve", f"--x{hostile}"),
    ]
    for words in wrong:
        answer = cli(*words)
        assert answer.code in {1, 2}, words
        assert acting(answer.out + answer.err, colours=colours) == "", words
        said = spelled(hostile)
        quoted = repr(hostile)[1:-1]  # where a message quotes the word as Python does
        begun = said.partition("=")[0]  # of an option
        theirs = begun.replace("\\n", "\\x0a").replace("\\t", "\\x09").replace("\\r", "\\x0d")  # as typer spells it
        assert any(one in answer.err for one in (said, quoted, spelled(quoted), begun, theirs)), (words, answer.err)
        assert sum(not line.startswith("Usage: ") for line in answer.err.splitlines()) == 1, words


@FILES
def test_names_of_files(cli, tmp_path: Path, hostile: str, colours: bool):
    program = tmp_path / f"{hostile}.py"
    program.write_text(source_with("")[len("# note \n") :])
    problem = tmp_path / f"p{hostile}.py"
    problem.write_text("value = 1 / 0\n")
    broken = tmp_path / f"q{hostile}.py"
    broken.write_text(f"raise ValueError({hostile!r})\n")
    commands = [
        ("show", program),
        ("export", "mdd", "-o", tmp_path / f"out{hostile}.py"),
        ("problems", problem),
        ("problems", broken),
        ("archive", "check", "--archive", tmp_path / hostile),
    ]
    for words in commands:
        answer = cli(*words)
        assert "unexpected" not in answer.err
        assert acting(answer.out + answer.err, colours=colours) == "", words
    assert spelled(f"out{hostile}.py") in cli(*commands[1]).err


@EVERY
def test_an_engine_s_file(cli, tmp_path: Path, hostile: str, colours: bool):
    from heuresis.problems.engines import files as engines
    from heuresis.problems.engines.writer import to_toml

    path = tmp_path / "own.toml"
    text = to_toml(engines.load(engines.names()[0]))
    title = "" if "\ud83d" in hostile else json.dumps(hostile).replace("\\udb40\\udc41\\udb40\\udc7f", "\\U000E0041")
    title = title.replace("\\udb40\\udd00", "\\U000E0100")
    path.write_text(re.sub(r'^title = ".*"$', lambda _: f"title = {title}", text, flags=re.MULTILINE))
    answer = cli("engine", "show", path)
    assert acting(answer.out + answer.err, colours=colours) == ""
    assert answer.code == (1 if "\ud83d" in hostile else 0), answer.err
    assert acting(cli("engine", "show", path, "--json").out) == ""


@KINDS
def test_a_problem_s_own_texts(cli, example: Path, tmp_path: Path, hostile: str, colours: bool):
    text = example.read_text()
    link = "[here](http://evil.example) <b>bold</b> &#x202e;"
    own = f"\nfrom dataclasses import replace as _replace\nODD = {hostile!r}\n"
    changed = f"statement=ODD + {link!r}, title=ODD"
    path = tmp_path / "odd.py"
    path.write_text(
        f"{text}\n{own}\nfrom heuresis.problems import registry as _r\n_p = _r._registered.pop('weighted-completion')\n_r.register(_replace(_p, {changed}, name='odd' + ODD))\n"
    )
    answer = cli("problems", path)
    assert answer.code == 0, answer.err
    assert acting(answer.out + answer.err, colours=colours) == ""
    assert "\x1b]8" not in answer.out
    assert compact(spelled(hostile)) in compact(answer.out)
    answer = cli("problems", path, "--json")
    assert acting(answer.out) == ""
    assert answer.json["title"] == hostile


@pytest.mark.usefixtures("unconfined")
def test_what_a_provider_says_is_wrong(cli, example: Path, monkeypatch: pytest.MonkeyPatch, colours: bool):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any")
    with ScriptedServer(failure(401, "".join(HOSTILE.values()))) as server:
        words = ("--model", "openai/any", "--api-base", server.url, "--evaluations", 3, "--workers", 1)
        answer = cli("evolve", example, *words)
    assert answer.code == 1
    assert acting(answer.out + answer.err, colours=colours) == ""
    assert "pwned" in answer.err
    assert acting(cli("runs").out, colours=colours) == ""
    assert acting(cli("runs", "--json").out) == ""


@pytest.mark.usefixtures("unconfined")
def test_what_a_model_replies_and_is_called(cli, example: Path, monkeypatch: pytest.MonkeyPatch, colours: bool):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any")
    every = list(HOSTILE.values())
    answers = []
    for part in (every[:10], every[10:20], every[20:30], every[30:]):
        hostile = "".join(part)
        answers += [
            completion(f"{hostile}\n```python\n{source_with(hostile)}```\n", finish=hostile),
            failure(400, hostile),
        ]
    fitting = (f"# a\tb\ndef priority(p, w, p_mean):\n    return p / (w + {number})\n" for number in range(1, 100))
    answers += [completion(f"```python\n{program}```") for program in fitting]
    model = "openai/odd" + "".join(text for text in every if not {"\x00", "\ud83d", "="} & set(text))
    with ScriptedServer(*answers) as server:
        words = ("--model", model, "--api-base", server.url, "--evaluations", 12, "--workers", 1)
        answer = cli("evolve", example, *words)
    assert answer.code == 0, answer.err
    assert len(server.seen) > 8
    assert acting(answer.out + answer.err, colours=colours) == ""
    assert compact(spelled(model))[:100] in compact(answer.err), "in the panel"
    assert compact(spelled(model))[:100] in compact(answer.out), "as who made the champion"
    for words in (("runs",), ("top", example)):
        assert acting(cli(*words).out, colours=colours) == ""
        assert acting(cli(*words, "--json").out) == ""
    [best, *_] = cli("top", example, "--json").json["programs"]
    assert best["origin"] == model
    for command in ("show", "lineage"):
        assert acting(cli(command, best["id"]).out, colours=colours) == ""


def test_what_a_library_prints_and_warns(
    cli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
):
    everything = "".join(HOSTILE.values())

    def talkative() -> tuple[str, ...]:
        print(everything)
        print(everything, file=sys.stderr)
        logging.getLogger("somebody").error(everything.encode(errors="replace").decode())  # reports of tests are UTF-8
        raise ZeroDivisionError(everything)

    monkeypatch.setattr("heuresis.problems.registry.names", talkative)
    for debug in ("", "1"):
        monkeypatch.setenv("HEURESIS_DEBUG", debug)
        capsys.readouterr()
        assert run(["problems"]) == 1
        found = capsys.readouterr()
        assert acting(found.out + found.err) == ""
        assert "pwned" in found.out
        assert "pwned" in found.err
        assert ("Traceback" in found.err) == bool(debug)


def test_what_a_library_prints_while_the_panel_is_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from heuresis.cli.live import View

    monkeypatch.setenv("FORCE_COLOR", "1")
    before = sys.stdout, sys.stderr
    with View() as view:
        view.started(RUN, Config(problem="x", workers=1), {f"b{HOSTILE['hyperlink']}": 0.5})
        view.working(Stage("measuring"))
        print("".join(HOSTILE.values()), file=sys.stderr)
    assert (sys.stdout, sys.stderr) == before
    found = capsys.readouterr()
    assert acting(found.out + found.err, colours=True) == ""
    assert "pwned" in found.err


def test_square_brackets_and_html_are_only_text(cli, tmp_path: Path, example: Path, colours: bool):
    odd = "[red]x[/red] [link=http://evil.example]y[/link] :smile: <script>alert(1)</script> &lt;"
    foreign_archive(tmp_path / "foreign.db", odd)
    answer = cli("runs", "--archive", tmp_path / "foreign.db")
    assert compact(f"because{odd}") in compact(answer.out)
    assert "\x1b]8" not in answer.out


def test_nothing_else_in_the_command_line_writes(root: Path):
    """Whatever writes stands in `terminal.py` and `console.py`, so that no string can take another way."""
    found = []
    for path in sorted((root / "cli").glob("*.py")):
        if path.name in {"terminal.py", "console.py"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            last = called.rpartition(".")[2]
            rich = {"Console", "Text", "Syntax", "Markdown", "Table", "Panel", "from_markup", "from_ansi"}
            wrong = last in {"echo", "secho", "confirm", "prompt", "writelines", *rich} or called == "print"
            wrong |= re.fullmatch(r"(sys\.)?_*std(out|err)_*(\.buffer)?\.write", called) is not None
            if wrong:
                found.append(f"{path.name}:{node.lineno}: {called}")
    assert not found
