"""L2 norm (Panigrahy, Talwar, Uyeda and Wieder 2011): the smallest squared length of what the node has left."""


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
    left_cpu = free_cpu - cpu
    left_mem = free_mem - mem
    left_gpu = free_gpu - gpu
    return left_cpu * left_cpu + left_mem * left_mem + left_gpu * left_gpu
