"""What compiled loops share: inner functions, the smallest of many, heaps, and lists that belong to records."""
