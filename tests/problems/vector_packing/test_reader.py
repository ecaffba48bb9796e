"""Reading vector-packing instances, and what is said about malformed ones."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pytest

from heuresis.problems.problem import Choice, InstanceError, Problem
from heuresis.problems.vector_packing.problem import PROBLEM, PROBLEM_FLEET
from heuresis.problems.vector_packing.reader import read, read_fleet

GOOD = {"types": [[4, 4], [8, 2]], "requests": [[1, 2], [8, 0]]}
FLEET = {"fleet": [[4, 4], [8, 2], [4, 4]], "requests": [[1, 2], [9, 0]]}
POD_HEADER = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
NODE_HEADER = "sn,cpu_milli,memory_mib,gpu,model\n"
PODS = POD_HEADER + "a,1000,2048,1,470,\nb,96000,0,0,0,\nc,120000,1,8,1000,V100\n"
NODES = NODE_HEADER + "x,96000,393216,8,G2\ny,128000,786432,8,G3\nz,96000,393216,8,G2\n"


def write(folder: Path, document: Any, name: str = "a.json") -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_json_with_types(tmp_path: Path) -> None:
    row = GOOD | {"name": "first", "family": "x", "load": 0.5, "ignored": [1]}
    result = read([write(tmp_path, {"instances": [row, GOOD]})])
    first, second = result.instances
    assert [first.name, second.name] == ["first", "a.json[1]"]
    assert first.labels == {"family": "x", "load": 0.5}
    assert first.types.tolist() == [[4, 4, 0], [8, 2, 0]]
    assert first.requests.tolist() == [[1, 2, 0], [8, 0, 0]]
    assert first.fleet is None
    assert first.reference == 2.0


def test_json_with_a_fleet(tmp_path: Path) -> None:
    (one,) = read([write(tmp_path, {"instances": [FLEET]})]).instances
    assert one.types[one.fleet].tolist() == [[4, 4, 0], [8, 2, 0], [4, 4, 0]]
    assert one.reference == 1.0  # a request for 9 fits nowhere


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", r"a\.json, line 1, column 2: not JSON"),
        ([GOOD], "one or more instances"),
        ({"instances": []}, "one or more instances"),
        ({"instances": [7]}, r"instances\[0\]: expected an object, got 7"),
        ({"instances": [{"requests": [[1]]}]}, r"instances\[0\]: expected one of the fields 'types' and 'fleet'"),
        ({"instances": [GOOD | FLEET]}, r"expected one of the fields 'types' and 'fleet', got .*fleet.*types"),
        ({"instances": [{"types": [[1]]}]}, r"instances\[0\]: the field 'requests' is missing"),
        ({"instances": [GOOD | {"requests": []}]}, r"requests: expected a list of 1 to \d+ lists of amounts, got 0"),
        ({"instances": [GOOD | {"types": []}]}, r"types: expected a list of 1 to"),
        ({"instances": [GOOD | {"types": [4, 4]}]}, r"types\[0\]: expected a list of 1 to 3 amounts .*, got 4"),
        ({"instances": [GOOD | {"types": [[1] * 4]}]}, r"types\[0\]: expected a list of 1 to 3 amounts"),
        ({"instances": [GOOD | {"types": [[]]}]}, r"types\[0\]: expected a list of 1 to 3 amounts"),
        ({"instances": [GOOD | {"requests": [[1, 2], [1]]}]}, r"requests\[1\]: expected a list of 2 amounts .*\[1\]"),
        (
            {"instances": [GOOD | {"requests": [[1, -2]]}]},
            r"requests\[0\]\[1\]: expected an integer of 0 to 2\*\*40, got -2",
        ),
        ({"instances": [GOOD | {"requests": [[1, 0.5]]}]}, r"requests\[0\]\[1\]: .*smaller unit.*, got 0\.5"),
        ({"instances": [GOOD | {"requests": [[1, True]]}]}, r"requests\[0\]\[1\]: expected an integer .*, got true"),
        (
            {"instances": [GOOD | {"requests": [[1, 1 << 41]]}]},
            r"requests\[0\]\[1\]: expected .* 2\*\*40 \(choose a larger unit",
        ),
        ({"instances": [GOOD | {"requests": [[0, 0]]}]}, r"requests\[0\]: all amounts are 0"),
        ({"instances": [GOOD | {"requests": [[1, 1], [5, 3]]}]}, r"requests\[1\]: \[5, 3, 0\] fits no node type"),
        ({"instances": [FLEET | {"fleet": [[0, 0]]}]}, r"fleet\[0\]: all amounts are 0"),
        ({"instances": [GOOD | {"name": 3}]}, r"instances\[0\]\.name: expected a text, got 3"),
        ({"instances": [{"types": [[1 << 40]], "requests": [[1]] * 8193}]}, r"instances\[0\].*use a larger unit"),
        (
            {"instances": [GOOD, FLEET]},
            r"a\.json: instances\[1\]: an instance with a fleet, but .*a\.json: instances\[0\] has node types",
        ),
        (
            '{"instances": [{"types": [[1]], "requests": [[1]], "requests": [[2]]}]}',
            r'a\.json: .* key "requests" twice',
        ),
        ({"instances": [GOOD | {"load": math.nan}]}, r"instances\[0\]\.load: expected a finite number .*, got NaN"),
        (
            {"instances": [GOOD | {"name": "\ud800"}]},
            r"instances\[0\]\.name: expected characters, got half a surrogate",
        ),
        ("[" * 100_000, r"a\.json"),
        ('{"instances": [' + "1" * 5_000 + "]}", "too many digits"),
    ],
)
def test_malformed_json_names_the_place(tmp_path: Path, document: Any, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        read([write(tmp_path, document)])


def test_a_list_of_pods_alone_is_packed_on_the_commonest_node(tmp_path: Path) -> None:
    result = read([write(tmp_path, PODS, "pods.csv")])
    (one,) = result.instances
    assert one.fleet is None
    assert one.types.tolist() == [[96000, 393216, 0]]
    assert one.requests.tolist() == [[1000, 2048, 0], [96000, 0, 0]]
    assert result.notes == (
        (
            "pods.csv: CPU and memory alone, on nodes of 96 cores and 384 GiB; 1 pods fit none and are left out; all "
            "pods stay, in the order of the file; not taken: num_gpu, gpu_milli, gpu_spec"
        ),
    )


@pytest.mark.parametrize(
    "text",
    [
        PODS + "\n\n",
        PODS.replace("\n", "\r\n") + "(3 rows)\r\n",
        "\ufeff# pods\n" + PODS.replace(",", ";").replace("1000;2048", "1000.0;2048.0") + ";;;;;\n\x1a",
        PODS.replace(",", "\t"),
    ],
)
def test_lists_however_they_are_laid_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "pods").write_bytes(gzip.compress(text.encode()))
    (one,) = read([tmp_path / "pods"]).instances
    assert one.requests.tolist() == [[1000, 2048, 0], [96000, 0, 0]]


def test_pods_and_nodes_make_a_fleet_in_any_order(tmp_path: Path) -> None:
    packed = tmp_path / "nodes.csv.gz"
    packed.write_bytes(gzip.compress(NODES.encode()))
    for files in ([write(tmp_path, PODS, "pods.csv"), packed], [packed, tmp_path / "pods.csv"]):
        result = read(files)
        (one,) = result.instances
        assert one.requests.tolist() == [[1000, 2048, 470], [96000, 0, 0], [120000, 1, 8000]]
        assert one.types[one.fleet].tolist() == [[96000, 393216, 8000], [128000, 786432, 8000], [96000, 393216, 8000]]
        assert "on the 3 nodes of nodes.csv.gz" in result.notes[0]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([""], r"0\.csv: the file is empty"),
        (["a,b\n1,2\n"], r"0\.csv, line 1: expected JSON, a list of pods .* got the columns"),
        ([POD_HEADER], r"0\.csv: the list has no rows"),
        ([POD_HEADER + "a,1,2\n"], r"0\.csv, line 2: expected 6 fields, got 3"),
        ([PODS + "d,x,1,0,0,\n"], r"0\.csv, line 5: cpu_milli must be an integer from 0 to \d+, got \"x\""),
        ([PODS + "d,-1,1,0,0,\n"], r"0\.csv, line 5: cpu_milli must be an integer"),
        ([PODS + "d,1,1.5,0,0,\n"], r"0\.csv, line 5: memory_mib must be an integer"),
        ([PODS + "d,99999999999999999999,1,0,0,\n"], r"0\.csv, line 5: cpu_milli"),
        ([PODS + "d,00000000000000999999999999999999999,1,0,0,\n"], r"0\.csv, line 5: cpu_milli"),
        ([PODS + "d,1,1,1000000000000,1000000000000,\n"], r"0\.csv, line 5: more than \d+ thousandths of GPUs"),
        ([PODS + "d,0,0,0,0,\n"], r"0\.csv, line 5: all amounts are 0"),
        ([POD_HEADER + '"a\nb",1,1,0,0,\n\nd,x,1,0,0,\n'], r"0\.csv, line 5: cpu_milli must be an integer"),
        ([POD_HEADER + '"a\nb",1,1,0,0,\nd,x,1,0,0,\n'], r"0\.csv, line 4: cpu_milli must be an integer"),
        ([POD_HEADER + 'a,1,1,0,0,\n"b\nc",x,1,0,0,\n'], r"0\.csv, line 3: cpu_milli must be an integer"),
        (["cpu_milli," + PODS], r'0\.csv, line 1: the column "cpu_milli" stands there twice'),
        ([NODES], r"0\.csv: expected one list of nodes beside one or more lists of pods"),
        ([PODS, NODES, NODES], r"2\.csv: expected one list of nodes"),
        ([POD_HEADER + "a,200000,1,0,0,\n"], r"0\.csv: no pod fits a node of 96 cores"),
    ],
)
def test_malformed_lists_name_the_line(tmp_path: Path, texts: list[str], message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        read([write(tmp_path, text, f"{i}.csv") for i, text in enumerate(texts)])


def test_unreadable_files(tmp_path: Path) -> None:
    broken, binary = tmp_path / "a.json.gz", tmp_path / "b.json"
    broken.write_bytes(b"not gzip")
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "absent.json", tmp_path, broken, binary):
        with pytest.raises(InstanceError, match=path.name):
            read([path])
    with pytest.raises(InstanceError, match="one or more"):
        read([])


TIMED = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time\n"
STAYS = "a,1000,1,1,470,,0,5\nb,2000,1,1,1000,G3|G9,3,\nc,3000,1,2,1000,G2,5,5\nd,4000,1,0,0,,6,7.0\n"


def test_departures_gpus_and_models_of_lists(tmp_path: Path) -> None:
    files = [write(tmp_path, TIMED + STAYS, "pods.csv"), write(tmp_path, NODES, "nodes.csv")]
    found = read_fleet(files)
    (one,) = found.instances
    assert one.until is not None
    assert one.until.tolist() == [2, 4, 3, 4]  # a before c comes at the same time, b never, c before the next one
    assert (one.device, one.requests[:, 2].tolist()) == (1000, [470, 1000, 2000, 0])
    assert one.models is not None
    assert one.allowed is not None
    allowed = [[bool(bits >> one.models[t] & 1) for t in one.fleet] for bits in one.allowed.tolist()]
    assert allowed == [[True] * 3, [False, True, False], [True, False, True], [True] * 3]
    assert "2 pods ask for models of GPUs (gpu_spec)" in found.notes[0]
    assert "leave at deletion_time, 2 before the last one comes" in found.notes[0]
    stay = read_fleet(files, departures=False)
    assert stay.instances[0].until is None
    assert "all pods stay, in the order of the file" in stay.notes[0]
    assert read(files).instances[0].device == 0


def test_pods_come_in_the_order_of_time_where_they_leave(tmp_path: Path) -> None:
    rows = STAYS.splitlines(keepends=True)
    shuffled = write(tmp_path, TIMED + "".join(rows[::-1]), "pods.csv")
    (one,) = read([shuffled], departures=True).instances
    assert one.requests[:, 0].tolist() == [1000, 2000, 3000, 4000]
    assert read([shuffled]).instances[0].requests[:, 0].tolist() == [4000, 3000, 2000, 1000]
    plain = read([write(tmp_path, PODS, "plain.csv")], departures=True)
    assert plain.instances[0].until is None
    assert "it has no creation_time and deletion_time" in plain.notes[0]


def test_json_says_when_requests_leave_and_how_large_a_gpu_is(tmp_path: Path) -> None:
    row = {"fleet": [[9, 9, 20]], "requests": [[1, 1, 5], [1, 1, 20]], "times": [[0, 4], [4, None]], "device": 10}
    (one,) = read([write(tmp_path, {"instances": [row]})]).instances
    assert one.until is not None
    assert (one.until.tolist(), one.device) == ([1, 2], 10)


@pytest.mark.parametrize("problem", [PROBLEM, PROBLEM_FLEET], ids=["open", "fleet"])
def test_objectives_say_whether_pods_leave(tmp_path: Path, problem: Problem) -> None:
    files = [write(tmp_path, TIMED + STAYS, "pods.csv")]
    if problem is PROBLEM_FLEET:
        files.append(write(tmp_path, NODES, "nodes.csv"))
    leaves = {}
    for name in problem.options.objectives:
        asked = problem.asked(Choice(objective=name))
        assert asked.read is not None
        (one,) = asked.read(files).instances
        leaves[name] = one.until is not None
        assert asked.objective_on([one]).name == name
    assert leaves == ({"excess": False, "peak": True} if problem is PROBLEM else {"lost": True, "filled": False})


@pytest.mark.parametrize("document", [PODS, {"instances": [GOOD]}], ids=["list", "json"])
def test_a_fleet_that_is_missing_is_an_error(tmp_path: Path, document: Any) -> None:
    path = write(tmp_path, document, "pods.csv")
    with pytest.raises(
        InstanceError, match=r"pods\.csv.*give the list of nodes as well .* or take the problem vector-"
    ):
        read_fleet([path])


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (TIMED + "a,1,1,0,0,,x,5\n", r"line 2: creation_time must be whole seconds, 0 or more, got \"x\""),
        (TIMED + "a,1,1,0,0,,,5\n", r"line 2: creation_time must be whole seconds"),
        (TIMED + "a,1,1,0,0,,1,2.5\n", r"line 2: deletion_time must be whole seconds"),
        (TIMED + "a,1,1,3,700,,1,2\n", r"GPU amounts above 1000 must be whole multiples of it"),
        ({"instances": [FLEET | {"times": [[0, 1]]}]}, r"times: expected \[arrival, departure\] of each of the 2"),
        ({"instances": [FLEET | {"times": [[0, 1], 7]}]}, r"times\[1\]: expected \[arrival, departure\] in integers"),
        ({"instances": [FLEET | {"times": [[5, 6], [4, 6]]}]}, r"times\[1\]: it comes before the request above it"),
        ({"instances": [FLEET | {"device": 1.5}]}, r"device: expected the amount of one GPU, an integer, got 1\.5"),
        (
            {"instances": [{"fleet": [[1, 1, 15]], "requests": [[1, 1, 1]], "device": 10}]},
            "GPU amounts above 10 must be whole multiples",
        ),
    ],
)
def test_times_and_devices_are_checked(tmp_path: Path, document: Any, message: str) -> None:
    files = [write(tmp_path, document, "a.csv")]
    if isinstance(document, str):
        files.append(write(tmp_path, NODES, "nodes.csv"))
    with pytest.raises(InstanceError, match=message):
        read_fleet(files)
