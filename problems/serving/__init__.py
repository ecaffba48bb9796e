"""Scheduling on one replica: statement, splits, scoring, metrics, figures, baselines."""
