"""Placement of requests for several resources on nodes."""
