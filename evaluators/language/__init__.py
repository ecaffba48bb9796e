"""The language of programs, below all simulators.

Contracts, compilation, expressions, whole arrays, and the interpreter that says what a program means.
"""
