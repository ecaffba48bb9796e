"""Expressions as trees, for the offline search: reading, printing, bounding and interpreting them."""
