"""`heuresis engine`: list, show, fit."""

import pytest
from profile_parts import LAYERS, write

from heuresis.problems.engines import files as engines


def test_list_names_every_engine(cli):
    answer = cli("engine", "list", "--json")
    assert answer.code == 0
    assert [one["name"] for one in answer.json["engines"]] == list(engines.names())
    table = cli("engine", "list")
    assert all(name in table.out for name in engines.names())


def test_show_prints_a_file_that_can_be_changed_and_read(cli, tmp_path):
    shown = cli("engine", "show", "a10-llama-3-8b")
    path = tmp_path / "own.toml"
    path.write_text(shown.out.replace("blocks = 3328", "blocks = 3000"))
    found = cli("engine", "show", path, "--json").json
    assert (found["name"], found["blocks"], found["replicas"]) == ("own", 3000, 4)
    assert found["mixed"] == cli("engine", "show", "a10-llama-3-8b", "--json").json["mixed"]
    assert (found["batching"], found["admission"]) == ("running_order", "whole")
    assert 'admission = "whole"' in shown.out


def test_fit_reports_coefficients_and_errors_by_regime(cli, tmp_path):
    answer = cli("engine", "fit", *write(tmp_path), "--layers", LAYERS, "--json")
    assert answer.code == 0
    found = answer.json
    assert found["decode"]["kv"] == pytest.approx(LAYERS * 2e-6)
    assert found["mixed"]["excess_from"] == 128.0
    assert [(one["regime"], one["points"]) for one in found["errors"]["all"]] == [("mixed", 120), ("decode", 15)]
    assert found["written"] is None
    table = cli("engine", "fit", *write(tmp_path), "--layers", LAYERS).out
    assert "mixed" in table
    assert "120" in table


def test_fit_writes_an_engine_that_can_be_loaded(cli, tmp_path):
    path = tmp_path / "mine.toml"
    answer = cli("engine", "fit", *write(tmp_path), "--layers", LAYERS, "--engine", "a30-qwen2-7b", "-o", path)
    assert answer.code == 0
    assert "mine.toml" in answer.err
    made, base = engines.load(path), engines.load("a30-qwen2-7b")
    assert made.decode.kv == pytest.approx(LAYERS * 2e-6)
    assert (made.blocks, made.max_num_seqs, made.batching) == (base.blocks, base.max_num_seqs, base.batching)
    assert made.slo != base.slo
    assert "--layers 4" in made.origin
    assert "attention.csv" in made.origin
    told = cli(
        "engine", "fit", *write(tmp_path), "--layers", LAYERS, "--engine", "a30-qwen2-7b", "-o", path, "--json"
    ).json
    assert told["written"] == str(path)
    assert {one["regime"]: one["points"] for one in told["errors"]["engine"]} == {"mixed": 90, "decode": 9}


def test_wrong_use_and_wrong_files_are_told_apart(cli, tmp_path):
    paths = write(tmp_path)
    refused = cli("engine", "fit", *paths, "-o", tmp_path / "mine.toml")
    assert (refused.code, "needs --engine" in refused.err) == (2, True)
    refused = cli("engine", "fit", *paths, "--engine", "a30-qwen2-7b", "-o", tmp_path / "mine.txt")
    assert (refused.code, "must end in .toml" in refused.err) == (2, True)
    refused = cli("engine", "show", "h200")
    assert (refused.code, "unknown engine 'h200'" in refused.err) == (2, True)
    refused = cli("engine", "fit", paths[0])
    assert (refused.code, "missing: layers by tokens" in refused.err) == (1, True)
    (tmp_path / "own.toml").write_text('base = "a30-qwen2-7b"\nblock = 3\n')
    refused = cli("engine", "show", tmp_path / "own.toml")
    assert (refused.code, "unknown key 'block'" in refused.err) == (1, True)
    assert cli("engine", "fit").code == 2
