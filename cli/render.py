"""How results look: tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
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
    """One message on standard error."""
    err().print(message)


def table(*columns: str, right: Sequence[str] = (), firm: Sequence[str] = (), title: str | None = None) -> Table:
    """Make an empty table; the columns named in `right` hold numbers. Neither they nor those in `firm` are wrapped."""
    made = PlainTable.empty(title)
    for name in columns:
        whole = name in right or name in firm
        made.add_column(styled(name), justify="right" if name in right else "left", overflow="fold", no_wrap=whole)
    return made


def print_table(made: Table, spare: Sequence[str] = ()) -> None:
    """Print a table without those columns of `spare`, the first first, for which there is no room."""
    console = out()
    for name in spare:
        if _fits(made, console):
            break
        made.columns = [column for column in made.columns if str(column.header) != name]
    console.print(made)


def _fits(made: Table, console: Console) -> bool:
    """Whether no word and no number has to be broken, but for words longer than a name should be."""
    widths = [_needed(column) for column in made.columns]
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

    The groups have their intervals too where there is room for them; on narrow terminals some are left out.
    """
    console = console or out()
    groups = list(comparison.groups)
    made = _comparison_table(comparison, groups, wide=True)
    if not _fits(made, console):
        made = _comparison_table(comparison, groups, wide=False)
    while groups and not _fits(made, console):
        groups.pop()
        made = _comparison_table(comparison, groups, wide=False)
    if not _fits(made, console):
        made = _comparison_table(comparison, (), wide=False, brief=True)
    for fact in comparison.facts:
        console.print(fact, style="dim", soft_wrap=True)
    console.print(made)
    if comparison.constraints:
        console.print(f"subject to {', '.join(comparison.constraints)}", style="dim", soft_wrap=True)
    for remark in comparison.remarks:
        console.print(f"note: {remark}", soft_wrap=True)
    if comparison.side:
        console.print(_side_table(comparison))
    elif comparison.shown and any(row.metrics for row in comparison.rows):
        console.print(_metrics_table(comparison, console))


def _comparison_table(comparison: "Comparison", groups: Sequence[str], *, wide: bool, brief: bool = False) -> Table:
    """With the intervals of the groups where `wide`; without the intervals of the aggregates where `brief`."""
    percent = comparison.objective.fraction
    name = comparison.objective.shown + (" %" if percent else "")
    columns = ["program", name, *([] if brief else ["95 % interval"]), *groups]
    if comparison.against is not None:
        columns.append(f"minus {comparison.against}" if wide or len(comparison.against) <= LONG else "difference")
    firm = ["program"] if all(len(row.name) <= LONG for row in comparison.rows) else []
    made = table(*columns, "", right=columns[1:], firm=firm, title=_comparison_title(comparison))
    for row in sorted(comparison.rows, key=lambda row: not row.exact):  # what is optimal stands first
        cells = [
            row.name,
            number(row.aggregate.value, percent=percent) if row.aggregate else "–",
            *([] if brief else [interval(row.aggregate, percent=percent)]),
            *(_group_cell(row, group, percent=percent, wide=wide) for group in groups),
        ]
        if comparison.against is not None:
            cells.append("" if row.name == comparison.against else _difference(row, percent=percent, wide=wide))
        style = "bold" if row.name == comparison.against else ("" if row.evolvable else "dim")
        made.add_row(*cells, _note(row), style=style)
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


def _metrics_table(comparison: "Comparison", console: Console) -> Table:
    """The metrics of all programs in absolute numbers, a column each, the best first, as many as there is room for."""
    rows = [row for row in comparison.rows if row.metrics]
    while True:
        names = [row.name for row in rows]
        made = table("metric", *names, right=names, firm=("metric",))
        for one in comparison.shown:
            if any(row.metrics.get(one.name) is not None for row in rows):
                unit = f" ({one.unit})" if one.unit else ""
                made.add_row(f"{one.name}{unit}", *(number(row.metrics.get(one.name)) for row in rows))
        if len(rows) == 1 or _fits(made, console):
            return made
        rows.pop()


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


def _group_cell(row: "Row", name: str, *, percent: bool, wide: bool) -> str:
    found = row.groups.get(name)
    if found is None:
        return "–"
    value = number(found.value, percent=percent)
    return f"{value} ({interval(found, percent=percent)})" if wide and found.low < found.high else value


def _difference(row: "Row", *, percent: bool, wide: bool) -> str:
    if row.difference is None:
        return "–"
    scale, form = (100.0, "+.2f") if percent else (1.0, "+.4g")
    if row.difference.low == row.difference.high:
        return f"{scale * row.difference.value:{form}}"
    if not wide:
        return interval(row.difference, percent=percent, signed=True)
    return f"{scale * row.difference.value:{form}} ({interval(row.difference, percent=percent, signed=True)})"


def _note(row: "Row") -> str:
    parts = [] if row.status in {"ok", "partial"} else [row.status.replace("_", " ")]
    if row.message:
        parts.append(brief(row.message))
    if row.broken:
        parts.append(brief(f"breaks {'; '.join(row.broken)}"))
    if not row.evolvable:
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
    "say",
    "short",
    "sparkline",
    "table",
]


def short(candidate: str) -> str:
    """An id as tables show it, long enough to be unique in practice."""
    return candidate[:12]
