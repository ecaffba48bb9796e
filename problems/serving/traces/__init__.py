"""Readers of traces of requests."""
