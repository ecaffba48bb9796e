"""The reference: what a screened program means, in plain Python that anyone can read and nothing has compiled.

`rewrite` turns a program into one that plain Python computes as the compiler does (`docs/semantics.md`), `interpreter`
runs that without executing it as Python, and `judge` compares what a compiled program decided with it.
"""
