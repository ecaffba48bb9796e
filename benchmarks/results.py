"""The tables of docs/results/, from what `heuresis evolve … --json` or `heuresis resume … --json` printed.

    python benchmarks/results.py --against mddc classic-1.json classic-2.json … > tables.md

Each file is one run, called after its name; all must be of one problem. The columns are the groups of the `test` split
that the champions were compared on (`--groups` chooses some), the rows of rules come from the first file. With
`--against` the last column is each champion's objective minus that rule's, paired over instances. Runs whose names
differ in a last `-NUMBER` alone, their seed, are taken together in a table of their means, with the least and the
largest.
"""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Interval = dict[str, float]


def percent(interval: Interval | None) -> str:
    """Value and confidence interval, in percent."""
    if interval is None:
        return "–"
    return f"{100 * interval['value']:.2f} ({100 * interval['low']:.2f} … {100 * interval['high']:.2f})"


def header(columns: Sequence[str]) -> str:
    """The first two lines of a table: names to the left, the rest to the right or open."""
    return f"| {' | '.join(columns)} |\n|---|{'---|' * (len(columns) - 1)}"


def cells(row: dict[str, Any], groups: Sequence[str]) -> str:
    """One rule's intervals."""
    return " | ".join(percent(row["groups"].get(group)) for group in groups)


def over_seeds(results: Sequence[tuple[str, dict[str, Any]]], groups: Sequence[str]) -> str:
    """Of the champions of runs that differ in their seed: the mean of each group, and the range."""
    kinds: dict[str, list[dict[str, Interval]]] = {}
    for name, result in results:
        [mine] = [row for row in result["champion"]["test"]["rows"] if row["id"] == result["champion"]["id"]]
        kinds.setdefault(re.sub(r"-\d+$", "", name), []).append(mine["groups"])
    lines = [header(["runs", "seeds", *groups])]
    for kind, found in kinds.items():
        columns = [[100 * one[group]["value"] for one in found] for group in groups]
        cells = [f"{sum(v) / len(v):.3f} ({min(v):.3f} … {max(v):.3f})" for v in columns]
        lines.append(f"| {kind} | {len(found)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tables(files: Sequence[Path], groups: Sequence[str], against: str | None) -> str:
    """The table of champions and the table of rules."""
    results = [(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in files]
    first = results[0][1]["champion"]["test"]["rows"]
    groups = groups or list(first[0]["groups"])
    lines = [header(["run", "evaluations", *groups, *([f"difference to {against}"] if against else [])])]
    for name, result in results:
        champion, rows = result["champion"]["id"], result["champion"]["test"]["rows"]
        [mine] = [row for row in rows if row["id"] == champion]
        line = f"| {name} | {result['evaluations']} | {cells(mine, groups)} |"
        if against:
            # the rows give the other rule minus the champion
            [worse] = [row["difference"] for row in rows if row["name"] == against]
            line += f" {percent({'value': -worse['value'], 'low': -worse['high'], 'high': -worse['low']})} |"
        lines.append(line)
    lines += ["", over_seeds(results, groups), "", header(["rule", *groups])]
    champion = results[0][1]["champion"]["id"]
    for row in first:
        if row["id"] != champion:
            lines.append(f"| {row['name']}{'' if row['evolvable'] else ' (not evolvable)'} | {cells(row, groups)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.json")
    parser.add_argument("--against", metavar="RULE")
    parser.add_argument("--groups", nargs="+", default=[], metavar="GROUP")
    given = parser.parse_args()
    print(tables(given.files, given.groups, given.against))
