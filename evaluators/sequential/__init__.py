"""Problems that are written as one simulation in plain Python, in which every decision is a choice among items.

`simulate(instance, choose)` runs with a compiled rule (`simulator`), with the choices that came back, or with the
reference interpreter; the three differ in what `choose` does (`choosing`).
"""
