"""LeastAllocated (Kubernetes, NodeResourcesFit, the default there): the smallest mean utilisation after the request.

The mean is over the resources that the node has, with equal weights, not rounded to whole percent as there.
"""


def used(amount: float, free: float, cap: float) -> float:
    """The share of a node in use after the request, 0 where the node does not have the resource."""
    return (cap - free + amount) / cap if cap > 0.0 else 0.0


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
    total = used(cpu, free_cpu, cap_cpu) + used(mem, free_mem, cap_mem) + used(gpu, free_gpu, cap_gpu)
    return total / (has(cap_cpu) + has(cap_mem) + has(cap_gpu))
