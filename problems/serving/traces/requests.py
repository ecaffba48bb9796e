"""Traces of serving from tables of requests, whether lines of CSV or of JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from heuresis.evaluators.aliases import Floats, Ints
from heuresis.problems.problem import TIME_UNITS, InstanceError
from heuresis.problems.reading import shown
from heuresis.problems.serving.instances import LARGEST_TIME
from heuresis.problems.serving.traces.clock import Times, times
from heuresis.problems.serving.traces.columns import Columns, columns_of
from heuresis.problems.serving.traces.trace import Trace, ascending, natural, number, numbered, spread
from heuresis.problems.tables import Row, Table

_BLOCKS = (512, 16, 32, 64, 128, 256, 1024, 2048, 4096, 8)
"""Tokens of the blocks that traces hash, the commonest first; Mooncake's are 512."""


@dataclass(frozen=True, slots=True)
class _Requests:
    """The rows of a table that are taken, and which column of them is what."""

    table: Table
    columns: Columns
    rows: Sequence[Row]

    def where(self, i: int) -> str:
        return f"{self.table.path}, line {self.rows[i][0]}"

    def cells(self, part: str) -> list[Any]:
        place = self.columns.places[part]
        return [row[place] for _, row in self.rows]

    def optional(self, part: str) -> list[Any] | None:
        return self.cells(part) if part in self.columns.places else None

    def naturals(self, part: str, least: int) -> Ints:
        name = self.columns.names[part]
        found = [natural(cell, self.where(i), name, least) for i, cell in enumerate(self.cells(part))]
        return np.array(found, dtype=np.int64)

    def numbers(self, part: str, least: float, most: float) -> Floats:
        name = self.columns.names[part]
        return np.array([number(cell, self.where(i), name, least, most) for i, cell in enumerate(self.cells(part))])

    def sorted(self, order: Ints) -> "_Requests":
        return replace(self, rows=[self.rows[i] for i in order.tolist()])


def trace(table: Table, limit: int | None, time_unit: str | None, notes: list[str]) -> Trace:
    """The first `limit` requests of a table, no further row of which is read; other columns are left.

    Raises InstanceError that names the file, the line and the column.
    """
    found = _taken(table, limit, notes)
    after = _followed(found)
    clock, arrival = _arrivals(found, after, time_unit, notes)
    gap = _gaps(found, after, clock)
    if np.any(after >= 0):
        order = np.argsort(arrival, kind="stable").astype(np.int64)
        found, arrival, gap, after = found.sorted(order), arrival[order], gap[order], _moved(after, order)
    prompt = found.naturals("prompt", 1)
    hashes, hash_size = _hashes(found, prompt, notes)
    program, client = _owners(found)
    return Trace(
        name=table.path.name,
        where=str(table.path),
        place=found.where,
        arrival=arrival,
        prompt=prompt,
        output=found.naturals("output", 1),
        estimate=found.numbers("estimate", 1.0, 1 << 30) if "estimate" in found.columns.places else None,
        client=client,
        program=program,
        classes=found.optional("slo"),
        after=after if np.any(after >= 0) else None,
        gap=gap if np.any(after >= 0) else None,
        hashes=hashes,
        hash_size=hash_size,
    )


def _taken(table: Table, limit: int | None, notes: list[str]) -> _Requests:
    """The first rows with a prompt and an answer; published traces have some without, which are left out."""
    columns = columns_of(table.header, f"{table.path}, line {table.line}")
    rows: list[Row] = []
    silent = 0
    for row in table.rows:
        if columns.unanswered and _is_silent(row, columns, f"{table.path}, line {row[0]}"):
            silent += 1
            continue
        rows.append(row)
        if len(rows) == limit:
            break
    if not rows:
        what = "no request has both a prompt and an answer" if silent else "the file has no requests"
        raise InstanceError(f"{table.path}: {what}")
    if silent:
        notes.append(f"{table.path.name}: {silent} requests without a prompt or an answer are left out")
    return _Requests(table, columns, rows)


def _is_silent(row: Row, columns: Columns, where: str) -> bool:
    lengths = [natural(row[1][columns.places[part]], where, columns.names[part], 0) for part in ("prompt", "output")]
    return 0 in lengths


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _followed(found: _Requests) -> Ints:
    """For each request the one before it of its session where it waits for that, else -1."""
    after = np.full(len(found.rows), -1, dtype=np.int64)
    delays, sessions = found.optional("delay"), found.optional("session") or found.optional("program")
    if delays is None:
        return after
    last: dict[Any, int] = {}
    for i, (delay, arrival) in enumerate(zip(delays, found.cells("arrival"), strict=True)):
        session = None if sessions is None or _blank(sessions[i]) else sessions[i]
        before = last.get(session, -1) if session is not None else -1
        if before < 0 and _blank(arrival):
            name = found.columns.names["arrival"]
            raise InstanceError(f"{found.where(i)}: no {name}, and no earlier request of its session that it follows")
        after[i] = before if _blank(arrival) or not _blank(delay) else -1
        last[session] = i
    return after


def _arrivals(found: _Requests, after: Ints, asked: str | None, notes: list[str]) -> tuple[Times, Floats]:
    """The clock, and seconds from the first request on; one that follows another without a time has that one's."""
    cells = found.cells("arrival")
    timed = [i for i, cell in enumerate(cells) if not (after[i] >= 0 and _blank(cell))]
    raw = [cells[i] for i in timed]
    clock = times(raw, [found.where(i) for i in timed], found.columns, asked)
    seconds = _seconds(clock, found, lambda i: found.where(timed[i]), raw, notes)
    if clock.note is not None:
        notes.append(f"{found.table.path.name}: {clock.note}")
    arrival = np.zeros(len(cells))
    arrival[timed] = seconds
    for i in np.flatnonzero(after >= 0).tolist():
        arrival[i] = arrival[after[i]] if _blank(cells[i]) else arrival[i]
    return clock, arrival


def _seconds(
    clock: Times, found: _Requests, where: Callable[[int], str], cells: Sequence[Any], notes: list[str]
) -> Floats:
    first, name = clock.ticks[0], found.columns.names["arrival"]
    since = [(tick - first) / clock.unit for tick in clock.ticks]
    seconds = ascending(since, where, name, cells)
    if not found.columns.ticking or len(set(clock.ticks)) == len(clock.ticks):
        return seconds
    notes.append(f"{found.table.path.name}: requests of one {name} are spread evenly until the next")
    evenly: Floats = np.array(spread(clock.ticks, clock.unit), dtype=np.float64)
    evenly -= evenly[0]
    return evenly


def _gaps(found: _Requests, after: Ints, clock: Times) -> Floats:
    """Seconds between the end of the request that one follows and its arrival."""
    gap = np.zeros(len(after))
    if not np.any(after >= 0):
        return gap
    unit = found.columns.delay_unit
    per_second = TIME_UNITS[unit] if unit else clock.unit if clock.unit < TIME_UNITS["ns"] else 1
    name, delays = found.columns.names["delay"], found.cells("delay")
    for i in np.flatnonzero(after >= 0).tolist():
        if not _blank(delays[i]):
            gap[i] = number(delays[i], found.where(i), name, 0.0, LARGEST_TIME * per_second) / per_second
    return gap


def _moved(after: Ints, order: Ints) -> Ints:
    """The same relation where request `order[i]` has become number i."""
    place = np.empty(len(order) + 1, dtype=np.int64)
    place[order] = np.arange(len(order))
    place[-1] = -1
    moved: Ints = place[after[order]]
    return moved


def _owners(found: _Requests) -> tuple[Ints | None, Ints | None]:
    """Programs and clients; a session or a chat is one program of one client, where none is named."""
    clients, programs = found.optional("client"), found.optional("program")
    client = None if clients is None else numbered(clients)
    if programs is not None:
        return _numbers(programs), client
    sessions = found.optional("session")
    if sessions is None and "chat" in found.columns.places:
        sessions = _roots(found.cells("chat"), found.optional("parent"))
    if sessions is None:
        return None, client
    program = _numbers(sessions)
    return program, program if client is None else client


def _numbers(names: Sequence[Any]) -> Ints:
    """Numbers of names; each request without one is by itself."""
    return numbered(_named(name) if not _blank(name) else (i,) for i, name in enumerate(names))


def _named(name: Any) -> Any:
    return name.strip() if isinstance(name, str) else shown(name)


def _roots(chats: Sequence[Any], parents: Sequence[Any] | None) -> list[Any]:
    """The first chat of each, which the later turns of a conversation name as their parent."""
    root: dict[Any, Any] = {}
    for chat, parent in zip(map(_named, chats), map(_named, parents or chats), strict=True):
        root[chat] = root.get(parent, chat)
    return [root[_named(chat)] for chat in chats]


def _hashes(found: _Requests, prompt: Ints, notes: list[str]) -> tuple[list[list[Any]] | None, int | None]:
    """The ids of each prompt's blocks, and how many tokens a block has."""
    cells = found.optional("hashes")
    if cells is None or not any(cells):
        return None, None
    hashes = [cell or [] for cell in cells]
    name = found.columns.names["hashes"]
    for i, ids in enumerate(hashes):
        if not isinstance(ids, list) or not all(type(one) in {int, str} for one in ids):
            raise InstanceError(f"{found.where(i)}: {name}: expected a list of integers, got {shown(ids)}")
    counts = np.array([len(ids) for ids in hashes])
    size = _named_size(found) or _size(counts, prompt)
    if np.any(counts > -(-prompt // size)):
        i = int(np.argmax(counts > -(-prompt // size)))
        most = -(-int(prompt[i]) // size)
        raise InstanceError(
            f"{found.where(i)}: {name}: expected ids of at most {most} blocks of {size} tokens for this prompt, "
            f"got {counts[i]}; a field block_size says how many tokens a block has"
        )
    if size != _BLOCKS[0]:
        notes.append(f"{found.table.path.name}: {name} are of blocks of {size} tokens")
    return hashes, size


def _named_size(found: _Requests) -> int | None:
    """Tokens of a block where the file says it."""
    cells = [cell for cell in found.optional("block") or [] if not _blank(cell)]
    if not cells:
        return None
    return natural(cells[0], found.where(0), found.columns.names["block"], 1)


def _size(counts: Ints, prompt: Ints) -> int:
    """The tokens of a block with which all prompts have as many blocks as they have ids, the last perhaps not full."""
    some = counts > 0
    full = (size for size in _BLOCKS if np.array_equal(counts[some], -(-prompt[some] // size)))
    whole_ones = (size for size in _BLOCKS if np.array_equal(counts, prompt // size))
    return next(full, next(whole_ones, _BLOCKS[0]))
