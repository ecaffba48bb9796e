"""The picture of the rooms is what the imports are, and can be read."""

import importlib
import itertools
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("grimp", reason="import-linter brings it")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def drawn(root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    goal = tmp_path_factory.mktemp("house") / "house.svg"
    subprocess.run([sys.executable, root / "docs" / "house" / "draw.py", goal], check=True)
    return goal.read_text()


@pytest.fixture
def rooms(root: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(root / "docs" / "house"))
    monkeypatch.delitem(sys.modules, "rooms", raising=False)
    return importlib.import_module("rooms")


def test_the_picture_is_up_to_date(root: Path, drawn: str):
    assert drawn == (root / "docs" / "house.svg").read_text(), "the rooms have changed: `make house`"


def test_every_room_is_in_it_and_no_box_lies_on_another(root: Path, drawn: str):
    picture = ET.fromstring(drawn)
    names = [text.text for text in picture.iter(f"{SVG}text") if text.get("class") == "name"]
    layers = [root / text.text for text in picture.iter(f"{SVG}text") if text.get("class") == "layer"]
    folders = [file.parent.name for layer in layers for file in layer.glob("*/__init__.py")]
    assert sorted(names) == sorted(folders)
    assert {layer.name for layer in layers} == {link.name for link in (root / "src/heuresis").glob("*/")} - {
        "__pycache__"
    }
    width = float(picture.get("viewBox", "").split()[2])
    boxes = [
        [float(rect.get(side, "")) for side in ("x", "y", "width", "height")]
        for rect in picture.iter(f"{SVG}rect")
        if rect.get("class") == "box"
    ]
    assert len(boxes) > len(names)
    for x, _, wide, _ in boxes:
        assert 0 <= x <= width - wide
    for (x, y, wide, high), (other_x, other_y, other_wide, other_high) in itertools.combinations(boxes, 2):
        apart = x + wide < other_x or other_x + other_wide < x or y + high < other_y or other_y + other_high < y
        assert apart


def test_arrows_that_follow_from_others_are_left_out(rooms: ModuleType):
    top, middle, ground = (rooms.Box("problems", room) for room in ("top", "middle", "ground"))
    direct = {top: {middle, ground}, middle: {ground}, ground: set()}
    assert rooms.without_detours(direct) == {top: [middle], middle: [ground], ground: []}
    assert rooms.without_detours(direct | {middle: set()}) == {top: [ground, middle], middle: [], ground: []}


def test_a_circle_of_boxes_is_said(rooms: ModuleType):
    one, other = rooms.Box("problems", "one"), rooms.Box("problems", "other")
    with pytest.raises(ValueError, match="got problems/other → problems/one → problems/other; `lint-imports`"):
        rooms.without_detours({one: {other}, other: {one}})
