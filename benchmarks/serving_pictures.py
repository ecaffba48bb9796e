"""The pictures of docs/results/serving.md: how long requests take, and ratios by scenario, on `test`.

    python benchmarks/serving_pictures.py [-o docs/results/pictures]

Programs run in the sandbox and their decisions are replayed, as for the tables. Distributions take the requests of all
seeds together. Ratios are those of `serving_results.py`, with 95 % intervals from a bootstrap over seeds. The files are
the same to the byte for the same values: no dates, ids by a fixed salt. Their colours follow the reader's light or dark
page.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from serving_results import GOODPUT, MEAN, P99, Figures, figures, served, together, weights

from heuresis.evaluators.aliases import Floats
from heuresis.evaluators.serving.results import Results
from heuresis.problems import registry
from heuresis.problems.problem import InstanceSet, Problem

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "docs" / "results" / "programs"
INK, PAPER, GRID = "#1f2328", "#ffffff", "#d0d7de"
"""Colours of text and axes, of the background and of lines behind the curves, on a light page."""
DARK = {INK: "#d6dce3", PAPER: "#0d1117", GRID: "#39414b"}
"""What stands in their place on a dark one."""
STYLES: tuple[Mapping[str, Any], ...] = (
    {"color": "#d1495b", "linewidth": 1.6},
    {"color": "#2f7fc1", "linewidth": 1.6},
    {"color": "#2a9d6f", "linewidth": 1.6, "linestyle": (0, (5, 2))},
    {"color": "#b07cc6", "linewidth": 1.6, "linestyle": (0, (1.5, 1.5))},
    {"color": "#8a929c", "linewidth": 3.2},
)
"""Of programs, the last one the base: told apart on both pages, where curves meet, and without seeing all colours."""
WIDE, NARROW = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0), (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4)
"""Where axes of ratios are labelled."""
SHARES = np.concatenate([np.linspace(0.0, 0.98, 99), np.linspace(0.981, 1.0, 20)])
"""At these shares of requests a distribution is drawn."""
MEANINGS = {MEAN: "mean", P99: "99th percentile", GOODPUT: "goodput (more is better)"}


@dataclass(frozen=True)
class Drawn:
    """What is drawn of one problem: the split, and what became of each of its instances under each program."""

    chosen: InstanceSet
    results: Mapping[str, Sequence[Results]]

    def cell(self, place: int, labels: Sequence[str]) -> str:
        """What an instance is called by these labels."""
        return " ".join(str(self.chosen.instances[place].labels.get(label, "")) for label in labels).strip()

    def times(self, name: str, labels: Sequence[str], cell: str, kind: str) -> Floats:
        """The `ttft` or `e2e` (s) of all requests of a cell."""
        there = [getattr(one, kind) for k, one in enumerate(self.results[name]) if self.cell(k, labels) == cell]
        return np.concatenate(there)


def distributions(drawn: Drawn, labels: Sequence[str], rows: Sequence[Mapping[str, str]], kind: str) -> Canvas:
    """One panel for each cell, cells by their titles: the share of requests that took at most so long."""
    canvas = Canvas(figsize=(11.0, 0.7 + 2.3 * len(rows)), layout="constrained")
    grid = canvas.subplots(len(rows), len(rows[0]), sharey=True, squeeze=False)
    for line, titles in zip(grid, rows, strict=True):
        for axes, (title, cell) in zip(line, titles.items(), strict=True):
            for place, (name, style) in enumerate(zip(drawn.results, STYLES, strict=False)):
                times = drawn.times(name, labels, cell, kind)
                points = np.maximum(np.quantile(times[~np.isnan(times)], SHARES), 1e-2)
                axes.plot(points, 100.0 * SHARES, label=name, zorder=9 - place, **style)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
            axes.set_title(title)
            axes.set_ylim(0.0, 101.0)
            plain(axes)
        line[0].set_ylabel("% of requests")
    for axes in grid[-1]:
        axes.set_xlabel("seconds")
    _legend(canvas, grid[0][0])
    return canvas


def ratios(
    figured: Mapping[str, Figures], base: str, cells: Mapping[str, Floats], drawn: Floats, kinds: Sequence[str]
) -> Canvas:
    """One panel for each figure, one line for each cell: ratios to the base rule with their intervals."""
    canvas = Canvas(figsize=(11.0, 1.1 + 0.36 * len(cells)), layout="constrained")
    names = [name for name in figured if name != base]
    [panels] = canvas.subplots(1, len(kinds), sharey=True, squeeze=False)
    for axes, kind in zip(panels, kinds, strict=True):
        axes.axvline(1.0, color=INK, linewidth=1.0)
        for k, (name, style) in enumerate(zip(names, STYLES, strict=False)):
            colour = style["color"]
            logs = figured[name].against(figured[base], kind)
            found = np.array([together(logs, drawn, here) for here in cells.values()])
            low, high = np.quantile(found[:, 1:], [0.025, 0.975], axis=1)
            at = np.arange(len(cells)) + 0.6 * ((k + 0.5) / len(names) - 0.5)
            axes.hlines(at, low, high, color=colour, linewidth=1.6)
            axes.plot(found[:, 0], at, "o", color=colour, markersize=4.5, label=name)
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        wide = high / low > 3.0
        axes.set_xticks([tick for tick in (WIDE if wide else NARROW) if low < tick < high], minor=False)
        axes.xaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
        axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())
        axes.set_title(MEANINGS[kind])
        axes.set_xlabel(f"relative to {base}")
        plain(axes)
    panels[0].set_yticks(np.arange(len(cells)), list(cells))
    panels[0].set_ylim(len(cells) - 0.4, -0.6)
    _legend(canvas, panels[0])
    return canvas


def dress() -> None:
    """Set colours and fonts, and what makes files the same each time."""
    mpl.rcParams.update({
        "svg.hashsalt": "heuresis", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10.0,
        "axes.titlesize": 10.5, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK,
        "ytick.color": INK, "figure.facecolor": PAPER, "axes.facecolor": PAPER,
    })  # fmt: skip


def plain(axes: Axes) -> None:
    """No frame but the axes, and lines behind the curves."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)


def _legend(canvas: Canvas, axes: Axes) -> None:
    handles, names = axes.get_legend_handles_labels()
    canvas.legend(handles, names, loc="outside upper center", ncols=len(names), frameon=False)


def written(canvas: Canvas, path: Path) -> None:
    """Write a picture whose ink and paper follow the page that it stands on."""
    canvas.savefig(path, metadata={"Date": None, "Creator": None})
    text = path.read_text(encoding="utf-8")
    rules = " ".join(
        f'[style*="{what}: {light}"] {{ {what}: {dark} !important }}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
    )
    style = f"<style>@media (prefers-color-scheme: dark) {{ {rules} }}</style>"
    text = re.sub(r"(<svg [^>]*>)", lambda found: f"{found[1]}\n {style}", text, count=1)
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")


def drawn_of(problem: Problem, files: Mapping[str, Path], rules: Sequence[str]) -> Drawn:
    """Serve `test` by searched programs, told by names, and by rules."""
    chosen = problem.splits["test"]()
    sources = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    known = {one.name: one.source for one in problem.baselines}
    return Drawn(chosen, served(problem, sources | {rule: known[rule] for rule in rules}, chosen))


def serving(folder: Path) -> None:
    """The pictures of one replica."""
    files = {"searched for goodput": "goodput-1.py", "searched for the mean": "e2e-mean-1.py"}
    paths = {name: PROGRAMS / "serving" / file for name, file in files.items()}
    drawn = drawn_of(registry.get("serving"), paths, ("srpt_past_future", "srpt", "fcfs"))
    labels = [one.labels for one in drawn.chosen.instances]
    workloads = list(dict.fromkeys(str(one["workload"]) for one in labels))
    rows = [{f"{name}, load {at}": f"{name} {at}" for name in workloads} for at in (0.8, 1.3)]
    for kind in ("e2e", "ttft"):
        written(distributions(drawn, ("workload", "load"), rows, kind), folder / f"serving-{kind}.svg")
    names = [drawn.cell(k, ("workload", "load")) for k in range(len(labels))]
    cells = {name: np.array([one == name for one in names]) for name in dict.fromkeys(names)}
    kept = {name: figures(one) for name, one in drawn.results.items() if name != "srpt"}
    written(ratios(kept, "fcfs", cells, weights(labels), (MEAN, P99, GOODPUT)), folder / "serving-ratios.svg")


def router(folder: Path) -> None:
    """The pictures of routers."""
    paths = {"searched for the mean": PROGRAMS / "serving-router" / "e2e-mean-1.py"}
    drawn = drawn_of(registry.get("serving-router"), paths, ("hra", "lmetric", "dualmap", "llq"))
    by = ("workload", "replicas", "engine")
    names = [_setting(drawn.cell(k, by)) for k in range(len(drawn.chosen.instances))]
    titles = list(dict.fromkeys(names))
    rows = [{name: drawn.cell(names.index(name), by) for name in some} for some in (titles[:4], titles[4:])]
    written(distributions(drawn, by, rows, "e2e"), folder / "serving-router-e2e.svg")
    cells = {name: np.array([one == name for one in names]) for name in titles}
    labels = [one.labels for one in drawn.chosen.instances]
    kept = {name: figures(one) for name, one in drawn.results.items()}
    written(ratios(kept, "llq", cells, weights(labels), (MEAN, P99)), folder / "serving-router-ratios.svg")


def _setting(cell: str) -> str:
    """What a scenario of routers is called."""
    words = cell.split()
    if words[0] != "routed":
        return f"{words[0]}, {words[1]}"
    blocks = {"a10-llama-3-8b-2048": "2,048", "a10-llama-3-8b": "3,328", "a10-llama-3-8b-4096": "4,096"}
    return f"Glia's, {blocks[words[-1]]} blocks"


def main() -> None:
    """Measure and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "results" / "pictures", metavar="FOLDER")
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    dress()
    serving(folder)
    router(folder)


if __name__ == "__main__":
    main()
