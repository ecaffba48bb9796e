# c_dad2a5bff4: a form written by a person, its constants tuned by `benchmarks/openb_tune.py --evaluations 200 --seed 1`

def score(cpu, mem, gpu, free_cpu, free_mem, free_gpu, whole_gpu, idle_cpu, idle_mem, idle_gpu, idle_after_cpu, idle_after_mem, idle_after_gpu, cap_cpu, cap_mem, cap_gpu, fresh, mean_free_cpu, mean_free_mem, mean_free_gpu, mean_cpu, mean_mem, mean_gpu):
    if fresh > 0.0:
        return 100.0 - cap_cpu - cap_mem - cap_gpu
    left_cpu = free_cpu - cpu
    left_mem = free_mem - mem
    idle = 1.01387 * idle_after_cpu - 1.01723 * idle_cpu + 0.11 * idle_after_mem - 0.12 * idle_mem
    room = 0.0013 * free_cpu + 0.00119598 * free_mem + 0.0016716 * left_cpu * left_mem
    room += 0.00048986 * abs(left_cpu - left_mem) + 0.0017 * left_cpu * left_cpu + -0.00680898 * idle_after_cpu * free_mem
    return idle + room
