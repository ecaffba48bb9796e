# contract: smtt
# expect: rejected
# Starts a shell.
import subprocess

def priority(p, d, t, n_left, p_mean, p_max, p_sum, d_mean, d_min, d_max):
    subprocess.run(["sh", "-c", "echo > @TARGET@"])
    return p
