"""Clients of language models, and the record of each call."""
