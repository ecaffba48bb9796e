"""Decoding grammars: a contract as GBNF, so that nearly every reply of a constrained model is a valid program.

GBNF is the grammar notation of llama.cpp (https://github.com/ggml-org/llama.cpp/tree/master/grammars). Nesting is
bounded by numbered levels, so that the smallest model comes to an end.
"""

from collections.abc import Sequence

from heuresis.evaluators.language.contract import Contract

ARITY = {
    **dict.fromkeys(("min", "max", "math.pow"), 2),
    **dict.fromkeys(("abs", "float", "math.sqrt", "math.exp", "math.expm1", "math.log", "math.log1p", "math.log2"), 1),
    **dict.fromkeys(("math.log10", "math.tanh", "math.sin", "math.cos", "math.atan"), 1),
    **dict.fromkeys(("math.floor", "math.ceil", "math.fabs"), 1),
}
"""How many arguments a call takes in the grammar; allowed calls that are not listed are left out of it."""

PLAIN_CALLS = ("max", "min", "abs", "math.sqrt", "math.exp", "math.log1p")
"""The calls that classical dispatching rules use; a small model does better with these alone."""

LOCAL_NAMES = ("slack", "ratio", "x", "y", "z", "u", "v", "w")


def contract_grammar(
    contract: Contract, *, depth: int = 2, assignments: int = 2, calls: Sequence[str] | None = None
) -> str:
    """GBNF of whole programs: the contract's function with up to `assignments` local variables and a return.

    Parameters that are arrays are left out. `depth` bounds how deep parentheses and calls nest; `calls` narrows the
    contract's calls. Local variables are used only after they were assigned. Raises ValueError where `depth` or
    `assignments` is negative or too large.
    """
    main = contract.main
    spare = [name for name in LOCAL_NAMES if name not in {p.name for p in main.parameters}]
    if depth < 0 or not 0 <= assignments <= len(spare):
        raise ValueError(f"expected depth >= 0 and 0 to {len(spare)} assignments, got {depth} and {assignments}")
    names = [p.name for p in main.scalars]
    used = offered(contract, calls)
    rules = [f"root ::= {quoted(main.signature + ':' + chr(10))} body0"]
    for known in range(assignments + 1):
        expression = f"e{known}x{depth + 1}"
        choices = [f'"    return " {expression} "\\n"']
        if known < assignments:
            assigned = quoted(f"    {spare[known]} = ")
            choices.append(f'{assigned} {expression} "\\n" body{known + 1}')
        rules.append(f"body{known} ::= {' | '.join(choices)}")
        rules += levels(f"e{known}x", [*names, *spare[:known]], depth, used)
    return "\n".join([*rules, *shared_rules(used)]) + "\n"


def offered(contract: Contract, calls: Sequence[str] | None) -> list[str]:
    """Calls of the contract that the grammar can write."""
    return [c for c in contract.calls if c in ARITY and (calls is None or c in calls)]


def levels(stem: str, names: Sequence[str], depth: int, calls: Sequence[str]) -> list[str]:
    """Rules `<stem>0` (a name or number) to `<stem><depth + 1>` (a sum) over the given names and calls."""
    arities = {ARITY[c] for c in calls}
    rules = [f"{stem}n ::= {' | '.join(quoted(name) for name in names) or 'number'}", f"{stem}0 ::= {stem}n | number"]
    for level in range(1, depth + 1):
        inner = f"{stem}{level - 1}"
        pair = f"{inner} operator {inner}"
        forms = [
            f"{stem}n",
            "number",
            f'"(" {pair} ")"',
            f'"(" {inner} " if " {inner} " < " {inner} " else " {inner} ")"',
        ]
        if 1 in arities:
            forms.append(f'call1 "(" {inner}s ")"')
        if 2 in arities:
            forms.append(f'call2 "(" {inner}s ", " {inner}s ")"')
        rules += [f"{stem}{level} ::= {' | '.join(forms)}", f"{inner}s ::= {inner} (operator {inner})?"]
    rules.append(f"{stem}{depth + 1} ::= {stem}{depth} (operator {stem}{depth}){{0,2}}")
    return rules


def shared_rules(calls: Sequence[str]) -> list[str]:
    """Rules that do not depend on the names in scope."""
    groups = {arity: [quoted(c) for c in calls if ARITY[c] == arity] for arity in (1, 2)}
    return [
        *(f"call{arity} ::= {' | '.join(group)}" for arity, group in groups.items() if group),
        'operator ::= " + " | " - " | " * " | " / "',
        'small ::= "0." [0-9] [0-9]?',
        'number ::= ("0" | [1-9] [0-9]?) "." [0-9] [0-9]?',
    ]


def quoted(text: str) -> str:
    """A GBNF literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
