"""Which family of instances a run or an evaluation belongs to: scores of different families are not comparable."""

import json
from typing import TYPE_CHECKING

from heuresis.cli.programs import known_problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heuresis.archive.records import Evaluation, Run


def setting(run: "Run", name: str) -> str | None:
    """One of the settings of a run; None where it is the default."""
    found = json.loads(run.config).get(name)
    return None if found is None else str(found)


def family_of_run(run: "Run") -> str | None:
    """The family of instances that a run searches on; None where its problem has none."""
    known = known_problem(run.problem)
    return setting(run, "family") or (None if known is None else known.choice.family)


def label_of_run(run: "Run") -> str:
    """What a run is for; the best scores of two runs of the same label are comparable."""
    family, objective = family_of_run(run), setting(run, "objective")
    label = run.problem + (f" ({family})" if family else "") + (f" by {objective}" if objective else "")
    return ", ".join([label, *subject_of_run(run)])


def subject_of_run(run: "Run") -> list[str]:
    """The constraints that a run was told; and that it leaves out the guards, where its problem has any."""
    settings = json.loads(run.config)
    told = settings.get("subject_to")
    known = known_problem(run.problem)
    unguarded = known is not None and bool(known.options.guards) and settings.get("guards") is not True
    return (list(map(str, told)) if isinstance(told, list) else []) + (["no guards"] if unguarded else [])


def family_of(evaluation: "Evaluation") -> str | None:
    """The family on whose instances a program was evaluated; None where its problem has none, and for `test`."""
    known = known_problem(evaluation.problem)
    return None if known is None else known.family_of(evaluation.fingerprint)


def compared_on(evaluations: "Sequence[Evaluation]", families: "Sequence[str | None]") -> "Mapping[str, str]":
    """The instances by split of the family on which a program was evaluated last; empty where there is none."""
    for one, family in zip(reversed(evaluations), reversed(families), strict=True):
        known = known_problem(one.problem)
        if one.problem == evaluations[-1].problem and family is not None and known is not None:
            return known.of_family(family).comparable()
    return {}
