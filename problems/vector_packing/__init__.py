"""Vector packing and placement on a fleet: statement, instances, reader, scoring, baselines."""
