"""RequestedToCapacityRatio (Kubernetes, NodeResourcesFit): a piecewise-linear score of each resource's utilisation.

The shape is the user's; this one, from 0 at 0 % over 2 at 50 % to 10 at 100 %, favours nodes that get nearly full in
one resource. The mean is over the resources that the node has, not rounded to whole points as there.
"""


def points(amount: float, free: float, cap: float) -> float:
    """The score of one resource, 0 where the node does not have it."""
    if cap <= 0.0:
        return 0.0
    used = (cap - free + amount) / cap
    return 4.0 * used if used < 0.5 else 2.0 + 16.0 * (used - 0.5)


def has(cap: float) -> float:
    return 1.0 if cap > 0.0 else 0.0


def score(
    cpu: float,
    mem: float,
    gpu: float,
    free_cpu: float,
    free_mem: float,
    free_gpu: float,
    cap_cpu: float,
    cap_mem: float,
    cap_gpu: float,
    fresh: float,
    mean_free_cpu: float,
    mean_free_mem: float,
    mean_free_gpu: float,
    mean_cpu: float,
    mean_mem: float,
    mean_gpu: float,
) -> float:
    if fresh > 0.0:
        return 1e9 - cap_cpu - cap_mem - cap_gpu  # only where it fits no open node, the largest type
    total = points(cpu, free_cpu, cap_cpu) + points(mem, free_mem, cap_mem) + points(gpu, free_gpu, cap_gpu)
    return -total / (has(cap_cpu) + has(cap_mem) + has(cap_gpu))
