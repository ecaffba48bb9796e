"""Typed genetic programming and tuning, inside the confined child."""
