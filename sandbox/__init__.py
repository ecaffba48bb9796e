"""Running untrusted source text: screen it, isolate it, limit it, collect the outcome.

This layer imports nothing of the others. It sees source text, an allow-list, limits and the
name of an engine that knows what to do with a compiled program.
"""
