"""Decoding grammars for the hole of a sketch, made from the units of the names in scope.

Times are added to times, divisions are by what cannot be zero, and what is added to a rule differs between the items
that it compares; so that what a small model guesses is nearly always a rule that means something.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from heuresis.evaluators.language.contract import Contract, Unit
from heuresis.evolve.prompts.gbnf import PLAIN_CALLS, levels, offered, quoted, shared_rules
from heuresis.evolve.prompts.sketch import Sketch

_COEFFICIENT = '("-")? small " * " '


@dataclass(frozen=True, slots=True)
class _Measure:
    """The names of one unit: all, those that vary between items, those that are always positive."""

    stem: str
    unit: Unit
    names: tuple[str, ...]
    varying: tuple[str, ...]
    divisors: tuple[str, ...]


def sketch_grammar(contract: Contract, sketch: Sketch) -> str:
    """GBNF of the expressions that fit the hole of a sketch."""
    calls = offered(contract, PLAIN_CALLS)
    measures = _measures(contract, sketch)
    if sketch.unit is None or not measures:
        rules = [f"root ::= {_COEFFICIENT if sketch.term else ''}ex2"]
        rules += levels("ex", [name for name, _ in sketch.names], 1, calls)
        return "\n".join([*rules, *shared_rules(calls)]) + "\n"
    plain = [name for name, unit in sketch.names if unit is Unit.ONE]
    rules = [_root(sketch, measures, calls)]
    for measure in measures:
        rules += _measure_rules(measure, calls)
    rules += _plain_rules(plain, measures, calls)
    return "\n".join([*rules, 'sign ::= " + " | " - "', *shared_rules(calls)[-2:]]) + "\n"


def _measures(contract: Contract, sketch: Sketch) -> list[_Measure]:
    """The units in scope that are no plain numbers, in order of appearance."""
    parameters = {p.name: p for p in contract.main.scalars}
    units = dict.fromkeys(unit for _, unit in sketch.names if unit is not None and unit is not Unit.ONE)
    found: list[_Measure] = []
    for unit in units:
        names = tuple(name for name, its in sketch.names if its is unit)
        known = [parameters[name] for name in names if name in parameters]
        varying = tuple(p.name for p in known if p.varies)
        divisors = tuple(p.name for p in known if p.low > 0)
        found.append(_Measure(f"u{len(found)}", unit, names, varying or names, divisors))
    return found


def _root(sketch: Sketch, measures: Sequence[_Measure], calls: Sequence[str]) -> str:
    """What the hole may hold as a whole."""
    if sketch.unit is Unit.ONE:
        if sketch.term:
            return f"root ::= {_COEFFICIENT}factor"
        return 'root ::= one | number sign one | number " * " one'
    stem = next(m.stem for m in measures if m.unit is sketch.unit)
    if sketch.term:
        return f'root ::= {_COEFFICIENT}{stem}f (" * " one)?'
    if sketch.whole:
        return f"root ::= {stem}b sign {stem}s" + _or(_extremes(calls), f'{stem}b sign {stem}x ", " {stem}s ")"')
    return f"root ::= {stem}s" + _or(_extremes(calls), f'{stem}s ", " {stem}x ")"')


def _measure_rules(measure: _Measure, calls: Sequence[str]) -> list[str]:
    """Expressions of one unit.

    `n` a name, `v` one that varies, `q` one to divide by, `x` a short expression, `f` one that varies, `b` the
    beginning of a rule, `s` a scaled sum.
    """
    stem = measure.stem
    n, v, x = (stem + letter for letter in "nvx")
    rules = [f"{n} ::= {_names(measure.names)}", f"{v} ::= {_names(measure.varying)}"]
    if measure.divisors:
        rules.append(f"{stem}q ::= {_names(measure.divisors)}")
    for letter, first in (("x", n), ("f", v)):
        extreme = _or(_extremes(calls), f'{first} (sign {n})? ", " ({n} | "0.0") ")"')
        distance = _or(['"abs("'] if "abs" in calls else [], f'{first} " - " {n} ")"')
        rules.append(f'{stem}{letter} ::= {first} | "(" {first} sign {n} ")"{extreme}{distance}')
    scaled = f'{x} | number " * " {x} | {x} sign {x} | {x} " * " one | {x} sign number " * " {x}'
    return [*rules, f'{stem}b ::= {v} | number " * " {v}', f"{stem}s ::= {scaled}"]


def _plain_rules(names: Sequence[str], measures: Sequence[_Measure], calls: Sequence[str]) -> list[str]:
    """Numbers without a unit (`one`), and those that vary between items (`factor`)."""
    ones, factors = [quoted(name) for name in names], []
    for measure in measures:
        stem = measure.stem
        if not measure.divisors:
            continue
        ones.append(f'{stem}x " / " {stem}q')
        factors.append(f'{stem}f " / " {stem}q')
        if "math.exp" in calls and "max" in calls:
            ones.append(f'"math.exp(-max(" {stem}n " - " {stem}n ", 0.0) / " {stem}q ")"')
            factors.append(f'"math.exp(-max(" {stem}v " - " {stem}n ", 0.0) / " {stem}q ")"')
    ones = ones or ["number"]
    return [f"one ::= {' | '.join(ones)}", f"factor ::= {' | '.join(factors or ones)}"]


def _names(names: Sequence[str]) -> str:
    return " | ".join(quoted(name) for name in names)


def _extremes(calls: Sequence[str]) -> list[str]:
    """The openings `max(` and `min(` as far as they may be called."""
    return [quoted(call + "(") for call in ("max", "min") if call in calls]


def _or(openings: Sequence[str], rest: str) -> str:
    """A further alternative: one of the openings, then the rest; nothing where there is no opening."""
    return f" | ({' | '.join(openings)}) {rest}" if openings else ""
