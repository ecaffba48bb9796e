"""Where choices lose: the value beside the bound and the best rule, and where that rule would choose otherwise."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from heuresis.evaluators.language.contract import Contract, Function
from heuresis.evaluators.language.reference.judge import judge_of
from heuresis.evaluators.sequential.choosing import Ended, Interpreted, Recorded, keys_of, played, valued
from heuresis.evaluators.sequential.features import Reader, plain, shown
from heuresis.problems.problem import Baseline
from heuresis.problems.sequential.author import Author
from heuresis.problems.sequential.instances import SequentialInstance
from heuresis.sandbox.screen.screen import screen

ROWS, FEATURES = 12, 4
"""At most so many decisions, and so many features of an item, are shown."""

MOST_KEYS = 50_000
"""So many keys of a rule are interpreted for an explanation; an instance that takes more is shown without it."""

Judge = Callable[..., float]


def table(
    definition: Author,
    rules: Sequence[Baseline],
    instance: SequentialInstance,
    value: float,
    choices: Sequence[int],
    own: str,
) -> str:
    """Markdown: a sentence, then the author's `own` text or, where that is empty, the decisions that differ."""
    head = f"{instance.name}: value {shown(value)} after {len(choices)} decisions"
    if instance.reference is not None:
        over = f", {value / instance.reference - 1.0:.2%} above it" if instance.reference > 0 else ""
        head += f"; bound {shown(instance.reference)}{over}"
    best = _best(definition, rules, instance)
    if best is None:
        return f"{head}." + (f"\n\n{own}" if own else "")
    reached, rule = best
    head += f"; the best rule here, `{rule.name}`, reaches {shown(reached)}."
    if own:
        return f"{head}\n\n{own}"
    return f"{head} {_differing(definition, rule, instance, choices)}"


def _best(definition: Author, rules: Sequence[Baseline], instance: SequentialInstance) -> tuple[float, Baseline] | None:
    """The rule of smallest value on an instance, and that value; None where none can be played."""
    found = []
    for rule in rules:
        choose = Interpreted(Reader(definition.contract.main), _judge(rule.source, definition.contract), MOST_KEYS)
        try:
            outcome = played(definition, instance.data, choose)
        except Ended:
            continue
        found.append((valued(definition, instance.data, outcome), rule))
    return min(found, key=lambda pair: pair[0], default=None)


def _differing(definition: Author, rule: Baseline, instance: SequentialInstance, choices: Sequence[int]) -> str:
    """The first decisions at which the rule, in the same place, would have chosen another item."""
    main = definition.contract.main
    judge, reader = _judge(rule.source, definition.contract), Reader(main)
    rows: list[str] = []
    made = differ = keys = 0

    def seen(arguments: list[Any], chosen: int) -> None:
        nonlocal made, differ, keys
        made += 1
        items = plain(arguments, main)
        keys += len(items)
        if keys > MOST_KEYS:
            raise Ended
        values = keys_of(judge, arguments, reader)
        other = values.index(min(values))
        if other != chosen:
            differ += 1
            cells = [str(made), str(len(items)), *_cells(main, items[chosen]), *_cells(main, items[other])]
            rows.append(f"| {' | '.join(cells)} |")

    try:
        played(definition, instance.data, Recorded(reader, choices, seen))
    except Ended:
        made -= 1
    names = [p.name for p in main.parameters if p.varies][:FEATURES]
    said = f"At {differ} of {made} decisions it would have chosen otherwise."
    if not rows:
        return said
    said += f" The first {ROWS}:" if differ > ROWS else ""
    head = ["decision", "items", *(f"chosen {name}" for name in names), *(f"`{rule.name}` {name}" for name in names)]
    return "\n".join([said, "", f"| {' | '.join(head)} |", "|--:" * len(head) + "|", *rows[:ROWS]])


def _cells(main: Function, item: Sequence[float]) -> list[str]:
    """The features of one item, as many as a table holds."""
    return [shown(value) for p, value in zip(main.parameters, item, strict=True) if p.varies][:FEATURES]


@functools.lru_cache(maxsize=64)
def _judge(source: str, contract: Contract) -> Judge:
    return judge_of(screen(source, contract.allow_list()), contract)
