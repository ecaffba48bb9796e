"""Processes that isolate, limit and end a program."""
