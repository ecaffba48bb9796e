"""The node that will have least more idle at best, a rule of this problem: room that common requests fill is no loss.

What a node would have idle at best once the request is there, beyond what it has idle at best without it.
"""


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
    idle = idle_after_cpu - idle_cpu + idle_after_mem - idle_mem + idle_after_gpu - idle_gpu
    return idle + 1e-6 * (free_cpu + free_mem + free_gpu)
