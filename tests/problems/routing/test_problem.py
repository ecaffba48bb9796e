"""The instances of routing, and what the classical rules make of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from router_parts import behind
from scoring_parts import schedule_of
from serving_parts import engine, payload

from heuresis.evaluators.routing.roles import DECODES_ONLY, MIXED, PREFILLS_ONLY
from heuresis.evaluators.routing.simulator import Routing
from heuresis.evaluators.serving.engine import Admission, EngineError
from heuresis.evaluators.serving.objectives import value
from heuresis.problems import registry
from heuresis.problems.engines import fleets
from heuresis.problems.engines.files import load
from heuresis.problems.engines.fleets import fleet_of
from heuresis.problems.problem import SPLITS, Choice, InstanceError
from heuresis.problems.routing import schedules
from heuresis.problems.routing.figures import figures
from heuresis.problems.routing.instances import RouterInstance, Switching, equal, fingerprint
from heuresis.problems.routing.scoring import RouterScoring
from heuresis.problems.routing.splits import GLIA, SEARCH, SELECT, TEST, build, slower
from heuresis.problems.serving.load import load as load_of
from heuresis.problems.serving.splits import routed

FEW = 1_000


@pytest.fixture(scope="module")
def glia() -> RouterInstance:
    return equal(routed(load(GLIA[0]), FEW, 0))


def test_splits_share_neither_engines_nor_workloads_with_what_is_reported() -> None:
    searched = {(s.workload.name, s.engine) for split in (SEARCH, SELECT) for s in split.settings}
    reported = {(s.workload.name, s.engine) for s in TEST.settings}
    assert not {w for w, _ in searched} & {w for w, _ in reported}
    assert not {e for _, e in searched} & ({e for _, e in reported} | set(GLIA))
    assert len({SEARCH.stream, SELECT.stream, TEST.stream}) == 3


def test_the_search_has_every_kind_of_replicas() -> None:
    instances = build(SEARCH).instances
    assert {one.labels["replicas"] for one in instances} == {"equal", "unequal", "pools", "switched"}
    assert 8_000 <= sum(one.size for one in instances) <= 12_000
    assert any(PREFILLS_ONLY in one.roles for one in instances)
    assert all(len(one.fleet) == 4 for one in instances)


def test_glias_setting_has_four_replicas_of_three_sizes_and_paired_requests() -> None:
    assert TEST.times == len(TEST.glia) == 10
    glia = [one for one in build(replace(TEST, settings=())).instances if one.labels["workload"] == "routed"]
    assert sorted({one.fleet[0].blocks for one in glia}) == [2048, 3328, 4096]
    assert all(len(one.fleet) == 4 and one.roles == (MIXED,) * 4 for one in glia)
    assert len(glia) == 30
    first = [one for one in glia if one.labels["number"] == 0]
    assert all(np.array_equal(one.requests.arrival, first[0].requests.arrival) for one in first)
    rate = (first[0].size - 1) / first[0].requests.arrival[-1]
    assert rate == pytest.approx(7.5, rel=1e-3)


def test_a_slower_engine_takes_its_time_and_has_half_of_the_memory() -> None:
    fast = load("rtx4090-llama-3.1-8b")
    slow = slower(fast)
    assert slow.blocks == fast.blocks // 2
    assert slow.decode.milliseconds(0, 3, 70) == pytest.approx(1.6 * fast.decode.milliseconds(0, 3, 70))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fleet": (), "roles": ()}, "1 to 64 replicas"),
        ({"roles": (MIXED,)}, "a role for each"),
        ({"roles": (MIXED, MIXED, MIXED, PREFILLS_ONLY)}, "mixed everywhere"),
        ({"roles": (PREFILLS_ONLY,) * 4}, "mixed everywhere"),
        ({"switching": Switching(0, 1.0, 1.0)}, "can be on"),
        ({"switching": Switching(5, 1.0, 1.0)}, "can be on"),
        ({"switching": Switching(2, -1.0, 1.0)}, "not negative"),
        ({"switching": Switching(2, 1.0, float("nan"))}, "not negative"),
        ({"roles": (PREFILLS_ONLY, *(DECODES_ONLY,) * 3), "switching": Switching(2, 1.0, 1.0)}, "mixed replicas"),
    ],
)
def test_fleets_that_cannot_be_are_refused(glia: RouterInstance, change: dict[str, object], message: str) -> None:
    with pytest.raises(InstanceError, match=message):
        replace(glia, **change)


def test_replicas_of_different_block_sizes_are_refused(glia: RouterInstance) -> None:
    other = replace(glia.fleet[0], block_size=32)
    with pytest.raises(InstanceError, match="block size"):
        replace(glia, fleet=(other, *glia.fleet[1:]))


def test_fingerprints_tell_replicas_roles_and_switching_apart(glia: RouterInstance) -> None:
    variants = [
        glia,
        replace(glia, fleet=glia.fleet[:3], roles=glia.roles[:3]),
        replace(glia, fleet=(slower(glia.fleet[0]), *glia.fleet[1:])),
        replace(glia, roles=(PREFILLS_ONLY, *(DECODES_ONLY,) * 3)),
        replace(glia, switching=Switching(2, 1.0, 1.0)),
        replace(glia, switching=Switching(2, 2.0, 1.0)),
    ]
    assert len({fingerprint([one]) for one in variants}) == len(variants)


@pytest.mark.parametrize(
    ("admission", "caching", "most"),
    [
        (Admission.FIRST_CHUNK, False, 0.7),
        (Admission.WHOLE, False, 0.9),
        (Admission.FIRST_CHUNK, True, 0.82),
        (Admission.WHOLE, True, 0.92),
    ],
)
def test_holding_the_shortest_prompts_first_beats_the_shortest_queue_where_memory_is_tight(
    glia: RouterInstance, admission: Admission, caching: bool, most: float
) -> None:
    """Most where engines thrash: they admit by the first chunk, and an evicted request finds nothing of its own again."""
    fleet = tuple(replace(one, admission=admission, prefix_caching=caching) for one in glia.fleet)
    given = replace(glia, requests=replace(glia.requests, engine=fleet[0]), fleet=fleet)
    means = {
        rule: schedules.run(rule, [given])[0].results.e2e.mean() for rule in ("llq", "hra", "hold_shortest_prompt_llq")
    }
    assert means["hra"] < most * means["llq"]
    assert means["hold_shortest_prompt_llq"] < most * means["llq"]


def test_an_engine_of_ones_own_brings_its_replicas() -> None:
    problem = registry.get("serving-router").asked(Choice(engine="a10-llama-3-8b-2048", objective="e2e_p99"))
    instances = problem.splits["search"]().instances
    assert {one.blocks for i in instances for one in i.fleet} == {2048, 1024}
    assert problem.objective.name == "e2e_p99"


def test_an_engine_of_ones_own_keeps_the_prefix_cache_of_the_splits() -> None:
    given = fleets.equal(load("a30-qwen2-7b"), 2)
    found = build(replace(SEARCH, settings=SEARCH.settings[:1], requests=20), given)
    assert {one.prefix_caching for i in found.instances for one in i.fleet} == {True}
    assert "prefix_caching = false" in found.notes[0]


def csv_of(tmp_path: Path, count: int = 2_000) -> str:
    """A trace of two requests a second."""
    path = tmp_path / "trace.csv"
    rows = [f"{i / 2},{100 + 7 * i % 500},{5 + i % 90}" for i in range(count)]
    path.write_text("\n".join(["arrived_at,prefill,decode", *rows]) + "\n")
    return str(path)


def test_ones_own_traffic_is_cut_before_as_many_replicas_as_are_wanted(tmp_path: Path) -> None:
    choice = Choice(instances=(csv_of(tmp_path),), load=0.9, replicas=6, engine="a30-qwen2-7b")
    problem = registry.get("serving-router").asked(choice)
    parts = {split: problem.splits[split]() for split in SPLITS}
    assert {len(one.fleet) for part in parts.values() for one in part.instances} == {6}
    assert [len(part.instances) for part in parts.values()] == [2, 1, 1]
    assert parts["test"].fingerprint == fingerprint(parts["test"].instances)
    loads = [load_of(one.requests, one.fleet) for part in parts.values() for one in part.instances]
    assert loads == pytest.approx([0.9] * 4, rel=0.15)
    assert any(note.startswith("search: 1,000 requests of trace.csv in 2 blocks") for note in problem.notes)


def test_unequal_replicas_from_a_file_stand_before_every_split(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_text(
        "replicas = [\n"
        '{ engine = "a10-llama-3-8b", count = 2, role = "prefill" },\n'
        '{ engine = "a10-llama-3-8b-2048", role = "decode" },\n'
        "]\n"
    )
    own = registry.get("serving-router").asked(Choice(instances=(csv_of(tmp_path),), engine=str(file)))
    [test] = own.splits["test"]().instances
    assert [one.blocks for one in test.fleet] == [3328, 3328, 2048]
    assert test.roles == (PREFILLS_ONLY, PREFILLS_ONLY, DECODES_ONLY)
    given = build(replace(SEARCH, settings=SEARCH.settings[-3:], requests=50), fleet_of(file))
    assert not given.instances  # none of these settings is for equal replicas
    given = build(replace(SEARCH, settings=SEARCH.settings[:1], requests=50), fleet_of(file))
    assert [(one.roles, one.switching) for one in given.instances] == [(test.roles, None)]


def test_one_replica_leaves_nothing_to_route(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="a30-qwen2-7b has one replica, but a router chooses among two or more"):
        registry.get("serving-router").asked(Choice(instances=(csv_of(tmp_path),), engine="a30-qwen2-7b"))
    with pytest.raises(EngineError, match="has one replica"):
        registry.get("serving-router").asked(Choice(replicas=1))


def test_the_number_of_replicas_is_chosen_for_the_problems_own_splits_too() -> None:
    given = build(replace(SEARCH, settings=SEARCH.settings[:1], requests=50), replicas=7)
    assert [len(one.fleet) for one in given.instances] == [7]


def test_an_explanation_says_what_went_where(glia: RouterInstance) -> None:
    problem = registry.get("serving-router")
    simulator = Routing(problem.scoring.pack([glia]))
    decisions = simulator.decide(schedules.compiled("hra"), np.zeros(0), np.zeros(1, dtype=np.int64))
    schedule = schedule_of(problem.scoring, glia, decisions)
    text = problem.scoring.explain(glia, schedule)
    assert "times that of the shortest queue" in text
    assert text.count("\n| ") >= 4 + 4
    means = [schedules.run(rule, [glia])[0].results.e2e.mean() for rule in ("hra", "llq")]
    assert problem.scoring.value(glia, schedule) == pytest.approx(means[0] / means[1])
    measured = problem.scoring.metrics([glia], [schedule])
    assert measured["replica_seconds"] == pytest.approx(4 * np.nanmax(schedule.results.finish))


def scheduled(rule: str, instance: RouterInstance) -> schedules.Schedule:
    """What becomes of an instance under one of the rules that come with the problem."""
    simulator = Routing(schedules.pack([instance]))
    decisions = simulator.decide(schedules.compiled(rule), np.zeros(0), np.zeros(1, dtype=np.int64))
    schedule: schedules.Schedule = schedule_of(RouterScoring(), instance, decisions)
    return schedule


def test_llumnix_moves_requests_from_replicas_that_run_short(glia: RouterInstance) -> None:
    found, stays = schedules.run("llumnix", [glia])[0], schedules.run("llq", [glia])[0]
    assert found.moves.sum() > 0
    assert stays.moves.sum() == 0
    text = RouterScoring().explain(glia, scheduled("llumnix", glia))
    assert f"{found.moves.sum()} migrations" in text


def test_the_router_of_vidur_counts_those_that_wait_alone() -> None:
    """Eight come at once and are spread; those that come while nobody waits all go to the lowest replica."""
    arrival = [0.0] * 8 + [0.5, 0.6, 0.7]
    on = engine(max_num_seqs=12, blocks=99)
    given = behind(payload(on, arrival, [4] * 11, [60] * 11), [on] * 4)
    built, zero = Routing(given), np.zeros(1, dtype=np.int64)
    decisions = built.decide(schedules.compiled("lor_vidur"), np.zeros(0), zero)
    [found], _ = built.routed(zero, decisions)
    assert found is not None
    assert found.replica.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 0, 0]


def test_figures_of_several_routers_sum_over_the_replicas(glia: RouterInstance) -> None:
    found = figures(glia, {rule: scheduled(rule, glia) for rule in ("llq", "hra")})
    waiting, held, running, memory, spread, ttft, e2e = found
    assert [c.name for c in waiting.curves] == ["llq", "hra"]
    assert not held.curves[0].y.any()
    assert 0 < held.curves[1].y.max() <= waiting.curves[1].y.max()
    assert running.curves[0].y.max() <= 4 * glia.fleet[0].max_num_seqs
    for figure in (memory, spread):
        assert all(0 < c.y.max() <= 100 and c.y.min() >= 0 for c in figure.curves)
    for name, of in (("ttft", ttft), ("e2e", e2e)):
        times = getattr(schedules.run("llq", [glia])[0].results, name)
        assert np.array_equal(of.curves[0].x, np.sort(times[~np.isnan(times)]))


def test_figures_of_one_router_show_its_replicas(glia: RouterInstance) -> None:
    half = replace(glia.fleet[0], blocks=glia.fleet[0].blocks // 2)
    uneven = replace(glia, fleet=(half, *glia.fleet[1:]), roles=(PREFILLS_ONLY, *(DECODES_ONLY,) * 3))
    waiting, running, memory = figures(uneven, {"hra": scheduled("hra", uneven)})[:3]
    names = ["replica 0 (prefill)", *(f"replica {r} (decode)" for r in (1, 2, 3))]
    assert [c.name for c in running.curves] == [c.name for c in memory.curves] == names
    assert [c.name for c in waiting.curves] == [*names, "held"]
    assert all(c.y.max() <= 100 for c in memory.curves)
    assert max(c.y.max() for c in memory.curves) > 50
    one = replace(glia, switching=Switching(1, 5.0, 1.0))
    shown = figures(one, {"llq": scheduled("llq", one)})
    assert [c.name for c in shown[0].curves] == ["replica 0"]
    assert set(shown[3].curves[0].y) == {1.0}


def test_who_is_refused_is_rejected_counted_and_told() -> None:
    chosen = [build(replace(SEARCH, settings=(SEARCH.settings[1],), requests=300)).instances[0]]
    scoring = RouterScoring("critical_ttft_p90")
    simulator = Routing(scoring.pack(chosen))
    order = np.zeros(1, dtype=np.int64)
    decisions = simulator.decide(schedules.compiled("shed_by_chance"), np.zeros(0), order)
    schedule = schedule_of(scoring, chosen[0], decisions)
    results = schedule.results
    lowest = results.ttft_slo == results.ttft_slo.max()
    assert 0 < results.refused.sum() <= lowest.sum()
    assert not results.refused[~lowest].any()
    metrics = scoring.metrics(chosen, [schedule])
    assert metrics["refused"] == metrics["rejected"] == results.refused.sum()
    assert f"0 rejected, {results.refused.sum()} refused" in scoring.explain(chosen[0], schedule)
    alone = metrics["critical_ttft_p90"]
    assert alone is not None
    others = np.count_nonzero(~results.critical)
    price = (1 + others) / (1 + others - results.refused.sum())
    reference = schedules.base(chosen)[0].results
    assert scoring.value(chosen[0], schedule) * value("critical_ttft_p90", reference) == pytest.approx(alone * price)
