"""The score that AlphaEvolve found for data centres (Novikov et al. 2025, figure 6): the least c + m + m / c + c / m.

c and m are the request's shares of what the node has free of CPU and memory; GPUs play no part. A request or a node
without one of the two would divide by zero, hence the least share.
"""

LEAST = 1e-3


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
        return 1e4 - cap_cpu - cap_mem - cap_gpu  # only where it fits no open node, the largest type
    c = max(cpu / max(free_cpu, LEAST), LEAST)
    m = max(mem / max(free_mem, LEAST), LEAST)
    return c + m + m / c + c / m
