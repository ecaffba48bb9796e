"""Bin packing where a program judges all bins at once, as a whole array."""
