"""A replica's state and steps, compiled; simulation and replay share them."""
