"""What a program may contain: the allow-list that a contract hands to the syntax screen."""

from dataclasses import dataclass

CONSTRUCTORS = {"np.zeros": 1, "np.ones": 1, "np.full": 2}
"""What makes an array of float64 of one dimension, and how many arguments it takes: the length, then the value."""

ARRAY_CALLS = ("float", "len", *CONSTRUCTORS)
"""What may be called where a contract has an array (`float`, because `np.full(n, x)` is `np.full(n, float(x))`)."""


@dataclass(frozen=True, slots=True)
class FunctionShape:
    """One function that a program must (or may) define, with its exact parameter names in order.

    `arrays` are the parameters that are read-only arrays of one dimension; the others are numbers. A `vector` function
    returns an array of numbers instead of one number; a program under such a contract may compute with whole arrays.
    """

    name: str
    parameters: tuple[str, ...]
    required: bool = True
    arrays: tuple[str, ...] = ()
    vector: bool = False

    @property
    def signature(self) -> str:
        """The `def` line without the colon."""
        return f"def {self.name}({', '.join(self.parameters)})"


@dataclass(frozen=True, slots=True)
class AllowList:
    """What a program may contain, derived from a contract.

    `calls` are the dotted names that may be called (`max`, `math.exp`); `modules` maps the names under which an import
    may bind an allowed module to that module (`{"math": "math", "np": "numpy"}`). The caps bound what compiling costs
    (`benchmarks/compile_time.py`): bytes of source, expressions and statements, nesting, loops and nested loops,
    branches (`if`, `elif`, `while`, conditional expressions), conditions (further operands of `and`, `or` and chained
    comparisons), helper functions, calls of helper functions along every path, and arrays made by operations on whole
    ones.
    """

    functions: tuple[FunctionShape, ...]
    calls: frozenset[str]
    modules: tuple[tuple[str, str], ...] = (("math", "math"), ("np", "numpy"), ("numpy", "numpy"))
    max_bytes: int = 8_000
    max_nodes: int = 800
    max_depth: int = 24
    max_loop_depth: int = 3
    max_branches: int = 64
    max_loops: int = 12
    max_conditions: int = 48
    max_helpers: int = 16
    max_helper_calls: int = 32
    max_whole: int = 32

    @property
    def has_arrays(self) -> bool:
        """Whether a program may read and make arrays: only where the contract hands it one."""
        return any(f.arrays for f in self.functions)

    @property
    def has_whole_arrays(self) -> bool:
        """Whether a program may compute with whole arrays: only where the contract wants an array back."""
        return any(f.vector for f in self.functions)

    @property
    def shapes(self) -> dict[str, FunctionShape]:
        """The contract's functions by name."""
        return {f.name: f for f in self.functions}


class ScreenError(ValueError):
    """A program that does not fit. Says where (`line`, `column`, both from 1) and why, in words to act on."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {reason}")
        self.reason, self.line, self.column = reason, line, column
