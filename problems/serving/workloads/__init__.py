"""Generators of requests: families, lengths, prefixes, estimates, rates."""
