"""An engine written as TOML is read as the same engine."""

import dataclasses

import pytest

from heuresis.problems.engines import files as engines
from heuresis.problems.engines.writer import to_toml


@pytest.mark.parametrize("name", engines.names())
def test_what_is_written_is_read_again(tmp_path, name):
    engine = engines.load(name)
    path = tmp_path / f"{name}.toml"
    path.write_text(to_toml(engine))
    assert dataclasses.asdict(engines.load(path)) == dataclasses.asdict(engine)


def test_quotes_backslashes_and_line_breaks_in_texts_survive(tmp_path):
    origin = 'measured with "care" on C:\\bench;\n' + "a long story " * 30 + '"""\t\x7f\\'
    engine = dataclasses.replace(engines.load("a30-qwen2-7b"), name="own", title='My "engine" \\ ☃', origin=origin)
    path = tmp_path / "own.toml"
    path.write_text(to_toml(engine))
    assert dataclasses.asdict(engines.load(path)) == dataclasses.asdict(engine)
    assert max(len(line) for line in path.read_text().splitlines()) <= 120


@pytest.mark.parametrize("origin", [" indented", "two  spaces " * 40, "x" * 300 + " y", "ends with a space "])
def test_spaces_survive(tmp_path, origin):
    engine = dataclasses.replace(engines.load("a30-qwen2-7b"), name="own", origin=origin)
    (tmp_path / "own.toml").write_text(to_toml(engine))
    assert engines.load(tmp_path / "own.toml").origin == origin


def test_every_key_has_its_comment():
    lines = to_toml(engines.load("rtx4090-llama-3.1-8b")).splitlines()
    commented = [line for line in lines if "#" in line]
    assert len(commented) >= 18
