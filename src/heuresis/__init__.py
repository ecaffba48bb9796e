"""Heuresis discovers scheduling heuristics by evolving their source code."""

from importlib.metadata import version

__version__ = version("heuresis")
