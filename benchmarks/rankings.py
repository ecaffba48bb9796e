"""Whether rankings carry over: between engines, between kinds of admission, and how alike Vidur orders requests.

    python benchmarks/rankings.py [PROGRAM...] [--requests 400] [--times 5]
    python benchmarks/rankings.py [PROGRAM...] --split select
    python benchmarks/rankings.py --router [PROGRAM...] [--requests 500] [--times 3]
    python benchmarks/rankings.py --vidur FOLDER

All baselines and the PROGRAMs (files, names or ids) serve the same requests on every engine, at the same shares of its
capacity (four engines and scenarios of their own, or the two engines and the scenarios of a split of `serving`), and
are ranked for each objective by the geometric mean of the ratio to first come, first served (of routers: to the
shortest queue). Agreement of two rankings is Kendall's tau-b: 1 the same order, 0 none, -1 the reverse. Intervals are
95 %, from a bootstrap over seeds, which all engines, loads and programs share. For each PROGRAM its ratio to that base
and to the best baseline is told on every engine.

Of Vidur there are runs of first come, first served alone, so policies cannot be ranked by it. What is compared is the
order of requests within a run: who took longer, by Vidur and by the simulator with our times of iterations.
"""

import argparse
import csv
import gzip
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from serving_results import head, served, shown, weights

from heuresis.cli.programs import find_program
from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.serving.engine import Admission, Engine
from heuresis.evaluators.serving.objectives import OBJECTIVE_NAMES, value
from heuresis.evaluators.serving.results import Results
from heuresis.problems import registry
from heuresis.problems.engines import fleets
from heuresis.problems.engines.files import load
from heuresis.problems.problem import InstanceSet
from heuresis.problems.routing import splits as routers
from heuresis.problems.routing.instances import fingerprint as router_stamp
from heuresis.problems.serving import schedules, splits
from heuresis.problems.serving.instances import ServingInstance, fingerprint
from heuresis.problems.serving.workloads.families import CHAT, CODING_AGENTS, DOCUMENTS, HEAVY_TAIL

ENGINES = ("rtx4090-llama-3.1-8b", "a30-qwen2-7b", "a100-llama-2-7b", "h100x4-llama-2-70b")
REPLICAS, LOADS, STREAM, DRAWS = 4, (0.9, 1.1), 21, 500
"""Before routers: how many replicas, at which loads. Seeds of their own; draws of the bootstrap."""
VIDUR = {
    "vidur_lin_kvtight_a": "our coefficients, 1,000 blocks",
    "vidur_a30_sarathi512_q15_n1000_1200blk": "its own predictor, 1,200 blocks",
    "vidur_a30_sarathi512_q3_n10000": "its own predictor, 11,008 blocks",
}
"""Runs of Vidur by the names of their files: whose times they have, and how much memory."""
Sets = Mapping[tuple[str, Admission], tuple[Any, ...]]
"""By engine and kind of admission: the same scenarios, in the same order."""
MOST = 2_000
"""Of longer runs so many requests are compared, the first ones."""


def tau_b(one: Floats, other: Floats) -> float:
    """Kendall's rank correlation with ties (1945, doi:10.1093/biomet/33.3.239); NaN where all of one side are equal."""
    a, b = (np.sign(values[:, None] - values[None, :]) for values in (one, other))
    pairs = np.sqrt(float(np.sum(a * a)) * float(np.sum(b * b)))
    return float(np.sum(a * b)) / pairs if pairs else float("nan")


@dataclass(frozen=True)
class Measured:
    """Logarithms of ratios to the base rule: for each objective programs × instances."""

    names: tuple[str, ...]
    logs: Mapping[str, Floats]

    def ratios(self, objective: str, drawn: Floats) -> Floats:
        """Geometric means, draws × programs."""
        means: Floats = np.exp(drawn @ self.logs[objective].T / drawn.sum(axis=1)[:, None])
        return means


def agreement(one: Measured, other: Measured, objective: str, drawn: Floats) -> Floats:
    """The rank agreement of two rankings by the instances themselves, then of each draw."""
    pairs = zip(one.ratios(objective, drawn), other.ratios(objective, drawn), strict=True)
    return np.array([tau_b(*pair) for pair in pairs])


def measured(results: Mapping[str, Sequence[Results]], base: str, part: slice) -> Measured:
    """Some of the instances that all programs, one of which is the base rule, have served."""
    logs = {
        objective: np.log([[value(objective, one) for one in found[part]] for found in results.values()])
        for objective in OBJECTIVE_NAMES
    }
    place = list(results).index(base)
    return Measured(tuple(results), {objective: rows - rows[place] for objective, rows in logs.items()})


def on_replica(engine: Engine, requests: int, times: int) -> InstanceSet:
    """Every workload before one replica, at every load."""
    return splits.build(
        splits.Split("rankings", STREAM, splits.SEARCHED + splits.REPORTED, (), requests, times), [engine]
    )


def before_router(engine: Engine, requests: int, times: int) -> InstanceSet:
    """Four workloads before equal replicas."""
    workloads = (HEAVY_TAIL, CHAT, DOCUMENTS, CODING_AGENTS)
    settings = tuple(routers.Setting(w, routers.Kind.EQUAL, engine.name, at) for w in workloads for at in LOADS)
    split = routers.Split("rankings", STREAM, settings, requests, times)
    return routers.build(split, fleets.equal(engine, REPLICAS))


def agreements(found: Mapping[tuple[str, Admission], Measured], drawn: Floats) -> list[str]:
    """The tables of rank agreement: between engines, and between kinds of admission on each."""
    engines = list(dict.fromkeys(name for name, _ in found))
    across = [((a, Admission.WHOLE), (b, Admission.WHOLE)) for a, b in itertools.combinations(engines, 2)]
    within = [((name, Admission.WHOLE), (name, Admission.FIRST_CHUNK)) for name in engines]
    lines: list[str] = []
    for title, pairs, names in (
        ("Between engines", across, [f"{_short(a)}, {_short(b)}" for (a, _), (b, _) in across]),
        ("Between admission of the whole request and by the first chunk", within, [_short(a) for (a, _), _ in within]),
    ):
        lines += [f"\n{title}, Kendall's tau-b:", head(["objective", *names])]
        for objective in OBJECTIVE_NAMES:
            row = [shown(agreement(found[a], found[b], objective, drawn), 2) for a, b in pairs]
            lines.append(f"| {' | '.join((objective, *row))} |")
    return lines


def gains(found: Mapping[tuple[str, Admission], Measured], programs: Sequence[str], drawn: Floats) -> list[str]:
    """What programs gain on each engine: the ratio to the base rule, and to the best of all other rules there."""
    lines: list[str] = []
    for objective in OBJECTIVE_NAMES if programs else ():
        engines = [name for name, admission in found if admission is Admission.WHOLE]
        columns = [f"{_short(name)}: {what}" for name in engines for what in ("to the base", "to the best rule")]
        lines += [f"\n{objective}, smaller is better:", head(["program", *columns])]
        for program in programs:
            row = []
            for name in engines:
                here = found[name, Admission.WHOLE]
                ratios = here.ratios(objective, drawn)
                rules = [k for k, one in enumerate(here.names) if one not in programs]
                best = rules[int(np.argmin(ratios[0, rules]))]
                mine = ratios[:, here.names.index(program)]
                row += [shown(mine), f"{shown(mine / ratios[:, best])} `{here.names[best]}`"]
            lines.append(f"| {' | '.join((program, *row))} |")
    return lines


def _short(engine: str) -> str:
    return engine.split("-", maxsplit=1)[0]


def order_of_requests(folder: Path, name: str) -> list[str]:
    """A row of a table: how alike a run of Vidur and the simulator order its requests, by each kind of time."""
    with gzip.open(folder / f"{name}_requests.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    blocks = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["num_blocks"]
    engine = replace(load("a30-qwen2-7b"), blocks=int(blocks))
    arrival, prompt, output = (
        np.array([float(row[what]) for row in rows]) for what in ("arrived_at", "prefill", "decode_left_total")
    )
    [done] = schedules.run("fcfs", [_trace(name, engine, arrival, prompt.astype(np.int64), output.astype(np.int64))])
    cells = []
    for kind in ("ttft", "tpot", "e2e"):
        mine, theirs = getattr(done.results, kind), np.array([float(row[kind]) for row in rows])
        there = np.flatnonzero(~np.isnan(mine))[:MOST]
        drawn = np.random.default_rng(0).integers(0, len(there), (DRAWS // 5, len(there)))
        taus = [tau_b(mine[some], theirs[some]) for some in (there, *there[drawn])]
        cells.append(shown(np.array(taus)))
    return [f"{VIDUR[name]}", f"{min(MOST, len(rows)):,}", *cells]


def _trace(name: str, engine: Engine, arrival: Floats, prompt: Any, output: Any) -> ServingInstance:
    """Requests that have nothing in common, with their lengths for estimates."""
    n = len(arrival)
    zero = np.zeros(n, dtype=np.int64)
    return ServingInstance(
        name, {}, engine, arrival, prompt, output, output.astype(np.float64), zero, np.arange(n), zero.copy(),
        zero - 1, np.zeros(n), np.zeros(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int64),
    )  # fmt: skip


def drawn_anew(routed: bool, requests: int, times: int) -> Sets:
    """Scenarios of their own on all `ENGINES`."""
    make = before_router if routed else on_replica
    return {
        (name, admission): make(replace(load(name), admission=admission), requests, times).instances
        for name, admission in itertools.product(ENGINES, Admission)
    }


def of_split(split: str) -> Sets:
    """The scenarios of a split of `serving` on its own engines, which have the same ones."""
    chosen = registry.get("serving").splits[split]().instances
    names = dict.fromkeys(str(one.labels["engine"]) for one in chosen)
    return {
        (name, admission): tuple(
            replace(one, engine=replace(one.engine, admission=admission))
            for one in chosen
            if one.labels["engine"] == name
        )
        for name, admission in itertools.product(names, Admission)
    }


def compared(name: str, sets: Sets, texts: Sequence[str], archive: str | None) -> str:
    """All tables of one problem."""
    problem = registry.get(name)
    base, stamp = ("llq", router_stamp) if name == "serving-router" else ("fcfs", fingerprint)
    found = [find_program(text, problem, archive) for text in texts]
    sources = {one.name: one.source for one in problem.baselines} | {one.label: one.source for one in found}
    every = tuple(itertools.chain(*sets.values()))
    results = served(problem, sources, InstanceSet("rankings", every, stamp(every)))
    first = next(iter(sets.values()))
    size = len(first)
    tables = {kind: measured(results, base, slice(k * size, (k + 1) * size)) for k, kind in enumerate(sets)}
    drawn = weights([one.labels for one in first], DRAWS)
    told = f"{problem.name}@{problem.version}: {len(sources)} programs, {size} scenarios on each engine"
    return "\n".join([told, *agreements(tables, drawn), *gains(tables, [one.label for one in found], drawn)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM")
    parser.add_argument("--router", action="store_true")
    parser.add_argument("--requests", type=int, help="of each scenario")
    parser.add_argument("--times", type=int, help="seeds of each workload")
    parser.add_argument("--split", choices=["search", "select"], help="of serving, in place of scenarios of their own")
    parser.add_argument("--vidur", type=Path, metavar="FOLDER", help="where runs of Vidur are")
    parser.add_argument("--archive", metavar="URL")
    given = parser.parse_args()
    if given.vidur is not None:
        print("\nHow alike Vidur and the simulator order requests under first come, first served, Kendall's tau-b:")
        print(head(["times of", "requests", "TTFT", "TPOT", "e2e"]))
        for name in VIDUR:
            print(f"| {' | '.join(order_of_requests(given.vidur, name))} |")
        return
    name, requests, times = ("serving-router", 500, 3) if given.router else ("serving", 400, 5)
    if given.split is not None and not given.router:
        sets = of_split(given.split)
    else:
        sets = drawn_anew(given.router, given.requests or requests, given.times or times)
    print(compared(name, sets, given.programs, given.archive))


if __name__ == "__main__":
    main()
