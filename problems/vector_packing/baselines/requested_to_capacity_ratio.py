"""RequestedToCapacityRatio (Kubernetes, NodeResourcesFit): a piecewise-linear score of each resource's utilisation.

The shape is the user's; this one, from 0 at 0 % over 2 at 50 % to 10 at 100 %, favours nodes that get nearly full in
one resource. The mean is over the resources that the node has, not rounded to whole points as there.
"""

LEAST = 1e-6  # so that a resource that the node does not have counts 0


def score(
    cpu: float,
    mem: float,
    gpu: float,
    free_cpu: float,
    free_mem: float,
    free_gpu: float,
    whole_gpu: float,
    idle_cpu: float,
    idle_mem: float,
    idle_gpu: float,
    idle_after_cpu: float,
    idle_after_mem: float,
    idle_after_gpu: float,
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
        return 100.0 - cap_cpu - cap_mem - cap_gpu  # only where it fits no open node, the largest type
    used_cpu = (cap_cpu - free_cpu + cpu) / max(cap_cpu, LEAST)
    used_mem = (cap_mem - free_mem + mem) / max(cap_mem, LEAST)
    used_gpu = (cap_gpu - free_gpu + gpu) / max(cap_gpu, LEAST)
    resources = (1.0 if cap_cpu > 0.0 else 0.0) + (1.0 if cap_mem > 0.0 else 0.0) + (1.0 if cap_gpu > 0.0 else 0.0)
    points = max(4.0 * used_cpu, 16.0 * used_cpu - 6.0)
    points += max(4.0 * used_mem, 16.0 * used_mem - 6.0)
    points += max(4.0 * used_gpu, 16.0 * used_gpu - 6.0)
    return -points / max(resources, 1.0)
