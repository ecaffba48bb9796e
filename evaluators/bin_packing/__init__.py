"""Online bin packing: by levels of remaining capacity, and over single bins."""
