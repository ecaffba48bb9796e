"""The short form from the command line: evolved offline and by a scripted model, then looked at in every way."""

import json
from pathlib import Path

import pytest
from scripted_server import ScriptedServer, completion

SHORT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "sequencing.py"
SMITH = "def priority(p, w, p_mean):\n    return p / w\n"
REPLIES = (
    "```python\ndef priority(p, w, p_mean):\n    return p - w\n```",
    "```python\ndef priority(p, w, p_mean):\n    return p - 3.0 * w + 0.1 * p_mean\n```",
    "```python\ndef priority(p, w, p_mean):\n    return clock\n```",  # no such feature
    f"Smith's rule sorts by the ratio.\n```python\n{SMITH}```",
)


@pytest.mark.slow
def test_the_offline_search_evolves_it_and_every_command_works_on_it(
    cli, tmp_path: Path, request: pytest.FixtureRequest
):
    run = cli("evolve", SHORT, "--evaluations", 8, "--workers", 1, "--seed", 2, "--json")
    assert run.code == 0, run.err
    request.getfixturevalue("unconfined")  # what follows only looks at it
    champion = run.json["champion"]["id"]
    spt = cli("evaluate", SHORT, "spt", "--json").json["results"][0]
    assert run.json["champion"]["select"] < spt["aggregate"]
    assert all(row["value"] >= row["reference"] for row in spt["instances"])
    compared = cli("compare", SHORT, champion, "spt", "heaviest")
    assert compared.code == 0, compared.err
    assert "heaviest" in compared.out
    explained = cli("explain", champion, "--problem", SHORT, "--instance", "search-3")
    assert "search-3: value" in explained.out
    assert "the best rule here" in explained.out
    exported = cli("export", champion, "--problem", SHORT, "-o", tmp_path / "rule.py")
    assert exported.code == 0, exported.err
    namespace: dict = {}
    exec((tmp_path / "rule.py").read_text(), namespace)
    assert namespace["choose"](p=[9.0, 1.0], w=[1.0, 9.0], p_mean=5.0) == 1
    for command in (("top", SHORT), ("show", champion), ("lineage", champion), ("runs",)):
        assert cli(*command).code == 0


@pytest.mark.slow
@pytest.mark.usefixtures("unconfined")
def test_a_scripted_model_evolves_it(cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with ScriptedServer(*map(completion, REPLIES)) as server:
        words = (
            "--model",
            "openai/scripted",
            "--api-base",
            server.url,
            "--evaluations",
            5,
            "--workers",
            1,
            "--seed",
            1,
        )
        run = cli("evolve", SHORT, *words, "--json")
        asked = json.dumps(server.seen)
    assert run.code == 0, run.err
    assert run.json["champion"]["select"] == pytest.approx(0.0, abs=1e-12)
    assert "Sequence jobs on a single machine" in asked
    assert "weight of the job" in asked
    assert "clock" in asked  # the program that did not fit came back to the model with what was wrong


def test_instances_of_ones_own(cli, tmp_path: Path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"instances": [{"name": "a", "p": [3, 1, 2], "w": [1, 1, 1], "plant": "north"}]}))
    found = cli("evaluate", SHORT, "spt", "--instances", path, "--json")
    assert found.json["results"][0]["instances"] == [{"name": "a", "value": 10.0, "reference": 10.0}]
    path.write_text(json.dumps({"instances": [{"p": [3, 1, 0], "w": [1, 1, 1]}]}))
    wrong = cli("evaluate", SHORT, "spt", "--instances", path)
    assert (wrong.code, "low=1, got 0" in wrong.err) == (1, True)
