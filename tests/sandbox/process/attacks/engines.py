"""The engines that attacks run in: the real worker, and one that does what no real engine may do."""

# ruff: noqa: ARG002, F401 - the protocol's parameters; what hostile code wants must be loaded before its files are shut

import ctypes
import mmap
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.ctypeslib
from numpy.typing import NDArray

from heuresis.evaluators.language.compile import Program, compile_program
from heuresis.evaluators.language.contract import Contract, Function, Kind, Parameter, Unit
from heuresis.evaluators.bin_packing.single_bins.contract import CONTRACT as WHOLE
from heuresis.evaluators.tardiness.contract import CONTRACT as SMTT
from heuresis.evolve.assessment import tasks
from heuresis.evolve.worker import Worker
from heuresis.sandbox.task import Array
from heuresis.sandbox.screen.screen import screen

GOOD = {
    "priority": f"{SMTT.main.signature}:\n    return max(t + p, d)\n",
    "whole": f"{WHOLE.main.signature}:\n    return item - bins\n",
    "choose": "def choose(item, bins, counts):\n    best = 0\n    for i in range(len(bins)):\n"
    "        if bins[i] >= item and bins[i] < bins[best]:\n            best = i\n    return best + 0.001 * counts[best]\n",
}
"""Programs that work, by the name of the contract's function; of a contract that returns arrays, `whole`."""

BINS = Contract(
    functions=(
        Function(
            name="choose",
            parameters=(
                Parameter("item", Unit.ONE, "size of the item", varies=False, low=0.0),
                Parameter("bins", Unit.ONE, "room left in each bin", varies=False, kind=Kind.FLOAT64_ARRAY, low=0.0),
                Parameter("counts", Unit.COUNT, "items in each bin", varies=False, kind=Kind.INT64_ARRAY, low=0.0),
            ),
            returns="the bin to put the item into",
        ),
    )
)


class Attacked(Worker):
    """The real worker, without what improves programs; `good` is a program compiled before any attack."""

    def __init__(self, payload: Mapping[str, Array], options: Mapping[str, str]) -> None:
        super().__init__(payload, {name: value for name, value in options.items() if name != tasks.IMPROVES})

    def warm(self) -> None:
        super().warm()
        contract = self.simulator.contract
        name = "whole" if contract.has_whole_arrays else contract.main.name
        self.good = self.compile(screen(GOOD[name], contract.allow_list()), tasks.DECIDE)

    def run(self, kind: str, program: object | None, arrays: Sequence[Array]) -> Sequence[Array]:
        if kind != "good":
            return super().run(kind, program, arrays)
        return super().run(tasks.DECIDE, self.good, (np.empty(0), np.arange(self.simulator.size)))


class Bins:
    """A simulator of one decision per instance that hands the program its own arrays, not copies of them."""

    contract: ClassVar[Contract] = BINS

    def __init__(self, payload: Mapping[str, NDArray[np.generic]]) -> None:
        self.items = np.ascontiguousarray(payload["items"], np.float64)
        self.bins = np.ascontiguousarray(payload["bins"], np.float64)
        self.counts = np.ascontiguousarray(payload["counts"], np.int64)
        self.size = len(self.items)

    def warm(self) -> None:
        """Nothing of its own is compiled."""

    def decide(self, program: Program, theta: NDArray[np.float64], order: NDArray[np.int64]) -> Sequence[Array]:
        """Whether each value is finite, the values, and what the instances hold afterwards."""
        values = np.array([program.main(self.items[i], self.bins, self.counts, theta) for i in order], np.float64)
        return np.isfinite(values).astype(np.uint8), values, self.bins, self.counts

    def audit(
        self, judge: Callable[..., float], order: NDArray[np.int64], decisions: Sequence[Array]
    ) -> NDArray[np.float64]:
        """How far the values returned lie from those of the reference interpreter."""
        values = np.array([judge(self.items[i], self.bins, self.counts) for i in order], np.float64)
        return np.abs(np.asarray(decisions[1], np.float64) - values) / np.abs(values)


class Plain:
    """Executes hostile Python as it comes: kind `run` after compilation, kind `compile` during it.

    The kind `nopython` compiles for the contract of smtt and calls the result, with whatever runs on the way.
    """

    def __init__(self, payload: Mapping[str, Array], options: Mapping[str, str]) -> None:
        pass

    def warm(self) -> None:
        """Do each kind of harmless work once, so that nothing is loaded later."""
        self.run("nopython", self.compile(GOOD["priority"], "nopython"), ())
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        while Path("/proc/self/task").exists() and len(os.listdir("/proc/self/task")) > 1:
            time.sleep(0.001)  # the kernel takes a moment to end a thread that was joined

    def compile(self, source: str, kind: str) -> object:
        if kind == "nopython":
            return compile_program(source, SMTT)
        return _attack(source) if kind == "compile" else source

    def run(self, kind: str, program: object | None, arrays: Sequence[Array]) -> Sequence[Array]:
        if kind == "nopython":
            assert isinstance(program, Program)
            out = np.empty(1)
            columns = [np.full(1, 2.0) if p.varies else 2.0 for p in SMTT.main.parameters]
            program.main(*columns, np.empty(0), out, 1)
            return (out,)
        evidence = _attack(str(program)) if kind == "run" else program
        return (np.frombuffer(evidence, np.uint8) if isinstance(evidence, bytes) else np.empty(0),)


def _attack(source: str) -> object:
    scope: dict[str, object] = {}
    exec(source, scope)
    attack = scope["attack"]
    assert callable(attack)
    return attack()
