"""The script that drives vLLM's scheduler: what it asks it to do. vLLM itself is not there."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from heuresis.evaluators.serving.engine import Admission
from heuresis.problems.engines.files import load
from heuresis.problems.serving.instances import ServingInstance, chained
from heuresis.problems.serving.workloads.families import TENANTS


@pytest.fixture(scope="module")
def script(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("vllm_scheduler", root / "benchmarks" / "vllm_scheduler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root / "benchmarks"))
        sys.modules[spec.name] = module  # its dataclasses look themselves up
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def instance(script: ModuleType) -> ServingInstance:
    engine = replace(load("rtx4090-llama-3.1-8b"), prefix_caching=True)
    drawn = script.generated(TENANTS, engine, 30, 1.0)
    parts = np.split(drawn.prefix_blocks, drawn.prefix_offsets[1:-1])
    offsets, blocks = chained([part.tolist() for part in parts[:20]] + [[]] * 10)  # the last ten share nothing
    return replace(drawn, prefix_offsets=offsets, prefix_blocks=blocks)


def test_without_vllm_it_says_so(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["vllm_scheduler.py", "--requests", "20"])
    with pytest.raises(SystemExit, match="vLLM is not installed beside this Python; `--help` says how"):
        script.main()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "abacus"], "unknown engine 'abacus'"),
        (["--trace", "absent.csv"], "absent.csv"),
        (["--blocks", "0"], "blocks must be an integer"),
    ],
)
def test_what_cannot_be_is_wrong_usage(script, monkeypatch, capsys, arguments, message) -> None:
    monkeypatch.setattr(sys, "argv", ["vllm_scheduler.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_each_trace_meets_both_memories_both_admissions_with_a_cache_and_without(script, instance) -> None:
    rows = list(script.settings(instance))
    seen = {
        (r.instance.engine.blocks, r.instance.engine.admission, r.cache, r.instance.engine.prefix_caching) for r in rows
    }
    own = instance.engine.blocks
    caches = (("off", False), ("on", True))
    assert seen == {
        (blocks, admission, cache, on)
        for blocks in (own, 64 * own)
        for admission in ("whole", "first_chunk")
        for cache, on in caches
    }
    assert len(rows) == 8


def test_prompts_share_tokens_as_far_as_they_share_blocks(script, instance) -> None:
    vllm = object.__new__(script.Vllm)
    vllm._instance = instance
    prompts = [vllm._prompt(i) for i in range(instance.size)]
    assert [len(p) for p in prompts] == instance.prompt.tolist()
    chains = np.split(instance.prefix_blocks, instance.prefix_offsets[1:-1])
    size = instance.engine.block_size
    alike = []
    for i in range(instance.size):
        for j in range(i):
            shared = sum(a == b for a, b in zip(chains[i], chains[j], strict=False))
            alike.append(shared)
            assert prompts[i][: shared * size] == prompts[j][: shared * size]
            assert prompts[i][: (shared + 1) * size] != prompts[j][: (shared + 1) * size]
    assert max(alike) > min(alike) == 0


def test_drawn_engines_differ_and_are_repeatable(script) -> None:
    engine = load("rtx4090-llama-3.1-8b")
    drawn = [list(script.drawn(TENANTS, engine, 6, 10)) for _ in range(2)]
    assert [r.instance.engine for r in drawn[0]] == [r.instance.engine for r in drawn[1]]
    assert len({r.memory for r in drawn[0]}) > 3
    limits = {(r.instance.engine.admission, r.instance.engine.prefix_caching, r.cache) for r in drawn[0]}
    assert limits == {(one, caching, cache) for one in Admission for caching, cache in ((False, "off"), (True, "on"))}
