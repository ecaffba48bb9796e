"""From source to evaluation: the straight line through the sandbox."""
