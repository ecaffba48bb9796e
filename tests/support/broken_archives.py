"""A good archive, and what others can make of it: each breaks it in one way.

`python tests/support/broken_archives.py FOLDER` writes all of them, each into a folder of its own.
"""

import os
import shutil
import socket
import sqlite3
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from heuresis.archive.records import Call, Evaluation, Proposal, Run, RunStatus, candidate_id
from heuresis.archive.rows import evaluation_id
from heuresis.archive.store import Archive

RUN = "r_ab12"
SOURCES = tuple(
    f"def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):\n    return p * {k}.0 + d\n"
    for k in range(4)
)
IDS = tuple(map(candidate_id, SOURCES))
CHAMPION = IDS[1]

FILE_READERS = (
    ("runs",),
    ("top", "smtt"),
    ("show", CHAMPION),
    ("lineage", CHAMPION),
    ("compare", "smtt", CHAMPION, "mdd"),
    ("evaluate", "smtt", CHAMPION),
    ("export", CHAMPION),
    ("explain", CHAMPION),
    ("plot", "bin-packing", CHAMPION),
    ("resume", RUN),
    ("evolve", "smtt", "--evaluations", "1", "--from", CHAMPION),
)
"""Every command that reads an archive, without `--archive`."""


def make_good(file: Path) -> None:
    """An archive with a run of four programs, a champion, parents and calls."""
    now = datetime.now(UTC)
    with Archive.open(str(file)) as archive:
        archive.start_run(
            Run(RUN, "smtt", 1, '{"problem":"smtt"}', 7, "{}", "abc", "process", RunStatus.RUNNING, "", now, now)
        )
        for number, source in enumerate(SOURCES):
            parents = IDS[max(0, number - 1) : number]
            archive.record_proposal(
                Proposal(RUN, number, max(0, number - 1), "offline", "mutate", parents, source, IDS[number])
            )
            for split in ("search", "select"):
                outside = split == "select"
                archive.record_evaluation(
                    Evaluation(
                        IDS[number], "smtt", 1, split, f"f-{split}", "ok", "", (1.0, 2.5 + number), 1.75 + number,
                        {"agg_gap": 0.1}, 12, 1e5, 0.25, None if outside else RUN, None if outside else number,
                    )
                )  # fmt: skip
        call = archive.intend(Call(RUN, 1, 0, 0, "some/model", "Write a rule.", 0.5))
        archive.answer(Call(RUN, 1, 0, call.attempt, "some/model", "Write a rule.", 0.5, reply="x = 1", usd=0.25))
        archive.finish_run(RUN, RunStatus.INTERRUPTED, "by the user", CHAMPION)


def forge(file: Path, *statements: str, reseal: bool = False) -> None:
    """Change rows as nobody may: without the triggers, which are put back. `reseal`: evaluations get new ids."""
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.row_factory = sqlite3.Row
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)
        if reseal:
            for row in raw.execute("SELECT * FROM evaluations").fetchall():
                raw.execute("UPDATE evaluations SET id = ? WHERE id = ?", (evaluation_id(dict(row)), row["id"]))
        for _, sql in triggers:
            raw.execute(sql)


def edit_schema(file: Path, *statements: str) -> None:
    """Change tables, views, triggers and indexes, also by writing to the table that lists them."""
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            raw.execute(statement)


ENDLESS = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT"


def shadowed(table: str, columns: str) -> Callable[[Path], None]:
    """A view without end under the name of a table."""

    def breaks(file: Path) -> None:
        with closing(sqlite3.connect(file, isolation_level=None)) as raw:
            names = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,))
            for (name,) in names.fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            raw.execute("PRAGMA legacy_alter_table = ON")
            raw.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
            raw.execute(f"CREATE VIEW {table} AS {ENDLESS} {columns} FROM r")

    return breaks


def _bytes(change: Callable[[bytearray], bytes | bytearray]) -> Callable[[Path], None]:
    """A change of the file's bytes."""

    def breaks(file: Path) -> None:
        file.write_bytes(change(bytearray(file.read_bytes())))

    return breaks


def _patched(at: int, new: bytes) -> Callable[[Path], None]:
    def change(data: bytearray) -> bytearray:
        data[at : at + len(new)] = new
        return data

    return _bytes(change)


def _noise(data: bytearray) -> bytearray:
    for at in range(4096 * 2, len(data), 900):
        data[at : at + 200] = b"\xff" * 200
    return data


def _fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _socket(file: Path) -> None:
    """A socket, whose path may be longer than one can be bound to."""
    file.unlink()
    here = Path.cwd()
    os.chdir(file.parent)
    try:
        with closing(socket.socket(socket.AF_UNIX)) as made:
            made.bind(file.name)
    finally:
        os.chdir(here)


def _device(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def _zeros(file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(1 << 28)


def _other_program(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.execute("CREATE TABLE runs (id INTEGER)")


def _many_objects(file: Path) -> None:
    edit_schema(file, "BEGIN", *(f"CREATE VIEW v{k} AS SELECT 1" for k in range(3000)), "COMMIT")


def _log_of_another(file: Path) -> None:
    """A log, whose process was killed, with a change that no Heuresis makes."""
    other = file.with_name("other")
    other.mkdir()
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.execute("CREATE VIEW more AS SELECT 1")
        for name in (file.name, file.name + "-wal"):
            shutil.copyfile(file.with_name(name), other / name)
    for name in (file.name, file.name + "-wal"):
        shutil.move(other / name, file.with_name(name))
    other.rmdir()


def _beside(end: str, make: Callable[[Path], None]) -> Callable[[Path], None]:
    """Something beside the file, under a name that SQLite would use."""
    return lambda file: make(file.with_name(file.name + end))


def _begun_in_holes(file: Path) -> None:
    """A journal that was not finished, beside a file that claims to be large."""
    file.with_name(file.name + "-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\0" * 504)
    os.truncate(file, 200 << 30)


def _journal_of_several(file: Path) -> None:
    """A journal that names another one, which SQLite would open and remove."""
    mark = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
    other = b"/nowhere/precious"
    end = struct.pack(">I", 0x40) + other + struct.pack(">II", len(other), sum(other)) + mark
    file.with_name(file.name + "-journal").write_bytes(mark + b"\0" * 504 + end)


def circular(table: str, *, holes: bool = False) -> Callable[[Path], None]:
    """A table whose pages lead to each other: the last is read 200⁸ times."""

    def breaks(file: Path) -> None:
        with closing(sqlite3.connect(file)) as raw:
            size = raw.execute("PRAGMA page_size").fetchone()[0]
            root = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
        data = bytearray(file.read_bytes())
        pages, at = len(data) // size, (root - 1) * size
        leaf = data[at : at + size]
        levels, entries = 8, 200
        start = size - entries * 5
        for level in range(levels):
            child = struct.pack(">I", pages + level + 1)
            head = struct.pack(">BHHHB", 5, 0, entries, start, 0) + child
            head += b"".join(struct.pack(">H", size - (k + 1) * 5) for k in range(entries))
            cells = b"".join(child + bytes([k % 120 + 1]) for k in reversed(range(entries)))
            page = head.ljust(start, b"\0") + cells
            if level:
                data += page
            else:
                data[at : at + size] = page
        data += leaf
        data[28:32] = struct.pack(">I", len(data) // size)
        data[92:96] = data[24:28]
        file.write_bytes(data)
        if holes:
            os.truncate(file, 200 << 30)

    return breaks


def forged(*statements: str, reseal: bool = False) -> Callable[[Path], None]:
    """A change of rows."""
    return lambda file: forge(file, *statements, reseal=reseal)


def edited(*statements: str) -> Callable[[Path], None]:
    """A change of the schema."""
    return lambda file: edit_schema(file, *statements)


FILES: Mapping[str, Callable[[Path], None]] = {
    "empty": _bytes(lambda _: b""),
    "a text": _bytes(lambda _: b"name,value\n" * 400),
    "zeros": _zeros,
    "half of it": _bytes(lambda data: data[: len(data) // 2]),
    "the header alone": _bytes(lambda data: data[:100]),
    "noise in it": _bytes(_noise),
    "another page size": _patched(16, b"\x00\x01"),
    "a page size that is none": _patched(16, b"\x03\x03"),
    "a schema format to come": _patched(44, b"\x00\x00\x00\x09"),
    "another text encoding": _patched(56, b"\x00\x00\x00\x02"),
    "a pipe": _fifo,
    "a directory": _directory,
    "a socket": _socket,
    "a device": _device,
    **{f"a pipe for its {end}": _beside(end, os.mkfifo) for end in ("-journal", "-wal", "-shm")},
    **{
        f"a device for its {end}": _beside(end, lambda side: side.symlink_to("/dev/zero"))
        for end in ("-journal", "-wal", "-shm")
    },
    **{f"a directory for its {end}": _beside(end, Path.mkdir) for end in ("-journal", "-wal", "-shm")},
    "a log elsewhere": _beside("-wal", lambda side: side.symlink_to("elsewhere")),
    "a journal beside holes": _begun_in_holes,
    "a journal that names another": _journal_of_several,
    "another program's": _other_program,
    "without its mark": edited("PRAGMA application_id = 0"),
    "a version that is a text": edited("UPDATE heuresis_schema SET version = 'two'"),
    "a negative version": edited("UPDATE heuresis_schema SET version = -1"),
    "version zero": edited("UPDATE heuresis_schema SET version = 0"),
    "a version that is a blob": edited("UPDATE heuresis_schema SET version = X'00'"),
    "a version with a fraction": edited("UPDATE heuresis_schema SET version = 1.5"),
    "no version": edited("DELETE FROM heuresis_schema"),
    "two versions": edited("INSERT INTO heuresis_schema VALUES (1)"),
    "a version to come": edited("UPDATE heuresis_schema SET version = 99"),
    "an older version than its tables": edited("UPDATE heuresis_schema SET version = 1"),
    "an endless version": edited(
        "DROP TABLE heuresis_schema", f"CREATE VIEW heuresis_schema AS {ENDLESS} x AS version FROM r"
    ),
    "endless runs": shadowed("runs", "x AS id"),
    "endless programs": shadowed("candidates", "x AS id, 'y' AS source"),
    "endless evaluations": shadowed("evaluations", "x AS id"),
    "a foreign view": edited("CREATE VIEW more AS SELECT 1"),
    "a foreign trigger": edited("CREATE TRIGGER more AFTER INSERT ON runs BEGIN DELETE FROM calls; END"),
    "a trigger under the name of ours": edited(
        "DROP TRIGGER keep_runs_delete",
        "CREATE TRIGGER keep_runs_delete BEFORE DELETE ON runs BEGIN SELECT 1; END",
    ),
    "without a trigger": edited("DROP TRIGGER keep_evaluations_update"),
    "a foreign table": edited("CREATE TABLE more (id INTEGER)"),
    "a virtual table": edited(
        "INSERT INTO sqlite_master VALUES ('table', 'more', 'more', 0, 'CREATE VIRTUAL TABLE more USING nothing(x)')"
    ),
    "a computed column": edited("ALTER TABLE calls ADD COLUMN more TEXT AS (hex(prompt))"),
    "a further column": edited("ALTER TABLE runs ADD COLUMN more TEXT"),
    "a column less": edited("DROP INDEX ix_runs_problem", "ALTER TABLE runs DROP COLUMN problem"),
    "a column under another name": edited("ALTER TABLE runs RENAME COLUMN reason TO why"),
    "a column of another type": edited(
        "UPDATE sqlite_master SET sql = replace(sql, 'seed BIGINT', 'seed TEXT') WHERE name = 'runs'"
    ),
    "without a primary key": edited(
        "UPDATE sqlite_master SET sql = replace(sql, ' PRIMARY KEY', ' UNIQUE') WHERE name = 'candidates'"
    ),
    "without a table": edited("PRAGMA foreign_keys = OFF", "DROP TABLE calls"),
    "without an index": edited("DROP INDEX evaluations_by_problem"),
    "a foreign index": edited("CREATE INDEX more ON runs (abs(seed))"),
    "a schema that cannot be read": edited("UPDATE sqlite_master SET sql = 'CREATE TABLE' WHERE name = 'runs'"),
    "a schema that is no text": edited("UPDATE sqlite_master SET sql = X'ff00' WHERE name = 'runs'"),
    "a root page that is not there": edited("UPDATE sqlite_master SET rootpage = 99999 WHERE name = 'runs'"),
    "thousands of views": _many_objects,
    "a foreign view in the log": _log_of_another,
}
"""What no command takes for an archive."""


@dataclass(frozen=True)
class Rows:
    """A change of rows, and the commands that read them."""

    breaks: Callable[[Path], None]
    readers: Sequence[str]


_OF_RUNS = ("runs", "resume")
_OF_PROGRAMS = ("top", "show", "lineage", "compare", "evaluate", "export", "explain", "plot", "resume", "evolve")
_OF_SEARCHED = ("top", "show", "lineage", "export", "explain", "resume")
_OF_PROPOSALS = ("top", "show", "lineage", "resume")
LARGE = "printf('%.*c', 2000000, 'x')"
MANY_METRICS = (
    "(WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 200000) "
    "SELECT json_group_object('m' || x, 1.0) FROM r)"
)
DEEP = "printf('%.*c', 200000, '[')"


def _run(change: str) -> Rows:
    return Rows(forged(f"UPDATE runs SET {change}"), _OF_RUNS)


def _program(change: str) -> Rows:
    return Rows(forged(f"UPDATE candidates SET {change} WHERE id = '{CHAMPION}'"), _OF_PROGRAMS)


def _evaluation(change: str, *, reseal: bool = False, readers: Sequence[str] = _OF_SEARCHED) -> Rows:
    where = f"WHERE candidate = '{CHAMPION}' AND split = 'search'"
    return Rows(forged(f"UPDATE evaluations SET {change} {where}", reseal=reseal), readers)


def _proposal(change: str, readers: Sequence[str] = ("resume",)) -> Rows:
    return Rows(forged(f"UPDATE proposals SET {change} WHERE number = 1"), readers)


def _call(change: str, readers: Sequence[str] = ("runs",)) -> Rows:
    return Rows(forged(f"UPDATE calls SET {change}"), readers)


ROWS: Mapping[str, Rows] = {
    "a run from no zone": _run("created = '2026-01-02T03:04:05'"),
    "a run from no date": _run("created = 'yesterday'"),
    "a run from a blob": _run("created = X'32'"),
    "a run from before the calendar": _run("created = '0001-01-01T00:00:00+14:00'"),
    "a heartbeat without a zone": _run("heartbeat = '2026-01-02'"),
    "settings that are nothing": _run("config = ''"),
    "settings that are no JSON": _run("config = '{'"),
    "settings that are a list": _run("config = '[]'"),
    "settings that are null": _run("config = 'null'"),
    "settings nested 200,000 deep": _run(f"config = {DEEP}"),
    "settings nested 900 deep": _run(
        "config = '{\"a\":' || printf('%.*c', 900, '[') || printf('%.*c', 900, ']') || '}'"
    ),
    "settings in a blob": _run("config = X'7b7d'"),
    "versions that are no JSON": _run("versions = '{]'"),
    "a seed that is a text": _run("seed = 'seven'"),
    "a seed with a fraction": _run("seed = 0.5"),
    "a negative seed": _run("seed = -1"),
    "a problem's version that is a text": _run("problem_version = 'one'"),
    "a status that is unknown": _run("status = 'winning'"),
    "a status that is a number": _run("status = X'01'"),
    "seconds that are a text": _run("searched = 'long'"),
    "negative seconds": _run("searched = -1.0"),
    "infinite seconds": _run("searched = 9e999"),
    "an owner without a number": _run("owner = 'host:me'"),
    "an owner beyond all numbers": _run("owner = 'host:99999999999999999999'"),
    "a lease that is a text": _run("lease = 'mine'"),
    "a reason in a blob": _run("reason = X'00'"),
    "a reason that is no UTF-8": _run("reason = CAST(X'ff' AS TEXT)"),
    "a champion that is none": _run("champion = 'c_1'"),
    "another program": _program("source = 'def priority(p): return 1.0'"),
    "an empty program": _program("source = ''"),
    "a program behind a comment": _program(
        "source = replace(source, '    return', '    # ' || char(13) || '    return p; return')"
    ),
    "a program as its tokens": _program("source = replace(source, ' * 1.0 + d', ' * 1.0  + d' || char(0))"),
    "a program in a blob": _program("source = X'64'"),
    "a program that is no UTF-8": _program("source = CAST(X'ff' AS TEXT)"),
    "a better aggregate": _evaluation("aggregate = 0.0", readers=(*_OF_SEARCHED, "runs")),
    "an aggregate that is a text": _evaluation("aggregate = 'best'"),
    "an aggregate in a blob": _evaluation("aggregate = X'00'"),
    "an aggregate without end": _evaluation("aggregate = 9e999", reseal=True),
    "an aggregate beside missing values": _evaluation("instance_values = '[1.0,null]'", reseal=True),
    "no aggregate beside all values": _evaluation("aggregate = NULL", reseal=True),
    "an aggregate of a failure": _evaluation("status = 'timeout'", reseal=True),
    "values that are no JSON": _evaluation("instance_values = '[1.0'", reseal=True),
    "values that are an object": _evaluation("instance_values = '{}'", reseal=True),
    "values nested 200,000 deep": _evaluation(f"instance_values = {DEEP}", reseal=True),
    "values that are texts": _evaluation("instance_values = '[\"a\",2.0]'", reseal=True),
    "values that are true": _evaluation("instance_values = '[true,2.0]'", reseal=True),
    "values that are NaN": _evaluation("instance_values = '[NaN,2.0]'", reseal=True),
    "values beyond all floats": _evaluation(
        "instance_values = '[1' || printf('%.*c', 400, '0') || ',1.0]'", reseal=True
    ),
    "values of thousands of digits": _evaluation(
        "instance_values = '[' || printf('%.*c', 5000, '1') || ']'", reseal=True
    ),
    "values in a blob": _evaluation("instance_values = X'5b5d'"),
    "metrics that are a list": _evaluation("metrics = '[]'", reseal=True),
    "metrics that are texts": _evaluation('metrics = \'{"agg_gap":"good"}\'', reseal=True),
    "metrics in lists": _evaluation("metrics = '{\"agg_gap\":[1]}'", reseal=True),
    "metrics nested 200,000 deep": _evaluation(f"metrics = {DEEP}", reseal=True),
    "metrics without end": _evaluation("metrics = '{\"agg_gap\":1e999}'", reseal=True),
    "an outcome that is unknown": _evaluation("status = 'won'", reseal=True),
    "a split that is unknown": _evaluation("split = 'train'", reseal=True, readers=("top", "show", "lineage")),
    "a size that is a text": _evaluation("code_size = 'small'", reseal=True),
    "a size below nothing": _evaluation("code_size = -1", reseal=True),
    "an objective in a blob": _evaluation("objective = X'00'", readers=("show", "lineage", "resume")),
    "a message in a blob": _evaluation("message = X'00'"),
    "speed that is a text": _evaluation("decisions_per_second = 'fast'"),
    "an id that is not its row's": _evaluation("id = 'e_' || printf('%.*c', 64, '0')"),
    "another fingerprint": _evaluation("fingerprint = 'f-select'", readers=("show", "lineage", "resume")),
    "an evaluation of another program": _evaluation(f"candidate = '{IDS[2]}'", reseal=True, readers=("resume",)),
    "a proposal with another program's text": _proposal("source = 'def priority(p): return 1.0'"),
    "a proposal that is no text": _proposal("source = X'00'"),
    "a proposal that saw its future": _proposal("prefix = 'all'"),
    "a proposer in a blob": _proposal("proposer = X'00'", _OF_PROPOSALS),
    "an operator in a blob": _proposal("operator = X'00'", _OF_PROPOSALS),
    "work that is a text": _proposal("work = 'hard'"),
    "a parent that is none": Rows(forged("UPDATE parents SET candidate = X'00'"), ("lineage", "resume")),
    "a parent that is not there": Rows(
        forged("UPDATE parents SET candidate = 'c_' || printf('%.*c', 64, '0') WHERE number = 1"), ("lineage",)
    ),
    "a cost that is a text": _call("usd = 'much'"),
    "a negative cost": _call("usd = -5.0"),
    "a reservation without end": _call("max_usd = 9e999"),
    "tokens that are a text": _call("tokens_in = 'many'", ()),
    "a reason of two million characters": _run(f"reason = {LARGE}"),
    "a problem's name of two million": _run(f"problem = {LARGE}"),
    "settings of six million": _run("config = '{\"a\":\"' || printf('%.*c', 6000000, 'x') || '\"}'"),
    "a program of forty million": _program("source = printf('%.*c', 40000000, '#')"),
    "a message of two million": _evaluation(f"message = {LARGE}", reseal=True),
    "metrics by the thousand": _evaluation(f"metrics = {MANY_METRICS}", reseal=True),
    "a metric's name of two million": _evaluation(f"metrics = '{{\"' || {LARGE} || '\":1.0}}'", reseal=True),
    "values by the million": _evaluation(
        "instance_values = '[1' || replace(printf('%.*c', 1000000, 'x'), 'x', ',1') || ']'", reseal=True
    ),
    "an operator of two million": _proposal(f"operator = {LARGE}", _OF_PROPOSALS),
    "a reply in a blob": _call("reply = X'00'", ()),
    "calls in circles": Rows(circular("calls"), ("runs",)),
    "calls in circles and holes": Rows(circular("calls", holes=True), ("runs",)),
    "runs in circles": Rows(circular("runs", holes=True), ("runs",)),
    "evaluations in circles": Rows(circular("evaluations", holes=True), ()),
}
"""Archives with one row that no Heuresis writes so."""


def make_broken(name: str, file: Path, good: Path) -> None:
    """Write a copy of a good archive, closed and without a log, and break it."""
    shutil.copyfile(good, file)
    breaks = FILES[name] if name in FILES else ROWS[name].breaks
    breaks(file)


def main(folder: Path) -> None:
    """Write all broken archives."""
    folder.mkdir(parents=True)
    make_good(folder / "good.db")
    for name in (*FILES, *ROWS):
        place = folder / name.replace(" ", "-").replace("'", "")
        place.mkdir()
        make_broken(name, place / "archive.db", folder / "good.db")
        print(place)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
