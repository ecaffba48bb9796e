"""Prompts: Markdown templates filled with what the search knows."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template

from heuresis.evaluators.language.contract import Contract
from heuresis.evolve.models.client import Message
from heuresis.problems.problem import Problem
from heuresis.sandbox.parsing import parse

OPERATORS = ("improve", "combine", "simplify", "explore")
"""What a model can be asked to do; each is a template of that name."""

LONGEST_SOURCE = 6_000
LONGEST_TABLE = 2_000
BRIEF_TABLE = 300
LONGEST_MESSAGE = 300


@dataclass(frozen=True, slots=True)
class Scored:
    """A program in a prompt: its value on the search instances and a table of where it loses (may be empty)."""

    source: str
    aggregate: float | None
    losses: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A program that did not get through, and why; the source may be missing."""

    source: str | None
    message: str


def template(name: str) -> Template:
    """The prompt template of that name."""
    return Template((files("heuresis.evolve.prompts") / "templates" / f"{name}.md").read_text(encoding="utf-8"))


def propose(
    problem: Problem,
    operator: str,
    parents: Sequence[Scored],
    failures: Sequence[Failed] = (),
    *,
    brief: bool = False,
) -> tuple[Message, ...]:
    """The conversation that asks for a program. Raises ValueError for an operator that is not in OPERATORS.

    With `brief` it is as short as it can be, for a model with a small context: two parents where they are to be
    combined, one elsewhere, the beginning of their tables, no failures.
    """
    if operator not in OPERATORS:
        raise ValueError(f"expected an operator of {OPERATORS}, got {operator!r}")
    system = template("system").substitute(
        title=problem.title,
        statement=problem.statement.strip(),
        objective=problem.objective.definition,
        contract=problem.contract.describe(),
    )
    if brief:
        parents, failures = parents[: 2 if operator == "combine" else 1], ()
    form = template("format" if parents else "format_full")
    user = template("propose").substitute(
        programs=_programs(parents, problem.objective.name, BRIEF_TABLE if brief else LONGEST_TABLE),
        failures=_failures(failures),
        instruction=template(operator).substitute().strip(),
        format=form.substitute(signature=problem.contract.main.signature),
    )
    return Message("system", system.strip()), Message("user", user.strip())


def repair(messages: Sequence[Message], reply: str, message: str, contract: Contract) -> tuple[Message, ...]:
    """The conversation that asks for a corrected program, after the one that brought `reply`."""
    user = template("repair").substitute(message=message, signature=contract.main.signature)
    return *messages, Message("assistant", reply[:LONGEST_SOURCE] or "(empty)"), Message("user", user.strip())


def small(contract: Contract, known: Sequence[str], shown: str) -> tuple[Message, ...]:
    """The short conversation for a small model: known rules, worst first, and the beginning of the reply.

    Every token of it costs time on a plain processor, so it says no more than the names and the rules.
    """
    inputs = ", ".join(f"{p.name} {_brief(p.meaning)}" if p.varies else p.name for p in contract.main.scalars)
    rules = "\n".join(dict.fromkeys(_body(source, contract.main.name) for source in known))
    return (
        Message("system", template("small").substitute(inputs=inputs).strip()),
        Message("user", rules or "Write a rule."),
        Message("assistant", shown),
    )


def _programs(parents: Sequence[Scored], objective: str, longest: int) -> str:
    if not parents:
        return "There is no program yet.\n"
    parts = []
    for number, parent in enumerate(parents, 1):
        value = "unknown" if parent.aggregate is None else f"{parent.aggregate:.6g}"
        parts.append(f"## Program {number} ({objective} {value}, smaller is better)\n\n{_code(parent.source)}")
        if parent.losses.strip():
            parts.append(f"Where it loses, on one instance:\n\n{_short(parent.losses.strip(), longest)}\n")
    return "\n".join(parts)


def _failures(failures: Sequence[Failed]) -> str:
    if not failures:
        return ""
    parts = ["## Recent failures, not to be repeated\n"]
    for failure in failures:
        parts.append(f"- {_short(' '.join(failure.message.split()), LONGEST_MESSAGE)}")
        if failure.source:
            parts.append("\n" + _code(_short(failure.source, 800)))
    return "\n".join(parts) + "\n\n"


def _code(source: str) -> str:
    return f"```python\n{_short(source.strip(), LONGEST_SOURCE)}\n```\n"


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + "\n[…]"


def _brief(meaning: str) -> str:
    """The first words of a parameter's meaning."""
    return " ".join(re.split(r"[,;(]|\bof\b", meaning, maxsplit=1)[0].split()[:3])


def _body(source: str, name: str) -> str:
    """The last statement of a rule's function, on one line."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.unparse(node.body[-1]).split("\n")[0][:120]
    return ""
