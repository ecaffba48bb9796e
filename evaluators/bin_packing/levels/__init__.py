"""Bin packing where bins that are equally full are one level."""
