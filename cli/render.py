"""How results look: tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table

from heuresis.cli.console import PlainConsole, PlainTable, styled
from heuresis.cli.terminal import write_json

if TYPE_CHECKING:
    from heuresis.evolve.results.compare import Comparison, Interval, Row

LONGEST_CELL = 400
"""Characters of a text of others in a table."""

MARK = "*"
"""Stands beside what cannot be evolved, where there is no room to say so."""

LONG = 24
"""Names longer than this, such as paths, may be broken."""


def emit(document: Mapping[str, Any]) -> None:
    """Print one JSON document on standard output."""
    write_json(json.dumps(document, ensure_ascii=False, allow_nan=False, default=_plain))


def out() -> Console:
    """Standard output for tables and text."""
    return PlainConsole()


def err() -> Console:
    """Standard error for progress and messages."""
    return PlainConsole(stderr=True)


def say(message: str) -> None:
    """One message on standard error, on one line where no person's terminal needs it broken."""
    console = err()
    console.print(message, soft_wrap=not console.is_terminal)


def table(*columns: str, right: Sequence[str] = (), firm: Sequence[str] = (), title: str | None = None) -> Table:
    """Make an empty table; the columns named in `right` hold numbers. Neither they nor those in `firm` are wrapped."""
    made = PlainTable.empty(title)
    for name in columns:
        whole = name in right or name in firm
        made.add_column(styled(name), justify="right" if name in right else "left", overflow="fold", no_wrap=whole)
    return made


def print_table(made: Table, spare: Sequence[str] = ()) -> None:
    """Print a table without those columns of `spare`, the first first, for which there is no room; say which."""
    console, left_out = out(), list[str]()
    for name in spare:
        if _fits(made.columns, console):
            break
        made.columns = [column for column in made.columns if str(column.header) != name]
        left_out.append(name)
    console.print(made)
    if left_out:
        console.print(f"no room for {', '.join(left_out)}; --json has all", style="dim", soft_wrap=True)


def print_wrapped(made: Table, console: Console) -> None:
    """Print a table; columns for which there is no room follow in further tables, each with the first column."""
    first, *others = made.columns
    parts = list[list[Column]]()
    for column in others:
        if not parts or not _fits([first, *parts[-1], column], console):
            parts.append([])
        parts[-1].append(column)
    for place, columns in enumerate(parts):
        part = copy(made)
        part.columns = [first, *columns]
        if place:
            part.title = None
        console.print(part)


def _fits(columns: Sequence[Column], console: Console) -> bool:
    """Whether no word and no number has to be broken, but for words longer than a name should be."""
    widths = [_needed(column) for column in columns]
    return sum(widths) + 3 * (len(widths) - 1) + 2 <= console.width  # three between columns, one at either edge


def _needed(column: Column) -> int:
    """How wide a column has to be."""
    texts = [str(column.header), *map(str, column.cells)]
    if column.no_wrap:
        return max(map(cell_len, texts))
    return max((min(LONG, cell_len(word)) for text in texts for word in text.split()), default=0)


def brief(text: str, most: int = LONGEST_CELL) -> str:
    """A text as a cell of a table shows it; `--json` has all of it."""
    return text if len(text) <= most else text[: most - 1] + "…"


def number(value: float | None, *, percent: bool = False) -> str:
    """A value as tables show it; fractions in percent, without the sign."""
    if value is None:
        return "–"
    if percent:
        return f"{100 * value:.2f}"
    return f"{value:.4g}" if abs(value) < 1e5 else f"{value:,.0f}"


def score(value: float | None, *, percent: bool) -> str:
    """The same with its sign, for sentences and for columns of several units."""
    return number(value, percent=percent) + (" %" if percent and value is not None else "")


def interval(found: "Interval | None", *, percent: bool, signed: bool = False) -> str:
    """`low … high` of an interval."""
    if found is None or found.low == found.high:  # a single value without a spread tells nothing of chance
        return "–"
    scale, form = (100.0, ".2f") if percent else (1.0, ".4g")
    sign = "+" if signed else ""
    return f"{scale * found.low:{sign}{form}} … {scale * found.high:{sign}{form}}"


def print_comparison(comparison: "Comparison", console: Console | None = None) -> None:
    """Programs × (aggregate, interval, groups, paired difference); failures at the bottom with their reason.

    On narrow terminals the groups follow in further tables, and what cannot be evolved has a mark.
    """
    console = console or out()
    for fact in comparison.facts:
        console.print(fact, style="dim", soft_wrap=True)
    made = _comparison_table(comparison, wide=True)
    if _fits(made.columns, console):
        console.print(made)
    else:
        print_wrapped(_comparison_table(comparison, wide=False), console)
        if any(not row.evolvable for row in comparison.rows):
            console.print(f"{MARK} not evolvable", style="dim")
    if comparison.constraints:
        console.print(f"subject to {', '.join(comparison.constraints)}", style="dim", soft_wrap=True)
    for remark in comparison.remarks:
        console.print(f"note: {remark}", soft_wrap=True)
    if comparison.side:
        console.print(_side_table(comparison))
    elif comparison.shown and any(row.metrics for row in comparison.rows):
        print_wrapped(_metrics_table(comparison), console)


def _comparison_table(comparison: "Comparison", *, wide: bool) -> Table:
    """All columns; where not `wide` the groups come last, and marks stand for notes that many rows have."""
    percent = comparison.objective.fraction
    rows = sorted(comparison.rows, key=lambda row: not row.exact)  # what is optimal stands first
    columns = {
        "program": [row.name + ("" if wide or row.evolvable else f" {MARK}") for row in rows],
        comparison.objective.shown + (" %" if percent else ""): [
            number(row.aggregate.value, percent=percent) if row.aggregate else "–" for row in rows
        ],
        "95 % interval": [interval(row.aggregate, percent=percent) for row in rows],
    }
    numbers = [*list(columns)[1:], *comparison.groups]
    groups = {g: [_group_cell(row, g, percent=percent) for row in rows] for g in comparison.groups}
    differences = dict[str, list[str]]()
    if comparison.against is not None:
        name = f"minus {comparison.against}" if wide or len(comparison.against) <= LONG else "difference"
        differences[name] = [_difference(row, comparison.against, percent=percent) for row in rows]
        numbers.append(name)
    notes = {"": [_note(row, marked=not wide) for row in rows]}
    if not wide and not any(notes[""]):
        notes = {}
    columns |= groups | differences | notes if wide else differences | notes | groups
    firm = ["program"] if all(len(row.name) <= LONG for row in comparison.rows) else []
    made = table(*columns, right=numbers, firm=firm, title=_comparison_title(comparison))
    for row, cells in zip(rows, zip(*columns.values(), strict=True), strict=True):
        made.add_row(*cells, style="bold" if row.name == comparison.against else ("" if row.evolvable else "dim"))
    return made


def _side_table(comparison: "Comparison") -> Table:
    """Metrics beside the objective: of the program that the others are compared with, and of the yardstick."""
    baseline = comparison.side[0].baseline
    who = comparison.against or ""
    columns = ("metric", who, baseline, "", "ratio")
    made = table(*columns, right=(who, baseline, "ratio"), firm=("metric",), title=f"{who} beside {baseline}")
    for one in comparison.side:
        unit = f" ({one.unit})" if one.unit else ""
        ratio = None if one.value is None or not one.than else one.value / one.than
        made.add_row(f"{one.metric}{unit}", number(one.value), number(one.than), one.arrow, number(ratio))
    return made


def _metrics_table(comparison: "Comparison") -> Table:
    """The metrics of all programs in absolute numbers, a column each, the best first."""
    rows = [row for row in comparison.rows if row.metrics]
    names = [row.name for row in rows]
    made = table("metric", *names, right=names, firm=("metric",))
    for one in comparison.shown:
        if any(row.metrics.get(one.name) is not None for row in rows):
            unit = f" ({one.unit})" if one.unit else ""
            made.add_row(f"{one.name}{unit}", *(number(row.metrics.get(one.name)) for row in rows))
    return made


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """Values as a row of blocks, the largest highest; the latest `width` of them evenly thinned."""
    if not values:
        return ""
    picked = [values[round(i * (len(values) - 1) / max(1, width - 1))] for i in range(min(width, len(values)))]
    if len(values) <= width:
        picked = list(values)
    low, high = min(picked), max(picked)
    span = high - low or 1.0
    return "".join("▁▂▃▄▅▆▇█"[round(7 * (value - low) / span)] for value in picked)


def ago(moment: datetime) -> str:
    """How long ago a moment was, coarsely."""
    then = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = max(0, round((datetime.now(UTC) - then).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def duration(seconds: float) -> str:
    """Seconds as `m:ss` or `h:mm:ss`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _comparison_title(comparison: "Comparison") -> str:
    family = f" ({comparison.family})" if comparison.family else ""
    family += f" of {', '.join(comparison.files)}" if comparison.files else ""
    return (
        f"{comparison.problem}@{comparison.version} on {comparison.split}{family}: {_count(comparison.instances)} "
        f"({comparison.fingerprint[:12]}){f', {comparison.setting}' if comparison.setting else ''}"
    )


def _count(instances: int) -> str:
    return "1 instance" if instances == 1 else f"{instances} instances"


def _group_cell(row: "Row", name: str, *, percent: bool) -> str:
    found = row.groups.get(name)
    if found is None:
        return "–"
    value = number(found.value, percent=percent)
    return f"{value} ({interval(found, percent=percent)})" if found.low < found.high else value


def _difference(row: "Row", against: str, *, percent: bool) -> str:
    if row.name == against:
        return ""
    if row.difference is None:
        return "–"
    scale, form = (100.0, "+.2f") if percent else (1.0, "+.4g")
    value = f"{scale * row.difference.value:{form}}"
    if row.difference.low == row.difference.high:
        return value
    return f"{value} ({interval(row.difference, percent=percent, signed=True)})"


def _note(row: "Row", *, marked: bool) -> str:
    """What there is to say of a row; that it cannot be evolved only where no mark says so."""
    parts = [] if row.status in {"ok", "partial"} else [row.status.replace("_", " ")]
    if row.message:
        parts.append(brief(row.message))
    if row.broken:
        parts.append(brief(f"breaks {'; '.join(row.broken)}"))
    if not row.evolvable and not marked:
        parts.append("not evolvable")
    return "; ".join(parts) if row.status == "ok" or not row.evolvable else ": ".join(parts)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


__all__ = [
    "ago",
    "duration",
    "emit",
    "err",
    "interval",
    "number",
    "out",
    "print_comparison",
    "print_table",
    "print_wrapped",
    "say",
    "short",
    "sparkline",
    "table",
]


def short(candidate: str) -> str:
    """An id as tables show it, long enough to be unique in practice."""
    return candidate[:12]
