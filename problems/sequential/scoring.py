"""The trusted side of an author's problem: play what was decided once more, and score it."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heuresis.evaluators.aliases import Decisions, Floats, Ints, Stream
from heuresis.evaluators.sequential.choosing import (
    Ended,
    Recorded,
    SimulateError,
    called,
    measured,
    place_of,
    played,
    valued,
)
from heuresis.evaluators.sequential.features import Reader
from heuresis.evaluators.sequential.objective import aggregate, falls_short, is_gap
from heuresis.evaluators.sequential.packing import pack
from heuresis.problems import resampling
from heuresis.problems.problem import Baseline, MachineryError
from heuresis.problems.scoring import Objective, Replay, Score, Scoring, complaint
from heuresis.problems.sequential.author import Author
from heuresis.problems.sequential.building import MOST_STEPS
from heuresis.problems.sequential.explain import table
from heuresis.problems.sequential.instances import SequentialInstance

Instances = Sequence[SequentialInstance]

GAP = Objective(
    "aggregate gap",
    "the sum of the values / the sum of their bounds - 1, a fraction; where an instance has no bound, or the bounds "
    "sum to 0 or less, the mean value of an instance instead",
    fraction=True,
)
MEAN = Objective("mean value", "the mean value of an instance")

AUDITED, LONGEST_AUDITED = 30, 2_000
"""How many instances are audited by the reference interpreter, and how many decisions the longest of them makes."""


def _references(instances: Instances) -> Floats:
    return np.array([np.nan if i.reference is None else i.reference for i in instances], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Played:
    """One instance as it was played again from recorded choices."""

    outcome: Any  # what `simulate` returned
    value: float
    choices: Stream
    metrics: Mapping[str, float] = field(default_factory=dict)  # the author's


@dataclass(frozen=True, slots=True)
class SequentialScoring(Scoring):
    """Scores choices. Decisions: `uint8[instances]` (1: decided), `int32[instances]` (how many), the choices (`int32`).

    `author` is how a worker finds the class of `definition`; `rules` are the baselines.
    """

    definition: Author
    author: str
    rules: tuple[Baseline, ...]

    def pack(self, instances: Instances) -> Mapping[str, np.ndarray[Any, Any]]:
        """The payload of `heuresis.evaluators.sequential.simulator.Sequential`."""
        steps = np.array([i.steps for i in instances], dtype=np.int64)
        return pack(self.author, [i.data for i in instances], _references(instances), steps)

    def replay(self, instances: Instances, decisions: Decisions) -> Replay:
        """Play every instance again; None where a choice is none of the items, is missing, or is one too many.

        What `simulate` raises here is a fault of the decisions: a child may send any.
        """
        if misfit := _misfit(decisions, len(instances)):
            return Replay((None,) * len(instances), misfit)
        plays: list[Played | None] = []
        faults: list[str] = []
        for instance, (valid, _, choices) in zip(instances, self.cut(instances, decisions), strict=True):
            found = self._again(instance, choices.astype(np.int32)) if valid[0] == 1 else "a key was NaN or infinite"
            plays.append(None if isinstance(found, str) else found)
            faults.append(found if isinstance(found, str) else "")
        return Replay(tuple(plays), complaint(instances, faults, counted=True))

    def _again(self, instance: SequentialInstance, choices: Stream) -> Played | str:
        """One instance played again, or what is wrong with the choices."""
        if len(choices) > MOST_STEPS:  # only what a child made up is so long, and it would be played for minutes
            return f"{len(choices)} decisions came back, expected at most {MOST_STEPS}"
        choose = Recorded(Reader(self.definition.contract.main), choices.tolist())
        try:
            outcome = played(self.definition, instance.data, choose)
            value = valued(self.definition, instance.data, outcome)
            metrics = measured(self.definition, instance.data, outcome)
        except Ended as end:
            return end.reason
        except SimulateError as error:
            return str(error)
        if choose.left:
            return f"{len(choices)} decisions came back, and only {choose.used} were to be made"
        return Played(outcome, value, choices, metrics)

    def value(self, instance: SequentialInstance, schedule: Played) -> float:
        """The value of an outcome. Raises MachineryError where it lies below its bound."""
        reference = instance.reference
        if reference is not None and falls_short(schedule.value, reference):
            raise MachineryError(
                f"{instance.name}: the value {schedule.value!r} lies below {reference!r}, of which `bound` in "
                f"{place_of(self.definition)} says that nothing falls short; correct `bound`, `simulate` or `value`"
            )
        return schedule.value

    def metrics(self, instances: Instances, schedules: Sequence[Played]) -> Mapping[str, float | None]:
        """The author's metrics: the mean of each over the instances, None where one has it not."""
        del instances
        names = dict.fromkeys(name for one in schedules for name in one.metrics)
        rows = {name: [one.metrics.get(name) for one in schedules] for name in names}
        return {
            name: None if None in row else float(np.mean([value for value in row if value is not None]))
            for name, row in rows.items()
        }

    def cut(self, instances: Instances, decisions: Decisions) -> Sequence[Decisions]:
        """Of each instance whether it was decided, how many choices it has, and these."""
        valid, counts, choices = decisions
        ends = np.cumsum(counts.astype(np.int64))
        return [
            (valid[i : i + 1], counts[i : i + 1], choices[end - int(counts[i]) : end])
            for i, end in zip(range(len(instances)), ends.tolist(), strict=True)
        ]

    def audited(self, instances: Instances) -> Ints:
        """Up to 30 instances of up to 2,000 decisions, in turn one of each cell; else the smallest one."""
        cells = [
            [i for i in cell.tolist() if instances[i].steps <= LONGEST_AUDITED] for cell in _cells(instances).values()
        ]
        rounds = itertools.zip_longest(*cells)
        chosen = [i for members in rounds for i in members if i is not None][:AUDITED]
        chosen = chosen or [min(range(len(instances)), key=lambda i: instances[i].steps)]
        return np.array(sorted(chosen, key=lambda i: (instances[i].steps, i)), dtype=np.int64)

    def score(self, instances: Instances, values: Sequence[float]) -> Score:
        """The objective and the metrics `agg_gap total`; the gap is None without bounds."""
        reached, reference = np.asarray(values, dtype=np.float64), _references(instances)
        objective = aggregate(reached, reference)
        metrics = {"agg_gap": objective if is_gap(reference) else None, "total": float(reached.sum())}
        return Score(objective, metrics)

    def objective_on(self, instances: Instances) -> Objective:
        """Which of the two objectives applies to these instances."""
        return GAP if is_gap(_references(instances)) else MEAN

    def resample(self, instances: Instances, values: Floats, draws: int, rng: np.random.Generator) -> Floats:
        """Bootstrap within cells (equal labels): programs × draws, the same draws for all.

        A draw in which the bounds sum to 0 or less counts as the point estimate.
        """
        counts = resampling.drawn(_cells(instances).values(), len(instances), draws, rng)
        reference = _references(instances)
        if not is_gap(reference):
            means: Floats = values @ counts.T / len(instances)
            return means
        reached, least = values @ counts.T, counts @ reference
        point = values.sum(axis=1) / reference.sum()
        ratio = np.divide(reached, least, out=np.repeat(point[:, None], draws, axis=1), where=least > 0)
        gaps: Floats = ratio - 1.0
        return gaps

    def groups(self, instances: Instances) -> Mapping[str, Ints]:
        """Instances of equal labels, such as `n=20`; without labels all of them."""
        found = _cells(instances)
        return {", ".join(f"{key}={value}" for key, value in cell) or "all": found[cell] for cell in found}

    def explain(self, instance: SequentialInstance, schedule: Played) -> str:
        """The value beside the bound and the best of the rules, and where that rule would have chosen otherwise."""
        try:
            own = called(self.definition, "explain", instance.data, schedule.outcome)
        except SimulateError as error:  # a text for people and prompts: no reason to stop a run
            own = str(error)
        return table(self.definition, self.rules, instance, schedule.value, schedule.choices.tolist(), str(own))

    def decisions_in(self, instances: Instances) -> int:
        """Choices made, as many as in a play at random."""
        return sum(i.steps for i in instances)


def _misfit(decisions: Decisions, count: int) -> str:
    """What is wrong with the shape of the decisions, or nothing."""
    got = ", ".join(f"{a.dtype}{list(a.shape)}" for a in decisions)
    fits = [a.dtype for a in decisions] == ["u1", "i4", "i4"] and [a.ndim for a in decisions] == [1, 1, 1]
    if fits:
        valid, counts, choices = decisions
        fits = len(valid) == len(counts) == count and bool(np.all(counts.astype(np.int64) >= 0))
        fits = fits and len(choices) == int(counts.astype(np.int64).sum())
    return "" if fits else f"expected decisions uint8[{count}], int32[{count}], int32[their sum], got {got or 'none'}"


def _cells(instances: Instances) -> Mapping[tuple[tuple[str, str | int | float], ...], Ints]:
    return resampling.cells(tuple(instance.labels.items()) for instance in instances)
