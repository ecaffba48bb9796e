"""A scheduler that is driven on the simulator's clock, and the comparison with ours: by schedulers that are known."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from heuresis.problems.engines.files import load
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.workloads.families import CHAT
from heuresis.problems.serving.workloads.requests import draw, on_engine


@pytest.fixture(scope="module")
def script(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("scheduler_steps", root / "benchmarks" / "scheduler_steps.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def instance() -> ServingInstance:
    """Requests in overload, with more places and memory than they need."""
    engine = replace(load("rtx4090-llama-3.1-8b"), blocks=50_000, prefix_caching=False)
    return on_engine(draw(CHAT, 40, 8_000, 0), engine, 8.0, "chat", {})


class Fcfs:
    """First come, first served without a thought of memory; `pick` chooses among those who wait."""

    def __init__(self, script: ModuleType, of: ServingInstance, pick: Callable[[list[int]], int] = min) -> None:
        self.script, self.of, self.pick = script, of, pick
        self.waiting: list[int] = []
        self.running: list[int] = []
        self.computed: dict[int, int] = {}
        self.length: dict[int, int] = {}
        self.evict: dict[int, frozenset[int]] = {}  # by the number of the iteration
        self.iteration = -1
        self.tokens: dict[int, int] = {}

    def add(self, number: int) -> None:
        self.waiting.append(number)
        self.computed[number], self.length[number] = 0, int(self.of.prompt[number])

    def schedule(self):
        self.iteration += 1
        evicted = self.evict.get(self.iteration, frozenset())
        for number in evicted:
            self.running.remove(number)
            self.waiting.append(number)
            self.computed[number] = 0
        self.tokens, left = {}, self.of.engine.max_num_batched_tokens
        while self.waiting and not evicted:
            self.running.append(self.pick(self.waiting))
            self.waiting.remove(self.running[-1])
            if sum(self.length[n] - self.computed[n] for n in self.running) >= left:
                break
        for number in self.running:
            self.tokens[number] = min(left, self.length[number] - self.computed[number])
            left -= self.tokens[number]
        if self.running and not self.tokens[self.running[-1]]:
            self.waiting.append(self.running.pop())
        self.tokens = {number: tokens for number, tokens in self.tokens.items() if tokens}
        return self.script.Batch(dict(self.tokens), {n: self.computed[n] for n in self.tokens}, evicted)

    def update(self, sampled: frozenset[int]) -> None:
        for number, tokens in self.tokens.items():
            self.computed[number] += tokens
        for number in sampled:
            self.length[number] += 1
            if self.length[number] == self.of.prompt[number] + self.of.output[number]:
                self.running.remove(number)


def test_another_scheduler_of_the_same_rule_agrees_in_every_iteration(script, instance):
    mine, other = script.ours(instance), script.driven(instance, Fcfs(script, instance))
    assert script.compare(mine.steps, other.steps) == script.Agreement(1.0)
    assert max(len(step.chunks) for step in mine.steps) > 1
    assert any(end - begin < instance.prompt[n] for step in mine.steps for n, (begin, end) in step.chunks.items())
    np.testing.assert_allclose(other.first, mine.first, rtol=0, atol=1e-6)
    np.testing.assert_allclose(other.finish, mine.finish, rtol=0, atol=1e-6)
    assert mine.admissions == other.admissions == instance.size
    assert not other.evictions.any()


def test_the_first_difference_is_told(script, instance):
    mine, other = script.ours(instance), script.driven(instance, Fcfs(script, instance, max))
    found = script.compare(mine.steps, other.steps)
    place = next(k for k, (a, b) in enumerate(zip(mine.steps, other.steps, strict=False)) if a.admitted != b.admitted)
    assert found.first == place
    here, there = (sorted(x.admitted - y.admitted) for x, y in permutations((mine.steps[place], other.steps[place])))
    assert found.what.startswith(f"admitted {here} / {there}; request {min(here)} prefills 0–")
    assert min(here) < min(there)
    assert place / len(mine.steps) <= found.equal < 1.0


def test_runs_of_unequal_length_differ_where_one_ends(script, instance):
    steps = script.ours(instance).steps
    assert script.compare(steps, steps[:-1]) == script.Agreement(1 - 1 / len(steps), len(steps) - 1, "one has ended")
    later = [replace(step, begin=step.begin + 1.0) for step in steps]
    assert script.compare(steps, later) == script.Agreement(0.0, 0, "begins +1 s")


def test_who_was_evicted_computes_prompt_and_output_again(script, instance):
    scheduler = Fcfs(script, instance)
    scheduler.evict[30] = frozenset({0})
    run = script.driven(instance, scheduler)
    assert run.evictions.tolist() == [1] + [0] * (instance.size - 1)
    assert run.admissions == instance.size + 1
    step = run.steps[30]
    assert step.evicted == {0}
    assert not step.admitted
    before = sum(0 in s.decodes for s in run.steps[:30]) + 1  # tokens of output
    again = [s.chunks[0] for s in run.steps[31:] if 0 in s.chunks]
    assert again[0][0] == 0
    assert again[-1][1] == instance.prompt[0] + before
    assert sum(0 in s.decodes for s in run.steps) + 2 == instance.output[0]  # each prefill yields a token, too


def test_who_never_fits_is_rejected_and_what_outgrows_the_memory_is_cut(script, instance):
    tight = replace(instance, engine=replace(instance.engine, blocks=int(np.median(instance.prompt)) // 16))
    run, room = script.driven(tight, Fcfs(script, cut(tight))), tight.engine.kv_tokens
    assert np.array_equal(np.isnan(run.finish), tight.prompt >= room)
    assert 0 < np.isnan(run.finish).sum() < instance.size


def cut(instance: ServingInstance) -> ServingInstance:
    """The same with outputs that end where the memory does."""
    return replace(
        instance, output=np.maximum(1, np.minimum(instance.output, instance.engine.kv_tokens - instance.prompt))
    )


def test_a_scheduler_that_runs_nobody_is_told(script, instance):
    scheduler = Fcfs(script, instance)
    scheduler.add = lambda number: None
    with pytest.raises(RuntimeError, match="runs nobody although 1 requests wait"):
        script.driven(instance, scheduler)


def test_requests_that_follow_others_are_refused(script, instance):
    after = instance.after.copy()
    after[1] = 0
    with pytest.raises(ValueError, match="got some that follow others"):
        script.driven(replace(instance, after=after), Fcfs(script, instance))


def test_an_iteration_takes_what_the_engine_says(script, instance):
    engine = instance.engine
    assert script.seconds(engine, {}, []) == 0.0
    assert script.seconds(engine, {}, [10, 20]) == engine.decode.milliseconds(0, 2, 30) / 1000
    expected = engine.mixed.milliseconds(12, 1, 7, 8 * (4 + 8 / 2) + 4 * 2) / 1000
    assert script.seconds(engine, {1: (4, 12), 2: (0, 4)}, [7]) == expected
