"""Constraints: bounds on metrics that a program has to keep to while it minimises the objective.

A constraint is written `METRIC<=NUMBER`, `METRIC<=NUMBER*BASELINE` or the same with `>=`. A bound that names a baseline
is NUMBER times what that classical rule reaches on the same instances. *Guards* are the constraints that a problem adds
to an objective by itself.

An evaluation under constraints stores all that its aggregate was made of among its metrics: each bound under the text
of its constraint, the sum of the violations (`VIOLATION`) and the aggregate without the penalty (`UNPENALISED`).
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from heuresis.evaluators.penalty import penalised, violation
from heuresis.sandbox.names import listed, nearest

VIOLATION = "violation"
"""The metric that holds the sum of the violations: 0 where the program keeps to all constraints."""

UNPENALISED = "unpenalised"
"""The metric that holds the aggregate as it is without the penalty."""

Metrics: TypeAlias = Mapping[str, float | None]

_SUBJECT_TO = " subject to "

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_FORM = re.compile(
    rf"\s*(?P<metric>\w+)\s*(?P<sense><=|>=)\s*(?P<number>{_NUMBER})\s*(?:\*\s*(?P<baseline>\w+)\s*)?", re.ASCII
)


class ConstraintError(ValueError):
    """A constraint that cannot be: says what was expected, what came and what to do."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A bound on one metric. `str` gives its one canonical text, which `parsed` reads."""

    metric: str
    upper: bool  # the metric is at most the bound; else at least
    number: float  # the bound itself, or the factor where it is relative
    baseline: str | None = None  # a classical rule, on the same instances

    def __str__(self) -> str:
        relative = "" if self.baseline is None else f"*{self.baseline}"
        return f"{self.metric}{'<=' if self.upper else '>='}{_plain(self.number)}{relative}"

    def violation(self, value: float | None, bound: float | None) -> float:
        """How far a value lies beyond the bound, as a fraction of the bound (of 1 where that is 0); 0: not at all.

        Where there is no bound, because the baseline has no such metric there either, nothing is violated; a value
        that is missing although there is a bound counts as 1.
        """
        if bound is None:
            return 0.0
        if value is None:
            return 1.0
        return violation(value, bound, upper=self.upper)

    def bound(self, baselines: Mapping[str, Metrics]) -> float | None:
        """The bound, given what baselines reach on the same instances; None where its baseline has no such metric."""
        if self.baseline is None:
            return self.number
        reached = baselines[self.baseline].get(self.metric)
        return None if reached is None else self.number * reached


Bounds: TypeAlias = Mapping[Constraint, float | None]
"""The bound of each constraint on some instances (`Constraint.bound`)."""


def parsed(text: str) -> Constraint:
    """Read a constraint. Raises ConstraintError where the text is none."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ConstraintError(
            f"constraint {text!r}: expected METRIC<=NUMBER or METRIC<=NUMBER*BASELINE (or >=), such as "
            "'tpot_p99<=0.2' or 'e2e_mean<=1.1*fcfs'"
        )
    number = float(found["number"])
    if not math.isfinite(number):
        raise ConstraintError(f"constraint {text!r}: expected a finite number, got {found['number']}")
    if found["baseline"] is not None and number <= 0:
        raise ConstraintError(f"constraint {text!r}: expected a positive factor of {found['baseline']}, got {number:g}")
    return Constraint(found["metric"], found["sense"] == "<=", number, found["baseline"])


def combined(wanted: Iterable[Constraint], guards: Iterable[Constraint]) -> tuple[Constraint, ...]:
    """All of them, each once, in the order of their texts; a guard gives way to a wanted one on the same metric."""
    wanted = set(wanted)
    bounded = {(one.metric, one.upper) for one in wanted}
    kept = wanted | {guard for guard in guards if (guard.metric, guard.upper) not in bounded}
    return tuple(sorted(kept, key=str))


def check_names(constraints: Iterable[Constraint], metrics: Collection[str], baselines: Collection[str]) -> None:
    """Raise ConstraintError where one names a metric or a baseline that is not among these."""
    for one in constraints:
        if one.metric not in metrics:
            raise ConstraintError(f"constraint {str(one)!r}: {_unknown('metric', one.metric, metrics)}")
        if one.baseline is not None and one.baseline not in baselines:
            raise ConstraintError(f"constraint {str(one)!r}: {_unknown('baseline', one.baseline, baselines)}")


def judged(aggregate: float, metrics: Metrics, bounds: Bounds) -> tuple[float, Metrics]:
    """The aggregate and metrics of a program under constraints: worsened where it violates them, and why.

    The aggregate becomes aggregate + 10 × sum of violations × max(1, |aggregate|) (`evaluators.penalty`).
    """
    if not bounds:
        return aggregate, metrics
    total = math.fsum(one.violation(metrics.get(one.metric), bound) for one, bound in bounds.items())
    told = {str(one): bound for one, bound in bounds.items()}
    return penalised(aggregate, total), {**metrics, **told, VIOLATION: total, UNPENALISED: aggregate}


def chosen(objective: str, constraints: Iterable[Constraint]) -> str:
    """How evaluations name the objective together with the constraints that it was minimised under."""
    return f"{objective}{_SUBJECT_TO}{', '.join(map(str, constraints))}"


def misjudged(objective: str, aggregate: float, metrics: Metrics) -> str:
    """What the aggregate of an evaluation should be by its own metrics, in words; empty where it is that.

    `objective` is the name with which it was recorded (`chosen`).
    """
    _, named, texts = objective.partition(_SUBJECT_TO)
    if not named:
        return ""
    try:
        bounds = {one: metrics.get(str(one)) for one in map(parsed, texts.split(", "))}
    except ConstraintError as error:
        return f"an objective whose constraints can be read ({error})"
    plain = metrics.get(UNPENALISED)
    if plain is None or not {VIOLATION, *map(str, bounds)} <= set(metrics):
        return f"the metrics `{UNPENALISED}`, `{VIOLATION}` and the bound of each constraint beside it"
    expected, told = judged(plain, metrics, bounds)
    if math.isclose(expected, aggregate, rel_tol=1e-9) and told[VIOLATION] == metrics[VIOLATION]:
        return ""
    return f"{expected!r}, which follows from `{UNPENALISED}` and the violations of the constraints"


def feasible(metrics: Metrics) -> bool:
    """Whether an evaluation with these metrics keeps to all constraints that it was made under."""
    return not metrics.get(VIOLATION)


def broken(constraints: Sequence[Constraint], metrics: Metrics) -> tuple[str, ...]:
    """What is violated by a program with these metrics, among which `judged` has put the bounds; for people."""
    found = []
    for one in constraints:
        value, bound = metrics.get(one.metric), metrics.get(str(one))
        if one.violation(value, bound) > 0.0:
            reached = "there is none" if value is None else f"{value:.4g} {'>' if one.upper else '<'} {bound:.4g}"
            found.append(f"{one} ({reached})")
    return tuple(found)


def _plain(number: float) -> str:
    return repr(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    if not known:
        return f"no {what} {name!r}: this problem has none"
    close = nearest(known, name, 1)
    return f"no {what} {name!r}: " + (
        f"did you mean {close[0]}?" if close else f"expected one of {listed(known, name)}"
    )
