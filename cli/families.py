"""Which family of instances, or which files, a run or an evaluation belongs to: only its scores are comparable."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from heuresis.cli.programs import known_problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heuresis.archive.records import Evaluation, Run
    from heuresis.cli.context import Context


def setting(run: "Run", name: str) -> str | None:
    """One of the settings of a run; None where it is the default."""
    found = json.loads(run.config).get(name)
    return None if found is None else str(found)


_APART = ("rate", "load", "limit", "replicas", "noise", "slo", "time_unit")
"""Settings of instances that a run may have, and without which its scores cannot be compared with others'."""


def family_of_run(run: "Run") -> str | None:
    """The family of instances that a run searches on; None where its problem has none."""
    known = known_problem(run.problem)
    return setting(run, "family") or (None if known is None else known.choice.family)


def files_of_run(run: "Run") -> list[str]:
    """The names of the instance files that a run is on; none where it is on the splits of its problem."""
    return [Path(file).name for file in json.loads(run.config).get("instances", ())]


def label_of_run(run: "Run") -> str:
    """What a run is for; the best scores of two runs of the same label are comparable."""
    files, objective = files_of_run(run), setting(run, "objective")
    family = "" if files else family_of_run(run)
    where = (f" ({family})" if family else "") + (f" on {', '.join(files)}" if files else "")
    where += "".join(f", {name} {value}" for name in _APART if (value := setting(run, name)) is not None)
    label = run.problem + where + (f" by {objective}" if objective else "")
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


def compared_on(
    evaluations: "Sequence[Evaluation]", families: "Sequence[str | None]", own: "Mapping[str, Context]"
) -> "Mapping[str, str]":
    """The instances by split, of a family or of files, on which a program was evaluated last; empty for all others.

    `own` are the parts of instance files that runs were on (`context.on_files`).
    """
    if evaluations and (context := own.get(evaluations[-1].fingerprint)):
        return context.instances
    for one, family in zip(reversed(evaluations), reversed(families), strict=True):
        known = known_problem(one.problem)
        if one.problem == evaluations[-1].problem and family is not None and known is not None:
            return known.of_family(family).comparable()
    return {}
