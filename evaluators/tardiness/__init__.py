"""Single-machine total tardiness: what a rule sees, the dispatch loops, exact optima, trusted algorithms."""
