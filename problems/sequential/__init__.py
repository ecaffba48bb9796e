"""Problems that are written as one simulation in plain Python: the author's base class and all that it derives."""
