"""The tables of docs/results/ of serving: programs on `test`, beside the rules and references that they are to beat.

    python benchmarks/serving_results.py PROGRAM... [--split test] [--archive URL]
    python benchmarks/serving_results.py --router [PROGRAM...] [--admission first_chunk] [--rate R] [--archive URL]

A PROGRAM is a file, a baseline's name or a program id. Every program runs in the sandbox once; its decisions are
replayed, and all figures come from that. Ratios are to first come, first served on the same scenario; several scenarios
are taken together by the geometric mean. Intervals are 95 %, from a bootstrap over seeds: those of a workload are drawn
together for all loads, engines and programs, which have the same requests.

`--router` takes programs of serving-router in Glia's setting (four A10; 2,048, 3,328 and 4,096 blocks; ten seeds of
1,000 requests, 7.5 per second). Beside it stands what there is to gain: means where memory never runs out, and of
requests that are alone. `--admission first_chunk` has the replicas admit as engines did before 2026, `--rate` has more
or fewer requests per second.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuresis.cli.programs import find_program
from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.serving.engine import Admission
from heuresis.evaluators.serving.objectives import value
from heuresis.evaluators.serving.results import Results
from heuresis.evolve.assessment import tasks
from heuresis.evolve.assessment.assess import Assessor
from heuresis.problems import registry
from heuresis.problems.engines.files import load
from heuresis.problems.problem import InstanceSet, Problem
from heuresis.problems.routing import schedules, splits
from heuresis.problems.routing.instances import RouterInstance, equal, fingerprint
from heuresis.problems.serving import schedules as serving_runs
from heuresis.problems.serving.clairvoyant import in_engine_time, in_tokens
from heuresis.problems.serving.splits import routed
from heuresis.problems.serving.workloads.families import ROUTED_RATE
from heuresis.sandbox.limits import Limits

Chosen = NDArray[np.bool_]
MEAN, P99, GOODPUT = "e2e_mean", "e2e_p99", "goodput"
DRAWS, SECONDS = 2_000, 600.0
LOW, OVER = 0.95, 1.0
"""Loads up to the first are low, beyond the second is overload."""
REFERENCES = {"clairvoyant_srpt": in_tokens, "clairvoyant_srpt_past_future": in_engine_time}
RIVALS: tuple[str, ...] = ("hra", "hold_shortest_prompt_llq", "llq")
ROOMY, ROOMIER, ALONE = ("llq", "lor", "lmetric", "hra"), 64, 1e-5
"""Rules that are measured with so many times the memory; requests per second at which nobody meets anybody."""


@dataclass(frozen=True)
class Figures:
    """One program: seconds (mean, 99th percentile) and requests in time per second of each instance."""

    of: Mapping[str, Floats]

    def against(self, other: "Figures", name: str) -> Floats:
        """The logarithm of the ratio to another's figures, by instance."""
        logs: Floats = np.log(self.of[name] / other.of[name])
        return logs


def figures(results: Sequence[Results]) -> Figures:
    """The figures of schedules; goodput is the inverse of the objective of that name, so more is better."""
    found = {name: np.array([value(name, one) for one in results]) for name in (MEAN, P99, GOODPUT)}
    return Figures(found | {GOODPUT: 1.0 / found[GOODPUT]})


def served(problem: Problem, sources: Mapping[str, str], chosen: InstanceSet) -> dict[str, list[Results]]:
    """Run programs in the sandbox and replay what they decide. Raises SystemExit where one fails."""
    found: dict[str, list[Results]] = {}
    with Assessor(problem, workers=1) as assessor:
        for name, source in sources.items():
            task = replace(tasks.decide(source, np.arange(len(chosen.instances))), limits=Limits(seconds=SECONDS))
            outcome = assessor.run(task, chosen)
            if not outcome.ok:
                raise SystemExit(f"{name}: {outcome.status}: {outcome.message}")
            replay = problem.scoring.replay(chosen.instances, outcome.arrays)
            if replay.fault:
                raise SystemExit(f"{name}: {replay.fault}")
            found[name] = [one.results for one in replay.schedules if one is not None]
    return found


def weights(labels: Sequence[Mapping[str, Any]], draws: int = DRAWS) -> Floats:
    """How often each instance counts, (1 + draws) × instances: once in the first row, then by seeds that are drawn."""
    rng, found = np.random.default_rng(0), np.ones((1 + draws, len(labels)))
    for workload in sorted({str(one["workload"]) for one in labels}):
        mine = [i for i, one in enumerate(labels) if one["workload"] == workload]
        numbers = sorted({int(labels[i]["number"]) for i in mine})
        counts = rng.multinomial(len(numbers), np.full(len(numbers), 1 / len(numbers)), size=draws)
        for i in mine:
            found[1:, i] = counts[:, numbers.index(int(labels[i]["number"]))]
    return found


def together(logs: Floats, drawn: Floats, chosen: Chosen) -> Floats:
    """Geometric means over the chosen instances: that of the instances themselves, then of each draw."""
    means: Floats = np.exp(drawn[:, chosen] @ logs[chosen] / drawn[:, chosen].sum(axis=1))
    return means


def shown(values: Floats, digits: int = 3) -> str:
    """The value with its interval."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return f"{values[0]:.{digits}f} ({low:.{digits}f} … {high:.{digits}f})"


def share(of: Floats, start: Floats, goal: Floats) -> str:
    """Percent of the way from one ratio to another; none where that way may be nothing."""
    way = start - goal
    if np.quantile(way[1:], 0.025) <= 0.0:
        return "no gap"
    return shown(100.0 * (start - of) / way, 0)


def head(columns: Sequence[str]) -> str:
    """The first two lines of a table."""
    return f"\n| {' | '.join(columns)} |\n|---|{'--:|' * (len(columns) - 1)}"


def serving(programs: Mapping[str, Figures], rules: Mapping[str, Figures], labels: Sequence[Mapping[str, Any]]) -> str:
    """The tables of `serving`. `rules` are the baselines and references, `fcfs` among them."""
    drawn, base = weights(labels), rules["fcfs"]
    loads = np.array([float(one["load"]) for one in labels])
    cells = list(dict.fromkeys((str(one["workload"]), str(one["engine"]), float(one["load"])) for one in labels))
    lines: list[str] = []
    for name, mine in programs.items():
        lines += [f"\n{name} relative to FCFS, by scenario:", head(["workload", "engine", "load", MEAN, P99, GOODPUT])]
        for cell in cells:
            here = np.array([(o["workload"], o["engine"], o["load"]) == cell for o in labels])
            row = [shown(together(mine.against(base, what), drawn, here)) for what in (MEAN, P99, GOODPUT)]
            lines.append(f"| {' | '.join((*map(str, cell), *row))} |")
    low, lined_up = loads <= LOW, {**programs, **rules}

    def ratio(name: str, what: str, chosen: Chosen) -> Floats:
        return together(lined_up[name].against(base, what), drawn, chosen)

    ways = [("srpt", name) for name in REFERENCES] + [("srpt_past_future", "clairvoyant_srpt_past_future")]
    columns = [f"% of {start} → {goal}" for start, goal in ways]
    lines += [f"\nLoads up to {LOW}, relative to FCFS:", head(["rule", MEAN, P99, *columns])]
    for name in (*programs, "srpt", "srpt_past_future", *REFERENCES):
        found = [share(ratio(name, MEAN, low), *(ratio(end, MEAN, low) for end in way)) for way in ways]
        row = [shown(ratio(name, MEAN, low)), shown(ratio(name, P99, low)), *found]
        lines.append(f"| {' | '.join((name, *row))} |")
    over = loads > OVER
    evolvable = [name for name in rules if name not in REFERENCES]
    best = max(evolvable, key=lambda name: float(ratio(name, GOODPUT, over)[0]))
    lines += [f"\nOverload, goodput; the best baseline is {best}:", head(["rule", "relative to FCFS", f"to {best}"])]
    for name in dict.fromkeys((*programs, best, *REFERENCES)):
        against = together(lined_up[name].against(rules[best], GOODPUT), drawn, over)
        lines.append(f"| {name} | {shown(ratio(name, GOODPUT, over))} | {shown(against)} |")
    return "\n".join(lines)


def router(programs: Mapping[str, Figures], rules: Mapping[str, Figures], labels: Sequence[Mapping[str, Any]]) -> str:
    """The tables of `serving-router` in Glia's setting."""
    drawn, engines = weights(labels), list(dict.fromkeys(str(one["engine"]) for one in labels))
    places = {engine: np.array([one["engine"] == engine for one in labels]) for engine in engines}
    lines = ["\nSeconds, averaged over seeds:"]
    lines.append(head(["rule", *(f"{engine}: {what}" for engine in engines for what in ("mean", "p99"))]))
    for name, mine in {**programs, **rules}.items():
        row = [f"{mine.of[what][here].mean():.2f}" for here in places.values() for what in (MEAN, P99)]
        lines.append(f"| {' | '.join((name, *row))} |")
    everywhere = {**places, "all": np.ones(len(labels), dtype=np.bool_)}
    for name, mine in programs.items():
        lines += [f"\n{name} relative to", head(["engine", *(f"{r}: {w}" for r in rules for w in ("mean", "p99"))])]
        for engine, here in everywhere.items():
            row = [shown(together(mine.against(rules[r], what), drawn, here)) for r in rules for what in (MEAN, P99)]
            lines.append(f"| {' | '.join((engine, *row))} |")
    return "\n".join(lines)


def factors(rules: Mapping[str, Figures], labels: Sequence[Mapping[str, Any]], rule: str = "hra") -> str:
    """How many times the mean seconds of a rule others take, by engine: the ratio of means over seeds."""
    drawn, engines = weights(labels), list(dict.fromkeys(str(one["engine"]) for one in labels))
    lines = [f"\nMean seconds over those of {rule}:", head(["rule", *engines])]
    for name in rules:
        row = []
        for engine in engines:
            here = np.array([one["engine"] == engine for one in labels])
            mine, other = (drawn[:, here] @ rules[which].of[MEAN][here] for which in (name, rule))
            row.append(shown(mine / other, 2))
        lines.append(f"| {' | '.join((name, *row))} |")
    return "\n".join(lines)


def glia(admission: Admission, rate: float) -> InstanceSet:
    """Glia's setting with replicas that admit in one of the two ways, at so many requests per second in all."""
    engines = [replace(load(name), admission=admission) for name in splits.GLIA]
    chosen = tuple(
        equal(routed(engine, splits.GLIA_REQUESTS, number, rate)) for engine in engines for number in splits.TEST.glia
    )
    return InstanceSet(splits.TEST.name, chosen, fingerprint(chosen))


def without_limits(count: int = splits.GLIA_REQUESTS, numbers: Sequence[int] = splits.TEST.glia) -> str:
    """Mean seconds in Glia's setting if memory never ran out, by rule, and if each request were alone."""
    lines = [f"\nMean seconds with {ROOMIER} times the memory, and of each request alone:"]
    lines.append(head(["engine", *ROOMY, "alone"]))

    def mean(rule: str, chosen: Sequence[RouterInstance]) -> str:
        return f"{np.mean([value(MEAN, one.results) for one in schedules.run(rule, chosen)]):.2f}"

    for name in splits.GLIA:
        engine = load(name)
        met = [equal(routed(engine, count, number)) for number in numbers]
        large = replace(engine, blocks=ROOMIER * engine.blocks)
        roomy = [replace(one, fleet=(large,) * len(one.fleet)) for one in met]
        apart = [equal(routed(engine, count, number, rate=ALONE)) for number in numbers]
        lines.append(f"| {' | '.join((name, *(mean(rule, roomy) for rule in ROOMY), mean('llq', apart)))} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM")
    parser.add_argument("--router", action="store_true")
    parser.add_argument("--split", default="test", choices=["search", "select", "test"], help="of serving")
    parser.add_argument("--admission", type=Admission, default=Admission.WHOLE, help="of routers' replicas")
    parser.add_argument("--rate", type=float, default=ROUTED_RATE, help="requests per second before routers")
    parser.add_argument("--archive", metavar="URL")
    given = parser.parse_args()
    problem = registry.get("serving-router" if given.router else "serving")
    found = [find_program(text, problem, given.archive) for text in given.programs]
    rules: dict[str, Figures] = {}
    if given.router:
        chosen = glia(given.admission, given.rate)
        names = RIVALS
    else:
        chosen = problem.splits[given.split]()
        names = tuple(one.name for one in problem.baselines)
    for rule in names:
        rules[rule] = figures(
            [one.results for one in (schedules if given.router else serving_runs).run(rule, chosen.instances)]
        )
    if not given.router:
        rules |= {name: figures([one.results for one in solve(chosen.instances)]) for name, solve in REFERENCES.items()}
    done = served(problem, {one.label: one.source for one in found}, chosen)
    programs = {label: figures(results) for label, results in done.items()}
    labels = [one.labels for one in chosen.instances]
    mark = chosen.fingerprint[:12]
    print(f"{problem.name}@{problem.version}, {chosen.name}, {len(labels)} scenarios, fingerprint {mark}")
    print((router if given.router else serving)(programs, rules, labels))
    if given.router:
        print(factors(programs | rules, labels))
    if given.router and given.admission is Admission.WHOLE and given.rate == ROUTED_RATE:
        print(without_limits())


if __name__ == "__main__":
    main()
