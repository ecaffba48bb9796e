"""Vector packing: what a placement rule may see of a request and a node."""

from heuresis.evaluators.language.contract import Contract, Function, Parameter, Unit

RESOURCES = ("cpu", "mem", "gpu")
"""CPU, memory and GPU, in this order; an instance with fewer resources has the first of them."""

NOT_PLACED = -1
"""The decision where no node can take a request; `-2 - t` opens a node of type t, 0 or more is a node's number."""

COMMONEST, FURTHER, REGULAR = 10, 3, 512
"""`idle` speaks of so many kinds of requests and so many more requests; the kinds are found anew after 1, 2, 4, … and
then after every so many requests."""

_NAMES = {"cpu": "CPU", "mem": "memory", "gpu": "GPU"}


def _shares(prefix: str, meaning: str, *, varies: bool) -> tuple[Parameter, ...]:
    """One parameter for each resource."""
    return tuple(
        Parameter(prefix + name, Unit.ONE, meaning.format(_NAMES[name]), varies=varies, low=0.0) for name in RESOURCES
    )


CONTRACT = Contract(
    functions=(
        Function(
            name="score",
            parameters=(
                *_shares("", "{} that the request asks for", varies=False),
                *_shares("free_", "{} that the node has free before the request is placed", varies=True),
                Parameter(
                    "whole_gpu",
                    Unit.ONE,
                    "GPU of the node on GPUs that nobody uses: all that is free where GPUs are one sum",
                    varies=True,
                    low=0.0,
                ),
                *_shares(
                    "idle_",
                    f"the least {{}} that the node can have free after up to {FURTHER} requests of the "
                    f"{COMMONEST} commonest kinds so far (each resource by itself; GPUs as one sum)",
                    varies=True,
                ),
                *_shares("idle_after_", "the same of what is free once the request is placed there: {}", varies=True),
                *_shares("cap_", "{} of the empty node", varies=True),
                Parameter(
                    "fresh", Unit.ONE, "1 for a node that would be opened for the request, else 0", varies=True, low=0.0
                ),
                *_shares(
                    "mean_free_",
                    "mean free {} of the nodes that are there (0 without any; opened ones that are empty are not)",
                    varies=False,
                ),
                *_shares("mean_", "mean {} of the requests so far, this one included", varies=False),
            ),
            returns=(
                "the score of placing the request on one node with room for it: it goes to the node of smallest score "
                "(ties: a node that is there before a new one, then the lower node number or type number); amounts are "
                "shares of the largest capacity of that resource among the nodes of the instance, 0 for a resource "
                "that it does not have; the score must be finite"
            ),
        ),
    )
)
