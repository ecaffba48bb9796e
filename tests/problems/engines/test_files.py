"""Engine files: those that come with Heuresis are read, and errors name the file and the key."""

import pytest

from heuresis.evaluators.serving.engine import BLOCKS, Admission, Batching, EngineError, Preemption
from heuresis.problems.engines import files as engines

OWN = """
title = "Mine"
origin = "measured"
blocks = 100
block_size = 16
watermark = 0.0
max_num_seqs = 8
max_num_batched_tokens = 64
batching = "decode_first"
preemption = "recompute"
prefix_caching = false
kv_bytes_per_token = 131072
link_bytes_per_second = 25e9
replicas = 1
[mixed]
const = 17
prefill = 0.03
decode = 0.07
kv = 3e-4
attention = 5.0
excess = 0.0
excess_from = 0
[decode]
const = 16.0
decode = 0.04
kv = 1e-4
excess = 0.0
excess_from = 0.0
[[slo]]
name = "standard"
ttft = 2
tpot = 0.1
"""


def _file(folder, text):
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_every_engine_that_comes_with_heuresis_is_read():
    expected = {"a10-llama-3-8b", "a100-llama-2-7b", "a30-qwen2-7b", "h100x4-llama-2-70b", "rtx4090-llama-3.1-8b"}
    assert expected <= set(engines.names())
    for name in engines.names():
        engine = engines.load(name)
        assert engine.name == name
        assert [level.name for level in engine.slo] == ["interactive", "standard", "batch"]
        assert engine.admission is Admission.WHOLE


def test_the_two_engines_of_the_fidelity_tests():
    vidur = engines.load("a30-qwen2-7b")
    assert (vidur.max_num_seqs, vidur.max_num_batched_tokens, vidur.blocks, vidur.block_size) == (48, 512, 11_008, 16)
    assert (vidur.batching, vidur.watermark) == (Batching.DECODE_FIRST, 0.01)
    vllm = engines.load("rtx4090-llama-3.1-8b")
    assert (vllm.max_num_seqs, vllm.max_num_batched_tokens, vllm.blocks, vllm.block_size) == (256, 2_048, 2_588, 16)
    assert (vllm.batching, vllm.preemption) == (Batching.RUNNING_ORDER, Preemption.RECOMPUTE)


def test_the_a10_is_scaled_from_the_rtx4090_as_its_file_says():
    measured, scaled = engines.load("rtx4090-llama-3.1-8b"), engines.load("a10-llama-3-8b")
    memory, compute = 1008 / 600, 1.77
    for old, new in ((measured.mixed, scaled.mixed), (measured.decode, scaled.decode)):
        assert (new.const, new.kv) == pytest.approx((old.const * memory, old.kv * memory), rel=1e-5)
        for name in ("prefill", "decode", "attention", "excess"):
            assert getattr(new, name) == pytest.approx(getattr(old, name) * compute, rel=1e-5)
        assert new.excess_from == pytest.approx(old.excess_from * memory / compute, rel=1e-5)
    # Multiplications and additions of the dense layers' weights for one token, in 10⁹, over the measured ms.
    llama = 2 * 32 * (4096 * (4096 + 2 * 1024) + 4096 * 4096 + 3 * 4096 * 14336) / 1e9
    qwen = 2 * 28 * (3584 * (3584 + 2 * 512) + 3584 * 3584 + 3 * 3584 * 18944) / 1e9
    llama_2 = 2 * 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008) / 1e9
    reached = llama / (measured.mixed.prefill + measured.mixed.excess)
    assert reached == pytest.approx(157, rel=0.001)
    share = (qwen / engines.load("a30-qwen2-7b").mixed.prefill / 165 + llama_2 / 0.0599 / 312) / 2
    assert share == pytest.approx(0.71, abs=0.005)
    assert compute == pytest.approx(reached / (0.71 * 125), rel=0.001)


def test_the_three_memories_of_the_a10_differ_in_nothing_else():
    names = ("a10-llama-3-8b-2048", "a10-llama-3-8b", "a10-llama-3-8b-4096")
    found = [engines.load(name) for name in names]
    assert [one.blocks for one in found] == [2048, 3328, 4096]
    assert {one.replicas for one in found} == {4}
    for one in found[::2]:
        arrays = one.to_array().copy(), found[1].to_array().copy()
        for array in arrays:
            array[BLOCKS] = 0
        assert arrays[0].tolist() == arrays[1].tolist()
        assert one.slo == found[1].slo


def test_the_regimes_of_splitwise_meet_its_lines():
    engine = engines.load("h100x4-llama-2-70b")
    for length in (512, 1024, 2048):
        line = 19.0 + 0.0883 * length + 3.17 * length**2 / 1e6
        assert engine.mixed.milliseconds(length, 0, 0, length**2 / 2) == pytest.approx(line, rel=1e-3)
    assert engine.decode.milliseconds(0, 40, 30_000) == pytest.approx(28.8 + 0.264 * 40 + 1.01e-4 * 30_000)


def test_no_engine_is_quicker_with_a_prefill_chunk_than_without():
    for name in engines.names():
        engine = engines.load(name)
        for decodes in (1, 8, engine.max_num_seqs - 1):
            for kv in (0, engine.kv_tokens):
                alone = engine.decode.milliseconds(0, decodes, kv)
                assert engine.mixed.milliseconds(64, decodes, kv, 64 * 32) >= 0.9 * alone


def test_an_own_file_has_its_name_from_the_file(tmp_path):
    engine = engines.load(_file(tmp_path, OWN))
    assert (engine.name, engine.blocks, engine.decode.const, engine.mixed.const) == ("mine", 100, 16.0, 17.0)
    assert engines.load(str(tmp_path / "mine.toml")).to_array().tolist() == engine.to_array().tolist()


def test_admission_is_whole_where_a_file_does_not_say(tmp_path):
    assert engines.load(_file(tmp_path, OWN)).admission is Admission.WHOLE
    told = _file(tmp_path, 'base = "a30-qwen2-7b"\nadmission = "first_chunk"\n')
    assert engines.load(told).admission is Admission.FIRST_CHUNK


@pytest.mark.parametrize(
    ("key", "changed"), [("mixed", OWN[OWN.index("[mixed]") : OWN.index("[decode]")]), ("blocks", "blocks = 99\n")]
)
def test_the_origin_of_a_base_is_not_that_of_other_numbers(tmp_path, key, changed):
    engine = engines.load(_file(tmp_path, f'base = "a30-qwen2-7b"\n{changed}'))
    assert engine.origin == f"{key}: mine.toml, without an origin. The rest: a30-qwen2-7b."
    told = engines.load(_file(tmp_path, f'base = "a30-qwen2-7b"\norigin = "measured"\n{changed}'))
    assert told.origin == "measured"
    same = engines.load(_file(tmp_path, 'base = "a30-qwen2-7b"\ntitle = "Ours"\n'))
    assert same.origin == engines.load("a30-qwen2-7b").origin


def test_a_base_gives_what_the_file_does_not_say(tmp_path):
    engine = engines.load(_file(tmp_path, 'base = "a30-qwen2-7b"\nblocks = 99\n'))
    base = engines.load("a30-qwen2-7b")
    assert (engine.name, engine.blocks) == ("mine", 99)
    assert (engine.mixed, engine.decode, engine.slo) == (base.mixed, base.decode, base.slo)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("blocks = 100", "block = 100", "unknown key 'block'; known: blocks, block_size"),
        ("blocks = 100\n", "", 'missing: blocks; or base = "ENGINE", whose keys the file then has'),
        ("blocks = 100", 'blocks = 100\nadmission = "half"', "admission must be one of whole, first_chunk, got 'half'"),
        ("watermark = 0.0", "watermark = 1.0", "watermark must be a share .* leaves no block .* got 1"),
        ("blocks = 100", "blocks = 0", "blocks must be an integer of 1"),
        ("replicas = 1", "replicas = 0", "replicas must be an integer of 1"),
        ("prefill = 0.03", "prefil = 0.03", "mixed: unknown key 'prefil'; known: const, prefill"),
        ("prefill = 0.03", "prefill = -0.03", "mixed: prefill must be 0 or more.*run backwards"),
        ("const = 16.0", "const = 0.0", "decode: const must be 1e-06 or more.*stand still"),
        ("kv = 1e-4\n", "", "decode: missing: kv"),
        ("const = 16.0", "prefill = 1.0\nconst = 16.0", "decode: unknown key 'prefill'"),
        ("tpot = 0.1", "tpot = 0.1\ntbt = 1", r"slo\[0\]: unknown key 'tbt'; known: name, ttft, tpot"),
        ("tpot = 0.1", "tpot = -0.1", r"slo\[0\]: slo standard: tpot must be a positive"),
        ("tpot = 0.1", 'tpot = "0.1"', r"slo\[0\]: slo standard: tpot must be a finite number, got '0.1'"),
        ("kv = 3e-4", f"kv = 1{'0' * 400}", "mixed: kv must be a finite number, got an integer of 1329 bits"),
        ("kv = 3e-4", f"kv = 1{'0' * 5000}", "not TOML"),
        ("kv = 3e-4", f"kv = {'[' * 5000}", "not TOML"),
        ('title = "Mine"', "title = Mine", "not TOML: .*line 2"),
        ('title = "Mine"', "title = 7", "title must be a text, got 7"),
        ('title = "Mine"', 'base = "h200"\ntitle = "Mine"', "base: unknown engine 'h200'; known: "),
        ('title = "Mine"', 'base = ["a"]\ntitle = "Mine"', "base: unknown engine"),
    ],
)
def test_a_wrong_file_is_refused_with_file_key_and_reason(tmp_path, old, new, message):
    assert old in OWN
    path = _file(tmp_path, OWN.replace(old, new, 1))
    with pytest.raises(EngineError, match=rf"mine\.toml: {message}"):
        engines.load(path)


@pytest.mark.parametrize(
    ("table", "message"), [("mixed = 3", "mixed: expected a table"), ("slo = []", "slo: expected")]
)
def test_tables_must_be_tables(tmp_path, table, message):
    with pytest.raises(EngineError, match=message):
        engines.load(_file(tmp_path, f'base = "a30-qwen2-7b"\n{table}\n'))


def test_unknown_names_and_unreadable_files_say_what_to_do(tmp_path):
    with pytest.raises(engines.UnknownEngine, match=r"unknown engine 'h200'; known: .*a30-qwen2-7b.*FILE.toml"):
        engines.load("h200")
    with pytest.raises(EngineError, match=r"none\.toml: cannot be read: No such file"):
        engines.load(tmp_path / "none.toml")
    (tmp_path / "raw.toml").write_bytes(b"\xff")
    with pytest.raises(EngineError, match="not a text file: byte 0"):
        engines.load(tmp_path / "raw.toml")
