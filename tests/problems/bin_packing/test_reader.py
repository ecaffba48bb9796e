"""Reading bin-packing files, and what is said about malformed ones."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pytest

from heuresis.problems.bin_packing.reader import read
from heuresis.problems.problem import InstanceError

GOOD = {"capacity": 10, "items": [3, 1]}
ORLIB = "2\n first \n 10 3 2\n4\n6\n5\n second \n 10 1 1\n9\n"
BPPLIB = "3\n10\n4\n6\n5\n"
DEMANDS = "'BPP    14'\n 2\n 10\n 7 1\n 2 3\n'BPP 119' \n 1\n 10\n 5 2\n"


def write(folder: Path, document: Any, name: str = "a.json") -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_json_with_names_and_labels(tmp_path: Path) -> None:
    row = GOOD | {"name": "one", "family": "x", "ignored": [1], "n": 2}
    result = read([write(tmp_path, {"instances": [row, GOOD]})])
    assert [i.name for i in result.instances] == ["one", "a.json[1]"]
    assert result.instances[0].labels == {"family": "x", "n": 2}
    assert result.instances[0].items.tolist() == [3, 1]
    assert result.instances[0].capacity == 10
    assert result.instances[0].reference == 1.0
    assert result.notes == ()


def test_the_formats_of_the_field(tmp_path: Path) -> None:
    orlib = read([write(tmp_path, ORLIB, "u3.txt")])
    assert [(i.name, i.capacity, i.items.tolist()) for i in orlib.instances] == [
        ("first", 10, [4, 6, 5]),
        ("second", 10, [9]),
    ]
    numbered = read([write(tmp_path, ORLIB.replace("first", "7").replace("second", "8"), "u3.txt")])
    assert [i.name for i in numbered.instances] == ["7", "8"]
    (single,) = read([write(tmp_path, "1\n7\n10 3 2\n4\n6\n5\n", "u1.txt")]).instances
    assert (single.name, single.capacity, single.items.tolist()) == ("7", 10, [4, 6, 5])
    one = read([write(tmp_path, BPPLIB, "N1C1W1_A.txt")])
    assert [(i.name, i.capacity, i.items.tolist()) for i in one.instances] == [("N1C1W1_A", 10, [4, 6, 5])]
    demands = read([write(tmp_path, DEMANDS, "hard.txt")])
    assert [(i.name, i.items.tolist()) for i in demands.instances] == [("BPP 14", [7, 2, 2, 2]), ("BPP 119", [5, 5])]
    assert "arrive in the file's order" in demands.notes[0]


def test_triplets_with_one_decimal_are_taken_tenfold(tmp_path: Path) -> None:
    text = "1\n t60_00 \n 100.0 3 1\n36.6\n26.8\n36\n"
    found = read([write(tmp_path, text, "t.txt")])
    (one,) = found.instances
    assert (one.capacity, one.items.tolist()) == (1000, [366, 268, 360])
    assert found.notes == ("t.txt: capacities and sizes have one decimal and are taken tenfold",)
    plain = read([write(tmp_path, "1\n a\n 100.0 2 1\n36.0\n26\n", "t.txt")])
    assert (plain.instances[0].capacity, plain.instances[0].items.tolist()) == (100, [36, 26])
    assert plain.notes == ()


@pytest.mark.parametrize(
    "text",
    [
        "3\r\n10\r\n4\r\n6\r\n5\r\n",
        "3;10;4;6;5\n",
        "3\t10\n4\t6\t5\n\n \n",
        "# sizes of a day\n3\n10 # the capacity\n4\n6\n5\nEOF\n\n",
        "3.0\n10.0\n4.0\n6\n5.\n-1\n",
        "\ufeff3\n10\n4\n6\n5\n\x1a",
    ],
)
def test_numbers_however_they_are_laid_out(tmp_path: Path, text: str) -> None:
    for name, content in (("a.txt", text.encode()), ("b.txt", gzip.compress(text.encode()))):
        (tmp_path / name).write_bytes(content)
        (one,) = read([tmp_path / name]).instances
        assert (one.capacity, one.items.tolist()) == (10, [4, 6, 5])


def test_equal_names_are_numbered(tmp_path: Path) -> None:
    rows = [GOOD | {"name": "a"}, GOOD | {"name": "a (2)"}, {"capacity": 10.0, "items": [2.0], "name": "a", "n": 1.0}]
    found = read([write(tmp_path, {"instances": rows})])
    assert [one.name for one in found.instances] == ["a", "a (2)", "a (3)"]
    assert found.instances[2].items.tolist() == [2]
    assert found.notes == ('a second instance with the name "a" is called "a (3)"',)


def test_gzip_and_several_files(tmp_path: Path) -> None:
    packed = tmp_path / "b.txt.gz"
    packed.write_bytes(gzip.compress(ORLIB.encode()))
    result = read([packed, write(tmp_path, {"instances": [GOOD]})])
    assert [i.name for i in result.instances] == ["first", "second", "a.json[0]"]
    assert result.name == "b.txt.gz, a.json"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", r"a\.json, line 1, column 2: not JSON"),
        ({"instances": []}, "one or more instances"),
        ({"instances": [GOOD, 7]}, r"instances\[1\]: expected an object, got 7"),
        ({"instances": [{"items": [1]}]}, r"instances\[0\]: the field 'capacity' is missing"),
        ({"instances": [{"capacity": 10}]}, r"instances\[0\]: the field 'items' is missing"),
        ({"instances": [GOOD | {"capacity": 0}]}, r"instances\[0\]\.capacity: expected a capacity from 1 to .*, got 0"),
        ({"instances": [GOOD | {"capacity": 10.5}]}, r"capacity: .* got 10\.5 \(sizes and capacities are integers"),
        ({"instances": [GOOD | {"capacity": True}]}, r"capacity: .* got true"),
        ({"instances": [GOOD | {"capacity": "10"}]}, r'capacity: .* got "10"'),
        ({"instances": [GOOD | {"items": []}]}, r"items: expected a list of 1 to 1000000 sizes, got 0 of them"),
        ({"instances": [GOOD | {"items": 3}]}, r"items: expected a list of 1 to 1000000 sizes, got 3"),
        ({"instances": [GOOD | {"items": [3, 11]}]}, r"items\[1\]: expected a size from 1 to the capacity, 10, got 11"),
        ({"instances": [GOOD | {"items": [0]}]}, r"items\[0\]: expected a size from 1 .*, got 0"),
        ({"instances": [GOOD | {"items": [-4]}]}, r"items\[0\]: expected a size from 1 .*, got -4"),
        (
            {"instances": [GOOD | {"items": [2.5]}]},
            r"items\[0\]: expected a size .* got 2\.5 \(sizes and capacities are",
        ),
        ({"instances": [GOOD | {"items": [None]}]}, r"items\[0\]: .* got null"),
        ({"instances": [GOOD | {"n": 3}]}, r"n: expected the number of items, 2, got 3"),
        ({"instances": [GOOD | {"n": True, "items": [1]}]}, r"n: expected the number of items, 1, got true"),
        ({"instances": [GOOD | {"n": 2.5}]}, r"n: expected the number of items, 2, got 2\.5"),
        ({"instances": [GOOD | {"capacity": math.inf}]}, r"capacity: expected a capacity from 1 to \d+, got Infinity$"),
        ({"instances": [GOOD | {"group": math.nan}]}, r"group: expected a finite number or a text, got NaN"),
        ({"instances": [GOOD | {"name": "\ud800"}]}, r'name: expected characters, got half a surrogate .* "\\ud800"'),
        ({"instances": [GOOD | {"group": "a\udc00"}]}, r"group: expected characters, got half a surrogate pair at 1"),
        ('{"instances": [{"capacity": 5, "items": [1], "capacity": 6}]}', r'a\.json: .* has the key "capacity" twice'),
        ('{"instances": [], "instances": []}', r'a\.json: an object has the key "instances" twice'),
        ({"instances": [GOOD | {"name": 3}]}, r"name: expected a text, got 3"),
        ({"instances": [GOOD, GOOD | {"capacity": 12}]}, r"instances\[1\]: capacity 12, but those before have 10"),
    ],
)
def test_malformed_json_names_the_place(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        read([write(tmp_path, document)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a\.txt: the file is empty"),
        ("0\n", r"line 1: expected the number of problems from 1 to 1000000, got 0"),
        ("2\n first\n 10 1 1\n4\n", r"the file ends after line 4, where another problem is missing"),
        ("1\n first\n 10 3 2\n4\n6\n", r"the file ends after line 5, where a size of first is missing"),
        ("1\n first\n 10\n", r"the file ends after line 3, where the number of items is missing"),
        ("2\n first\n 10 2 2\n4\n second\n 10 1 1\n9\n", r'line 5: expected a size of first, an integer, got "second"'),
        ("1\n first\n 10 1 1\n4\n second\n 10 1 1\n9\n", r"line 5: more follows after the last problem announced"),
        ("1\n first\n 10 1 1\n11\n", r"line 4: expected a size of first from 1 to 10, got 11"),
        ("1\n first\n 10 1 1\n0\n", r"line 4: expected a size of first from 1 to 10, got 0"),
        ("1\n first\n 10 1 1\n-3\n", r"line 4: expected a size of first from 1 to 10, got -3"),
        ("1\n first\n 10.25 1 1\n3\n", r'line 3: expected the capacity, an integer, got "10\.25" \(.*multiply all'),
        ("1\n first\n 10.0 1 1\n3.25\n", r'line 4: expected a size of first, an integer, got "3\.25" \(.*multiply all'),
        ("1\n first\n 10.0 2 1\n3.5\n10.1\n", r"line 5: expected a size of first from 0\.1 to 10\.0, got 10\.1"),
        ("1\n first\n 10 1 1\n3.5\n", r'line 4: expected a size of first, an integer, got "3\.5" \(.*multiply all'),
        ("1\n first\n -10 1 1\n3\n", r"line 3: expected the capacity from 1 to 2000000, got -10"),
        ("2\n a\n 10 1 1\n4\n b\n 12 1 1\n4\n", r"line 5: capacity 12, but those before have 10; .*mixed capacities"),
        ("3\n10\n4\n6\n", r"the file ends after line 4, where a size is missing"),
        ("2\n10\n4\n6\n5\n", r"line 5: more follows after the last item announced"),
        ("2\n10\n4\n--5\n", r'line 4: expected a size, an integer, got "--5"'),
        ("2\n10\n4\n+-5\n", r'line 4: expected a size, an integer, got "\+-5"'),
        ("'A'\n 2\n 10\n 7 999999\n 3 2\n", r"line 5: more than 1000000 items in all"),
        ("2\n10\n4\n1.5\n", r'line 4: expected a size, an integer, got "1\.5"'),
        ("'A'\n 2\n 10\n 7 1\n", r"the file ends after line 4, where a size is missing"),
        ("'A'\n 1\n 10\n 7 0\n", r"line 4: expected how many items have it from 1 to 1000000, got 0"),
        ("'A'\n 1\n 10\n 7\n'B'\n", r"line 5: expected how many items have it, an integer, got \"'B'\""),
        ("3\nnan\n4\n6\n5\n", r'line 2: expected the capacity, an integer, got "nan"$'),
        ("2\n10\n4\n99999999999999999999\n", r'line 4: expected a size, an integer, got "9{20}"$'),
        ("1\n 7\n 10 3 2\n4\n6\n11\n", r"line 6: expected a size of 7 from 1 to 10, got 11"),
        ("name,size\n", r"line 1: expected the number of items, an integer, got .name"),
    ],
)
def test_malformed_text_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        read([write(tmp_path, text, "a.txt")])


def test_no_file_is_an_error() -> None:
    with pytest.raises(InstanceError, match="one or more instance files"):
        read([])
