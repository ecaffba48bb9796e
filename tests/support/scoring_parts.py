"""Decisions made for a test, replayed: their values, and the schedule of one instance."""

from collections.abc import Sequence
from typing import Any

from heuresis.evaluators.aliases import Decisions
from heuresis.problems.scoring import Scoring, valued


def values_of(scoring: Scoring, instances: Sequence[Any], decisions: Decisions) -> tuple[tuple[float | None, ...], str]:
    """The value of each instance, None where its decisions are not feasible; and what is wrong."""
    replay = scoring.replay(instances, decisions)
    return valued(scoring, instances, replay.schedules), replay.fault


def schedule_of(scoring: Scoring, instance: Any, decisions: Decisions) -> Any:
    """What becomes of one instance under feasible decisions."""
    replay = scoring.replay([instance], decisions)
    assert replay.schedules[0] is not None, replay.fault
    return replay.schedules[0]
