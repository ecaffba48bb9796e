"""Best fit by sum: the open node that has least left, summed over the resources as shares of the largest capacity."""


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
    return free_cpu - cpu + free_mem - mem + free_gpu - gpu
