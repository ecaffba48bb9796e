"""The engine in each sandbox worker: a problem's simulator, and the programs that a child compiles for it.

The kinds of work and their arrays stand in `assessment/tasks.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from heuresis.evaluators.language.compile import CompileError, Program, compile_program
from heuresis.evaluators.language.contract import SCALAR_CALLS, Contract, Function
from heuresis.evaluators.language.literals import lift_literals
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.language.reference.rewrite import Untranslatable
from heuresis.evaluators.simulator import Simulator
from heuresis.evolve.assessment import tasks
from heuresis.sandbox.process.zygote import load
from heuresis.sandbox.task import Array

Vector: TypeAlias = NDArray[np.float64]
Judge: TypeAlias = Callable[..., float]

_ARGUMENTS = {
    **dict.fromkeys(("min", "max", "math.pow"), "y, x"),
    **dict.fromkeys(("math.floor", "math.ceil"), "max(0.0, min(9.0, x))"),  # of infinity that is an error
}


class Worker:
    """An `Engine` over the instances in the payload. What only improves programs is imported where it is wanted."""

    def __init__(self, payload: Mapping[str, Array], options: Mapping[str, str]) -> None:
        make = cast(type[Simulator], load(options[tasks.SIMULATOR]))
        self.simulator: Simulator = make(payload)
        self._improves = tasks.IMPROVES in options

    def warm(self) -> None:
        """Do each kind of work once: libraries load much of themselves at the first use, and a child opens no file."""
        self.simulator.warm()
        source, one = specimen(self.simulator.contract), np.zeros(1, dtype=np.int64)
        decisions = self.run(tasks.DECIDE, self.compile(source, tasks.DECIDE), (np.empty(0), one))
        with suppress(_Enough):
            self.simulator.audit(_once(judge_of(source, self.simulator.contract)), one, decisions)
        if self._improves:
            from heuresis.evaluators.language.expressions.interpreter import encode
            from heuresis.evaluators.language.expressions.tree import const
            from heuresis.evolve.genetic import breed

            least = breed.Effort(offspring=2, probes=1, tuned=1, evaluations=8, max_size=20)
            first = copy(self.simulator)
            first.size = 1  # a random program on everything may take minutes
            self.run(tasks.TUNE, self.compile(source, tasks.TUNE), (one, one + 8, one))
            if any(p.varies for p in self.simulator.contract.main.parameters):  # else no expression judges an item
                contract = self.simulator.contract
                parts = range(len(contract.functions))
                others = [encode(const(1.0), contract.alone(part)) for part in parts] if len(parts) > 1 else []
                for part in parts:
                    breed.run(first, (one, np.array([0, part]), least.to_array(), *others))

    def compile(self, source: str, kind: str) -> object:
        """What `run` wants of a program: compiled, with its constants as parameters where they are to be tuned.

        For an audit nothing is compiled: it takes the reference interpreter.
        """
        if kind == tasks.AUDIT:
            try:
                return judge_of(source, self.simulator.contract)
            except Untranslatable as error:
                raise CompileError(str(error)) from error
        theta = np.empty(0)
        if kind == tasks.TUNE:
            source, theta = lift_literals(source)
        return compile_program(source, self.simulator.contract), theta

    def run(self, kind: str, program: object | None, arrays: Sequence[Array]) -> Sequence[Array]:
        """Do one piece of work; raises ValueError for a kind that there is not."""
        if kind == tasks.BREED:
            from heuresis.evolve.genetic import breed

            return breed.run(self.simulator, arrays)
        if program is None:
            raise ValueError(f"the work {kind!r} needs a program")
        if kind == tasks.AUDIT:
            order, *decisions = arrays
            return (self.simulator.audit(cast(Judge, program), order.astype(np.int64), decisions),)
        compiled, constants = cast(tuple[Program, Vector], program)
        match kind:
            case tasks.DECIDE:
                theta, order = arrays
                return self.simulator.decide(compiled, theta.astype(np.float64), order.astype(np.int64))
            case tasks.CHECK:
                return (np.empty(0),)
            case tasks.TUNE:
                return self._tune(compiled, constants, arrays)
        raise ValueError(f"there is no kind of work {kind!r}")

    def _tune(self, program: object, theta: Vector, arrays: Sequence[Array]) -> Sequence[Array]:
        from heuresis.evolve.genetic.tune import tune

        seed, evaluations, subset = (array.astype(np.int64) for array in arrays)
        runs = 0

        def loss(constants: Vector) -> float:
            nonlocal runs
            runs += 1
            return self.simulator.loss(program, constants, subset)

        best, value = tune(loss, theta, int(evaluations[0]), np.random.default_rng(seed.tolist()))
        return best, np.array([value]), np.array([runs * len(subset)])


class _Enough(Exception):
    """An audit has come to its first key."""


def _once(judge: Judge) -> Judge:
    """The judge for one call: a whole audit of a large instance would take minutes."""

    def once(*arguments: object) -> float:
        judge(*arguments)
        raise _Enough

    return once


def specimen(contract: Contract) -> str:
    """A program under the contract that uses every scalar call that it allows, and arrays where there are any."""
    calls = [name for name in contract.calls if name in SCALAR_CALLS]
    lines = ["def helper(x):", "    y = 1.0 + x * x"]
    lines += [f"    y = y + {name}({_ARGUMENTS.get(name, 'y')})" for name in calls]
    lines += ["    if y < x and not x >= 2.0:", "        return -y / x", "    return y ** 0.5", ""]
    for function in contract.functions:
        lines += [f"{function.signature}:", *_reading(function), ""]
    return "\n".join(lines)


def _reading(function: Function) -> list[str]:
    """A body that reads every parameter."""
    total = " + ".join(f"float({p.name})" for p in function.scalars) or "1.0"
    if function.per:
        return _reading_whole(function, total)
    if not function.arrays:
        return [f"    return helper({total})"]
    lines = [f"    own_sum = {total}"]
    for parameter in function.arrays:
        lines += [f"    for own_place in range(len({parameter.name})):"]
        lines += [f"        own_sum += {parameter.name}[own_place]"]
    lines += ["    own_array, own_ones, own_zeros = np.full(2, own_sum), np.ones(2), np.zeros(2)"]
    lines += ["    own_zeros[0] = own_array[1] + own_ones[-1]", "    return helper(own_zeros[0])"]
    return lines


def _reading_whole(function: Function, total: str) -> list[str]:
    """The same for a function that returns an array, by whole arrays and by elements."""
    lines = [f"    own_sum = helper({total})", f"    own = np.where({function.per} > own_sum, {function.per}, 1.0)"]
    lines += [f"    own = own + np.sum({p.name})" for p in function.arrays]
    lines += [f"    own[own > {function.per}] = 0.0", "    for own_place in range(len(own)):"]
    return [*lines, "        own[own_place] += own_sum", "    own[1:] -= own[:-1]", "    return own"]
