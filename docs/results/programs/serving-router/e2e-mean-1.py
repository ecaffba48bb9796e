# c_3892a91f0d: the champion of `heuresis evolve serving-router --minutes 18 --workers 2 --seed 1`

def score(now, arrival, deadline, prompt, estimate, generated, session, prefix, routed, n_held, n_replicas, replica, queued, running, free, total, pending, committed, projected, cached, speed, deficit, here):
    return (pending + prompt - cached) * (queued + running - 0.457032) + 0.165274 * (pending / prompt * estimate + (arrival - now + estimate))


def order(now, arrival, deadline, prompt, estimate, generated):
    return prompt


def hold(now, arrival, deadline, prompt, estimate, generated, session, prefix, routed, n_held, n_replicas, replica, queued, running, free, total, pending, committed, projected, cached, speed, deficit, here):
    return ((1.47122 if 0.0935894 < queued else prompt - cached + 0.0495099 * total - free) if queued + running < -0.00132664 else ((2.09802 if 0.0587673 < queued else 1.35748 * (prompt - cached + 0.022762 * total) - free) if 0.0456727 < queued + running else -0.0815755))
