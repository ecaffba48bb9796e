"""Reading instance files, and what is said about malformed ones."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from heuresis.problems import registry
from heuresis.problems.problem import Choice, InstanceError, UnknownChoice
from heuresis.problems.tardiness.reader import read

GOOD = {"p": [3, 1], "d": [4, 0]}


def write(folder: Path, document: Any, name: str = "a.json") -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_json_with_names_labels_and_optima(tmp_path: Path) -> None:
    row = GOOD | {"name": "first", "optimum": 1, "tardiness_factor": 0.2, "site": "x", "ignored": [1]}
    result = read([write(tmp_path, {"instances": [row, GOOD | {"optimum": 1}]})])
    assert [i.name for i in result.instances] == ["first", "a.json[1]"]
    assert result.instances[0].labels == {"tardiness_factor": 0.2, "site": "x"}
    assert result.instances[0].reference == 1.0
    assert result.instances[0].claimed
    assert result.notes == ()
    assert (result.instances[1].p.tolist(), result.instances[1].d.tolist()) == ([3, 1], [4, 0])


def test_integers_may_be_written_with_a_decimal(tmp_path: Path) -> None:
    (one,) = read(
        [write(tmp_path, {"instances": [{"p": [18.0, 2], "d": [3.0, 0], "optimum": 17.0, "n": 2.0}]})]
    ).instances
    assert (one.p.tolist(), one.d.tolist(), one.optimum) == ([18, 2], [3, 0], 17)


@pytest.mark.parametrize(
    "text",
    [
        "job,p,d\n1,3,4\n2,1,0\n",
        "\ufeffJob;Processing time;Due date;Weight\r\n1;3,0;4;9\r\n2;1;0;9\r\n;;;\r\n",
        "# of Monday\nid\tdue_date\tduration\n\n1\t4\t3.0\n2\t0\t1\nEOF\n\n",
        "j   p  d\n1   3  4\n2   1  0\n",
    ],
)
def test_lists_of_jobs(tmp_path: Path, text: str) -> None:
    result = read([write(tmp_path, text, "line3.csv")])
    (one,) = result.instances
    assert (one.name, one.p.tolist(), one.d.tolist(), one.reference) == ("line3", [3, 1], [4, 0], None)
    assert any("weights are dropped" in note for note in result.notes) == ("Weight" in text)


def test_a_list_of_jobs_of_several_instances(tmp_path: Path) -> None:
    first, second = read([write(tmp_path, "instance,p,d\nx,1,2\ny,3,4\nx,5,6\n", "a.csv")]).instances
    assert (first.name, first.p.tolist(), second.name, second.d.tolist()) == ("x", [1, 5], "y", [4])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("job,p\n1,2\n", r"a\.csv, line 1: a list of jobs needs the columns p and d; got"),
        ("job,p,d\n", r"a\.csv: the list has no jobs"),
        ("job,p,d\n1,2,3\n2,x,3\n", r'line 3: p must be 1 to 2\*\*40, got "x"'),
        ("job,p,d\n1,2.5,3\n", r'line 2: p must be 1 to 2\*\*40, got "2\.5"'),
        ("job,p,d\n1,2,3\n1,2,3\n", r'the job "1" of a stands there twice'),
        ("job,p,d\n1,2\n", r"line 2: expected 3 fields, got 2"),
    ],
)
def test_malformed_lists_of_jobs_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        read([write(tmp_path, text, "a.csv")])


def test_gzip_and_several_files(tmp_path: Path) -> None:
    packed = tmp_path / "b.json.gz"
    packed.write_bytes(gzip.compress(json.dumps({"instances": [GOOD]}).encode()))
    result = read([packed, write(tmp_path, {"instances": [GOOD, GOOD]})])
    assert len(result.instances) == 3
    assert result.name == "b.json.gz, a.json"
    assert "3 of 3 instances have no optimum: the objective is the mean tardiness" in result.notes[0]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", r"a\.json, line 1, column 2: not JSON"),
        ('{"instances": [\n {"p": [1],, }]}', r"line 2, column \d+: not JSON"),
        ([GOOD], "one or more instances"),
        ({"instances": []}, "one or more instances"),
        ({"instances": [GOOD, 7]}, r"instances\[1\]: expected an object, got 7"),
        ({"instances": [{"p": [1]}]}, r"instances\[0\]: the field 'd' is missing"),
        ({"instances": [{"p": [1, -2], "d": [1, 1]}]}, r"instances\[0\]\.p\[1\]: expected a positive integer, got -2"),
        ({"instances": [{"p": [1, 0], "d": [1, 1]}]}, r"p\[1\]: expected a positive integer, got 0"),
        ({"instances": [{"p": [1, True], "d": [1, 1]}]}, r"p\[1\]: expected a positive integer, got true"),
        ({"instances": [{"p": [1.5], "d": [1]}]}, r"p\[0\]: expected a positive integer, got 1\.5"),
        ({"instances": [{"p": ["x" * 99], "d": [1]}]}, r'p\[0\]: expected a positive integer, got "x+\.\.\.$'),
        ({"instances": [{"p": [1], "d": [-1]}]}, r"d\[0\]: expected 0 or more, got -1"),
        ({"instances": [{"p": [1], "d": [10**30]}]}, r"d\[0\]: expected at most 2\*\*40"),
        ({"instances": [{"p": [1 << 40, 1], "d": [1, 1]}]}, r"p: the sum must be at most 2\*\*40"),
        ({"instances": [{"p": [1, 2], "d": [1]}]}, r"p has 2 entries and d has 1"),
        ({"instances": [{"p": [], "d": []}]}, r"p: expected a list of 1 to 5000 integers, got 0 of them"),
        ({"instances": [{"p": 3, "d": []}]}, r"p: expected a list of 1 to 5000 integers, got 3"),
        ({"instances": [GOOD | {"n": 3}]}, r"instances\[0\]\.n: expected the number of jobs, 2, got 3"),
        ({"instances": [GOOD | {"name": 3}]}, r"instances\[0\]\.name: expected a text, got 3"),
        ({"instances": [GOOD | {"optimum": -1}]}, r"instances\[0\]\.optimum: expected an integer"),
        ({"instances": [GOOD | {"optimum": 1.5}]}, r"instances\[0\]\.optimum: expected an integer"),
        ("[" * 100_000, r"a\.json"),
    ],
)
def test_malformed_json_names_the_place(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        read([write(tmp_path, document)])


def orlib(n: int, count: int) -> str:
    """Instances whose p is 5, weight 9 and d the job's number."""
    return "\n".join(" ".join(map(str, [5] * n + [9] * n + list(range(n)))) for _ in range(count))


@pytest.mark.parametrize(("name", "n", "count"), [("wt40.txt", 40, 3), ("WT7.TXT", 7, 2), ("data.txt", 50, 125)])
def test_orlib_files_lose_their_weights_and_say_so(tmp_path: Path, name: str, n: int, count: int) -> None:
    result = read([write(tmp_path, orlib(n, count), name)])
    assert len(result.instances) == count
    assert result.instances[-1].p.tolist() == [5] * n
    assert result.instances[-1].d.tolist() == list(range(n))
    assert result.instances[-1].reference is None
    assert "weights are dropped" in result.notes[0]


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("1 2\n3 x 5", "wt1.txt", r"line 2: expected integers, got \"x\""),
        ("1 2 3 4", "wt1.txt", r"4 numbers are not a multiple of 3n = 3"),
        ("", "wt1.txt", r"0 numbers"),
        ("1 2 3", "notes.txt", r"name the file wt<n>\.txt"),
        ("0 2 3", "wt1.txt", r"line 1: p must be 1 to 2\*\*40, got 0"),
        ("1\n1\n-3", "wt1.txt", r"line 3: d must be 0 to 2\*\*40, got -3"),
        ("1 -1 3", "wt1.txt", r"weight must be 0 to 2\*\*40, got -1"),
    ],
)
def test_malformed_orlib_names_the_line(tmp_path: Path, text: str, name: str, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        read([write(tmp_path, text, name)])


def test_a_damaged_body_of_a_packed_file_is_the_files_fault(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(json.dumps({"instances": [GOOD] * 99}).encode()))
    packed[10:20] = b"\xff" * 10
    path = tmp_path / "a.json.gz"
    path.write_bytes(packed)
    with pytest.raises(InstanceError, match=r"a\.json\.gz: cannot be read: .*decompressing"):
        read([path])


def test_an_endless_number_is_the_files_fault(tmp_path: Path) -> None:
    path = write(tmp_path, '{"instances": [{"p": [' + "1" * 5_000 + '], "d": [1]}]}')
    with pytest.raises(InstanceError, match=r"a\.json: a number with too many digits"):
        read([path])


def test_unreadable_files(tmp_path: Path) -> None:
    broken, binary = tmp_path / "a.json.gz", tmp_path / "b.json"
    broken.write_bytes(b"not gzip")
    binary.write_bytes(b"\xff\xfe\x00")
    cut = tmp_path / "c.json.gz"
    cut.write_bytes(gzip.compress(b'{"instances": []}' * 99)[:-9])
    for path in (tmp_path / "absent.json", tmp_path, broken, binary, cut):
        with pytest.raises(InstanceError, match=path.name):
            read([path])
    with pytest.raises(InstanceError, match="one or more"):
        read([])


def test_missing_optima_are_proven_where_that_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, {"instances": [GOOD, GOOD | {"name": "b", "optimum": 1}, {"p": [1] * 201, "d": [0] * 201}]})
    plain = registry.get("smtt").asked(Choice())
    asked = registry.get("smtt").asked(Choice(solve=True))
    assert plain.read is not None
    assert asked.read is not None
    assert [one.optimum for one in plain.read([path]).instances] == [None, 1, None]
    assert (
        "2 of 3 instances have no optimum: the objective is the mean tardiness; --solve" in plain.read([path]).notes[0]
    )
    found = asked.read([path])
    assert [(one.optimum, one.claimed) for one in found.instances] == [(1, False), (1, True), (None, False)]
    assert found.notes == (
        "the optima of 1 instances were proven here (--solve)",
        "1 of 3 instances have no optimum: the objective is the mean tardiness",
    )
    with pytest.raises(UnknownChoice, match="bin-packing: this problem takes no solve"):
        registry.get("bin-packing").asked(Choice(solve=True))
