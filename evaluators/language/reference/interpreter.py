"""The reference interpreter: calls the functions of a screened program without executing any of it as Python.

Each function is translated once into nested closures over the places of its names; there is no `exec`. What the
operations mean stands in `rewrite.py` and `arithmetic.py`; here are only Python's statements and expressions.
"""

import ast
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from heuresis.evaluators.language.arrays import functions
from heuresis.evaluators.language.contract import Contract
from heuresis.evaluators.language.reference.closures import Compute, Frame, compute_of
from heuresis.evaluators.language.reference.rewrite import helpers_of, rewrite
from heuresis.sandbox.parsing import parse
from heuresis.sandbox.screen.numerals import constant

MAX_STEPS = 200_000
"""Expressions evaluated per call, at most, unless told otherwise; a new array counts with its length."""

Execute: TypeAlias = Callable[[Frame], str | None]
"""Runs a statement; how the block is left (`break`, `continue`, `return`), None where it goes on."""

_BREAK, _CONTINUE, _RETURN = "break", "continue", "return"
_BUILTINS: dict[str, Callable[..., Any]] = {
    "abs": abs, "min": min, "max": max, "float": float, "len": len, "range": range, "math.tanh": math.tanh,
    "math.atan": math.atan, "math.fabs": math.fabs,
}  # fmt: skip
_ALLOCATES = {"_zeros", "_ones", "_full"}


class TooLong(RuntimeError):
    """The call takes more steps than it may."""


def interpreter_of(source: str, contract: Contract, steps: int = MAX_STEPS) -> "Interpreter":
    """The reference interpreter of screened source. Raises Untranslatable."""
    return Interpreter(rewrite(source, contract), contract, steps)


class Interpreter:
    """Calls the functions of one rewritten program (`rewrite`); `steps` limits each call. Not thread-safe."""

    def __init__(self, tree: ast.Module, contract: Contract, steps: int = MAX_STEPS) -> None:
        self._limit, self._left = steps, steps
        self._main = contract.main.name
        self._trusted: dict[str, Callable[..., Any]] = _BUILTINS | helpers_of(tree)
        self._constants: dict[str, Any] = {}
        for statement in tree.body:
            if isinstance(statement, ast.Assign):
                self._constants[ast.unparse(statement.targets[0])] = constant(statement.value)
        definitions = [s for s in tree.body if isinstance(s, ast.FunctionDef)]
        self._functions: dict[str, Callable[..., Any] | None] = {d.name: None for d in definitions}
        for definition in definitions:
            self._functions[definition.name] = _Translator(self, definition).function()

    def __call__(self, *arguments: Any) -> Any:
        """The result of the contract's main function, of numbers and arrays. Raises what `call` raises."""
        return self.call(self._main, arguments)

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """The result of one function: a float, or where the contract says so a list of floats.

        Raises TooLong, and ZeroDivisionError, IndexError and ValueError where the compiled program does.
        """
        self._left = self._limit
        plain = [a.tolist() if isinstance(a, np.ndarray | np.generic) else a for a in arguments]
        try:
            result = self.function(name)(*plain)
            return result if isinstance(result, list) else float(result)
        except RecursionError as error:
            raise TooLong("helpers call one another too deeply") from error

    def function(self, name: str) -> Callable[..., Any]:
        """A translated function of the program. Raises KeyError where there is none."""
        found = self._functions[name]
        if found is None:
            raise KeyError(name)
        return found

    def knows(self, name: str) -> bool:
        """Whether the program has a function of this name."""
        return name in self._functions

    def constant(self, name: str) -> Any:
        """The value of a constant of the module."""
        return self._constants[name]

    def trusted(self, name: str) -> Callable[..., Any]:
        """A function that is not the program's own."""
        make = self._trusted[name]
        if name in vars(functions):
            return self._of_array(make)
        if name not in _ALLOCATES:
            return make

        def allocate(size: int, *value: float) -> Any:
            self.spend(size)
            return make(size, *value)

        return allocate

    def _of_array(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of arrays, which costs as much as they are long."""

        def apply(*arguments: Any) -> Any:
            self.spend(sum(len(a) if isinstance(a, list) else 1 for a in arguments))
            return function(*arguments)

        return apply

    def spend(self, steps: int) -> None:
        """Count steps. Raises TooLong."""
        self._left -= steps
        if self._left < 0:
            raise TooLong(f"more than {self._limit} steps")


class _Translator:
    """Translates one function: names become places in a frame, of which the first is for the result."""

    def __init__(self, program: Interpreter, definition: ast.FunctionDef) -> None:
        self._program, self._definition = program, definition
        self._parameters = [a.arg for a in definition.args.args]
        stored = {n.id for n in ast.walk(definition) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names = [*self._parameters, *sorted(stored - set(self._parameters))]
        self._places = {name: place for place, name in enumerate(names, 1)}

    def function(self) -> Callable[..., Any]:
        """What calls it with values."""
        body, cost = self._block(self._definition.body), _size(self._definition.body)
        blank: Frame = [None] * (len(self._places) - len(self._parameters))
        count, name, spend = len(self._parameters), self._definition.name, self._program.spend

        def run(*arguments: Any) -> Any:
            if len(arguments) != count:
                raise TypeError(f"`{name}` takes {count} arguments, got {len(arguments)}")
            spend(cost)
            frame = [None, *arguments, *blank]
            if body(frame) is not _RETURN:
                raise ValueError(f"`{name}` ends without a value")
            return frame[0]

        return run

    def _block(self, statements: Sequence[ast.stmt]) -> Execute:
        made = [self._statement(statement) for statement in statements]
        if len(made) == 1:
            return made[0]

        def block(frame: Frame) -> str | None:
            for execute in made:
                left = execute(frame)
                if left is not None:
                    return left
            return None

        return block

    def _statement(self, statement: ast.stmt) -> Execute:
        if isinstance(statement, ast.Return) and statement.value is not None:
            return self._return(self._value(statement.value))
        if isinstance(statement, ast.Assign):
            return self._assign(statement)
        if isinstance(statement, ast.AugAssign):
            read = parse(ast.unparse(statement.target), mode="eval").body
            functions = ast.BinOp(read, statement.op, statement.value)
            return self._assign(ast.Assign([statement.target], functions))
        if isinstance(statement, ast.If):
            return self._if(statement)
        if isinstance(statement, ast.While):
            return self._while(statement)
        if isinstance(statement, ast.For) and isinstance(statement.iter, ast.Call):
            return self._for(statement, statement.iter)
        if isinstance(statement, ast.Break):
            return lambda _: _BREAK
        if isinstance(statement, ast.Continue):
            return lambda _: _CONTINUE
        if isinstance(statement, ast.Pass):
            return lambda _: None
        raise TypeError(f"no screened program contains {type(statement).__name__}")

    @staticmethod
    def _return(value: Compute) -> Execute:
        def leave(frame: Frame) -> str:
            frame[0] = value(frame)
            return _RETURN

        return leave

    def _assign(self, statement: ast.Assign) -> Execute:
        value = statement.value
        if len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
            place, compute = self._places[statement.targets[0].id], self._value(value)

            def assign(frame: Frame) -> None:
                frame[place] = compute(frame)

            return assign
        values = [self._value(v) for v in (value.elts if isinstance(value, ast.Tuple) else [value])]
        stores = [
            (self._store(part), position)
            for target in statement.targets
            for position, part in enumerate(target.elts if isinstance(target, ast.Tuple) else [target])
        ]

        def assign_all(frame: Frame) -> None:
            found = [compute(frame) for compute in values]
            for store, position in stores:
                store(frame, found[position])

        return assign_all

    def _store(self, target: ast.expr) -> Callable[[Frame, Any], None]:
        if isinstance(target, ast.Name):
            place = self._places[target.id]

            def store(frame: Frame, value: Any) -> None:
                frame[place] = value

            return store
        if not isinstance(target, ast.Subscript):
            raise TypeError(f"no screened program assigns to {type(target).__name__}")
        array, index = self._value(target.value), self._value(target.slice)

        def write(frame: Frame, value: Any) -> None:
            array(frame)[index(frame)] = value

        return write

    def _if(self, statement: ast.If) -> Execute:
        test, body = self._value(statement.test), self._block(statement.body)
        orelse = self._block(statement.orelse) if statement.orelse else None

        def choose(frame: Frame) -> str | None:
            if test(frame):
                return body(frame)
            return None if orelse is None else orelse(frame)

        return choose

    def _while(self, statement: ast.While) -> Execute:
        test, body = self._value(statement.test), self._block(statement.body)
        cost, spend = _size([statement]), self._program.spend

        def loop(frame: Frame) -> str | None:
            while test(frame):
                spend(cost)
                left = body(frame)
                if left is _BREAK:
                    break
                if left is _RETURN:
                    return left
            return None

        return loop

    def _for(self, statement: ast.For, numbers: ast.Call) -> Execute:
        count, bounds = self._program.trusted(ast.unparse(numbers.func)), [self._value(a) for a in numbers.args]
        body, cost, spend = self._block(statement.body), _size([statement]), self._program.spend
        place = self._places[ast.unparse(statement.target)]

        def loop(frame: Frame) -> str | None:
            for number in count(*[bound(frame) for bound in bounds]):
                spend(cost)
                frame[place] = number
                left = body(frame)
                if left is _BREAK:
                    break
                if left is _RETURN:
                    return left
            return None

        return loop

    def _value(self, node: ast.expr) -> Compute:
        return compute_of(node, self._places, self._program)


def _size(statements: Sequence[ast.stmt]) -> int:
    """Expressions in some statements, and at least 1."""
    return max(1, sum(isinstance(node, ast.expr) for s in statements for node in ast.walk(s)))
