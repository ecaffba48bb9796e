"""The replica once more in plain Python, for the audit by the interpreter."""
