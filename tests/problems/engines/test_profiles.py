"""Profiles are read, composed into whole iterations, and refused with file, line and reason."""

import gzip
import math

import pytest
from profile_parts import LAYERS, decode_us, dense_us, mixed_us, write

from heuresis.problems.engines.profiles import ProfileError, compose, measured_tokens, read_profile
from heuresis.problems.problem import InstanceError


def test_an_iteration_is_the_sum_of_its_kernels(tmp_path):
    it = compose(read_profile(write(tmp_path)), LAYERS)
    rows = zip(it.prefill_tokens, it.past, it.decodes, it.kv_tokens, it.milliseconds, strict=True)
    seen = {"mixed": 0, "decode": 0}
    for chunk, past, decodes, kv, time in rows:
        if chunk + decodes > 1024:
            assert math.isnan(time)
            continue
        context = kv / decodes if decodes else 0
        attention = mixed_us(chunk, past, decodes, context) if chunk else decode_us(decodes, context)
        sequences = decodes + (chunk > 0)
        # Once: embedding, last norm, head and sampler; for each layer: everything by tokens, and attention.
        expected = (200 + 1000 + 2 * sequences + 50 + LAYERS * (dense_us(chunk + decodes) + attention)) / 1e3
        assert time == pytest.approx(expected, rel=1e-9)
        seen["mixed" if chunk else "decode"] += 1
    assert seen == {"mixed": 9 * 13 + 3, "decode": 15}


def test_files_may_be_zipped_and_in_any_order(tmp_path):
    paths = write(tmp_path)
    plain = compose(read_profile(paths), LAYERS).milliseconds
    packed = tmp_path / "dense.csv.gz"
    packed.write_bytes(gzip.compress(paths[1].read_bytes()))
    again = compose(read_profile([packed, paths[2], paths[0]]), LAYERS).milliseconds
    assert plain.tobytes() == again.tobytes()


def test_more_columns_and_a_norm_of_queries_and_keys_are_known(tmp_path):
    def change(name, lines):
        if name == "attention":
            lines[:] = [f"{line},x" for line in lines]
        if name == "dense":
            lines += [line.replace("act_fn", "qk_norm") for line in lines if line.startswith("act_fn")]

    found = read_profile(write(tmp_path, change))
    assert "qk_norm" in found.dense
    assert measured_tokens(found).max() == 1024


@pytest.mark.parametrize(
    ("table", "line", "text", "message"),
    [
        ("dense", 5, "qkv_proj,5,-1.5", 'line 6: time_us must be a positive number of microseconds, got "-1.5"'),
        ("dense", 5, "qkv_proj,5,0", "line 6: time_us must be a positive"),
        ("dense", 5, "qkv_proj,5,nan", "line 6: time_us must be a positive"),
        ("dense", 5, "qkv_proj,5,inf", "line 6: time_us must be a positive"),
        ("dense", 5, "qkv_proj,5,fast", "line 6: time_us must be a positive"),
        ("dense", 5, "mamba,5,1.5", 'line 6: unknown layer "mamba"; known: layernorm, qkv_proj'),
        ("dense", 5, "qkv_proj,4,1.5", "line 6: qkv_proj at 4 tokens twice"),
        ("dense", 5, "qkv_proj,0,1.5", "line 6: qkv_proj at 0 tokens makes no sense"),
        ("dense", 5, "qkv_proj,2.5,1.5", "line 6: tokens must be an integer"),
        ("dense", 5, "qkv_proj,-2,1.5", "line 6: tokens must be an integer"),
        ("dense", 5, "qkv_proj,99999999999999,1.5", "line 6: tokens must be an integer"),
        ("dense", 5, "qkv_proj,5", "line 6: expected 3 fields, got 2"),
        ("dense", 0, "layer,tokens,time", "line 1: expected the columns prefill_chunk"),
        ("per_sequence", 1, "softmax,1,1.5", 'line 2: unknown layer "softmax"; known: lm_head, sampler'),
        ("attention", 3, "0,0,0,16,9.0", "line 4: neither a prefill chunk nor a decode"),
        ("attention", 3, "0,0,one,16,9.0", "line 4: n_decode must be an integer"),
        ("attention", 3, "0,0,1,16,-9.0", "line 4: time_us must be a positive"),
        ("attention", 0, "prefill_chunk,n_decode,kv_decode,kv,time_us", "line 1: expected the columns prefill_chunk"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_refused_with_file_line_and_reason(tmp_path, table, line, text, message):
    def change(name, lines):
        if name == table:
            lines[line] = text

    with pytest.raises(ProfileError) as refused:
        read_profile(write(tmp_path, change))
    assert f"{table}.csv, {message}" in str(refused.value)


def test_tables_that_are_missing_twice_or_empty_are_refused(tmp_path):
    attention, dense, head = write(tmp_path)
    with pytest.raises(ProfileError, match="missing: attention, layers by sequences"):
        read_profile([dense])
    with pytest.raises(ProfileError, match=r"a second table of tokens beside .*dense\.csv"):
        read_profile([attention, dense, head, dense])
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(ProfileError, match=r"empty\.csv: the file is empty"):
        read_profile([attention, empty, head])
    empty.write_text("layer,tokens,time_us\n")
    with pytest.raises(ProfileError, match=r"empty\.csv: the table has no rows"):
        read_profile([attention, empty, head])
    empty.write_text("layer,tokens,time_us\n" + "x" * 200_000 + ",1,1.0\n")
    with pytest.raises(ProfileError, match=r"empty\.csv: not CSV"):
        read_profile([attention, empty, head])
    with pytest.raises(InstanceError, match="cannot be read"):
        read_profile([tmp_path])
    with pytest.raises(InstanceError, match=r"none\.csv: cannot be read"):
        read_profile([tmp_path / "none.csv"])


def test_a_layer_without_times_is_missed(tmp_path):
    def change(name, lines):
        if name == "dense":
            lines[:] = [line for line in lines if not line.startswith(("o_proj", "act_fn"))]

    with pytest.raises(ProfileError, match=r"dense\.csv: no times of o_proj, act_fn"):
        read_profile(write(tmp_path, change))
