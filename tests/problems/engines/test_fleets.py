"""Files that list the replicas behind a router."""

from pathlib import Path

import pytest

from heuresis.evaluators.routing.roles import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.serving.engine import EngineError
from heuresis.problems.engines import files
from heuresis.problems.engines.fleets import fleet_of


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """An engine of one's own with half of the memory."""
    path = tmp_path / "small.toml"
    path.write_text('base = "a10-llama-3-8b"\nblocks = 1_664\n')
    return path


def listing(tmp_path: Path, *rows: str, more: str = "") -> Path:
    """A file that lists replicas."""
    path = tmp_path / "fleet.toml"
    path.write_text(more + "replicas = [\n" + "".join(f"  {{ {row} }},\n" for row in rows) + "]\n")
    return path


@pytest.mark.usefixtures("small")
def test_a_file_lists_unequal_replicas(tmp_path: Path) -> None:
    path = listing(tmp_path, 'engine = "a10-llama-3-8b", count = 2', 'engine = "small.toml"')
    fleet = fleet_of(path)
    assert [one.blocks for one in fleet.engines] == [3_328, 3_328, 1_664]
    assert fleet.roles == (MIXED,) * 3
    assert not fleet.equal


def test_replicas_have_roles(tmp_path: Path) -> None:
    path = listing(
        tmp_path,
        'engine = "a10-llama-3-8b", count = 2, role = "prefill"',
        'engine = "a10-llama-3-8b", role = "decode"',
    )
    fleet = fleet_of(path)
    assert fleet.roles == (PREFILLS_ONLY, PREFILLS_ONLY, DECODES_ONLY)
    assert not fleet.equal


def test_an_engine_has_as_many_replicas_as_it_says_or_as_are_wanted() -> None:
    assert len(fleet_of("a10-llama-3-8b").engines) == 4
    assert len(fleet_of("a30-qwen2-7b", 6).engines) == 6
    assert fleet_of("a30-qwen2-7b", 6).equal
    with pytest.raises(EngineError, match="replicas must be 1 to 64, got 65"):
        fleet_of("a30-qwen2-7b", 65)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((), "expected 1 to 64 in all, got 0"),
        (("count = 2",), r"replicas\[0\]: expected {engine = NAME or FILE.toml, count = N, role = ROLE}, got"),
        (('engine = "a10-llama-3-8b", number = 2',), r"replicas\[0\]: unknown keys: number; known: engine, count"),
        (('engine = "a10-llama-3-8b", count = 0',), r"replicas\[0\].count: expected an integer of 1 to 64, got 0"),
        (('engine = "a10-llama-3-8b", role = "both"',), r"role: expected one of mixed, prefill, decode, got 'both'"),
        (('engine = "a10-llama-3-8b", count = 60',) * 2, "expected 1 to 64 in all, got 120"),
        (('engine = "a10-llama-3-8b"', 'engine = "a30-qwen2-7b"'), "one block size, and all a prefix cache or none"),
        (('engine = "a10-llama-3-8b", role = "prefill"',), "roles must be mixed everywhere, or prefill and decode"),
    ],
)
def test_lists_that_cannot_be_are_refused(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        fleet_of(listing(tmp_path, *rows))


def test_a_list_leaves_no_number_and_no_other_key_open(tmp_path: Path) -> None:
    path = listing(tmp_path, 'engine = "a10-llama-3-8b"')
    with pytest.raises(EngineError, match="lists its replicas, so their number cannot be chosen as well"):
        fleet_of(path, 3)
    with pytest.raises(EngineError, match="unknown keys beside a list of replicas: blocks"):
        fleet_of(listing(tmp_path, 'engine = "a10-llama-3-8b"', more="blocks = 5\n"))


def test_where_one_engine_is_wanted_a_list_is_refused_with_the_problem_that_takes_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="lists several replicas, for the problem serving-router"):
        files.load(listing(tmp_path, 'engine = "a10-llama-3-8b"'))
