"""The contract between a problem and a heuristic: which functions, which parameters, what may be called.

One contract drives compilation, the syntax screen, prompts, the grammar of the offline proposer, the decoding grammar
for language models and every exporter.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from heuresis.sandbox.screen.allow import ARRAY_CALLS, AllowList, FunctionShape
from heuresis.sandbox.screen.whole_calls import WHOLE_CALLS

SCALAR_CALLS = (
    "abs",
    "min",
    "max",
    "float",
    "math.sqrt",
    "math.exp",
    "math.expm1",
    "math.log",
    "math.log1p",
    "math.log2",
    "math.log10",
    "math.pow",
    "math.tanh",
    "math.sin",
    "math.cos",
    "math.atan",
    "math.floor",
    "math.ceil",
    "math.fabs",
)
"""Functions of scalars that mean the same compiled, interpreted and exported (`docs/semantics.md`)."""


class Kind(StrEnum):
    """The type of a parameter as a heuristic sees it; arrays have one dimension and are read-only."""

    FLOAT64 = "float64"
    INT64 = "int64"
    FLOAT64_ARRAY = "float64[]"
    INT64_ARRAY = "int64[]"

    @property
    def is_array(self) -> bool:
        """Whether a heuristic sees an array instead of a number."""
        return self in (Kind.FLOAT64_ARRAY, Kind.INT64_ARRAY)


class Unit(StrEnum):
    """What a parameter measures; the typed grammar adds and compares only what fits together.

    A date is a point on the clock, a time a length: date − date is a time, date + time a date, time / time a number.
    A size (of an item, of what a bin has left) is added and compared as a time is.
    """

    DATE = "date"
    TIME = "time"
    SIZE = "size"
    COUNT = "count"
    ONE = "1"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input of a heuristic.

    `varies` is true where the value differs between the items being compared (a job's due date) and false where
    it is the same for all of them at one decision (the clock). `low` is the smallest value that it can take, or that
    an element of it can take. An array is the same for all items: one that varies raises ValueError.

    `at_most` names another number of the function that is never smaller; of an array, `last` names the parameter that
    is its last index. From these follows which reads such as `counts[rem - item]` always lie inside
    (`expressions/indices.py`).
    """

    name: str
    unit: Unit
    meaning: str
    varies: bool
    kind: Kind = Kind.FLOAT64
    low: float = -math.inf
    at_most: str | None = None
    last: str | None = None

    def __post_init__(self) -> None:
        if self.varies and self.kind.is_array:
            raise ValueError(
                f"the array `{self.name}` cannot vary between items: pass the items' own values as numbers"
            )


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a contract; `returns` says what the value means and its direction.

    With `per` it returns an array of float64 instead of a number, with one value for each element of that parameter,
    and programs compute with whole arrays. Raises ValueError where `per` is no parameter that is an array of float64,
    and where a parameter's `at_most` or `last` names none that could be it.
    """

    name: str
    parameters: tuple[Parameter, ...]
    returns: str
    default: str | None = None  # source of the default body; None where the function is required
    per: str = ""

    def __post_init__(self) -> None:
        floats = [p.name for p in self.parameters if p.kind is Kind.FLOAT64_ARRAY]
        if self.per and (self.per not in floats or any(p.varies for p in self.parameters)):
            raise ValueError(
                f"`{self.name}` returns a value per element of `{self.per}`: no array of float64, or varies"
            )
        whole = {p.name for p in self.parameters if p.kind is Kind.INT64}
        for p in self.parameters:
            if p.last is not None and (not p.kind.is_array or p.last not in whole):
                raise ValueError(f"`last` of `{p.name}` must name an int64 parameter, and `{p.name}` be an array")
            if p.at_most is not None and p.at_most not in {q.name for q in self.scalars} - {p.name}:
                raise ValueError(f"`at_most` of `{p.name}` must name another number of `{self.name}`")

    @property
    def required(self) -> bool:
        """Whether a program must define it."""
        return self.default is None

    @property
    def scalars(self) -> tuple[Parameter, ...]:
        """The parameters that are numbers."""
        return tuple(p for p in self.parameters if not p.kind.is_array)

    @property
    def arrays(self) -> tuple[Parameter, ...]:
        """The parameters that are arrays."""
        return tuple(p for p in self.parameters if p.kind.is_array)

    @property
    def signature(self) -> str:
        """The `def` line without the colon, e.g. `def priority(p, d, t)`."""
        return f"def {self.name}({', '.join(p.name for p in self.parameters)})"


@dataclass(frozen=True, slots=True)
class Contract:
    """The functions of a program, in order; the first is the one that decides."""

    functions: tuple[Function, ...]
    calls: tuple[str, ...] = SCALAR_CALLS

    def __post_init__(self) -> None:
        names = [f.name for f in self.functions]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"a contract needs one or more functions of different names, got {names}")

    @property
    def main(self) -> Function:
        """The function that decides."""
        return self.functions[0]

    def alone(self, part: int) -> "Contract":
        """The contract of one function by itself, by its place, as the search for expressions takes it."""
        return Contract((self.functions[part],), self.calls)

    @property
    def has_whole_arrays(self) -> bool:
        """Whether programs compute with whole arrays: where a function returns one."""
        return any(f.per for f in self.functions)

    @property
    def allowed_calls(self) -> tuple[str, ...]:
        """What a program may call: `calls`, and where a parameter is an array, what makes and measures arrays."""
        more = ARRAY_CALLS if any(f.arrays for f in self.functions) else ()
        more += WHOLE_CALLS if self.has_whole_arrays else ()
        return (*self.calls, *(c for c in more if c not in self.calls))

    def allow_list(self) -> AllowList:
        """What the syntax screen lets pass."""
        shapes = tuple(
            FunctionShape(
                f.name, tuple(p.name for p in f.parameters), f.required, tuple(p.name for p in f.arrays), bool(f.per)
            )
            for f in self.functions
        )
        return AllowList(functions=shapes, calls=frozenset(self.allowed_calls))

    def describe(self) -> str:
        """The contract in Markdown, for prompts and `heuresis problems NAME`."""
        lines = []
        for function in self.functions:
            lines += [f"`{function.signature}` returns {function.returns}.", ""]
            if function.default is not None:
                lines += [f"It may be left out, which is the same as `{function.default}`.", ""]
            lines += [f"- `{p.name}` ({p.kind}, {p.unit}): {p.meaning}" for p in function.parameters]
            lines.append("")
        if any(f.arrays for f in self.functions):
            lines += [_WHOLE_ARRAYS if self.has_whole_arrays else _ARRAYS, ""]
        lines.append("Allowed calls: " + ", ".join(f"`{c}`" for c in self.allowed_calls) + ".")
        return "\n".join(lines)


_ARRAYS = (
    "Arrays (`[]`) have one dimension and are read-only: read them with `len(a)` and `a[i]`, where `i` is one integer "
    "(`-1` is the last element; beyond the ends the program fails). For working space make float64 arrays with "
    "`x = np.zeros(n)`, `np.ones(n)` or `np.full(n, value)` and write `x[i] = value`. Loops run over `range(...)`; "
    "slices, arithmetic on whole arrays and returning an array are not allowed; helper functions may read arrays, not "
    "write them."
)

_WHOLE_ARRAYS = (
    "Arrays (`[]`) have one dimension and are used as in NumPy: arithmetic and comparisons on whole arrays, the "
    "functions `np.…` below without keywords, elements `a[i]`, slices `a[1:]` without a step, and masks "
    "(`a[a > 2] = 0`), joined by `&`, `|`, `~`. Parameters are read-only (`x = np.copy(a)`), an array has one name, "
    "and a name is an array or a number throughout. Arrays of different lengths do not combine, and an array is no "
    "index. Loops run over `range(...)`; `if`, `and` and `or` take numbers; helper functions may return arrays, and "
    "may not write to those that they are handed."
)
