"""The tables of docs/results/smtt.md, from what `heuresis evolve smtt … --json` or `heuresis resume … --json` printed.

    python benchmarks/results_smtt.py classic-1.json classic-2.json … scratch-3.json > tables.md

Each file is one run, named KIND-SEED.json; the baselines and references come from the first.
"""

import json
import sys
from pathlib import Path
from typing import Any

GROUPS = ("n=20", "n=50", "n=100", "n=200")


def percent(interval: dict[str, float] | None) -> str:
    if interval is None:
        return "–"
    return f"{100 * interval['value']:.2f} ({100 * interval['low']:.2f} … {100 * interval['high']:.2f})"


def cells(row: dict[str, Any]) -> str:
    return " | ".join(percent(row["groups"].get(group)) for group in GROUPS)


def main(paths: list[Path]) -> None:
    results = [(path, json.loads(path.read_text())) for path in paths]
    print("| run | evaluations | " + " | ".join(GROUPS) + " | difference to MDDC |")
    print("|---|--:|" + "---|" * (len(GROUPS) + 1))
    for path, result in results:
        champion = result["champion"]
        rows = {row["name"]: row for row in champion["test"]["rows"]}
        [mine] = [row for row in rows.values() if row["id"] == champion["id"]]
        # the table gives MDDC minus the champion
        worse = rows["mddc"]["difference"]
        gap = {"value": -worse["value"], "low": -worse["high"], "high": -worse["low"]}
        print(f"| {path.stem} | {result['evaluations']} | {cells(mine)} | {percent(gap)} |")
    print("\n| rule | " + " | ".join(GROUPS) + " |")
    print("|---|" + "---|" * len(GROUPS))
    champion = results[0][1]["champion"]
    for row in champion["test"]["rows"]:
        if row["id"] != champion["id"]:
            print(f"| {row['name']}{'' if row['evolvable'] else ' (not evolvable)'} | {cells(row)} |")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main([Path(name) for name in sys.argv[1:]])
