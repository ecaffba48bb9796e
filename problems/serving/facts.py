"""What a table of serving cannot be read without: engine, rate, load and classes, in absolute numbers and in words."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from heuresis.evaluators.serving.engine import Engine
from heuresis.evaluators.serving.results import Results
from heuresis.problems.serving.instances import ServingInstance
from heuresis.problems.serving.load import load, rate

FEW = 4
"""So many instances are told one by one; of more, the range."""

Fleets = Sequence[Sequence[Engine]]


def facts(instances: Sequence[ServingInstance], fleets: Fleets | None = None) -> Sequence[str]:
    """Lines of what is served: on which engines, how many requests, how many a second, and of which load."""
    served = fleets or [(one.engine,) for one in instances]
    engines = ", ".join(dict.fromkeys(_names(fleet) for fleet in served))
    if len(instances) > FEW:
        loads = [one.labels["load"] for one in instances if isinstance(one.labels.get("load"), float)]
        between = f", loads {min(loads)} to {max(loads)} of what they can serve" if loads else ""
        return [f"engines {engines}{between}; {sum(one.size for one in instances):,} requests in all"]
    return [f"engine {engines}", *(_fact(one, fleet) for one, fleet in zip(instances, served, strict=True))]


def remarks(measured: Sequence[Mapping[str, float | None]]) -> Sequence[str]:
    """A word where the SLO tells no two programs apart, because nobody meets it, or everybody."""
    met = {one["slo_attainment"] for one in measured if one.get("slo_attainment") is not None}
    if met == {0.0}:
        return ["no request meets its SLO under any of these: goodput and SLO tell nothing here"]
    if met == {1.0}:
        return ["every request meets its SLO under each of these: goodput and SLO tell nothing here"]
    return []


def attainment(instance: ServingInstance, results: Results) -> str:
    """The share of requests of each class that met their SLO; a sentence."""
    shares = [
        f"{level.name} {results.met[members].mean():.0%} of {int(members.sum())}"
        for number, level in enumerate(instance.engine.slo)
        if (members := instance.slo == number).any()
    ]
    return f"SLO met: {', '.join(shares)}."


def compared(objective: str, reached: float, reference: float, rule: str) -> str:
    """One sentence on an objective against a rule's, with the numbers themselves where they have a unit of people's."""
    ratio = reached / reference
    if objective == "goodput":
        more = reference / reached
        return f"Goodput in time is {more:.3g} times that of {rule} (the objective, 1/goodput, is {ratio:.3f} of it)."
    if objective in ("slo", "fairness"):
        what = {"slo": "The share of requests that missed their SLO", "fairness": "The service gap of clients"}
        return f"{what[objective]} is {ratio:.3f} times that of {rule}."
    return f"{objective} is {reached:.4g} s, {ratio:.3f} times that of {rule} ({reference:.4g} s)."


def _names(fleet: Sequence[Engine]) -> str:
    counted = Counter(engine.name for engine in fleet)
    return " + ".join(name if count == 1 else f"{count} × {name}" for name, count in counted.items())


def _fact(instance: ServingInstance, fleet: Sequence[Engine]) -> str:
    span, often, share = float(instance.arrival[-1] - instance.arrival[0]), rate(instance), load(instance, fleet)
    many = f"{instance.size:,} requests"
    when = f"{many} at once" if often is None else f"{many} in {span:.4g} s, {often:.3g} a second"
    much = "" if share is None else f", load {share:.2f} of what the engine can serve"
    return f"{instance.name}: {when}{much}; SLO {_classes(instance)}"


def _classes(instance: ServingInstance) -> str:
    levels, counts = instance.engine.slo, np.bincount(instance.slo, minlength=len(instance.engine.slo))
    return ", ".join(
        f"{level.name} (TTFT {level.ttft:g} s, TPOT {level.tpot:g} s): {count}"
        for level, count in zip(levels, counts.tolist(), strict=True)
        if count
    )
