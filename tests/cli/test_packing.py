"""The packing problems on the command line: instances of one's own, from evaluation to picture, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"instances": rows}))
    return path


@pytest.fixture
def items(tmp_path: Path) -> Path:
    """Two instances that first fit and best fit pack in different ways."""
    one = {"name": "one", "capacity": 10, "items": [6, 5, 4, 5]}
    return written(tmp_path / "items.json", one, {"name": "two", "capacity": 10, "items": [7, 6, 4, 3]})


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    """Requests for CPU and memory on nodes opened at will."""
    row = {"name": "one", "types": [[4, 4], [8, 2]], "requests": [[3, 1], [1, 3], [8, 1], [2, 2]]}
    return written(tmp_path / "nodes.json", row)


def test_items_are_packed_explained_and_drawn(cli, items: Path):
    answer = cli(
        "evaluate", "bin-packing", "best_fit", "harmonic_classes", "--instances", items, "--timeout", 90, "--json"
    )
    assert answer.code == 0, answer.err
    rule, reference = answer.json["results"]
    assert [row["value"] for row in rule["instances"]] == [2.0, 2.0]
    assert (rule["metrics"]["bins"], rule["aggregate"]) == (4.0, 0.0)
    assert [row["value"] for row in reference["instances"]] == [3.0, 4.0]
    text = cli("explain", "best_fit", "--problem", "bin-packing", "--instances", items, "--instance", "two").out
    assert "n = 4, capacity 10: 2 bins, lower bound 2" in text
    drawn = cli("plot", "bin-packing", "worst_fit", "--instances", items)
    assert drawn.code == 0, drawn.err
    assert "Bins opened beyond the lower bound" in drawn.out
    assert "def pack(items, cap)" in cli("export", "best_fit", "--problem", "bin-packing").out


@pytest.mark.usefixtures("unconfined")
def test_placements_are_drawn(cli, nodes: Path):
    answer = cli("plot", "vector-packing", "first_fit", "dot_product", "--instances", nodes, "--json")
    assert answer.code == 0, answer.err
    figures = answer.json["figures"]
    assert [curve["name"] for curve in figures[0]["curves"]] == ["first_fit", "dot_product"]
    assert len(figures) == 4


@pytest.mark.parametrize(
    ("problem", "rule", "text", "reason"),
    [
        (
            "bin-packing",
            "best_fit",
            '{"instances": [{"capacity": 5, "items": [6]}]}',
            "instances[0].items[0]: expected",
        ),
        ("bin-packing", "best_fit", '{"instances": [{"capacity": 5, "capacity": 6, "items": [6]}]}', "twice"),
        ("vector-packing", "first_fit", '{"instances": [{"types": [[1]], "requests": [[2]]}]}', "fits no node type"),
        (
            "vector-packing-fleet",
            "first_fit",
            '{"instances": [{"types": [[1]], "requests": [[1]]}]}',
            "give the list of nodes as well",
        ),
    ],
)
def test_files_that_cannot_be_packed_are_refused(cli, tmp_path: Path, problem: str, rule: str, text: str, reason: str):
    path = tmp_path / "bad.json"
    path.write_text(text)
    answer = cli("evaluate", problem, rule, "--instances", path)
    assert (answer.code, answer.out) == (1, "")
    assert "bad.json" in answer.err
    assert reason in answer.err


@pytest.mark.usefixtures("unconfined")
def test_instances_are_given_file_by_file_and_too_few_have_no_splits(cli, items: Path):
    both = cli("evaluate", "bin-packing", "best_fit", "--instances", items, "--split", "search")
    assert (both.code, both.out) == (1, "")
    assert "items.json: 2 different instances cannot be cut into search, select, test; expected 3 or more" in both.err
    two = cli("evaluate", "bin-packing", "--instances", items, items)
    assert two.code == 2
    assert "looks like a file of instances" in two.err
    assert "--instances A --instances" in two.err
    endless = cli("evaluate", "bin-packing", "best_fit", "--instances", items, "--timeout", "nan")
    assert endless.code == 2
    assert "--timeout: expected a positive, finite number of seconds, got nan" in endless.err
