"""What a replica behind a router does: everything, prefills only, decodes only."""

MIXED, PREFILLS_ONLY, DECODES_ONLY = range(3)
"""Roles of replicas: serves requests from first to last; only their prompts; only the rest of them."""
