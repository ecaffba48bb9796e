"""Programs around a contract: baselines of one-line bodies, and the driver of exported rules."""

import ast
import textwrap
from collections.abc import Mapping

from heuresis.evaluators.language.contract import Contract
from heuresis.problems.problem import Baseline, ProblemError
from heuresis.sandbox.parsing import parse
from heuresis.sandbox.screen.screen import ScreenError, screen


def baselines(rules: object, contract: Contract, where: str) -> tuple[Baseline, ...]:
    """The rules of an author, `{"spt": ("return p", "Smith 1956")}`, as programs. Raises ProblemError.

    A rule is its body, of one line or more, or a whole program that defines the contract's function; then who it is
    of, and, where wanted, a title.
    """
    if not isinstance(rules, Mapping) or not rules:
        raise ProblemError(
            f'{where}: expected rules = {{"name": ("return ...", "source")}} with one rule or more, because a search '
            f"starts from them; got {rules!r:.80}"
        )
    found = tuple(_baseline(name, given, contract, f"{where}, rule {name!r}") for name, given in rules.items())
    programs: dict[str, str] = {}
    for baseline in found:
        program = ast.dump(parse(baseline.source))
        if program in programs:
            raise ProblemError(f"{where}: the rules {programs[program]!r} and {baseline.name!r} are the same; drop one")
        programs[program] = baseline.name
    return found


def _baseline(name: object, given: object, contract: Contract, where: str) -> Baseline:
    if not isinstance(name, str) or not name.isidentifier():
        raise ProblemError(f"{where}: expected a name such as 'shortest_first', because it is typed; got {name!r:.60}")
    texts = given if isinstance(given, tuple | list) else ()
    if not 2 <= len(texts) <= 3 or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ProblemError(
            f'{where}: expected ("return ...", "who it is of") or a title after these, got {given!r:.80}'
        )
    source = source_of(texts[0], contract)
    try:
        screen(source, contract.allow_list())
    except ScreenError as error:
        line = source.splitlines()[error.line - 1] if error.line <= len(source.splitlines()) else ""
        raise ProblemError(f"{where}: {error.reason} (in {line.strip()!r:.80})") from error
    title = texts[2] if len(texts) == 3 else name.replace("_", " ")
    return Baseline(name, title, source, texts[1])


def source_of(text: str, contract: Contract) -> str:
    """A whole program as it is, anything else as the body of the contract's function."""
    text = textwrap.dedent(text).strip() + "\n"
    main = contract.main
    try:
        statements = parse(text).body
    except SyntaxError:  # of a body too: the screen says where
        statements = []
    if any(isinstance(statement, ast.FunctionDef) and statement.name == main.name for statement in statements):
        return text
    return f"{main.signature}:\n{textwrap.indent(text, '    ')}"


def driver(contract: Contract) -> str:
    """Python source of `choose`, which hands the items of one decision to the exported rule."""
    main = contract.main
    names = [p.name for p in main.parameters]
    items = [p.name for p in main.parameters if p.varies]
    own = _unused({*names, main.name})
    first = f"len({items[0]})"
    arguments = ", ".join(
        f"{'int' if p.kind.value.startswith('int') else 'float'}({p.name}[{own}])"
        if p.varies
        else p.name
        if p.kind.is_array
        else f"{'int' if p.kind.value.startswith('int') else 'float'}({p.name})"
        for p in main.parameters
    )
    listed = ", ".join(f"`{name}`" for name in items)
    return f'''\
def choose(*, {", ".join(names)}):
    """The place, from 0, of the item to choose: that of smallest `{main.name}`, of equal ones the first.

    {listed} {"has" if len(items) == 1 else "have"} an element for each item.
    """
    {own}_keys = [{main.name}({arguments}) for {own} in range({first})]
    if not {own}_keys or any(key - key != 0.0 for key in {own}_keys):
        raise ValueError("no item to choose from, or {main.name} returned NaN or an infinity")
    return {own}_keys.index(min({own}_keys))
'''


def _unused(names: set[str]) -> str:
    own = "item"
    while any(name.startswith(own) for name in names):
        own += "_"
    return own
