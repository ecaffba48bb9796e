"""What compiled loops share: inner functions and the smallest of many."""
