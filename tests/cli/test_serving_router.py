"""`serving-router` on the command line: routers on traces, their explanation, and a search that begins with them."""

from pathlib import Path

import pytest


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Eighty requests, four a second, of which every eighth is long."""
    rows = [f"{i / 4},{4000 if i % 8 == 0 else 100},{200 if i % 8 == 0 else 20}" for i in range(80)]
    path = tmp_path / "trace.csv"
    path.write_text("\n".join(["arrived_at,prefill,decode", *rows]) + "\n")
    return path


def test_routers_are_measured_on_a_trace(cli, trace: Path):
    words = ("evaluate", "serving-router", "llq", "hra", "round_robin", "--instances", trace)
    answer = cli(*words, "--engine", "a10-llama-3-8b-2048", "--json")
    assert answer.code == 0, answer.err
    llq, hra, robin = answer.json["results"]
    assert [one["program"] for one in answer.json["results"]] == ["llq", "hra", "round_robin"]
    assert llq["aggregate"] == 1.0
    for one in (hra, robin):
        assert one["aggregate"] == pytest.approx(one["metrics"]["e2e_mean"] / llq["metrics"]["e2e_mean"])
        assert one["metrics"]["replica_seconds"] > 0
    assert hra["aggregate"] != robin["aggregate"]
    assert "shortest queue" in answer.json["objective"]


@pytest.mark.usefixtures("unconfined")
def test_it_explains_what_went_where(cli, trace: Path):
    words = ("explain", "hra", "--problem", "serving-router", "--instances", trace, "--engine", "a10-llama-3-8b-2048")
    text = cli(*words).out
    assert "times that of the shortest queue" in text
    assert "replica" in text


@pytest.mark.usefixtures("unconfined")
def test_it_draws_routers_side_by_side_and_one_by_replica(cli, trace: Path, tmp_path: Path):
    words = ("--instances", trace, "--engine", "a10-llama-3-8b-2048")
    text = cli("plot", "serving-router", "llq", "hra", *words).out
    assert "KV memory in use (%)" in text
    assert "• llq   x hra" in text
    found = cli("plot", "serving-router", "llumnix", *words, "--json").json["figures"]
    assert [c["name"] for c in found[2]["curves"]] == [f"replica {r}" for r in range(4)]
    assert max(max(c["y"]) for c in found[2]["curves"]) > 0
    assert found[-1]["curves"][0]["y"][-1] == pytest.approx(1.0)
    pytest.importorskip("matplotlib")
    picture = tmp_path / "routers.svg"
    assert cli("plot", "serving-router", "llq", "hra", *words, "-o", picture).code == 0
    assert picture.read_bytes().startswith(b"<?xml")


def test_its_engine_has_to_exist(cli):
    answer = cli("evaluate", "serving-router", "llq", "--engine", "abacus")
    assert answer.code == 2
    assert "unknown engine 'abacus'" in answer.err


def test_an_engine_of_one_replica_is_refused_with_the_way_out(cli, trace: Path, tmp_path: Path):
    refused = cli("evaluate", "serving-router", "llq", "--instances", trace, "--engine", "a30-qwen2-7b")
    assert refused.code == 1
    assert "a30-qwen2-7b has one replica" in refused.err
    assert "say --replicas 4, or write a file MINE.toml" in refused.err
    own = tmp_path / "mine.toml"
    own.write_text('base = "a30-qwen2-7b"\nreplicas = 1\n')
    assert "mine has one replica" in cli("evaluate", "serving-router", "llq", "--engine", own).err
    own.write_text('base = "a30-qwen2-7b"\nreplicas = 3\n')
    assert cli("evaluate", "serving-router", "llq", "--instances", trace, "--engine", own).code == 0
