"""Single-machine total tardiness (`smtt`): statement, instances, reader, scoring, baselines."""
