"""What each layer of the sandbox stops alone, measured with hostile programs that the screen does not see.

The results stand in `docs/sandbox.md`; the tests compare that table with what they measure.
"""

import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from attack_parts import ENGINES, Attack, Surroundings, load_attacks

from heuresis.evaluators.cache import use_numba_cache
from heuresis.evaluators.tardiness.contract import CONTRACT
from heuresis.sandbox.layers import Layer
from heuresis.sandbox.limits import Limits
from heuresis.sandbox.outcome import Outcome, Status
from heuresis.sandbox.process import kernel
from heuresis.sandbox.process.isolate import missing_layers
from heuresis.sandbox.process.pool import Pool
from heuresis.sandbox.task import Task

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the attacks and the layers are those of Linux"),
    pytest.mark.timeout(600),  # the machine may be busy
]

HEADING = "## What each layer stops alone"
LIMITS = Limits(seconds=60.0, memory_bytes=96 << 20)  # the machine may be busy
EFFECTS = {a.name: a for a in load_attacks() if a.effect}
FORGED = 1e9

COLUMNS = {
    "none": frozenset[Layer](),
    "limits": frozenset({Layer.LIMITS}),
    "namespaces": frozenset({Layer.NAMESPACES}),
    "Landlock": frozenset({Layer.LANDLOCK}),
    "seccomp": frozenset({Layer.SECCOMP}),
    "all four": frozenset(Layer) - {Layer.SCREEN},
    "all four, compiling": frozenset(Layer) - {Layer.SCREEN},
    "screen": frozenset({Layer.SCREEN}),
}
"""The columns of the table, and the layers that are there in each."""

LANDLOCK_VERSIONS = {"5.13": 1, "6.7": 4, "6.12": 6}
"""From which kernel on Landlock knows files, TCP ports, and signals and abstract sockets."""


class Range:
    """Pools with some of the layers, started when they are first wanted, and what attacks reach in them."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self._pools: dict[frozenset[Layer], Pool] = {}
        self._stack = ExitStack()

    def close(self) -> None:
        self._stack.close()

    def has_effect(self, attack: Attack, column: str) -> bool:
        """Whether an attack gets through where only the layers of a column stand in its way."""
        pool = self._pool(COLUMNS[column])
        deaths = pool.deaths
        assert self.surroundings.seen() == set()
        outcome = self.outcome(attack, column)
        reached = self.surroundings.seen()
        if pool.deaths > deaths:
            reached.add("zygote")
        return attack.effect in reached | self._told(outcome)

    def outcome(self, attack: Attack, column: str) -> Outcome:
        """Run an attack where only the layers of a column stand in its way."""
        pool = self._pool(COLUMNS[column])
        if not pool.pids():
            pool.run(Task("nothing"))  # starts a zygote in place of the one that was killed
        kind = "nopython" if attack.contract == "nopython" else "compile" if column.endswith("compiling") else "run"
        return pool.run(Task(kind, self.surroundings.fill(attack.source, zygote=pool.pids()[0])))

    def _told(self, outcome: Outcome) -> set[str]:
        """Which effects the outcome itself shows."""
        shown = set()
        if outcome.ok:
            shown.add("returned")
            text = b"".join(a.tobytes() for a in outcome.arrays)
            if self.surroundings.secret in text:
                shown.add("secret")
            if [a.tolist() for a in outcome.arrays] == [[FORGED]]:
                shown.add("forged")
        if outcome.status is Status.CRASHED and "exited with code 42" in outcome.message:
            shown.add("exit")
        return shown

    def _pool(self, layers: frozenset[Layer]) -> Pool:
        if layers not in self._pools:
            use_numba_cache()
            without = frozenset(Layer) - layers
            pool = Pool(f"{ENGINES}:Plain", {}, CONTRACT.allow_list(), workers=1, limits=LIMITS, without=without)
            self._pools[layers] = self._stack.enter_context(pool)
        return self._pools[layers]


@pytest.fixture(scope="module")
def attempts() -> Iterator[Range]:
    with Surroundings() as surroundings:
        made = Range(surroundings)
        try:
            yield made
        finally:
            made.close()


def claimed(root: Path) -> dict[str, dict[str, str]]:
    """The table in the documentation: by attack and column."""
    section = (root / "docs" / "sandbox.md").read_text().split(HEADING)[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    head = rows[0]
    return {row[0].strip("`"): dict(zip(head[1:], row[1:], strict=True)) for row in rows[2:]}


def expected(cell: str) -> bool:
    """Whether a cell of the table says that an attack gets through on this machine.

    `stopped`, `through`; `stopped (6.12)` from that kernel on, `through (root)` for that user alone.
    """
    verdict, note = re.fullmatch(r"(stopped|through)(?: \((root|[\d.]+)\))?", cell).groups()
    if note == "root":
        return os.geteuid() == 0
    if note:
        return kernel.landlock_version() < LANDLOCK_VERSIONS[note]
    return verdict == "through"


def missing(layers: frozenset[Layer]) -> str:
    """Why a column cannot be measured here; empty where it can."""
    if layers & missing_layers():
        return f"the machine lacks {', '.join(layers & missing_layers())}"
    if Layer.NAMESPACES in layers and not has_namespaces():
        return "the machine gives no namespaces"
    return ""


@functools.cache
def has_namespaces() -> bool:
    code = "import sys; from heuresis.sandbox.process import kernel; sys.exit(not kernel.enter_namespaces())"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_table_lists_every_attack_that_has_an_effect(root: Path) -> None:
    table = claimed(root)
    assert set(table) == set(EFFECTS)
    assert all(set(row) == set(COLUMNS) for row in table.values())


@pytest.mark.parametrize("name", EFFECTS)
def test_each_layer_stops_what_the_table_says(root: Path, attempts: Range, name: str) -> None:
    attack, row = EFFECTS[name], claimed(root)[name]
    if not attempts.has_effect(attack, "none"):
        assert expected(row["none"])
        pytest.skip("has no effect on this machine even where nothing stops it")
    measured = {}
    for column, layers in COLUMNS.items():
        if attack.contract == "nopython" and column.endswith("compiling"):
            measured[column] = expected(row[column])  # it does both anyway
        elif not missing(layers):
            measured[column] = attempts.has_effect(attack, column)
    assert measured == {column: expected(row[column]) for column in measured}


def test_no_layer_is_decoration(root: Path) -> None:
    """Each stops something that the other layers of the operating system, or all of them together, let through."""
    table = claimed(root)

    def stopped_by(column: str) -> set[str]:
        return {name for name, row in table.items() if row[column].startswith("stopped")}

    alone = {column: stopped_by(column) for column in ("limits", "namespaces", "Landlock", "seccomp")}
    assert all(row["none"] == "through" for row in table.values())
    assert alone["limits"] - alone["namespaces"] - alone["Landlock"] - alone["seccomp"]
    assert alone["seccomp"] - alone["limits"] - alone["namespaces"] - alone["Landlock"]
    assert alone["namespaces"] - alone["Landlock"]
    assert alone["Landlock"] - alone["namespaces"]
    assert stopped_by("screen") - stopped_by("all four")
    assert stopped_by("screen") == set(table)


def test_seccomp_says_why_a_program_was_killed(attempts: Range) -> None:
    if missing(COLUMNS["seccomp"]):
        pytest.skip(missing(COLUMNS["seccomp"]))
    outcome = attempts.outcome(EFFECTS["processes/fork_child"], "seccomp")
    assert outcome.status is Status.CRASHED
    assert "a system call that is not allowed" in outcome.message
