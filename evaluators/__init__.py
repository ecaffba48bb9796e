"""What a heuristic may see and what it does to instances: contracts, compilation, simulators, bounds.

Arrays in, arrays out: nothing here reads a file of instances or knows the archive.
"""
