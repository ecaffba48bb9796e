"""The reader of serving traces: what it makes of each format, and what it says of those that are broken."""

import gzip
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heuresis.problems.engines.files import load
from heuresis.problems.problem import InstanceError
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.traces.reader import Reading, read

ENGINE = load("a30-qwen2-7b")  # blocks of 16 tokens; classes interactive, standard, batch
PLAIN = "arrived_at,prefill,decode\n"
AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
BURST = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
OWN: dict[str, Any] = {"arrived_at": [0, 1.5], "prefill": [40, 32], "decode": [3, 4]}


def write(folder: Path, content: Any, name: str = "a.csv") -> Path:
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def only(folder: Path, content: Any, reading: Reading = Reading(), name: str = "a.csv") -> ServingInstance:  # noqa: B008
    (one,) = read([write(folder, content, name)], ENGINE, reading).instances
    assert isinstance(one, ServingInstance)
    return one


def mooncake(*rows: tuple[int, int, int, list[int]]) -> str:
    keys = ("timestamp", "input_length", "output_length", "hash_ids")
    return "\n".join(json.dumps(dict(zip(keys, row, strict=True))) for row in rows) + "\n"


def test_a_plain_trace(tmp_path: Path) -> None:
    one = only(tmp_path, PLAIN + "0.5,395.000000,112.0\n\n0.75,10,1\n", Reading(noise=0.0))
    assert one.name == "a.csv"
    assert one.arrival.tolist() == [0.0, 0.25]
    assert (one.prompt.tolist(), one.output.tolist()) == ([395, 10], [112, 1])
    assert one.estimate.tolist() == [112.0, 1.0]
    assert (one.client.tolist(), one.program.tolist(), one.slo.tolist()) == ([0, 0], [0, 1], [0, 0])
    assert (one.after.tolist(), one.distinct_blocks) == ([-1, -1], 0)


def test_further_columns_of_a_plain_trace(tmp_path: Path) -> None:
    rows = "a,p,batch,7.5,0,4,8,x\nb,,0,1,1,4,8,x\na,p,standard,9,1,4,8,x\n"
    one = only(tmp_path, "client,program,slo,estimate,arrived_at,prefill,decode,other\n" + rows, name="b.csv.gz")
    assert (one.client.tolist(), one.program.tolist(), one.slo.tolist()) == ([0, 1, 0], [0, 1, 0], [2, 0, 1])
    assert one.estimate.tolist() == [7.5, 1.0, 9.0]


def test_estimates_are_noisy_and_the_same_each_time(tmp_path: Path) -> None:
    text = PLAIN + "0,8,1000\n" * 400
    one, again, shorter = only(tmp_path, text), only(tmp_path, text), only(tmp_path, text, Reading(limit=50))
    assert np.array_equal(one.estimate, again.estimate)
    assert np.array_equal(one.estimate[:50], shorter.estimate)
    assert np.std(np.log(one.estimate / 1000)) == pytest.approx(0.5, rel=0.1)
    calm = only(tmp_path, text, Reading(noise=0.25))
    assert np.log(calm.estimate / 1000) == pytest.approx(np.log(one.estimate / 1000) / 2, abs=1e-4)
    assert "lognormal noise of sigma 0.5" in read([tmp_path / "a.csv"], ENGINE).notes[0]


def test_azure(tmp_path: Path) -> None:
    rows = "2023-11-16 23:59:59.9799600,4808,10\n2023-11-17 00:00:01,5,0\n2023-11-17 00:00:01.1799601+00:00,6,7\n"
    one = only(tmp_path, AZURE + rows)
    assert one.arrival.tolist() == [0.0, 1.2000001]
    assert (one.prompt.tolist(), one.output.tolist()) == ([4808, 6], [10, 7])
    assert read([tmp_path / "a.csv"], ENGINE).notes[0] == "a.csv: 1 requests without a prompt or an answer are left out"


def test_burst_gpt(tmp_path: Path) -> None:
    rows = "5,7,1,ChatGPT,472,18,490,Conversation log\n9.5,,1,GPT-4,30,40,70,API log\n"
    rows += "10,7,1,ChatGPT,9,0,9,x\n12,7,1,ChatGPT,9,1,10,x\n"
    one = only(tmp_path, BURST + rows)
    assert one.arrival.tolist() == [0.0, 4.5, 7.0]
    assert (one.prompt.tolist(), one.output.tolist()) == ([472, 30, 9], [18, 40, 1])
    assert (one.program.tolist(), one.client.tolist()) == ([0, 1, 0], [0, 1, 0])
    older = only(tmp_path, "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,M,4,5,9,x\n")
    assert (older.prompt.tolist(), older.program.tolist(), older.client.tolist()) == ([4], [0], [0])


def test_mooncake_hashes_become_blocks_of_the_engine(tmp_path: Path) -> None:
    text = mooncake((0, 1040, 5, [7, 8, 9]), (0, 530, 6, [7, 10]), (6000, 40, 0, [11]), (6000, 1024, 1, [7, 8]))
    one = only(tmp_path, text, name="a.jsonl")
    assert one.arrival.tolist() == [0.0, 1.5, 6.0]  # a tick lasts three seconds
    assert np.diff(one.prefix_offsets).tolist() == [65, 33, 64]
    first, second, third = (one.prefix_blocks[a:b].tolist() for a, b in pairwise(one.prefix_offsets))  # fmt: skip
    assert first[:32] == second[:32] == third[:32]
    assert second[32] not in first
    assert first[:64] == third
    assert one.distinct_blocks == 66
    notes = read([tmp_path / "a.jsonl"], ENGINE).notes
    assert notes[0] == "a.jsonl: 1 requests without a prompt or an answer are left out"
    assert "spread evenly" in notes[1]
    unused = "its blocks of prompts (hash ids) are not used, for a30-qwen2-7b has prefix_caching = false"
    assert any(unused in note for note in notes)
    cached = read([tmp_path / "a.jsonl"], replace(ENGINE, prefix_caching=True)).notes
    assert not any("hash ids" in note for note in cached)


@pytest.mark.parametrize("block_size", [16, 24, 512, 700])
def test_blocks_are_shared_exactly_where_all_before_is(tmp_path: Path, block_size: int) -> None:
    engine = replace(ENGINE, block_size=block_size)
    text = mooncake((0, 1500, 1, [0, 1, 2]), (3000, 1536, 1, [0, 1, 3]), (6000, 2000, 1, [0, 1, 2, 4]))
    (one,) = read([write(tmp_path, text)], engine).instances
    rows = [one.prefix_blocks[a:b].tolist() for a, b in pairwise(one.prefix_offsets)]
    assert [len(row) for row in rows] == [1500 // block_size, 1536 // block_size, 2000 // block_size]
    for other, tokens in ((rows[1], 1024), (rows[2], 1500)):
        shared = tokens // block_size
        assert rows[0][:shared] == other[:shared]
        assert not set(rows[0][shared:]) & set(other[shared:])


def test_the_own_form(tmp_path: Path) -> None:
    row = OWN | {"name": "first", "load": 0.8, "client": ["x", "y"], "program": [4, 4], "slo": ["batch", "interactive"]}
    row |= {"estimate": [2, 3.5], "after": [-1, 0], "gap": [0, 2.5], "prefix": [[5], [5, 6]], "prefix_block_size": 20}
    first, second = read([write(tmp_path, {"instances": [row, OWN]}, "a.json.gz")], ENGINE).instances
    assert (first.name, second.name) == ("first", "a.json.gz[1]")
    assert first.labels == {"load": 0.8}
    assert first.arrival.tolist() == [0.0, 1.5]
    assert (first.client.tolist(), first.program.tolist(), first.slo.tolist()) == ([0, 1], [0, 0], [2, 0])
    assert (first.after.tolist(), first.gap.tolist()) == ([-1, 0], [0.0, 2.5])
    assert first.prefix_blocks.tolist() == [0, 0, 1]
    assert second.distinct_blocks == 0


def test_rates_and_limits(tmp_path: Path) -> None:
    text = PLAIN + "10,1,1\n12,2,2\n16,3,3\n99,4,4\n"
    assert only(tmp_path, text, Reading(limit=3)).arrival.tolist() == [0.0, 2.0, 6.0]
    assert only(tmp_path, text, Reading(limit=3, rate=2.0)).arrival.tolist() == [0.0, 1.0, 3.0]
    assert only(tmp_path, text, Reading(limit=3, per_second=4.0)).arrival.tolist() == pytest.approx([0.0, 1 / 6, 0.5])
    with pytest.raises(InstanceError, match=r"a\.csv: all 1 requests arrive at once"):
        only(tmp_path, text, Reading(limit=1, per_second=4.0))
    with pytest.raises(InstanceError, match="limit 1e9"):
        only(tmp_path, text, Reading(rate=1e-9))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 0.0}, "rate must be a positive number, got 0"),
        ({"rate": float("inf")}, "rate must be a positive"),
        ({"per_second": -1.0}, "per_second must be a positive number, got -1"),
        ({"rate": 2.0, "per_second": 1.0}, "got both"),
        ({"limit": 0}, "limit must be 1 or more requests, got 0"),
        ({"noise": -0.1}, "noise must be 0 to 10, got -0.1"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Reading(**options)


def test_a_prompt_larger_than_the_memory_is_no_error(tmp_path: Path) -> None:
    assert only(tmp_path, PLAIN + "0,100000000,1\n").prompt.tolist() == [100_000_000]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a\.csv: the file is empty"),
        ("\n \n", r"a\.csv: the file is empty"),
        (PLAIN, r"a\.csv: the file has no requests"),
        ("a,b\n1,2\n", r"a\.csv, line 1: expected JSON or the columns of a trace \(Azure: .*, got \[\"a\""),
        ("arrived_at,prefill\n0,1\n", r"line 1: of the columns of a plain trace these are missing: decode"),
        ("TIMESTAMP,GeneratedTokens\n", r"line 1: of the columns of Azure these are missing: ContextTokens"),
        ("Timestamp,Request tokens\n", r"line 1: of the columns of BurstGPT these are missing: Response tokens"),
        ("decode,arrived_at,prefill,decode\n", r"line 1: a column stands there twice"),
        (PLAIN + "0,1\n", r"line 2: expected 3 fields, got 2"),
        (PLAIN + "0,1,1\n-1,1,1\n", r"line 3: arrived_at must not be negative, got \"-1\""),
        (PLAIN + "0,1,1\n\n2,1,1\n1,1,1\n", r"line 5: arrived_at 1 is before .*, 2; sort the file by arrived_at"),
        (PLAIN + "x,1,1\n", r"line 2: arrived_at must be a number, got \"x\""),
        (PLAIN + "nan,1,1\n", r"line 2: arrived_at must be a number"),
        (PLAIN + "0,1,1\n2e9,1,1\n", r"line 3: arrived_at is more than 1e9 seconds after the first"),
        (PLAIN + "0,1.5,1\n", r"line 2: prefill must be an integer of 1 or more, got \"1\.5\""),
        (PLAIN + "0,-4,1\n", r"line 2: prefill must be an integer of 1 or more, got \"-4\""),
        (PLAIN + "0,0,1\n", r"line 2: prefill must be an integer of 1 to 1073741824, got 0"),
        (PLAIN + "0,1,0\n", r"line 2: decode must be an integer of 1 to"),
        (PLAIN + "0,1,99999999999\n", r"line 2: decode must be an integer of 1 to 1073741824, got 99999999999"),
        (PLAIN.strip() + ",slo\n0,1,1,gold\n", r"line 2: slo: a30-qwen2-7b has the classes interactive, .*\"gold\""),
        (PLAIN.strip() + ",estimate\n0,1,1,0\n", r"line 2: estimate must not be outside of 1 to"),
        (AZURE + "yesterday,1,1\n", r"line 2: TIMESTAMP must be a date since 1970 .*, got \"yesterday\""),
        (AZURE + "2023-13-01 00:00:00,1,1\n", r"line 2: TIMESTAMP must be a date"),
        (AZURE + "1969-12-31 23:59:59,1,1\n", r"line 2: TIMESTAMP must be a date since 1970"),
        (AZURE + "2023-01-01 00:00:00,0,1\n", r"a\.csv: no request has both a prompt and an answer"),
        (BURST + "1,,,M,-3,4,1,x\n", r"line 2: Request tokens must be an integer of 0 or more"),
        (mooncake((0, 4, 4, []), (-1, 4, 4, [])), r"line 2: timestamp: expected an integer of 0 to .*, got -1"),
        (mooncake((3, 4, 4, []), (2, 4, 4, [])), r"line 2: timestamp 2 is before .*, 3; sort"),
        (mooncake((0, 513, 4, [1, 2, 3])), r"line 1: hash_ids: expected ids of at most 2 blocks"),
        ('{"timestamp": 0, "input_length": 4}', r"line 1: the field 'output_length' is missing"),
        (mooncake((0, 4, 4, [])) + "[]", r"line 2: expected an object"),
        (mooncake((0, 4, 4, [])) + "{", r"line 2, column 2: not JSON"),
        (mooncake((0, 4, 0, [])), r"no request has both"),
    ],
)
def test_broken_traces_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        only(tmp_path, text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"decode": None}, r"instances\[0\]\.decode: expected a list, got null"),
        ({"decode": [1]}, r"instances\[0\]\.decode: expected one value for each of the 2 requests, .*got 1"),
        ({"arrived_at": [], "prefill": [], "decode": []}, r"arrived_at: .* at least one, got 0"),
        ({"arrived_at": [0, -2]}, r"arrived_at\[1\]: arrived_at must not be negative, got \"-2\""),
        ({"arrived_at": [3, 2]}, r"arrived_at\[1\]: arrived_at 2 is before .*sort"),
        ({"arrived_at": [0, "1"]}, r"arrived_at\[1\]: expected a number, got \"1\""),
        ({"prefill": [1, 2.5]}, r"prefill\[1\]: expected an integer of 1 to 1073741824, got 2\.5"),
        ({"prefill": [1, True]}, r"prefill\[1\]: expected an integer"),
        ({"client": [0, None]}, r"client\[1\]: expected a name or an integer, got null"),
        ({"slo": ["batch", 1]}, r"slo\[1\]: expected the name of a service level, got 1"),
        ({"slo": ["batch", "gold"]}, r"instances\[0\], request 1: slo: a30"),
        ({"after": [-1, 1]}, r"instances\[0\]: .*after\[1\] is 1"),
        ({"gap": [1.0, 0.0]}, r"instances\[0\]: .*gap\[0\] is 1"),
        ({"prefix": [[1.5], []]}, r"prefix\[0\]: expected a list of integers"),
        ({"prefix_block_size": 0}, r"prefix_block_size: expected an integer of 1 to"),
        ({"name": 5}, r"instances\[0\]\.name: expected a text, got 5"),
    ],
)
def test_broken_json_names_the_field(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        only(tmp_path, {"instances": [OWN | fields]}, name="a.json")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InstanceError, match="one or more instance files"):
        read([], ENGINE)
    with pytest.raises(InstanceError, match="absent"):
        read([tmp_path / "absent.csv"], ENGINE)
    with pytest.raises(InstanceError, match="one or more instances"):
        only(tmp_path, {"instances": []}, name="a.json")


DATA = Path(__file__).resolve().parents[4] / ".." / "shared" / "data" / "serving"


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data folder is absent")
@pytest.mark.parametrize(
    ("file", "median", "p99"),
    [
        ("azure_llm_2023_code.csv.gz", (1469, 13), (7436, 251)),
        ("azure_llm_2023_conv.csv.gz", (1020, 129), (4142, 601)),
    ],
)
def test_published_traces(file: str, median: tuple[int, int], p99: tuple[int, int]) -> None:
    (one,) = read([DATA / file], ENGINE).instances
    assert (np.median(one.prompt), np.median(one.output)) == median
    assert (int(np.percentile(one.prompt, 99)), int(np.percentile(one.output, 99))) == p99


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data folder is absent")
def test_the_mooncake_trace_has_its_prefix_hits() -> None:
    path = DATA / "mooncake_fast25_conversation.jsonl.gz"
    (one,) = read([path], ENGINE, Reading(limit=2_000)).instances
    assert len(np.unique(one.arrival)) == one.size == 2_000
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()[:2_000]]
    ids = [one for row in rows for one in row["hash_ids"]]
    hits = 1 - len(set(ids)) / len(ids)
    assert 0.25 < hits < 0.366
    assert 1 - one.distinct_blocks / len(one.prefix_blocks) == pytest.approx(hits, abs=0.01)
