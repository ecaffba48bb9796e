"""Routing among replicas (`serving-router`): statement, splits, scoring, figures, baselines."""
