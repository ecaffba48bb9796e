"""Engines as TOML files, and fitting one to a profile."""
