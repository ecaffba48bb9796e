"""`evolve resume runs top show lineage` on a small problem, through to the champion."""

import http.server
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from heuresis.archive.store import Archive
from heuresis.evolve.models.local import default_model_path

needs_model = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or default_model_path() is None,
    reason="the local model is not here: pip install 'heuresis[local]' and heuresis models install",
)
pytestmark = pytest.mark.timeout(300)


def test_a_run_from_start_to_export(cli, example: Path, tmp_path: Path):
    answer = cli("evolve", example, "--evaluations", 10, "--workers", 1, "--seed", 1, "--json")
    assert answer.code == 0, answer.err
    document = answer.json
    assert (document["status"], document["evaluations"]) == ("finished", 10)
    champion = document["champion"]
    assert champion["id"].startswith("c_")
    rows = {row["name"]: row for row in champion["test"]["rows"]}
    assert {"spt", "heaviest"} <= rows.keys()
    own = rows[champion["test"]["against"]]["aggregate"]["value"]
    assert own <= rows["spt"]["aggregate"]["value"] + 0.05

    [listed] = cli("runs", "--json").json["runs"]
    assert (listed["id"], listed["evaluations"], listed["champion"]) == (document["run"], 10, champion["id"])
    programs = cli("top", example, "--json").json["programs"]
    assert champion["id"] in [row["id"] for row in programs]
    scores = [row["aggregate"] for row in programs if row["select"] is not None]
    assert scores == sorted(scores)
    shown = cli("show", champion["id"][:10], "--json").json
    assert shown["id"] == champion["id"]
    assert {"search", "select", "test"} <= {one["split"] for one in shown["evaluations"]}
    assert cli("lineage", champion["id"], "--json").json["lineage"][0]["depth"] == 0
    assert cli("export", champion["id"], "--problem", example, "-o", tmp_path / "rule.py").code == 0
    assert f" {champion['id'][:12]} " in cli("runs").out
    drawn = cli("plot", document["run"])
    assert drawn.code == 0, drawn.err
    assert "best so far" in drawn.out
    assert "spt" in drawn.out
    assert [c["name"] for c in cli("plot", document["run"], "--json").json["figures"][0]["curves"]][-1] == "best so far"
    assert cli("plot", document["run"], "spt").code == 2
    assert cli("plot", example).code == 2
    for command in (("runs",), ("top", example), ("show", champion["id"]), ("lineage", champion["id"])):
        assert cli(*command).code == 0

    again = cli("resume", document["run"][:8], "--json")
    assert again.code == 0
    assert again.json["evaluations"] == 10
    assert again.json["champion"]["id"] == champion["id"]


@pytest.mark.model
@needs_model
def test_a_real_language_model_evolves_programs_without_key_or_network(cli, example: Path):
    words = ("--model", "local", "--mix", "offline=0.3,local=0.7", "--evaluations", 12, "--workers", 1, "--seed", 2)
    answer = cli("evolve", example, *words, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["evaluations"] == 12
    with Archive.open(os.environ["HEURESIS_ARCHIVE"]) as archive:
        trials = archive.trials(answer.json["run"])
        written = [t for t in trials if t.proposal.proposer == "local"]
        calls = [call for t in written for call in archive.calls(answer.json["run"], t.proposal.number)]
    assert any(t.evaluation is not None and t.evaluation.ok for t in written)
    assert len(calls) >= len(written)
    assert all(call.reply and call.tokens_out and call.usd == 0.0 for call in calls)


def test_ctrl_c_leaves_a_run_that_can_be_resumed(example: Path, tmp_path: Path):
    variables = os.environ | {"HEURESIS_ARCHIVE": str(tmp_path / "archive.db")}
    command = [sys.executable, "-m", "heuresis", "evolve", str(example), "--minutes", "5", "--workers", "1"]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables)
    assert started.stderr is not None
    line = started.stderr.readline()
    assert line.startswith("run r_"), line
    time.sleep(1.0)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 130
    assert f"heuresis resume {line.split()[1]}" in err
    assert "Traceback" not in err


def test_a_run_is_extended_and_its_table_made_later(cli, example: Path):
    made = cli("evolve", example, "--evaluations", 4, "--workers", 1, "--no-test", "--from", "spt")
    assert made.code == 0, made.err
    [run] = cli("runs", "--json").json["runs"]
    assert f"not compared on test yet: heuresis crown {run['id'][:12]}" in made.out
    assert "starting 1 worker" in made.err
    assert "to choose the champion" in made.err
    for words in (("--seed", 5), ("--mix", "offline=1"), ("--problem", "smtt"), ("--evaluations", 3)):
        refused = cli("resume", run["id"], *words)
        assert refused.code == 2
        assert "that cannot change" in refused.err or "give --evaluations with more than that" in refused.err
    more = cli("resume", run["id"], "--evaluations", 6, "--problem", example, "--seed", 0, "--no-test", "--json")
    assert more.code == 0, more.err
    assert "evaluations 4 → 6" in more.err
    assert (more.json["evaluations"], more.json["champion"]["test"]) == (6, None)
    crowned = cli("crown", run["id"], "--json")
    assert crowned.code == 0, crowned.err
    assert crowned.json["champion"]["id"] == more.json["champion"]["id"]
    assert crowned.json["champion"]["test"]["split"] == "test"
    assert cli("crown", run["id"]).code == 0


@pytest.mark.usefixtures("cli")
def test_doctor_says_which_journal_the_archive_has(monkeypatch: pytest.MonkeyPatch):
    from heuresis.archive import journal
    from heuresis.cli import doctor

    def found() -> tuple[bool | None, str]:
        return doctor._journal(None)

    assert found() == (True, "write-ahead log, once there is an archive")
    Archive.open().close()
    assert found() == (True, "write-ahead log")
    Path(os.environ["HEURESIS_ARCHIVE"]).unlink()
    monkeypatch.setattr(journal, "filesystem_of", lambda _: "9p")
    said = "no write-ahead log here (file system 9p), so a rollback journal: commands and a run wait for each other"
    assert found() == (None, said)
    Archive.open().close()
    assert found() == (None, said)


def test_a_champion_that_is_a_classical_rule_is_called_one(cli, example: Path):
    words = ("evolve", example, "--evaluations", 1, "--workers", 1, "--no-test", "--from", "heaviest")
    made = cli(*words)
    assert made.code == 0, made.err
    assert "is the classical rule heaviest: the search found nothing better" in made.out
    assert "a budget of 1 evaluation is too small to search: the run begins with 1 program;" in made.err
    assert "nothing was searched" in made.err
    assert cli(*words, "--json").json["champion"]["rule"] == "heaviest"


class Refusing(http.server.BaseHTTPRequestHandler):
    """An endpoint that knows no key."""

    def do_POST(self) -> None:
        body = b'{"error": {"message": "Incorrect API key provided: sk-wrong-0123456789abcdef", "code": "invalid_api_key"}}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.usefixtures("unconfined")
def test_a_wrong_key_is_said_once_and_never_shown(cli, example: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0123456789abcdef")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}/v1"
        words = ("evolve", example, "--model", "openai/any", "--api-base", base, "--evaluations", 5, "--workers", 1)
        answer = cli(*words)
    finally:
        server.shutdown()
        server.server_close()
    assert answer.code == 1
    assert "key" in answer.err
    assert "0123456789abcdef" not in answer.err + answer.out


@pytest.mark.usefixtures("unconfined")
def test_an_unreachable_endpoint_is_named(cli, example: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any")
    base = "http://127.0.0.1:9/v1"
    answer = cli("evolve", example, "--model", "openai/any", "--api-base", base, "--evaluations", 5, "--workers", 1)
    assert answer.code == 1
    assert "127.0.0.1:9" in answer.err or "openai/any" in answer.err
