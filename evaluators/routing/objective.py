"""What a router costs on one instance: the objective of its requests, and the price of its replicas."""

from heuresis.evaluators.routing.results import Routed
from heuresis.evaluators.serving import objectives


def value(objective: str, routed: Routed, price: float) -> float:
    """The objective, and the price of the replica-seconds (s of mean response for each) for each request."""
    cost = price * routed.replica_seconds / len(routed.restarts)
    return objectives.value(objective, routed.results) + float(cost)
